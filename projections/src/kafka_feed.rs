//! The feed from Kafka: the account events topic, read by a consumer group that shares its partitions, or whole by one reader.
//!
//! The group's committed offsets are for operators only. What is applied is known to the read models, which send the feed to
//! where they stand; so nothing here can lose or double an event, whatever a rebalance does.

mod ahead;
mod buffer;
mod consumer;
mod message;

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use proto::feed::{Batch, Feed, FeedUnavailable};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::{debug, info, warn};

use buffer::Buffer;
use consumer::{Client, Mode};

pub use ahead::KafkaUpstream;
pub use consumer::topic_ready;

/// How long the Kafka client may take to turn to another offset. It does not ask the broker.
const SEEK_TIMEOUT: Duration = Duration::from_secs(5);

/// How the topic is read.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Kafka's bootstrap servers, `host:port` with commas.
    pub brokers: String,
    pub topic: String,
    /// The consumer group whose members share the partitions.
    pub group_id: String,
    /// Events delivered at once, at most.
    pub batch_events_max: usize,
    /// How long a member may be silent before its partitions go to the others.
    pub session_timeout: Duration,
}

impl Settings {
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            topic: proto::ACCOUNT_EVENTS_TOPIC.to_owned(),
            group_id: "codebank-projections".to_owned(),
            batch_events_max: 16_000,
            session_timeout: Duration::from_secs(10),
        }
    }
}

/// The account events topic as a feed.
pub struct KafkaFeed {
    client: Client,
    settings: Settings,
    mode: Mode,
    /// Read from Kafka and not yet delivered.
    buffer: Buffer,
    /// Never delivered again in this process, even after they went to another member and came back.
    stopped: HashSet<i32>,
    /// The client said that it cannot go on: the next call makes another.
    broken: bool,
}

impl std::fmt::Debug for KafkaFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaFeed")
            .field("settings", &self.settings)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl KafkaFeed {
    /// A member of the group: it gets its share of the partitions, each from the group's committed offset or the beginning.
    /// Kafka itself is first reached by `next_batch`.
    pub fn group(settings: &Settings) -> Result<Self, FeedUnavailable> {
        Self::new(settings, Mode::Group)
    }

    /// Every partition from its beginning, whoever else reads them.
    pub fn whole_topic(settings: &Settings) -> Result<Self, FeedUnavailable> {
        Self::new(settings, Mode::WholeTopic)
    }

    fn new(settings: &Settings, mode: Mode) -> Result<Self, FeedUnavailable> {
        let stopped = HashSet::new();
        let client = consumer::create(settings, mode, &stopped).map_err(unavailable)?;
        Ok(Self {
            client,
            settings: settings.clone(),
            mode,
            buffer: Buffer::default(),
            stopped,
            broken: false,
        })
    }

    /// Begins anew after the client has failed for good.
    fn recreate(&mut self) -> Result<(), FeedUnavailable> {
        self.buffer = Buffer::default();
        self.client = consumer::create(&self.settings, self.mode, &self.stopped).map_err(unavailable)?;
        self.broken = false;
        Ok(())
    }

    /// Takes over all that has already arrived, and serves the client's rebalances on the way. Waits for nothing.
    ///
    /// Of trouble, the last word counts. The client complains every second while Kafka is away; were each complaint an answer,
    /// with a pause after it, the reader would be told of an outage long after it was over.
    fn collect_arrived(&mut self, mut last_word: Result<(), FeedUnavailable>) -> Result<(), FeedUnavailable> {
        // A local handle, so that a message can be borrowed from the client while the buffer is written.
        let consumer = self.client.handle();
        while self.buffer.len() < self.settings.batch_events_max && !self.broken {
            match consumer.recv().now_or_never() {
                Some(received) => {
                    let is_message = received.is_ok();
                    let word = self.take(received);
                    if is_message || word.is_err() {
                        last_word = word;
                    }
                }
                None => break,
            }
        }
        self.follow_rebalances();
        last_word
    }

    fn take(&mut self, received: Result<BorrowedMessage<'_>, KafkaError>) -> Result<(), FeedUnavailable> {
        // What the rebalances before this message took away must go before it comes in.
        self.follow_rebalances();
        match received {
            Ok(message) if self.stopped.contains(&message.partition()) => Ok(()),
            Ok(message) => {
                self.buffer.push(message.partition(), message::delivery(&message));
                Ok(())
            }
            Err(error) => self.trouble(error),
        }
    }

    /// Most errors are the client's own to mend, and only worth a line in the log.
    fn trouble(&mut self, error: KafkaError) -> Result<(), FeedUnavailable> {
        self.broken = matches!(error, KafkaError::MessageConsumptionFatal(_));
        let out_of_reach = matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed
                    | RDKafkaErrorCode::UnknownTopicOrPartition
            )
        );
        if self.broken || out_of_reach {
            return Err(unavailable(error));
        }
        warn!(
            error = &error as &dyn std::error::Error,
            brokers = self.settings.brokers,
            "Kafka is in trouble; waiting"
        );
        Ok(())
    }

    fn follow_rebalances(&mut self) {
        for partition in self.client.handle().context().take_moved() {
            self.buffer.forget(partition);
        }
    }

    fn list(&self, partition: i32) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(&self.settings.topic, partition);
        list
    }

    fn is_assigned(&self, partition: i32) -> bool {
        let assignment = self.client.handle().assignment();
        assignment.is_ok_and(|assignment| {
            assignment
                .find_partition(&self.settings.topic, partition)
                .is_some()
        })
    }
}

