//! How far the topic goes, and how much was put aside beside it, asked of the broker for operators.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use proto::feed::FeedUnavailable;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::metadata::Metadata;

use super::{Settings, unavailable};
use crate::operations::upstream::{Ahead, Ends, Upstream};

/// How long one question to the broker may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Asks the broker where the partitions end.
///
/// With a client of its own each time: one that is kept must be polled for its complaints, and the feed's is busy.
#[derive(Debug)]
pub struct KafkaUpstream {
    brokers: String,
    topic: String,
    dead_letter_topic: String,
}

impl KafkaUpstream {
    /// The search sink's dead letter topic is called as the topic with `.dlq` behind it.
    pub fn new(settings: &Settings) -> Self {
        Self {
            brokers: settings.brokers.clone(),
            topic: settings.topic.clone(),
            dead_letter_topic: format!("{}.dlq", settings.topic),
        }
    }
}

#[async_trait]
impl Upstream for KafkaUpstream {
    async fn ahead(&self) -> Result<Ahead, FeedUnavailable> {
        let (topic, dead_letter_topic) = (self.topic.clone(), self.dead_letter_topic.clone());
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        let asked = tokio::task::spawn_blocking(move || {
            let client: BaseConsumer = config.create()?;
            ask(&client, &topic, &dead_letter_topic)
        });
        asked
            .await
            .unwrap_or(Err(KafkaError::Canceled))
            .map_err(unavailable)
    }
}

fn ask(client: &BaseConsumer, topic: &str, dead_letter_topic: &str) -> KafkaResult<Ahead> {
    // Of all topics: to ask for one that is missing makes it, on brokers that are set so.
    let metadata = client.fetch_metadata(None, REQUEST_TIMEOUT)?;
    let mut ends = BTreeMap::new();
    for partition in partitions(&metadata, topic).unwrap_or_default() {
        let (_, end) = client.fetch_watermarks(topic, partition, REQUEST_TIMEOUT)?;
        ends.insert(partition, end);
    }
    let dead_letters = match partitions(&metadata, dead_letter_topic) {
        Some(partitions) => {
            let mut count = 0;
            for partition in partitions {
                let (begin, end) = client.fetch_watermarks(dead_letter_topic, partition, REQUEST_TIMEOUT)?;
                count += (end - begin).max(0);
            }
            Some(count)
        }
        None => None,
    };
    Ok(Ahead {
        ends: Ends::ByPartition(ends),
        dead_letters,
    })
}

/// The partitions of a topic, if it is there.
fn partitions(metadata: &Metadata, topic: &str) -> Option<Vec<i32>> {
    let topic = metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic && found.error().is_none())?;
    Some(
        topic
            .partitions()
            .iter()
            .map(rdkafka::metadata::MetadataPartition::id)
            .collect(),
    )
}
