//! Several readers of one group: what moves between them is neither lost nor applied twice.

use proto::feed::Feed as _;
use proto::partition::PARTITIONS;
use test_support::{eventually, require};

use super::reader::{self, Applied};
use super::topic::{SOON, Topic, is_silent, next, offsets};

async fn members_come_and_go(topic: &Topic) {
    let applied = Applied::default();
    let first = reader::start(topic.group(), applied.clone());
    let mut expected = 0;
    let mut written = 0;
    let mut second = None;
    for round in 0..4_u64 {
        for partition in 0..PARTITIONS {
            topic.write(partition, written..written + 5).await;
        }
        written += 5;
        match round {
            0 | 2 => second = Some(reader::start(topic.group(), applied.clone())),
            // Dropped where it stands; Kafka finds out by itself.
            _ => second.take().map_or((), |reader| reader.abort()),
        }
        for partition in 0..PARTITIONS {
            topic.write(partition, written..written + 5).await;
        }
        written += 5;
        expected += 10 * usize::try_from(PARTITIONS).unwrap();
        eventually("everything is applied", SOON, async || {
            let count = applied.count();
            if count == expected { Ok(()) } else { Err(count) }
        })
        .await;
    }
    first.abort();
    applied.assert_whole(usize::try_from(PARTITIONS).unwrap(), written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_and_go_and_every_event_is_applied_once() {
    members_come_and_go(&Topic::on_mock()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_and_go_and_every_event_is_applied_once_on_a_real_broker() {
    let kafka = require!(kafka);
    members_come_and_go(&Topic::on(&kafka).await).await;
}

async fn a_new_member_begins_where_the_group_stands(topic: &Topic) {
    topic.write(3, 0..30).await;
    let mut feed = topic.group();
    assert_eq!(
        offsets(&mut feed, 3, 30).await,
        (0..30).collect::<Vec<i64>>(),
        "from the beginning at first"
    );
    feed.acknowledge(3, 20).await.expect("acknowledged");
    drop(feed);

    let mut feed = topic.group();
    assert_eq!(next(&mut feed).await.from, 20);
    // The reader's own checkpoint says otherwise.
    feed.seek(3, 7).await.expect("sought");
    assert_eq!(next(&mut feed).await.from, 7);

    let mut whole = topic.whole();
    assert_eq!(
        offsets(&mut whole, 3, 30).await,
        (0..30).collect::<Vec<i64>>(),
        "whatever the group has read"
    );
    whole.acknowledge(3, 30).await.expect("of no consequence");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_member_begins_at_the_groups_offset() {
    a_new_member_begins_where_the_group_stands(&Topic::on_mock()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_member_begins_at_the_groups_offset_on_a_real_broker() {
    let kafka = require!(kafka);
    a_new_member_begins_where_the_group_stands(&Topic::on(&kafka).await).await;
}

async fn a_stopped_partition_stays_stopped(topic: &Topic) {
    topic.write(3, 0..1).await;
    let mut feed = topic.group();
    assert_eq!(offsets(&mut feed, 3, 1).await, [0]);
    feed.stop(3).await.expect("stopped");

    // Half of the partitions go to another member, which gets the stopped one or does not, and then all come back.
    let applied = Applied::default();
    let other = reader::start(topic.group(), applied.clone());
    for partition in 0..PARTITIONS {
        topic.write(partition, 1..2).await;
    }
    let mut seen = 0;
    while applied.count() == 0 {
        seen += usize::from(tokio::time::timeout(SOON / 60, feed.next_batch()).await.is_ok());
    }
    other.abort();
    for partition in (0..PARTITIONS).filter(|partition| *partition != 3) {
        topic.write(partition, 2..3).await;
    }
    topic.write(3, 2..3).await;
    let mut last = std::collections::HashSet::new();
    while last.len() + 1 < usize::try_from(PARTITIONS).unwrap() {
        let batch = next(&mut feed).await;
        assert_ne!(batch.partition, 3, "after {seen} batches");
        if batch
            .deliveries
            .iter()
            .any(|delivery| delivery.event.as_ref().is_ok_and(|event| event.sequence == 3))
        {
            last.insert(batch.partition);
        }
    }
    assert!(is_silent(&mut feed).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_partition_stays_stopped_when_it_comes_back() {
    a_stopped_partition_stays_stopped(&Topic::on_mock()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_partition_stays_stopped_when_it_comes_back_on_a_real_broker() {
    let kafka = require!(kafka);
    a_stopped_partition_stays_stopped(&Topic::on(&kafka).await).await;
}
