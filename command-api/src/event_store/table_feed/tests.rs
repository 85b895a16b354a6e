//! The feed from the table, read the way a projection does.

use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

use super::*;
use crate::event_store::{Append, Metadata, NewEvent, Outcome, sqlite};

/// Longer than any poll; nothing waits for it unless it fails.
const AT_MOST: Duration = Duration::from_secs(10);

struct Given {
    log: Arc<SqliteEventLog>,
    folder: TempDir,
}

impl Given {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let log = Arc::new(
            sqlite::open(&folder.path().join("events.db"))
                .await
                .expect("opens"),
        );
        Self { log, folder }
    }

    fn feed(&self) -> TableFeed {
        TableFeed::new(Arc::clone(&self.log))
    }

    /// Appends events to a stream, from a sequence on, and returns their offsets.
    async fn append(
        &self,
        stream_type: &'static str,
        stream_id: Uuid,
        first_sequence: u64,
        count: usize,
    ) -> Vec<i64> {
        append_to(&self.log, stream_type, stream_id, first_sequence, count).await
    }
}

async fn append_to(
    log: &SqliteEventLog,
    stream_type: &'static str,
    stream_id: Uuid,
    first_sequence: u64,
    count: usize,
) -> Vec<i64> {
    let occurred_at = chrono::Utc::now();
    let payload = serde_json::json!({"type": "account_closed", "occurred_at": occurred_at}).to_string();
    let traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let metadata = Metadata {
        occurred_at,
        traceparent,
    };
    let event = NewEvent {
        name: "account_closed",
        version: "1",
        payload,
        metadata,
    };
    let events = vec![event; count];
    let append = Append {
        stream_type,
        stream_id,
        first_sequence,
        events,
        request: None,
    };
    match log.append(vec![append]).await.expect("appends").pop() {
        Some(Outcome::Recorded(events)) => events.iter().map(|event| event.position.number).collect(),
        other => panic!("not recorded: {other:?}"),
    }
}

/// An account of a given partition.
fn account_in(partition: i32) -> Uuid {
    std::iter::repeat_with(Uuid::now_v7)
        .find(|account| partition::of_account(*account) == partition)
        .expect("the accounts are spread over all partitions")
}

async fn next(feed: &mut TableFeed) -> Batch {
    timeout(AT_MOST, feed.next_batch())
        .await
        .expect("there is a batch")
        .expect("the log is there")
}

/// Whether the feed has nothing to deliver now.
async fn is_quiet(feed: &mut TableFeed) -> bool {
    timeout(Duration::from_millis(50), feed.next_batch())
        .await
        .is_err()
}

fn offsets(batch: &Batch) -> Vec<i64> {
    batch.deliveries.iter().map(|delivery| delivery.offset).collect()
}

