//! The topics the relay publishes to, created where they are missing.
//!
//! Never changed when they exist: another number of partitions would send an account's later events to another partition
//! than its earlier ones, so it is refused; anything else is the operator's choice.

use std::sync::Arc;
use std::time::Duration;

use proto::partition::PARTITIONS;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use thiserror::Error;
use tracing::info;

use super::producer::KafkaLog;

/// How long one question to the broker may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How often, and how many times, a topic just created is looked for.
const SETTLE_INTERVAL: Duration = Duration::from_millis(100);
const SETTLE_LOOKS: u32 = 100;

/// A topic as this program wants it.
#[derive(Debug, Clone)]
pub struct Topic {
    name: String,
    partitions: Partitions,
    /// Settings for a topic that is created here.
    settings: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy)]
enum Partitions {
    /// Events are found by their partition: any other number is an error.
    Exactly(i32),
    /// What a missing topic is created with.
    Initially(i32),
}

/// Nothing is ever dropped: read models are rebuilt from the topic's beginning.
const KEEP_FOR_EVER: &[(&str, &str)] = &[
    ("cleanup.policy", "delete"),
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
];

/// The topic of account events, and the one where the search sink puts what it cannot index.
pub fn account_topics(name: &str) -> [Topic; 2] {
    [
        Topic {
            name: name.to_owned(),
            partitions: Partitions::Exactly(PARTITIONS),
            settings: KEEP_FOR_EVER,
        },
        Topic {
            name: format!("{name}.dlq"),
            partitions: Partitions::Initially(1),
            settings: KEEP_FOR_EVER,
        },
    ]
}

/// The topic that the programs of the bank before this one read. It carries card numbers, so the broker's own retention holds.
pub fn payments_topic(name: &str) -> Topic {
    Topic {
        name: name.to_owned(),
        partitions: Partitions::Initially(1),
        settings: &[("cleanup.policy", "delete")],
    }
}

/// Why the topics are not as they must be.
#[derive(Debug, Error)]
pub enum TopicError {
    #[error("Kafka at {brokers} is out of reach")]
    Unreachable {
        brokers: String,
        #[source]
        source: KafkaError,
    },
    #[error("the topic {topic} cannot be created: {code}")]
    NotCreated { topic: String, code: RDKafkaErrorCode },
    #[error(
        "the topic {topic} has {found} partitions where {expected} are needed; \
         an account's events would be spread over two partitions. Move it away and let the relay create it"
    )]
    WrongPartitions {
        topic: String,
        found: i32,
        expected: i32,
    },
    #[error("the topic {topic} was created and has no leader yet")]
    NotSettled { topic: String },
}

/// Makes sure that every topic exists and has the partitions it needs.
pub async fn ensure_topics(
    brokers: &str,
    topics: &[Topic],
    replication_factor: i32,
) -> Result<(), TopicError> {
    let broker = Broker::new(brokers)?;
    let found = broker.metadata().await?;
    for topic in topics {
        match partitions_of(&found, &topic.name) {
            Some(partitions) => topic.check(partitions)?,
            None => broker.create(topic, replication_factor).await?,
        }
    }
    Ok(())
}

impl Topic {
    fn check(&self, found: i32) -> Result<(), TopicError> {
        match self.partitions {
            Partitions::Exactly(expected) if found != expected => Err(TopicError::WrongPartitions {
                topic: self.name.clone(),
                found,
                expected,
            }),
            Partitions::Exactly(_) | Partitions::Initially(_) => Ok(()),
        }
    }
}

/// The broker, as far as topics go.
struct Broker {
    address: String,
    client: Arc<AdminClient<KafkaLog>>,
}

impl Broker {
    fn new(brokers: &str) -> Result<Self, TopicError> {
        let client = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .create_with_context(KafkaLog)
            .map_err(|source| TopicError::Unreachable {
                brokers: brokers.to_owned(),
                source,
            })?;
        Ok(Self {
            address: brokers.to_owned(),
            client: Arc::new(client),
        })
    }

    fn unreachable(&self, source: KafkaError) -> TopicError {
        TopicError::Unreachable {
            brokers: self.address.clone(),
            source,
        }
    }

    async fn metadata(&self) -> Result<Metadata, TopicError> {
        let client = Arc::clone(&self.client);
        let answer =
            tokio::task::spawn_blocking(move || client.inner().fetch_metadata(None, REQUEST_TIMEOUT)).await;
        match answer {
            Ok(Ok(metadata)) => Ok(metadata),
            Ok(Err(source)) => Err(self.unreachable(source)),
            Err(_the_runtime_ends) => Err(self.unreachable(KafkaError::Canceled)),
        }
    }

    async fn create(&self, topic: &Topic, replication_factor: i32) -> Result<(), TopicError> {
        let (Partitions::Exactly(partitions) | Partitions::Initially(partitions)) = topic.partitions;
        let mut wanted = NewTopic::new(
            &topic.name,
            partitions,
            TopicReplication::Fixed(replication_factor),
        );
        for (name, value) in topic.settings {
            wanted = wanted.set(name, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(REQUEST_TIMEOUT));
        let answers = self
            .client
            .create_topics([&wanted], &options)
            .await
            .map_err(|source| self.unreachable(source))?;
        for answer in answers {
            match answer {
                Ok(_) => info!(
                    topic = topic.name,
                    partitions, replication_factor, "created the topic"
                ),
                // Another program was faster.
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => {
                    return Err(TopicError::NotCreated {
                        topic: topic.name.clone(),
                        code,
                    });
                }
            }
        }
        self.settled(topic).await
    }

    /// Waits until the broker itself knows the topic: creation is announced before it is done.
    async fn settled(&self, topic: &Topic) -> Result<(), TopicError> {
        for _ in 0..SETTLE_LOOKS {
            if let Some(partitions) = partitions_of(&self.metadata().await?, &topic.name) {
                return topic.check(partitions);
            }
            tokio::time::sleep(SETTLE_INTERVAL).await;
        }
        Err(TopicError::NotSettled {
            topic: topic.name.clone(),
        })
    }
}

/// How many partitions a topic has; none when it does not exist or is not ready.
fn partitions_of(metadata: &Metadata, topic: &str) -> Option<i32> {
    let found = metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic && found.error().is_none())?;
    let partitions = found.partitions();
    let led = partitions.iter().all(|partition| partition.leader() >= 0);
    (led && !partitions.is_empty()).then(|| i32::try_from(partitions.len()).unwrap_or(i32::MAX))
}
