//! An event log with topics of its own, and relays on it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use command_api::event_store::postgres::PostgresEventLog;
use command_api::event_store::{ACCOUNT_STREAM, Append, EventLog, Metadata, NewEvent, Outcome};
use command_api::relay::{Relay, Role, Settings, Status};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use test_support::{Database, eventually};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long anything here may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_mins(1);
const ASK: Duration = Duration::from_secs(10);

pub(crate) const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) struct Bank {
    pub(crate) database: Database,
    pub(crate) log: PostgresEventLog,
    pub(crate) brokers: String,
    pub(crate) topic: String,
}

/// A relay at work, until it is stopped or killed.
pub(crate) struct Running {
    pub(crate) status: watch::Receiver<Status>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A message as it stands in a topic.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Bank {
    pub(crate) async fn open(postgres: &str, brokers: &str) -> Self {
        let migrate = async |pool| PostgresEventLog::migrate(&pool).await;
        let database = test_support::database(postgres, "relay", migrate).await;
        let log = PostgresEventLog::new(database.pool().clone());
        let topic = format!("relay-{}", Uuid::now_v7().simple());
        Self {
            database,
            log,
            brokers: brokers.to_owned(),
            topic,
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            topic: self.topic.clone(),
            payments_topic: format!("{}.payments", self.topic),
            batch_events_max: 50,
            seat_interval: Duration::from_millis(50),
            retry_delay_max: Duration::from_millis(500),
            ..Settings::new(&self.brokers)
        }
    }

    pub(crate) fn relay(&self, settings: Settings) -> Relay {
        let options = self.database.url().parse().expect("a database URL");
        Relay::new(Arc::new(self.log.clone()), options, settings)
    }

    /// A relay that is known to have its place.
    pub(crate) async fn start(&self) -> Running {
        let mut running = Running::start(self.relay(self.settings()));
        running
            .until("the relay works", |status| status.role == Role::Active)
            .await;
        running
    }

    /// Appends `count` events to an account, from `first_sequence` on.
    pub(crate) async fn append(&self, account: Uuid, first_sequence: u64, count: u64) {
        let events = (0..count)
            .map(|index| limit_changed(first_sequence + index))
            .collect();
        self.append_events(ACCOUNT_STREAM, account, first_sequence, events)
            .await;
    }

    pub(crate) async fn append_events(
        &self,
        stream_type: &'static str,
        stream_id: Uuid,
        first_sequence: u64,
        events: Vec<NewEvent>,
    ) {
        let append = Append {
            stream_type,
            stream_id,
            first_sequence,
            events,
            request: None,
        };
        let outcomes = self.log.append(vec![append]).await.expect("the log takes it");
        assert!(
            matches!(outcomes.as_slice(), [Outcome::Recorded(_)]),
            "{outcomes:?}"
        );
    }

    /// The events of the topic as soon as there are that many, in the order of each partition.
    pub(crate) async fn published(&self, count: usize) -> Vec<Seen> {
        self.published_to(&self.topic, count).await
    }

    pub(crate) async fn published_to(&self, topic: &str, count: usize) -> Vec<Seen> {
        eventually("everything is published", SOON, async || {
            let seen = read(&self.brokers, topic).await;
            if seen.len() >= count {
                Ok(seen)
            } else {
                Err(seen.len())
            }
        })
        .await
    }

    /// How far the stored progress is.
    pub(crate) async fn stored_progress(&self) -> Option<(i64, i64)> {
        let select = sqlx::query_as("select transaction_id, position from relay_progress where topic = $1");
        let row = select
            .bind(&self.topic)
            .fetch_optional(self.database.pool())
            .await;
        row.expect("the progress can be read")
    }

    /// The accounts held back and the first event each of them misses.
    pub(crate) async fn held(&self) -> Vec<(Uuid, i64)> {
        let select = sqlx::query_as("select account_id, sequence from relay_held_accounts where topic = $1");
        let rows = select.bind(&self.topic).fetch_all(self.database.pool()).await;
        rows.expect("the held accounts can be read")
    }
}

impl Running {
    pub(crate) fn start(relay: Relay) -> Self {
        let status = relay.status();
        let stop = CancellationToken::new();
        let task = tokio::spawn(relay.run(stop.clone()));
        Self { status, stop, task }
    }

    pub(crate) async fn until(&mut self, what: &str, holds: impl FnMut(&Status) -> bool) -> Status {
        let seen = tokio::time::timeout(SOON, self.status.wait_for(holds)).await;
        let seen = seen.map(|status| status.expect("the relay goes on").clone());
        seen.unwrap_or_else(|_| panic!("waited until {what}; last seen: {:?}", self.status.borrow()))
    }

    /// As an operator stops it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.task)
            .await
            .expect("it stops")
            .expect("it does not panic");
    }

    /// As a crash ends it: wherever it is.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// An event with its number in it.
pub(crate) fn limit_changed(number: u64) -> NewEvent {
    let at = Utc::now();
    let limit = format!(r#"{{"minor_units":{number},"currency":"BRL"}}"#);
    new_event("credit_limit_changed", at, &format!(r#""credit_limit":{limit}"#))
}

/// An event with these fields besides those that all have.
pub(crate) fn new_event(name: &'static str, at: DateTime<Utc>, fields: &str) -> NewEvent {
    let time = at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
    NewEvent {
        name,
        version: "1",
        payload: format!(r#"{{"type":"{name}","occurred_at":"{time}",{fields}}}"#),
        metadata: Metadata {
            occurred_at: at,
            traceparent: Some(TRACE.to_owned()),
        },
    }
}

/// Everything that stands in a topic, by partition; nothing when it does not exist.
async fn read(brokers: &str, topic: &str) -> Vec<Seen> {
    let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
    tokio::task::spawn_blocking(move || read_blocking(&brokers, &topic))
        .await
        .expect("the topic can be read")
}

fn read_blocking(brokers: &str, topic: &str) -> Vec<Seen> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", "nobody")
        .set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let metadata = consumer.fetch_metadata(None, ASK).expect("the broker answers");
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
        return Vec::new();
    };
    let mut list = TopicPartitionList::new();
    let mut missing = 0;
    for partition in found.partitions() {
        let Ok((start, end)) = consumer.fetch_watermarks(topic, partition.id(), ASK) else {
            return Vec::new();
        };
        missing += end - start;
        list.add_partition_offset(topic, partition.id(), Offset::Beginning)
            .expect("an offset");
    }
    consumer.assign(&list).expect("assigned");
    let mut seen = Vec::new();
    while missing > 0 {
        let message = consumer.poll(ASK).expect("a message in time").expect("a message");
        missing -= 1;
        let text =
            |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("text");
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers
                .iter()
                .map(|header| (header.key.to_owned(), text(header.value)))
                .collect()
        });
        let (key, value) = (text(message.key()), text(message.payload()));
        seen.push(Seen {
            partition: message.partition(),
            key,
            value,
            headers,
        });
    }
    seen.sort_by_key(|message| message.partition);
    seen
}
