//! Messages that are no events, and brokers and topics that are not there.

use projections::kafka_feed::{Settings, topic_ready};
use proto::envelope::HEADER_ID;
use proto::feed::Feed as _;
use rdkafka::message::{Header, OwnedHeaders};
use test_support::require;

use super::topic::{SOON, Topic, next, offsets};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_is_delivered_as_malformed_in_its_place() {
    let topic = Topic::on_mock();
    let named = || {
        OwnedHeaders::new().insert(Header {
            key: HEADER_ID,
            value: Some("account-2"),
        })
    };
    topic.write(3, 0..1).await;
    topic
        .write_raw(3, Some("{\"specversion\":\"1.0\"}"), named())
        .await;
    topic.write_raw(3, Some("not json"), OwnedHeaders::new()).await;
    topic.write_raw(3, None, OwnedHeaders::new()).await;
    topic.write(3, 4..5).await;

    let mut feed = topic.whole();
    let mut deliveries = Vec::new();
    while deliveries.len() < 5 {
        deliveries.extend(next(&mut feed).await.deliveries);
    }
    let places: Vec<Result<u64, String>> = deliveries
        .into_iter()
        .map(|delivery| {
            delivery
                .event
                .map(|event| event.sequence)
                .map_err(|malformed| malformed.event_id)
        })
        .collect();
    let place = |offset: i64| Err(format!("{}/3/{offset}", topic.name));
    assert_eq!(
        places,
        [Ok(1), Err("account-2".to_owned()), place(2), place(3), Ok(5)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_goes_away_is_waited_for() {
    let topic = Topic::on_mock();
    topic.write(3, 0..5).await;
    let mut feed = topic.group();
    assert_eq!(offsets(&mut feed, 3, 5).await, (0..5).collect::<Vec<i64>>());

    let mock = topic.mock.as_ref().expect("the mock cluster");
    mock.broker_down(1).expect("down");
    let unavailable = tokio::time::timeout(SOON, feed.next_batch())
        .await
        .expect("it says so in time");
    let error = unavailable.expect_err("no broker");
    assert_eq!(error.to_string(), "the event feed is out of reach");
    mock.broker_up(1).expect("up");
    topic.write(3, 5..6).await;
    let delivered = async {
        loop {
            // Until the client has found the broker again it may say once more that there is none.
            if let Ok(batch) = feed.next_batch().await
                && batch.next == 6
            {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, delivered)
        .await
        .expect("the feed goes on by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_can_be_left_while_its_broker_is_away() {
    let topic = Topic::on_mock();
    topic.write(3, 0..1).await;
    let mut feed = topic.group();
    assert_eq!(offsets(&mut feed, 3, 1).await, [0]);
    feed.acknowledge(3, 1).await.expect("acknowledged");
    // The whole cluster, as it stands.
    drop(topic);
    let leaving = tokio::task::spawn_blocking(move || drop(feed));
    let left = tokio::time::timeout(SOON, leaving).await;
    left.expect("it does not wait for the broker")
        .expect("it does not panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_missing_is_waited_for() {
    let kafka = require!(kafka);
    let topic = Topic::missing_on(&kafka);
    assert!(!topic_ready(&topic.settings()).await.expect("the broker answers"));
    for mut feed in [topic.group(), topic.whole()] {
        let missing = tokio::time::timeout(SOON, feed.next_batch())
            .await
            .expect("it says so in time");
        missing.expect_err("no topic");
    }
    let mut feed = topic.group();
    feed.next_batch().await.expect_err("no topic");
    topic.create(proto::partition::PARTITIONS).await;
    topic.write(3, 0..1).await;
    let delivered = async { while feed.next_batch().await.is_err() {} };
    tokio::time::timeout(SOON, delivered)
        .await
        .expect("the feed finds the topic by itself");
    assert!(topic_ready(&topic.settings()).await.expect("the broker answers"));
}

#[tokio::test]
async fn a_topic_with_other_partitions_is_not_ready() {
    let kafka = require!(kafka);
    let topic = Topic::missing_on(&kafka);
    topic.create(3).await;
    assert!(!topic_ready(&topic.settings()).await.expect("the broker answers"));
    topic_ready(&Settings::new("127.0.0.1:1"))
        .await
        .expect_err("nobody is there");
}
