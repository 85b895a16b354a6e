//! The Kafka consumer, how it is set, and what it does when the group shares the partitions anew.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use proto::feed::FeedUnavailable;
use proto::partition::PARTITIONS;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::Settings;

/// How long one question to the broker may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a reader that leaves waits for the broker's answer.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

/// Which partitions a feed reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    /// Those that the group gives it.
    Group,
    /// All of them.
    WholeTopic,
}

/// A client that is left in bounded time.
///
/// Dropping it tells the broker good-bye, and may wait for ever for a broker that is gone in that very moment. A process that
/// is to stop cannot: it does without the answer, and the group finds out by the member's silence.
pub(super) struct Client(Option<Arc<StreamConsumer<Assignment>>>);

impl Client {
    /// A handle that does not borrow the feed.
    pub(super) fn handle(&self) -> Arc<StreamConsumer<Assignment>> {
        #[expect(clippy::expect_used, reason = "only taken when it is dropped")]
        let client = self.0.as_ref().expect("not dropped");
        Arc::clone(client)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let client = self.0.take();
        let (left, has_left) = mpsc::channel();
        let leaving = thread::Builder::new()
            .name("kafka-feed-leaves".to_owned())
            .spawn(move || {
                drop(client);
                // Nobody waits any more when it took too long.
                let _ = left.send(());
            });
        if leaving.is_err() || has_left.recv_timeout(LEAVE_TIMEOUT).is_err() {
            warn!(
                "Kafka was not told that this reader leaves; its partitions are given away when its session ends"
            );
        }
    }
}

pub(super) fn create(settings: &Settings, mode: Mode, stopped: &HashSet<i32>) -> KafkaResult<Client> {
    let context = Assignment::new(&settings.topic, stopped);
    let consumer: StreamConsumer<Assignment> = configuration(settings, mode).create_with_context(context)?;
    match mode {
        Mode::Group => consumer.subscribe(&[&settings.topic])?,
        Mode::WholeTopic => {
            let mut all = TopicPartitionList::new();
            for partition in (0..PARTITIONS).filter(|partition| !stopped.contains(partition)) {
                all.add_partition_offset(&settings.topic, partition, Offset::Beginning)?;
            }
            consumer.assign(&all)?;
        }
    }
    Ok(Client(Some(Arc::new(consumer))))
}

fn configuration(settings: &Settings, mode: Mode) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", "codebank-projections")
        .set("auto.offset.reset", "earliest")
        // Only what was acknowledged is committed, now and then and when a partition goes.
        .set("enable.auto.offset.store", "false")
        .set("auto.commit.interval.ms", "1000")
        // Partitions that stay with a member are read on while the others move.
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set(
            "session.timeout.ms",
            settings.session_timeout.as_millis().to_string(),
        )
        .set(
            "heartbeat.interval.ms",
            (settings.session_timeout / 4).as_millis().to_string(),
        )
        // A fetch brings a little of each partition rather than all of one: several are applied side by side.
        .set("fetch.message.max.bytes", "131072")
        // What is fetched ahead, over all partitions.
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.queue.backoff.ms", "50")
        // A broker that comes back, and a topic that is made, are found within a second or a few.
        .set("reconnect.backoff.max.ms", "1000")
        .set("topic.metadata.refresh.interval.ms", "5000")
        // How long a missing topic may be one that is just being made, until that is said.
        .set("topic.metadata.propagation.max.ms", "2000");
    match mode {
        Mode::Group => config
            .set("group.id", &settings.group_id)
            .set("enable.auto.commit", "true"),
        // The client wants a name although it joins no group.
        Mode::WholeTopic => config
            .set("group.id", format!("codebank-alone-{}", Uuid::new_v4()))
            .set("enable.auto.commit", "false"),
    };
    config
}

/// What the client tells while it is polled: which partitions moved. Also its way into our log.
pub(super) struct Assignment {
    topic: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Partitions that came or went since the feed last asked.
    moved: Vec<i32>,
    stopped: HashSet<i32>,
}

impl Assignment {
    fn new(topic: &str, stopped: &HashSet<i32>) -> Self {
        let state = State {
            moved: Vec::new(),
            stopped: stopped.clone(),
        };
        Self {
            topic: topic.to_owned(),
            state: Mutex::new(state),
        }
    }

    /// Partitions that came or went since the last call: whatever is buffered of them is not to be delivered.
    pub(super) fn take_moved(&self) -> Vec<i32> {
        std::mem::take(&mut self.state().moved)
    }

    pub(super) fn stop(&self, partition: i32) {
        self.state().stopped.insert(partition);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn partitions(list: &TopicPartitionList) -> Vec<i32> {
        list.elements()
            .iter()
            .map(rdkafka::topic_partition_list::TopicPartitionListElem::partition)
            .collect()
    }

    /// The client forgets a pause when a partition goes.
    fn pause_stopped(&self, consumer: &BaseConsumer<Self>, assigned: &[i32]) {
        let mut list = TopicPartitionList::new();
        for partition in assigned
            .iter()
            .filter(|partition| self.state().stopped.contains(partition))
        {
            list.add_partition(&self.topic, *partition);
        }
        if list.count() > 0
            && let Err(error) = consumer.pause(&list)
        {
            warn!(%error, "stopped partitions are fetched all the same, and dropped");
        }
    }
}

impl ConsumerContext for Assignment {
    fn pre_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            let partitions = Self::partitions(list);
            info!(topic = self.topic, ?partitions, "partitions go to other members");
            self.state().moved.extend(partitions);
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                let partitions = Self::partitions(list);
                info!(topic = self.topic, ?partitions, "partitions are read here");
                self.pause_stopped(consumer, &partitions);
                self.state().moved.extend(partitions);
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => {
                warn!(%error, topic = self.topic, "the partitions could not be shared anew");
            }
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            debug!(%error, "an offset was not committed");
        }
    }
}

impl ClientContext for Assignment {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
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

/// Whether the topic is there with the partitions that events are found by. For a start that wants to say what is missing; the
/// feed itself waits for whatever is not there yet.
pub async fn topic_ready(settings: &Settings) -> Result<bool, FeedUnavailable> {
    let unavailable = |error: KafkaError| FeedUnavailable(Box::new(error));
    let mut config = ClientConfig::new();
    let client: BaseConsumer = config
        .set("bootstrap.servers", &settings.brokers)
        .create()
        .map_err(unavailable)?;
    let asked = tokio::task::spawn_blocking(move || client.fetch_metadata(None, REQUEST_TIMEOUT)).await;
    let metadata = asked.unwrap_or(Err(KafkaError::Canceled)).map_err(unavailable)?;
    let topic = metadata
        .topics()
        .iter()
        .find(|topic| topic.name() == settings.topic && topic.error().is_none());
    Ok(topic.is_some_and(|topic| i32::try_from(topic.partitions().len()) == Ok(PARTITIONS)))
}
