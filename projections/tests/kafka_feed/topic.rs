//! A topic with events in it, on the mock cluster or on a real broker.

use std::time::Duration;

use chrono::Utc;
use projections::kafka_feed::{KafkaFeed, Settings};
use proto::envelope::{Envelope, HEADER_ID, HEADER_TRACE};
use proto::feed::{Batch, Feed as _};
use proto::partition::PARTITIONS;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use serde_json::value::RawValue;
use uuid::Uuid;

/// How long anything here may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) struct Topic {
    /// Kept as long as its brokers are needed; none for a real broker.
    pub(crate) mock: Option<MockCluster<'static, DefaultProducerContext>>,
    pub(crate) brokers: String,
    pub(crate) name: String,
    producer: FutureProducer,
}

impl Topic {
    pub(crate) fn on_mock() -> Self {
        let mock = MockCluster::new(1).expect("a mock cluster");
        let name = "account-events";
        mock.create_topic(name, PARTITIONS, 1).expect("a topic");
        let brokers = mock.bootstrap_servers();
        Self {
            producer: producer(&brokers),
            brokers,
            name: name.to_owned(),
            mock: Some(mock),
        }
    }

    /// Without the topic.
    pub(crate) fn missing_on(brokers: &str) -> Self {
        let name = format!("feed-{}", Uuid::now_v7().simple());
        Self {
            producer: producer(brokers),
            brokers: brokers.to_owned(),
            name,
            mock: None,
        }
    }

    pub(crate) async fn on(brokers: &str) -> Self {
        let topic = Self::missing_on(brokers);
        topic.create(PARTITIONS).await;
        topic
    }

    pub(crate) async fn create(&self, partitions: i32) {
        let mut config = ClientConfig::new();
        let admin: AdminClient<DefaultClientContext> = config
            .set("bootstrap.servers", &self.brokers)
            .create()
            .expect("an admin client");
        let topic = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(1));
        let created = admin
            .create_topics([&topic], &AdminOptions::new())
            .await
            .expect("the broker answers");
        for topic in created {
            topic.expect("created");
        }
    }

    /// The search sink's topic for what it could not index, on the same broker, not made yet.
    pub(crate) fn dead_letters(&self) -> Self {
        Self {
            mock: None,
            brokers: self.brokers.clone(),
            name: format!("{}.dlq", self.name),
            producer: self.producer.clone(),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            topic: self.name.clone(),
            group_id: format!("{}-readers", self.name),
            batch_events_max: 10,
            session_timeout: Duration::from_secs(6),
            ..Settings::new(&self.brokers)
        }
    }

    pub(crate) fn group(&self) -> KafkaFeed {
        KafkaFeed::group(&self.settings()).expect("a feed")
    }

    pub(crate) fn whole(&self) -> KafkaFeed {
        KafkaFeed::whole_topic(&self.settings()).expect("a feed")
    }

    /// Writes events to a partition; the sequence of each is one more than its offset.
    pub(crate) async fn write(&self, partition: i32, offsets: std::ops::Range<u64>) {
        for offset in offsets {
            let account = Uuid::from_u128(u128::from(partition.unsigned_abs()) + 1);
            let data = RawValue::from_string("{}".to_owned()).expect("JSON");
            let event = Envelope::new(account, offset + 1, "card_issued", "1", Utc::now(), data);
            let headers = OwnedHeaders::new()
                .insert(Header {
                    key: HEADER_ID,
                    value: Some(&event.id),
                })
                .insert(Header {
                    key: HEADER_TRACE,
                    value: Some(TRACE),
                });
            self.write_raw(partition, Some(&event.to_json().expect("JSON")), headers)
                .await;
        }
    }

    pub(crate) async fn write_raw(&self, partition: i32, value: Option<&str>, headers: OwnedHeaders) {
        let mut record = FutureRecord::<str, str>::to(&self.name)
            .partition(partition)
            .key("key")
            .headers(headers);
        record.payload = value;
        self.producer.send(record, SOON).await.expect("written");
    }
}

fn producer(brokers: &str) -> FutureProducer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("linger.ms", "0")
        .create()
        .expect("a producer")
}

/// The next batch, of which a feed with something to read must have one.
pub(crate) async fn next(feed: &mut KafkaFeed) -> Batch {
    tokio::time::timeout(SOON, feed.next_batch())
        .await
        .expect("a batch in time")
        .expect("the feed is in reach")
}

/// The offsets of one partition as they come, until there are that many.
pub(crate) async fn offsets(feed: &mut KafkaFeed, partition: i32, count: usize) -> Vec<i64> {
    let mut offsets = Vec::new();
    while offsets.len() < count {
        let batch = next(feed).await;
        assert_eq!(batch.partition, partition);
        offsets.extend(batch.deliveries.iter().map(|delivery| delivery.offset));
    }
    offsets
}

/// Whether the feed has nothing to deliver, as far as one can wait for nothing.
pub(crate) async fn is_silent(feed: &mut KafkaFeed) -> bool {
    tokio::time::timeout(Duration::from_millis(700), feed.next_batch())
        .await
        .is_err()
}
