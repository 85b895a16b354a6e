//! A topic of a test's own: records go in as the relay writes them, dead letters come out as the worker writes them.

use std::time::Duration;

use futures::future::try_join_all;
use proto::envelope::{Envelope, HEADER_ID};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde_json::Value;

const PARTITIONS: i32 = 3;
const TIMEOUT: Duration = Duration::from_secs(30);

/// A record on its way into the topic.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    key: String,
    pub(crate) id: String,
    pub(crate) value: Option<String>,
}

impl Record {
    pub(crate) fn of(envelope: &Envelope) -> Self {
        Self {
            key: envelope.subject.to_string(),
            id: envelope.id.clone(),
            value: Some(envelope.to_json().expect("an envelope is JSON")),
        }
    }

    /// The same place in the topic, another record.
    pub(crate) fn with(&self, id: &str, value: Option<&str>) -> Self {
        Self {
            key: self.key.clone(),
            id: id.to_owned(),
            value: value.map(str::to_owned),
        }
    }

    pub(crate) fn event_id(&self) -> String {
        self.id.clone()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.value.as_deref().unwrap_or_default())
            .expect("the value of an event is JSON")
    }
}

/// A record that the worker set aside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    pub(crate) topic: String,
    pub(crate) reason: String,
    pub(crate) value: Option<String>,
}

impl DeadLetter {
    fn read(message: &BorrowedMessage<'_>) -> Self {
        let header = |name: &str| {
            let headers = message.headers().into_iter().flat_map(Headers::iter);
            let value = headers
                .filter(|header| header.key == name)
                .find_map(|header| header.value);
            value
                .map(|value| String::from_utf8_lossy(value).into_owned())
                .unwrap_or_default()
        };
        Self {
            id: header(HEADER_ID),
            topic: header("__connect.errors.topic"),
            reason: header("__connect.errors.exception.message"),
            value: message
                .payload()
                .map(|value| String::from_utf8_lossy(value).into_owned()),
        }
    }
}

pub(crate) struct Topic {
    pub(crate) name: String,
    producer: FutureProducer,
    brokers: String,
}

impl Topic {
    pub(crate) async fn create(brokers: &str, name: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let admin: AdminClient<DefaultClientContext> = config.create().expect("an admin client");
        let new = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1));
        let created = admin
            .create_topics([&new], &AdminOptions::new().operation_timeout(Some(TIMEOUT)))
            .await;
        assert_eq!(created.expect("the broker answers"), [Ok(name.to_owned())]);
        config
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random");
        let producer = config.create().expect("a producer");
        Self {
            name: name.to_owned(),
            producer,
            brokers: brokers.to_owned(),
        }
    }

    /// Returns when the broker has them all.
    pub(crate) async fn produce(&self, records: &[Record]) {
        let sent = records.iter().map(|record| async {
            let headers = OwnedHeaders::new().insert(Header {
                key: HEADER_ID,
                value: Some(&record.id),
            });
            let mut message = FutureRecord::to(&self.name).key(&record.key).headers(headers);
            if let Some(value) = &record.value {
                message = message.payload(value);
            }
            self.producer
                .send(message, TIMEOUT)
                .await
                .map_err(|(error, _)| error)
        });
        try_join_all(sent).await.expect("the broker takes the records");
    }

    /// Everything in the dead letter topic `name` now. The worker makes that topic when it starts the connector.
    pub(crate) async fn dead_letters(&self, name: &str) -> Vec<DeadLetter> {
        let brokers = self.brokers.clone();
        let name = name.to_owned();
        tokio::task::spawn_blocking(move || read_all(&brokers, &name))
            .await
            .expect("the reader does not panic")
    }
}

fn read_all(brokers: &str, topic: &str) -> Vec<DeadLetter> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", topic)
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    let (_, end) = consumer
        .fetch_watermarks(topic, 0, TIMEOUT)
        .expect("the dead letter topic is there");
    let mut from_the_start = TopicPartitionList::new();
    from_the_start
        .add_partition_offset(topic, 0, Offset::Beginning)
        .expect("an offset");
    consumer.assign(&from_the_start).expect("an assignment");
    let mut letters = Vec::new();
    let mut next = 0;
    while next < end {
        let message = consumer
            .poll(TIMEOUT)
            .expect("a record before the end")
            .expect("a readable record");
        next = message.offset() + 1;
        letters.push(DeadLetter::read(&message));
    }
    letters
}
