//! One relay works at a time; another takes over when it is gone, whatever ended it.

use command_api::relay::Role;
use test_support::require;
use uuid::Uuid;

use super::bank::{Bank, Running};
use super::order::{assert_in_order, published_to_the_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_relay_stands_by_and_takes_over() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let account = Uuid::now_v7();
    let first = bank.start().await;
    let mut second = Running::start(bank.relay(bank.settings()));
    let status = second
        .until("the second stands by", |status| status.role == Role::Standby)
        .await;
    assert!(status.is_ready());
    bank.append(account, 1, 20).await;
    assert_eq!(bank.published(20).await.len(), 20);
    assert_eq!(second.status.borrow().role, Role::Standby);

    first.kill().await;
    second
        .until("the second works", |status| status.role == Role::Active)
        .await;
    bank.append(account, 21, 20).await;
    let sequences = published_to_the_end(&bank, &[account], 40).await;
    second.stop().await;
    assert_in_order(&sequences[&account], 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_loses_its_connection_stops_and_asks_for_its_place_again() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let account = Uuid::now_v7();
    let mut relay = bank.start().await;
    bank.append(account, 1, 5).await;
    bank.published(5).await;

    let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and application_name = 'codebank-relay'";
    let cut: Vec<bool> = sqlx::query_scalar(cut)
        .fetch_all(bank.database.pool())
        .await
        .unwrap();
    assert_eq!(cut, [true]);
    let status = relay
        .until("the relay has noticed", |status| status.role == Role::Starting)
        .await;
    let error = status.last_error.expect("it says why");
    assert!(error.starts_with("the event log's database at "), "{error}");
    relay
        .until("the relay works again", |status| status.role == Role::Active)
        .await;

    // Nothing was missed meanwhile, and it says so.
    relay
        .until("nothing waits", |status| {
            status.is_ready() && status.behind_since.is_none()
        })
        .await;
    bank.append(account, 6, 5).await;
    let sequences = published_to_the_end(&bank, &[account], 10).await;
    relay.stop().await;
    assert_in_order(&sequences[&account], 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_says_when_nothing_waits() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let mut relay = bank.start().await;
    bank.append(Uuid::now_v7(), 1, 5).await;
    bank.published(5).await;
    let status = relay
        .until("nothing waits", |status| status.behind_since.is_none())
        .await;
    assert!(status.lag().is_zero() && status.last_error.is_none() && status.held_accounts == 0);
    let last = relay.status.clone();
    relay.stop().await;
    assert_eq!(last.borrow().role, Role::Stopped);
    assert!(!last.borrow().is_ready());
}
