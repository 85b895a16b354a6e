//! What a batch is, and how a reader moves the feed.

use std::collections::HashMap;

use proto::feed::Feed as _;
use proto::partition::PARTITIONS;
use tokio::time::{Duration, timeout};

use super::topic::{TRACE, Topic, is_silent, next, offsets};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_has_events_of_one_partition_without_a_gap() {
    let topic = Topic::on_mock();
    for partition in [0, 5, 11] {
        topic.write(partition, 0..25).await;
    }
    let mut feed = topic.whole();
    let mut ends: HashMap<i32, i64> = HashMap::new();
    while ends.values().sum::<i64>() < 75 {
        let batch = next(&mut feed).await;
        assert_eq!(Some(batch.from), ends.get(&batch.partition).copied().or(Some(0)));
        assert!(!batch.deliveries.is_empty() && batch.deliveries.len() <= 10);
        let offsets: Vec<i64> = batch.deliveries.iter().map(|delivery| delivery.offset).collect();
        assert_eq!(offsets, (batch.from..batch.next).collect::<Vec<_>>());
        for delivery in &batch.deliveries {
            let event = delivery.event.as_ref().expect("an event");
            assert_eq!(event.sequence, delivery.offset.unsigned_abs() + 1);
            assert_eq!(
                delivery.trace.map(|trace| trace.to_string()).as_deref(),
                Some(TRACE)
            );
        }
        ends.insert(batch.partition, batch.next);
    }
    assert_eq!(ends, HashMap::from([(0, 25), (5, 25), (11, 25)]));
    assert!(is_silent(&mut feed).await);
    topic.write(7, 0..1).await;
    assert_eq!(
        offsets(&mut feed, 7, 1).await,
        [0],
        "what comes later is delivered when it comes"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_goes_back_and_forward() {
    let topic = Topic::on_mock();
    topic.write(3, 0..40).await;
    let mut feed = topic.whole();
    let begun = offsets(&mut feed, 3, 20).await;
    assert_eq!(begun[..20], (0..20).collect::<Vec<i64>>());
    for start in [5, 30, 0, 39, 12] {
        feed.seek(3, start).await.expect("sought");
        assert_eq!(next(&mut feed).await.from, start);
        feed.seek(3, start).await.expect("sought");
        let count = usize::try_from(40 - start).unwrap();
        assert_eq!(
            offsets(&mut feed, 3, count).await,
            (start..40).collect::<Vec<i64>>()
        );
    }
    // To the end, where nothing is yet.
    feed.seek(3, 40).await.expect("sought");
    assert!(is_silent(&mut feed).await);
    topic.write(3, 40..41).await;
    assert_eq!(offsets(&mut feed, 3, 1).await, [40]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_partition_is_silent_and_the_others_flow() {
    let topic = Topic::on_mock();
    for partition in [3, 4] {
        topic.write(partition, 0..30).await;
    }
    let mut feed = topic.whole();
    let stopped = next(&mut feed).await.partition;
    let other = 7 - stopped;
    feed.stop(stopped).await.expect("stopped");
    assert_eq!(offsets(&mut feed, other, 30).await, (0..30).collect::<Vec<i64>>());
    for partition in [3, 4] {
        topic.write(partition, 30..35).await;
    }
    assert_eq!(offsets(&mut feed, other, 5).await, (30..35).collect::<Vec<i64>>());
    assert!(is_silent(&mut feed).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_loses_nothing() {
    let topic = Topic::on_mock();
    for partition in 0..PARTITIONS {
        topic.write(partition, 0..20).await;
    }
    let mut feed = topic.whole();
    let mut ends: HashMap<i32, i64> = HashMap::new();
    while ends.values().sum::<i64>() < 20 * i64::from(PARTITIONS) {
        let Ok(batch) = timeout(Duration::from_micros(300), feed.next_batch()).await else {
            continue;
        };
        let batch = batch.expect("the feed is in reach");
        let end = ends.insert(batch.partition, batch.next);
        assert_eq!(batch.from, end.unwrap_or(0));
    }
}
