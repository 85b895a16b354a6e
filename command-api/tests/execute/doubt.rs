//! An append whose connection is lost while its statement still waits inside the server.

use std::sync::Arc;
use std::time::Duration;

use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::execute::{ExecuteError, Executor, Settings};
use domain::account::{BlockCard, Command, UnblockCard};
use test_support::eventually;
use test_support::proxy::{Mode, Proxy};

use crate::table::{account, now, purchase, request};

#[tokio::test]
async fn a_refusal_stands_even_after_a_batch_that_is_still_in_doubt() {
    let server = test_support::require!(postgres);
    let migrate = async |pool| PostgresEventLog::migrate(&pool).await;
    let database = test_support::database(&server, "doubt", migrate).await;
    let proxy = Proxy::before(&database.url(), Mode::Pass).await;
    let pool = postgres::connect(&proxy.instead(&database.url()), 4)
        .await
        .expect("a pool");
    let bank = Executor::start(Arc::new(PostgresEventLog::new(pool)), &Settings::default());
    let card = account(&bank, 100).await;
    let block = |at| Command::BlockCard(BlockCard { at, card_id: card.1 });
    let unblock = |at| Command::UnblockCard(UnblockCard { at, card_id: card.1 });
    bank.execute(request(card.0, block(now())))
        .await
        .expect("blocked");

    // One batch: unblock, block again, and a purchase whose request id another transaction has taken and not committed.
    let (freed, again, waits) = (
        request(card.0, unblock(now())),
        request(card.0, block(now())),
        purchase(card, 1),
    );
    let mut rival = database.pool().begin().await.expect("begins");
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
         request_id, request_fingerprint) values ('x', gen_random_uuid()::text, 1, 'x', '1', '{}', '{}', $1, sha256('x'))",
    )
    .bind(waits.key.id.as_uuid())
    .execute(&mut *rival)
    .await
    .expect("inserted");
    let asked = async {
        tokio::join!(
            bank.execute(freed.clone()),
            bank.execute(again.clone()),
            bank.execute(waits.clone())
        )
    };
    let cut = async {
        eventually("the insert waits", Duration::from_secs(10), async || {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(database.pool())
            .await
            .expect("read");
            if waiting > 0 { Ok(()) } else { Err(waiting) }
        })
        .await;
        proxy.turn_to(Mode::Refuse);
        tokio::time::sleep(Duration::from_millis(50)).await;
        proxy.turn_to(Mode::Pass);
    };
    let (told, ()) = tokio::join!(asked, cut);
    assert!(matches!(told.1, Err(ExecuteError::OutcomeUnknown)), "{told:?}");
    // It may not be known for a while; what is told in the end must stay true.
    let repeated = eventually("answered", Duration::from_secs(20), async || {
        match bank.execute(again.clone()).await {
            Err(ExecuteError::OutcomeUnknown) => Err("unknown"),
            other => Ok(other),
        }
    })
    .await;
    rival.rollback().await.expect("rolls back");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let found = bank.find_request(again.key.id).await.expect("read");
    assert_eq!(
        repeated.is_ok(),
        found.is_some(),
        "told {repeated:?}, recorded {found:?}"
    );
}