/// Does what a reader does that has applied nothing yet: each partition begins at the end and is sent to the start.
async fn from_the_start(feed: &mut TableFeed) {
    let mut begun = Vec::new();
    for _ in 0..PARTITIONS {
        let batch = next(feed).await;
        assert!(
            batch.from == batch.next && batch.deliveries.is_empty(),
            "{batch:?}"
        );
        feed.seek(batch.partition, 0).await.expect("seeks");
        begun.push(batch.partition);
    }
    assert_eq!(begun, (0..PARTITIONS).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_account_event_is_delivered_in_its_partition_and_no_attempt() {
    let given = Given::new().await;
    let (one, other) = (account_in(3), account_in(8));
    let mut expected = given.append(ACCOUNT_STREAM, one, 1, 2).await;
    let of_other = given.append(ACCOUNT_STREAM, other, 1, 1).await;
    given.append(domain::attempt::STREAM_TYPE, one, 1, 1).await;
    expected.extend(given.append(ACCOUNT_STREAM, one, 3, 1).await);

    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    let batches = [next(&mut feed).await, next(&mut feed).await];
    assert_eq!(batches.each_ref().map(|batch| batch.partition), [3, 8]);
    assert_eq!(batches.each_ref().map(offsets), [expected, of_other]);
    for batch in &batches {
        assert_eq!((batch.from, batch.next), (0, 6), "as far as the table was read");
    }
    assert!(is_quiet(&mut feed).await);
    let first = &batches[0].deliveries[0];
    let envelope = first.event.as_ref().expect("an event");
    assert_eq!((envelope.subject, envelope.sequence), (one, 1));
    assert!(first.trace.is_some());
}

#[tokio::test]
async fn batches_of_a_partition_join_without_a_gap_whatever_lies_between() {
    let given = Given::new().await;
    let (busy, rare) = (account_in(0), account_in(1));
    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    let mut read: Vec<(i64, i64)> = Vec::new();
    let mut seen = Vec::new();
    let mut expected = Vec::new();
    for round in 0..4u64 {
        given.append(ACCOUNT_STREAM, busy, round * 700 + 1, 700).await;
        expected.extend(given.append(ACCOUNT_STREAM, rare, round + 1, 1).await);
        while seen.len() < expected.len() {
            let batch = next(&mut feed).await;
            if batch.partition == 1 {
                seen.extend(offsets(&batch));
                read.push((batch.from, batch.next));
            }
        }
    }
    assert_eq!(seen, expected);
    assert_eq!(read[0].0, 0);
    assert!(read.windows(2).all(|pair| pair[0].1 == pair[1].0), "{read:?}");
}

#[tokio::test]
async fn a_new_event_wakes_the_reader() {
    let given = Given::new().await;
    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    assert!(is_quiet(&mut feed).await, "an empty log has nothing to say");
    let account = account_in(5);
    let (batch, offsets_appended) =
        tokio::join!(next(&mut feed), given.append(ACCOUNT_STREAM, account, 1, 1));
    assert_eq!(offsets(&batch), offsets_appended);
}

#[tokio::test]
async fn an_event_that_another_process_appended_is_found() {
    let given = Given::new().await;
    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    assert!(is_quiet(&mut feed).await);
    let other = sqlite::open(&given.folder.path().join("events.db"))
        .await
        .expect("opens");
    append_to(&other, ACCOUNT_STREAM, account_in(5), 1, 1).await;
    let batch = next(&mut feed).await;
    assert_eq!((batch.partition, batch.deliveries.len()), (5, 1));
}

#[tokio::test]
async fn a_partition_sent_somewhere_before_the_first_call_begins_there() {
    let given = Given::new().await;
    let appended = given.append(ACCOUNT_STREAM, account_in(2), 1, 3).await;
    let mut feed = given.feed();
    feed.seek(2, 2).await.expect("seeks");
    for partition in (0..PARTITIONS).filter(|partition| *partition != 2) {
        assert_eq!(next(&mut feed).await.partition, partition);
    }
    let batch = next(&mut feed).await;
    assert_eq!((batch.partition, offsets(&batch)), (2, appended[1..].to_vec()));
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was() {
    let given = Given::new().await;
    let account = account_in(2);
    let appended = given.append(ACCOUNT_STREAM, account, 1, 1_200).await;
    let mut feed = given.feed();
    for _ in 0..PARTITIONS {
        let batch = next(&mut feed).await;
        assert_eq!(
            (batch.from, batch.next),
            (1_201, 1_201),
            "it begins at the end, whatever was applied"
        );
        // All but the last ten were.
        feed.seek(batch.partition, 1_191).await.expect("seeks");
    }
    let batch = next(&mut feed).await;
    assert_eq!((batch.partition, batch.from, batch.next), (2, 1_191, 1_201));
    assert_eq!(offsets(&batch), appended[1_190..]);
    assert!(is_quiet(&mut feed).await);

    feed.seek(2, 1_200).await.expect("seeks backwards");
    assert_eq!(offsets(&next(&mut feed).await), [1_200]);
    assert!(
        is_quiet(&mut feed).await,
        "the other partitions stay where they are"
    );
    assert!(feed.seek(12, 1).await.is_err());
    assert!(feed.seek(-1, 1).await.is_err());
}

/// The partition without events is told how far the table was read, or it would begin at the table's start after each restart.
#[tokio::test]
async fn a_quiet_partition_does_not_fall_behind() {
    let given = Given::new().await;
    let busy = account_in(4);
    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    let mut known = [0; 12];
    let mut sequence = 1;
    while sequence < 10_000 {
        given.append(ACCOUNT_STREAM, busy, sequence, 500).await;
        sequence += 500;
        let next_offset = i64::try_from(sequence).expect("small");
        while known[4] < next_offset {
            let batch = next(&mut feed).await;
            known[usize::try_from(batch.partition).expect("small")] = batch.next;
        }
        while let Some(batch) = feed.ready.pop_front() {
            known[usize::try_from(batch.partition).expect("small")] = batch.next;
        }
        assert!(
            known.iter().all(|known| next_offset - known <= QUIET_MAX),
            "{known:?}"
        );
    }
}

/// One reader meets the end of the table after each event, another once: where they stand must not differ for ever, or who
/// rebuilds waits for a place that the feed never tells.
#[tokio::test]
async fn when_nothing_comes_every_partition_is_told_the_end() {
    let given = Given::new().await;
    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    given.append(ACCOUNT_STREAM, account_in(3), 1, 1).await;
    assert_eq!(next(&mut feed).await.partition, 3);
    given.append(ACCOUNT_STREAM, account_in(8), 1, 1).await;
    let of_eight = next(&mut feed).await;
    assert_eq!((of_eight.partition, of_eight.next), (8, 3));

    let mut told = BTreeMap::new();
    for _ in 0..PARTITIONS - 1 {
        let batch = next(&mut feed).await;
        assert!(batch.deliveries.is_empty(), "{batch:?}");
        told.insert(batch.partition, (batch.from, batch.next));
    }
    let expected = (0..PARTITIONS)
        .filter(|partition| *partition != 8)
        .map(|partition| (partition, (if partition == 3 { 2 } else { 0 }, 3)));
    assert_eq!(told, expected.collect());
    let patience = POLL * 3;
    let more = timeout(patience, feed.next_batch()).await;
    assert!(more.is_err(), "told once: {more:?}");
}

#[tokio::test]
async fn where_many_come_at_once_the_next_ones_are_gathered() {
    let given = Given::new().await;
    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    let account = account_in(4);
    let many = given.append(ACCOUNT_STREAM, account, 1, GATHERED_MIN).await;
    let began = Instant::now();
    assert_eq!(offsets(&next(&mut feed).await), many);

    let first = given
        .append(ACCOUNT_STREAM, account, GATHERED_MIN as u64 + 1, 1)
        .await;
    assert_eq!(offsets(&next(&mut feed).await), first);
    assert!(began.elapsed() >= GATHERED_FOR);

    let second = given
        .append(ACCOUNT_STREAM, account, GATHERED_MIN as u64 + 2, 1)
        .await;
    assert_eq!(
        offsets(&next(&mut feed).await),
        second,
        "no longer many, no longer gathered"
    );
}

#[tokio::test]
async fn a_damaged_event_is_delivered_as_such_and_its_partition_can_be_stopped() {
    let given = Given::new().await;
    let (damaged, whole) = (account_in(6), account_in(7));
    given.append("card_attempt", whole, 1, 1).await;
    given.append(ACCOUNT_STREAM, damaged, 1, 1).await;
    let file = given.folder.path().join("events.db");
    let pool = sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(file));
    let pool = pool.await.expect("connects");
    let change = "update events set payload = '{}' where aggregate_type = 'card_account'";
    sqlx::query(change).execute(&pool).await.expect("changes");

    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    let batch = next(&mut feed).await;
    assert_eq!(batch.partition, 6);
    let malformed = batch.deliveries[0].event.as_ref().expect_err("it is damaged");
    assert_eq!(malformed.event_id, format!("{damaged}-1"));
    feed.stop(6).await.expect("stops");

    given.append(ACCOUNT_STREAM, damaged, 2, 1).await;
    given.append(ACCOUNT_STREAM, whole, 1, 1).await;
    let batch = next(&mut feed).await;
    assert_eq!((batch.partition, batch.deliveries.len()), (7, 1));
    assert!(is_quiet(&mut feed).await, "nothing more of the stopped one");

    feed.seek(6, 3).await.expect("seeks");
    assert_eq!(
        next(&mut feed).await.deliveries.len(),
        1,
        "until the reader asks for it again"
    );
    for partition in 0..PARTITIONS {
        feed.stop(partition).await.expect("stops");
    }
    assert!(is_quiet(&mut feed).await);
}

/// Calls that are dropped at any point of waiting lose nothing.
#[tokio::test]
async fn a_dropped_call_loses_nothing() {
    let given = Given::new().await;
    let accounts: Vec<Uuid> = (0..PARTITIONS).map(account_in).collect();
    let mut feed = given.feed();
    from_the_start(&mut feed).await;
    let mut seen: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    let mut expected: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for round in 1..=20 {
        for (partition, account) in (0..).zip(&accounts) {
            expected
                .entry(partition)
                .or_default()
                .extend(given.append(ACCOUNT_STREAM, *account, round, 1).await);
        }
        for patience in 0..20 {
            if let Ok(batch) = timeout(Duration::from_micros(patience * 20), feed.next_batch()).await {
                let batch = batch.expect("the log is there");
                seen.entry(batch.partition).or_default().extend(offsets(&batch));
            }
        }
    }
    while seen != expected {
        let batch = next(&mut feed).await;
        seen.entry(batch.partition).or_default().extend(offsets(&batch));
    }
}

#[tokio::test]
async fn a_log_that_is_gone_is_out_of_reach() {
    let given = Given::new().await;
    let mut feed = given.feed();
    given.log.close().await;
    assert!(feed.next_batch().await.is_err());
}
