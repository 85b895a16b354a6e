//! How far the topic goes and what was put aside, as the broker tells it.

use std::collections::BTreeMap;

use projections::kafka_feed::{KafkaUpstream, Settings};
use projections::operations::upstream::{Ahead, Ends, Upstream as _};
use proto::partition::PARTITIONS;
use rdkafka::message::OwnedHeaders;
use test_support::require;

use super::topic::Topic;

fn ends(of_three: i64, of_seven: i64) -> Ends {
    let mut ends: BTreeMap<i32, i64> = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
    ends.extend([(3, of_three), (7, of_seven)]);
    Ends::ByPartition(ends)
}

async fn the_ends_and_the_dead_letters(topic: Topic) {
    topic.write(3, 0..5).await;
    topic.write(7, 0..2).await;
    let upstream = KafkaUpstream::new(&topic.settings());
    let ahead = Ahead {
        ends: ends(5, 2),
        dead_letters: None,
    };
    assert_eq!(upstream.ahead().await.expect("Kafka answers"), ahead);

    let dead_letters = topic.dead_letters();
    match &topic.mock {
        Some(mock) => mock.create_topic(&dead_letters.name, 1, 1).expect("a topic"),
        None => dead_letters.create(1).await,
    }
    let asked = async || upstream.ahead().await.expect("Kafka answers");
    assert_eq!(asked().await.dead_letters, Some(0));
    for _ in 0..3 {
        dead_letters
            .write_raw(0, Some("not indexed"), OwnedHeaders::new())
            .await;
    }
    topic.write(7, 2..3).await;
    let ahead = Ahead {
        ends: ends(5, 3),
        dead_letters: Some(3),
    };
    assert_eq!(asked().await, ahead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ends_and_the_dead_letters_on_the_mock_cluster() {
    the_ends_and_the_dead_letters(Topic::on_mock()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ends_and_the_dead_letters_on_a_real_broker() {
    let brokers = require!(kafka);
    the_ends_and_the_dead_letters(Topic::on(&brokers).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_says_nothing() {
    let upstream = KafkaUpstream::new(&Settings::new("127.0.0.1:9"));
    assert!(upstream.ahead().await.is_err());
}