#[async_trait]
impl Feed for KafkaFeed {
    async fn next_batch(&mut self) -> Result<Batch, FeedUnavailable> {
        if self.broken {
            self.recreate()?;
        }
        let consumer = self.client.handle();
        let mut last_word = Ok(());
        loop {
            last_word = self.collect_arrived(last_word);
            if let Some(batch) = self.buffer.take_batch(self.settings.batch_events_max) {
                return Ok(batch);
            }
            last_word?;
            let received = consumer.recv().await;
            // From here to the next loop nothing waits, so a dropped call cannot lose the message.
            last_word = self.take(received);
        }
    }

    async fn next_batches(&mut self) -> Result<Vec<Batch>, FeedUnavailable> {
        let mut batches = vec![self.next_batch().await?];
        self.buffer
            .take_others(&mut batches, self.settings.batch_events_max);
        Ok(batches)
    }

    async fn seek(&mut self, partition: i32, offset: i64) -> Result<(), FeedUnavailable> {
        self.follow_rebalances();
        self.buffer.forget(partition);
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.settings.topic, partition, Offset::Offset(offset))
            .map_err(unavailable)?;
        let consumer = self.client.handle();
        let sought = tokio::task::spawn_blocking(move || consumer.seek_partitions(list, SEEK_TIMEOUT)).await;
        let outcome = match sought {
            Ok(Ok(list)) => list
                .elements()
                .iter()
                .try_for_each(rdkafka::topic_partition_list::TopicPartitionListElem::error),
            Ok(Err(error)) => Err(error),
            Err(_the_runtime_ends) => Err(KafkaError::Canceled),
        };
        match outcome {
            // Another member has it now; should it come back, its reader will compare again.
            Err(error) if !self.is_assigned(partition) => {
                debug!(partition, offset, %error, "did not seek in a partition that has gone to another member");
                Ok(())
            }
            outcome => outcome.map_err(unavailable),
        }
    }

    async fn stop(&mut self, partition: i32) -> Result<(), FeedUnavailable> {
        self.stopped.insert(partition);
        self.client.handle().context().stop(partition);
        self.buffer.forget(partition);
        info!(
            partition,
            topic = self.settings.topic,
            "this partition is not read any more"
        );
        // What Kafka sends all the same is dropped on arrival.
        self.client
            .handle()
            .pause(&self.list(partition))
            .map_err(unavailable)
    }

    async fn acknowledge(&mut self, partition: i32, next: i64) -> Result<(), FeedUnavailable> {
        if let Mode::WholeTopic = self.mode {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.settings.topic, partition, Offset::Offset(next))
            .map_err(unavailable)?;
        // The client sends it with the next of its regular commits. It refuses when the partition has gone to another member.
        if let Err(error) = self.client.handle().store_offsets(&list) {
            debug!(partition, next, %error, "the offset is not committed");
        }
        Ok(())
    }
}

fn unavailable(error: KafkaError) -> FeedUnavailable {
    FeedUnavailable(Box::new(error))
}
