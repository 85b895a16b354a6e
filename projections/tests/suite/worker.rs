//! The worker among crashes, rivals, and a database or a feed that is away.

use std::time::Duration;

use domain::account::DeclineReason;

use crate::support::events::{self, account, card, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::{Historian, write};
use crate::support::naive;
use crate::support::running::start;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    two_workers_who_both_believe_a_partition_theirs_apply_each_event_once,
    a_worker_that_is_killed_anywhere_goes_on_where_the_tables_are,
    a_feed_that_fails_is_tried_again,
    a_read_model_that_was_not_there_from_the_beginning_is_left_for_a_rebuild,
);

async fn two_workers_who_both_believe_a_partition_theirs_apply_each_event_once(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(11, 6));
    historian.write(&log, 200);
    let rivals = [
        start(&test.store, log.feed(5)),
        start(&test.another(), log.feed(9)),
        start(&test.another(), log.feed(30).beginning_at_the_end()),
    ];
    for _ in 0..10 {
        historian.write(&log, 30);
        tokio::task::yield_now().await;
    }
    test.drained(&log.ends()).await;
    for rival in rivals {
        assert!(rival.health.report().stopped().next().is_none());
        rival.stop().await;
    }
    assert_eq!(test.rows().await, naive::rows(&historian.histories), "seed 11");
}

async fn a_worker_that_is_killed_anywhere_goes_on_where_the_tables_are(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(12, 5));
    historian.write(&log, 700);
    // Dropped between any two awaits, with its connections, in the midst of a transaction.
    for milliseconds in [0, 1, 2, 3, 5, 8, 13, 21, 34] {
        let running = start(&test.another(), log.feed(20));
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        running.task.abort();
        let _ = running.task.await;
    }
    let running = start(&test.store, log.feed(20));
    test.drained(&log.ends()).await;
    running.stop().await;
    assert_eq!(test.rows().await, naive::rows(&historian.histories), "seed 12");
}

async fn a_feed_that_fails_is_tried_again(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(13, 3));
    historian.write(&log, 40);
    let mut feed = log.feed(10).beginning_at_the_end();
    feed.failures_left = 3;
    let running = start(&test.store, feed);
    test.drained(&log.ends()).await;
    assert!(running.health.report().is_ready());
    running.stop().await;
    assert_eq!(test.rows().await, naive::rows(&historian.histories));
}

async fn a_read_model_that_was_not_there_from_the_beginning_is_left_for_a_rebuild(test: TestStore) {
    let log = Log::default();
    let id = account(1);
    let declined = events::declined(
        "2026-11-22T16:00:00Z",
        card(1),
        reais(1),
        merchant("livraria-01", "Livraria"),
        DeclineReason::CardBlocked,
    );
    write(
        &log,
        id,
        &events::active_account(card(1), [purchase("2026-11-22T15:00:00Z"), declined]),
    );
    let running = start(&test.store, log.feed(100));
    test.drained(&log.ends()).await;
    running.stop().await;
    test.execute("delete from projection_checkpoint where projection = 'activity'")
        .await;
    test.execute("delete from activity").await;

    log.append(id, 6, &purchase("2026-11-23T15:00:00Z"));
    let running = start(&test.store, log.feed(100));
    test.reaches(id, 6).await;
    let report = running.health.report();
    assert_eq!(report.partitions[0].behind, ["activity"]);
    assert!(
        test.rows().await["activity"].is_empty(),
        "half a timeline would be worse than none"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for_and_nothing_is_half_done() {
    let test = TestStore::sqlite().await;
    let (log, mut historian) = (Log::default(), Historian::new(14, 3));
    historian.write(&log, 60);
    // Another process holds the only write lock; the worker's pool waits and gives up, again and again.
    let file = test.url.trim_start_matches("sqlite://").to_owned();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
    let holder = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
    let held = holder.begin_with("begin immediate").await.unwrap();
    let running = start(&test.store, log.feed(100));
    test_support::eventually(
        "the worker says that the store is away",
        Duration::from_secs(20),
        async || test_support::holds(!running.health.report().is_ready()),
    )
    .await;
    assert!(test.rows().await["account_version"].is_empty());
    held.rollback().await.unwrap();
    test.drained(&log.ends()).await;
    assert!(running.health.report().is_ready());
    running.stop().await;
    assert_eq!(test.rows().await, naive::rows(&historian.histories));
}

#[tokio::test]
async fn a_database_that_drops_its_connections_is_come_back_to() {
    let server = test_support::require!(postgres);
    let test = TestStore::postgres(&server).await;
    let (log, mut historian) = (Log::default(), Historian::new(15, 8));
    let running = start(&test.store, log.feed(10));
    for _ in 0..10 {
        historian.write(&log, 60);
        test.texts(
            "select cast(pg_terminate_backend(pid) as text) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await;
    }
    test.drained(&log.ends()).await;
    running.stop().await;
    assert_eq!(test.rows().await, naive::rows(&historian.histories), "seed 15");
}

fn purchase(when: &str) -> domain::account::Event {
    events::approved(
        when,
        card(1),
        reais(4_990),
        merchant("livraria-01", "Livraria"),
        "Dom Casmurro",
    )
}
