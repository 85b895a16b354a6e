//! Rebuilding while the old read models serve and events keep coming.

use std::time::Duration;

use projections::rebuild::{RebuildError, rebuild};
use projections::{Projection, StoreError, Worker};
use tokio_util::sync::CancellationToken;

use crate::support::feed::Log;
use crate::support::history::Historian;
use crate::support::naive;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    a_damaged_read_model_is_rebuilt_to_the_row_while_events_keep_coming,
    everything_is_rebuilt_at_once,
    a_rebuild_that_fails_leaves_everything_as_it_was,
    a_read_model_that_was_left_behind_moves_on_after_its_rebuild,
    two_rebuilds_of_the_same_are_not_under_way_at_once,
);

/// Every read model made wrong in its own way.
const DAMAGES: [(Projection, &str); 5] = [
    (
        Projection::AccountBalance,
        "update account_balance set credit_limit_minor = 1, status = 'closed'",
    ),
    (
        Projection::Card,
        "update card set status = 'issued', last_four = '0000'",
    ),
    (
        Projection::Activity,
        "update activity set merchant_name = 'nobody', amount_minor = amount_minor + 1",
    ),
    (
        Projection::Statement,
        "delete from statement_line where version > 7; update statement set total_minor = total_minor + 1",
    ),
    (
        Projection::MerchantSpend,
        "update merchant_spend set amount_minor = 1, merchant_name = 'nobody'",
    ),
];

async fn a_damaged_read_model_is_rebuilt_to_the_row_while_events_keep_coming(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(21, 6));
    historian.write(&log, 400);
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(8), cancel.clone()));
    test.drained(&log.ends()).await;

    let rebuilder = test.another();
    for (projection, damage) in DAMAGES {
        test.execute(damage).await;
        let never = CancellationToken::new();
        let one = [projection];
        let rebuilding = rebuild(&rebuilder, &one, Box::new(log.feed(16)), &never);
        let writing = async {
            for _ in 0..20 {
                historian.write(&log, 5);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let (rebuilt, ()) = tokio::join!(rebuilding, writing);
        assert!(rebuilt.unwrap().events >= 400);
        test.drained(&log.ends()).await;
        assert_eq!(
            test.rows().await,
            naive::rows(&historian.histories),
            "seed 21, {projection}"
        );
    }
    cancel.cancel();
    worker.await.unwrap();
    assert_eq!(leftovers(&test).await, Vec::<String>::new());
}

async fn everything_is_rebuilt_at_once(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(22, 6));
    historian.write(&log, 300);
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(50), cancel.clone()));
    test.drained(&log.ends()).await;
    cancel.cancel();
    worker.await.unwrap();
    for (_, damage) in DAMAGES {
        test.execute(damage).await;
    }
    test.execute("delete from account_version").await;
    let (before, keys) = (test.checkpoints().await, indexes(&test).await);
    assert!(!keys.is_empty());
    let rebuilt = rebuild(
        &test.another(),
        &Projection::ALL,
        Box::new(log.feed(50)),
        &CancellationToken::new(),
    )
    .await
    .unwrap();
    assert_eq!(rebuilt.events, 300);
    assert_eq!(test.rows().await, naive::rows(&historian.histories), "seed 22");
    assert_eq!(test.checkpoints().await, before);
    assert_eq!(indexes(&test).await, keys);
}

