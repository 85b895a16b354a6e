//! Random histories through the worker, against the second implementation, to the row.

use projections::Worker;
use tokio_util::sync::CancellationToken;

use crate::support::feed::{Log, MemoryFeed};
use crate::support::history::Historian;
use crate::support::naive;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    random_histories_make_the_rows_that_a_second_implementation_makes,
    repeated_and_overlapping_batches_change_nothing,
    batches_of_any_size_make_the_same_rows,
);

const SEEDS: [u64; 3] = [1, 20_261_122, 987_654_321];

/// Applies what the feed has, up to the end of the log, and compares every row.
async fn check(test: &TestStore, log: &Log, historian: &Historian, feed: MemoryFeed, what: &str) {
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(feed, cancel.clone()));
    test.drained(&log.ends()).await;
    cancel.cancel();
    worker.await.unwrap();
    assert_eq!(test.rows().await, naive::rows(&historian.histories), "{what}");
    invariant_lines_add_up_to_what_is_owed(test).await;
    invariant_no_decline_is_charged(test).await;
}

async fn invariant_lines_add_up_to_what_is_owed(test: &TestStore) {
    let wrong = test
        .texts(
            "select b.account_id from account_balance b
             where b.outstanding_minor <> (select coalesce(sum(l.amount_minor), 0) from statement_line l
                                           where l.account_id = b.account_id)
                or b.outstanding_minor <> (select coalesce(sum(s.total_minor), 0) from statement s
                                           where s.account_id = b.account_id)
                or b.outstanding_minor <> (select coalesce(sum(m.amount_minor), 0) from merchant_spend m
                                           where m.account_id = b.account_id)",
        )
        .await;
    assert!(wrong.is_empty(), "{wrong:?}");
}

async fn invariant_no_decline_is_charged(test: &TestStore) {
    let charged = test
        .texts(
            "select a.account_id from activity a join statement_line l
             on l.account_id = a.account_id and l.version = a.version where a.kind <> 'purchase_approved'",
        )
        .await;
    assert!(charged.is_empty(), "{charged:?}");
}

async fn random_histories_make_the_rows_that_a_second_implementation_makes(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(SEEDS[0], 9));
    historian.write(&log, 600);
    check(&test, &log, &historian, log.feed(64), "seed 1").await;
    historian.write(&log, 300);
    check(&test, &log, &historian, log.feed(64), "seed 1, and on").await;
}

async fn repeated_and_overlapping_batches_change_nothing(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(SEEDS[1], 5));
    historian.write(&log, 500);
    check(&test, &log, &historian, log.feed(17).repeating(), "seed 20261122").await;
    historian.write(&log, 100);
    let behind_nothing = log.feed(17).beginning_at_the_end();
    check(
        &test,
        &log,
        &historian,
        behind_nothing,
        "a feed that begins at its end",
    )
    .await;
}

async fn batches_of_any_size_make_the_same_rows(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(SEEDS[2], 4));
    for (size, events) in [(1, 60), (2, 60), (1_000, 400), (7, 80)] {
        historian.write(&log, events);
        check(
            &test,
            &log,
            &historian,
            log.feed(size),
            &format!("batches of {size}"),
        )
        .await;
    }
}
