//! The Kafka producer, set so that no event is skipped or overtaken.

use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::{DeliveryFuture, FutureProducer};
use rdkafka::producer::{FutureRecord, Producer as _};
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::record::Record;
use super::{RelayError, Settings};

/// How long to wait when the producer's own queue is full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(5);
/// How long one question to the broker may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What a Kafka client says, into our log.
#[derive(Debug, Clone, Copy)]
pub(super) struct KafkaLog;

impl ClientContext for KafkaLog {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            // About settings that are experimental or without effect here: they were chosen knowingly.
            _ if facility == "CONFWARN" => debug!(facility, "Kafka client: {message}"),
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                error!(facility, "Kafka client: {message}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => warn!(facility, "Kafka client: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => info!(facility, "Kafka client: {message}"),
            RDKafkaLogLevel::Debug => debug!(facility, "Kafka client: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        warn!(%error, "Kafka client: {reason}");
    }
}

/// Why a record was not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// The record itself is the reason; repeating it is no use.
    Record(KafkaError),
    /// The producer cannot go on.
    Producer(RelayError),
}

pub(super) struct Producer {
    /// Each for its share of the accounts.
    shares: Vec<FutureProducer<KafkaLog>>,
    brokers: String,
    topic: String,
}

impl Producer {
    /// Does not contact the broker yet.
    pub(super) fn connect(settings: &Settings) -> Result<Self, RelayError> {
        let failed = |source| RelayError::Producer {
            brokers: settings.brokers.clone(),
            source,
        };
        let configuration = configuration(settings);
        let shares = (0..settings.producers.max(1)).map(|_| configuration.create_with_context(KafkaLog));
        Ok(Self {
            shares: shares.collect::<Result<_, _>>().map_err(failed)?,
            brokers: settings.brokers.clone(),
            topic: settings.topic.clone(),
        })
    }

    /// Hands a record to a producer. Records of one account are written in the order of these calls.
    pub(super) async fn send(&self, record: &Record<'_>) -> Result<DeliveryFuture, Refused> {
        let key = record.account.to_string();
        let producer = self.of_account(record.account);
        let mut message = FutureRecord::to(record.topic)
            .key(&key)
            .payload(record.value.as_bytes())
            .headers(record.headers());
        loop {
            match producer.send_result(message) {
                Ok(delivery) => return Ok(delivery),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    message = unsent;
                    tokio::time::sleep(QUEUE_FULL_PAUSE).await;
                }
                Err((source @ KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                    return Err(Refused::Record(source));
                }
                Err((source, _)) => return Err(Refused::Producer(self.not_delivered(source))),
            }
        }
    }

    /// By its partition: all of one go through the same producer.
    fn of_account(&self, account: Uuid) -> &FutureProducer<KafkaLog> {
        let partition = usize::try_from(proto::partition::of_account(account)).unwrap_or_default();
        &self.shares[partition % self.shares.len()]
    }

    /// Waits for the broker's acknowledgement.
    pub(super) async fn acknowledged(&self, delivery: &mut DeliveryFuture) -> Result<(), RelayError> {
        match delivery.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err((source, _))) => Err(self.not_delivered(source)),
            Err(_the_producer_is_gone) => Err(self.not_delivered(KafkaError::Canceled)),
        }
    }

    /// Whether nothing was ever written to the topic of account events.
    pub(super) async fn topic_is_empty(&self) -> Result<bool, RelayError> {
        let (producer, topic) = (self.shares[0].clone(), self.topic.clone());
        let look = move || -> Result<bool, KafkaError> {
            for partition in 0..proto::partition::PARTITIONS {
                let (_, end) = producer
                    .client()
                    .fetch_watermarks(&topic, partition, REQUEST_TIMEOUT)?;
                if end > 0 {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let answer = tokio::task::spawn_blocking(look)
            .await
            .unwrap_or(Err(KafkaError::Canceled));
        answer.map_err(|source| self.not_delivered(source))
    }

    /// Drops the producer, which waits for its thread, where waiting harms nobody.
    pub(super) async fn close(self) {
        // It can only fail when the runtime ends, and then everything is dropped anyway.
        let _ = tokio::task::spawn_blocking(move || drop(self.shares)).await;
    }

    fn not_delivered(&self, source: KafkaError) -> RelayError {
        RelayError::Delivery {
            brokers: self.brokers.clone(),
            source,
        }
    }
}

fn configuration(settings: &Settings) -> ClientConfig {
    // Room for every event in flight, twice as each may also go to the compatibility topic.
    let queue = settings
        .batch_events_max
        .saturating_mul(settings.batches_in_flight_max + 2)
        .saturating_mul(2);
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", "codebank-relay")
        .set("acks", "all")
        .set("enable.idempotence", "true")
        // An error that could leave a hole stops the producer for good; the relay then begins again at its progress.
        .set("enable.gapless.guarantee", "true")
        // A message is never given up.
        .set("message.timeout.ms", "0")
        // The choice of Java clients and of `proto::partition`; librdkafka's own default is another.
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        .set("linger.ms", "1")
        // What waits for a request to be answered goes out together: with five on their way a full log goes in smaller pieces.
        .set("max.in.flight.requests.per.connection", "2")
        .set("queue.buffering.max.messages", queue.to_string())
        // A broker that comes back is found within a second.
        .set("reconnect.backoff.max.ms", "1000");
    config
}