async fn a_rebuild_that_fails_leaves_everything_as_it_was(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(23, 4));
    historian.write(&log, 100);
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(50), cancel.clone()));
    test.drained(&log.ends()).await;
    cancel.cancel();
    worker.await.unwrap();
    let before = (test.rows().await, test.checkpoints().await);

    // Another log in which an account's second event is missing.
    let damaged = Log::default();
    for (id, history) in &historian.histories {
        for (event, sequence) in history.iter().zip(1..).filter(|(_, sequence)| *sequence != 2) {
            damaged.append(*id, sequence, event);
        }
    }
    let never = CancellationToken::new();
    let failed = rebuild(
        &test.another(),
        &[Projection::Statement],
        Box::new(damaged.feed(50)),
        &never,
    )
    .await;
    assert!(matches!(failed, Err(RebuildError::Poison { .. })), "{failed:?}");

    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let failed = rebuild(
        &test.another(),
        &[Projection::Card],
        Box::new(log.feed(1)),
        &cancelled,
    )
    .await;
    assert!(matches!(failed, Err(RebuildError::Cancelled)), "{failed:?}");

    let truncated = Box::new(log.feed(50).truncated(3));
    let failed = rebuild(&test.another(), &[Projection::Card], truncated, &never).await;
    assert!(matches!(failed, Err(RebuildError::Silent { .. })), "{failed:?}");

    assert_eq!((test.rows().await, test.checkpoints().await), before);
    assert_eq!(leftovers(&test).await, Vec::<String>::new());
}

async fn a_read_model_that_was_left_behind_moves_on_after_its_rebuild(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(24, 4));
    historian.write(&log, 80);
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(50), cancel.clone()));
    test.drained(&log.ends()).await;
    test.execute("delete from projection_checkpoint where projection = 'merchant_spend'")
        .await;
    test.execute("delete from merchant_spend").await;
    historian.write(&log, 40);
    test.drained(&log.ends()).await;
    let never = CancellationToken::new();
    rebuild(
        &test.another(),
        &[Projection::MerchantSpend],
        Box::new(log.feed(50)),
        &never,
    )
    .await
    .unwrap();
    historian.write(&log, 40);
    test.drained(&log.ends()).await;
    cancel.cancel();
    worker.await.unwrap();
    assert_eq!(test.rows().await, naive::rows(&historian.histories), "seed 24");
}

async fn two_rebuilds_of_the_same_are_not_under_way_at_once(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(25, 4));
    historian.write(&log, 80);
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(50), cancel.clone()));
    test.drained(&log.ends()).await;
    cancel.cancel();
    worker.await.unwrap();

    // This one waits for ever for events that its feed does not have.
    let waiting = CancellationToken::new();
    let (store, token) = (test.another(), waiting.clone());
    let empty = Box::new(Log::default().feed(1));
    let first = tokio::spawn(async move { rebuild(&store, &[Projection::Card], empty, &token).await });
    // Its space is made only after it has the name to itself.
    test_support::eventually(
        "the first rebuild is under way",
        Duration::from_secs(20),
        async || {
            let made = leftovers(&test).await;
            test_support::holds(made.iter().any(|name| !name.ends_with("lock")))
        },
    )
    .await;
    let second = rebuild(
        &test.another(),
        &[Projection::Card],
        Box::new(log.feed(50)),
        &waiting,
    )
    .await;
    let refused = matches!(second, Err(RebuildError::Store(StoreError::RebuildUnderWay)));
    assert!(refused, "{second:?}");
    waiting.cancel();
    assert!(matches!(first.await.unwrap(), Err(RebuildError::Cancelled)));
}

/// What keeps the tables in order.
async fn indexes(test: &TestStore) -> Vec<String> {
    test.texts(if test.is_postgres() {
        "select indexdef from pg_indexes where schemaname = current_schema()
         union all
         select format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
         where connamespace = current_schema()::regnamespace
         order by 1"
    } else {
        "select name || ' ' || tbl_name || ' ' || coalesce(sql, '') from sqlite_master where type = 'index' order by 1"
    })
    .await
}

/// What rebuilds left lying about.
async fn leftovers(test: &TestStore) -> Vec<String> {
    if test.is_postgres() {
        return test
            .texts("select nspname::text from pg_namespace where nspname like 'rebuild%'")
            .await;
    }
    let file = std::path::PathBuf::from(test.url.trim_start_matches("sqlite://"));
    let names = std::fs::read_dir(file.parent().unwrap()).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("rebuild"))
        .collect()
}
