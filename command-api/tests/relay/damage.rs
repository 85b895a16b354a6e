//! An event that cannot be published: its account waits, the others do not, and no restart forgets it.

use command_api::event_store::{ACCOUNT_STREAM, EventLog as _, NewEvent};
use test_support::require;
use uuid::Uuid;

use super::bank::{Bank, limit_changed};
use super::order::sequences;

/// What the log should never have: a payload that is another kind of event than its row says.
fn damaged(number: u64) -> NewEvent {
    NewEvent {
        name: "account_closed",
        ..limit_changed(number)
    }
}

async fn repair(bank: &Bank, account: Uuid, sequence: i64) {
    let update =
        "update events set event_type = 'credit_limit_changed' where aggregate_id = $1 and sequence = $2";
    let update = sqlx::query(update)
        .bind(account.to_string())
        .bind(sequence)
        .execute(bank.database.pool())
        .await;
    assert_eq!(update.expect("repaired").rows_affected(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_event_holds_back_its_account_until_it_is_repaired() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let (hurt, well) = (Uuid::now_v7(), Uuid::now_v7());
    let mut relay = bank.start().await;
    bank.append(hurt, 1, 3).await;
    bank.append_events(
        ACCOUNT_STREAM,
        hurt,
        4,
        vec![limit_changed(4), damaged(5), limit_changed(6)],
    )
    .await;
    bank.append_events(ACCOUNT_STREAM, hurt, 7, vec![damaged(7), limit_changed(8)])
        .await;
    bank.append(well, 1, 10).await;

    let seen = bank.published(14).await;
    relay
        .until("the account is held back", |status| status.held_accounts == 1)
        .await;
    relay.stop().await;
    let published = sequences(&seen);
    assert_eq!(published[&hurt], [1, 2, 3, 4]);
    assert_eq!(published[&well], (1..=10).collect::<Vec<u64>>());
    assert_eq!(bank.held().await, [(hurt, 5)]);

    // A restart does not forget it, although the progress has passed it.
    let mut relay = bank.start().await;
    relay
        .until("the account is still held back", |status| {
            status.held_accounts == 1
        })
        .await;
    bank.append(hurt, 9, 1).await;
    bank.append(well, 11, 1).await;
    assert_eq!(sequences(&bank.published(15).await)[&hurt], [1, 2, 3, 4]);
    relay.stop().await;

    // The first of the two is repaired: the account gets as far as the second.
    repair(&bank, hurt, 5).await;
    let mut relay = bank.start().await;
    assert_eq!(sequences(&bank.published(17).await)[&hurt], [1, 2, 3, 4, 5, 6]);
    relay
        .until("the account is held back again", |status| {
            status.held_accounts == 1
        })
        .await;
    relay.stop().await;
    assert_eq!(bank.held().await, [(hurt, 7)]);

    repair(&bank, hurt, 7).await;
    let relay = bank.start().await;
    bank.append(hurt, 10, 1).await;
    assert_eq!(
        sequences(&bank.published(21).await)[&hurt],
        (1..=10).collect::<Vec<u64>>()
    );
    relay.stop().await;
    assert!(bank.held().await.is_empty());
    assert_eq!(
        bank.log
            .load(ACCOUNT_STREAM, &[(hurt, 0)])
            .await
            .expect("the log can be read")
            .len(),
        10
    );
}
