//! A Kafka topic from the outside: all that is in it, and putting in what does not belong there.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::metadata::MetadataPartition;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A record as it is in the topic.
#[derive(Debug, Clone)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Everything that is in the topic now.
pub async fn records(brokers: &str, topic: &str) -> Vec<Record> {
    let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
    tokio::task::spawn_blocking(move || read_all(&brokers, &topic))
        .await
        .expect("the reader does not panic")
}

fn read_all(brokers: &str, topic: &str) -> Vec<Record> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "codebank-tests")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    let metadata = consumer
        .fetch_metadata(Some(topic), TIMEOUT)
        .expect("the broker answers");
    let partitions = metadata.topics().first().expect("the topic").partitions();
    let mut records = Vec::new();
    for partition in partitions.iter().map(MetadataPartition::id) {
        let (first, end) = consumer
            .fetch_watermarks(topic, partition, TIMEOUT)
            .expect("the partition's ends");
        let mut from_the_start = TopicPartitionList::new();
        from_the_start
            .add_partition_offset(topic, partition, Offset::Offset(first))
            .expect("an offset");
        consumer.assign(&from_the_start).expect("an assignment");
        let mut next = first;
        while next < end {
            let polled = consumer.poll(TIMEOUT).expect("a record before the end");
            let message = polled.expect("a readable record");
            next = message.offset() + 1;
            records.push(record(&message));
        }
    }
    records
}

fn record(message: &impl Message) -> Record {
    let headers = message.headers();
    let header =
        |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.unwrap_or_default().to_vec());
    Record {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().unwrap_or_default().to_vec(),
        headers: headers
            .into_iter()
            .flat_map(|headers| headers.iter().map(header))
            .collect(),
    }
}

/// Puts a record where the account's events are; returns when the broker has it.
pub async fn put(brokers: &str, topic: &str, key: &str, value: &str, headers: &[(&str, &str)]) {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .create()
        .expect("a producer");
    let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: Some(*value),
        })
    });
    let record = FutureRecord::to(topic).key(key).payload(value).headers(headers);
    let sent = producer.send(record, TIMEOUT).await;
    sent.expect("the broker takes the record");
}

/// Returns when the broker has taken it.
pub async fn delete(brokers: &str, topic: &str) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .expect("an admin client");
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
    let deleted = admin.delete_topics(&[topic], &options).await;
    assert_eq!(deleted.expect("the broker answers"), [Ok(topic.to_owned())]);
}
