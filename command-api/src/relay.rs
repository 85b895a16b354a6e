//! Hands committed events on to Kafka: in the order of their commits, at least once, never skipping or reordering an account.
//!
//! The events table is the outbox; a relay reads it and remembers, in the same database, up to where the broker has
//! acknowledged everything. After a crash it repeats what it cannot prove to be published. One relay works at a time, others
//! stand by. It decides nothing and changes no event: what it cannot publish it holds back, by account, and says so.

mod acknowledge;
mod held;
mod payments;
mod producer;
mod record;
mod seat;
mod session;
mod status;
pub mod topics;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::event_store::{EventLog, StoreError};

pub use payments::{CardNumbers, CardNumbersUnavailable};
pub use status::{Role, Status};
pub use topics::{TopicError, ensure_topics};

use producer::Producer;
use seat::{Seat, SeatError};
use session::Session;
use status::StatusBoard;

/// How the relay works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Kafka's bootstrap servers, `host:port` with commas.
    pub brokers: String,
    /// Where account events go.
    pub topic: String,
    /// Where approved purchases go for the programs of the bank before this one; used only after `Relay::with_payments`.
    pub payments_topic: String,
    /// Copies of each partition, for topics this program creates.
    pub replication_factor: i32,
    /// Producers, each with a share of the partitions and a connection of its own: the broker answers the requests of a connection
    /// one after another, and each is for one partition.
    pub producers: usize,
    /// Events read from the log at once, at most.
    pub batch_events_max: usize,
    /// Batches handed to Kafka and not yet acknowledged, at most: what is repeated after a crash.
    pub batches_in_flight_max: usize,
    /// How often the log is looked at while it is quiet.
    pub poll_interval: Duration,
    /// How often it is looked at while each look finds more than `busy_events`, unless there is more than a batch to read.
    pub busy_poll_interval: Duration,
    pub busy_events: usize,
    /// How often progress is stored while it is being made.
    pub progress_interval: Duration,
    /// How often a standby asks for the place of the working relay, and the working one makes sure that it still has it.
    pub seat_interval: Duration,
    /// How long a stop waits for Kafka to acknowledge what is in flight.
    pub drain_timeout: Duration,
    /// The longest pause between two attempts to reach a neighbour that is away.
    pub retry_delay_max: Duration,
}

impl Settings {
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            topic: proto::ACCOUNT_EVENTS_TOPIC.to_owned(),
            payments_topic: payments::TOPIC.to_owned(),
            replication_factor: 1,
            producers: 2,
            batch_events_max: 1_000,
            batches_in_flight_max: 8,
            poll_interval: Duration::from_millis(5),
            busy_poll_interval: Duration::from_millis(20),
            busy_events: 24, // two for each partition
            progress_interval: Duration::from_millis(100),
            seat_interval: Duration::from_millis(500),
            drain_timeout: Duration::from_secs(5),
            retry_delay_max: Duration::from_secs(5),
        }
    }
}

/// Why the relay could not go on. It tries again.
#[derive(Debug, Error)]
enum RelayError {
    #[error(transparent)]
    Topic(#[from] TopicError),
    #[error(transparent)]
    Seat(#[from] SeatError),
    #[error("the event log cannot be read")]
    Log(#[from] StoreError),
    #[error("no Kafka producer can be made for {brokers}")]
    Producer {
        brokers: String,
        #[source]
        source: rdkafka::error::KafkaError,
    },
    #[error("Kafka at {brokers} did not take an event")]
    Delivery {
        brokers: String,
        #[source]
        source: rdkafka::error::KafkaError,
    },
    #[error(transparent)]
    CardNumbers(#[from] CardNumbersUnavailable),
}

/// The relay of one event log.
pub struct Relay {
    log: Arc<dyn EventLog>,
    /// The event log's database, reached directly: an advisory lock does not survive a pooler that shares connections.
    database: PgConnectOptions,
    settings: Settings,
    payments: Option<Arc<dyn CardNumbers>>,
    status: StatusBoard,
}

/// Without the database's address, which may carry a password.
impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("settings", &self.settings)
            .field("payments", &self.payments)
            .finish_non_exhaustive()
    }
}

impl Relay {
    pub fn new(log: Arc<dyn EventLog>, database: PgConnectOptions, settings: Settings) -> Self {
        Self {
            log,
            database,
            settings,
            payments: None,
            status: StatusBoard::new(),
        }
    }

    /// Also publishes approved purchases the way the bank before this one did, **with whole card numbers**.
    #[must_use]
    pub fn with_payments(mut self, numbers: Arc<dyn CardNumbers>) -> Self {
        self.payments = Some(numbers);
        self
    }

    /// How it is doing, for readiness and operators.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Works until it is told to stop; a neighbour that is away is waited for.
    pub async fn run(self, stop: CancellationToken) {
        if self.payments.is_some() {
            warn!(
                topic = self.settings.payments_topic,
                "WHOLE CARD NUMBERS ARE PUBLISHED: the compatibility topic is on; anyone who reads it, or its broker's disks, has them"
            );
        }
        let mut delays = self.delays();
        while !stop.is_cancelled() {
            let started = Instant::now();
            let Err(error) = self.work(&stop).await else { break };
            self.status.failed(&error);
            if started.elapsed() > self.settings.retry_delay_max {
                delays = self.delays();
            }
            let pause = delays.next().unwrap_or(self.settings.retry_delay_max);
            error!(error = &error as &dyn std::error::Error, retry_in = ?pause, "the relay is interrupted and will try again");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.status.enter(Role::Stopped);
        info!("the relay has stopped");
    }

    fn delays(&self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(self.settings.retry_delay_max)
            .with_jitter()
            .without_max_times()
            .build()
    }

    /// From the first contact to the first trouble, or to the stop.
    async fn work(&self, stop: &CancellationToken) -> Result<(), RelayError> {
        let settings = &self.settings;
        let mut topics = topics::account_topics(&settings.topic).to_vec();
        if self.payments.is_some() {
            topics.push(topics::payments_topic(&settings.payments_topic));
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            ensured = ensure_topics(&settings.brokers, &topics, settings.replication_factor) => ensured?,
        }
        let mut seat = Seat::connect(&self.database, &settings.topic).await?;
        if !self.stand_by(&mut seat, stop).await? {
            return Ok(());
        }
        info!(topic = settings.topic, "this relay is the one that works");
        let producer = Producer::connect(settings)?;
        let session = Session {
            log: &*self.log,
            settings,
            producer: &producer,
            payments: self.payments.as_deref(),
            status: &self.status,
            unfinished: AtomicUsize::new(0),
        };
        let outcome = session.run(&mut seat, stop).await;
        producer.close().await;
        seat.leave().await;
        outcome
    }

    /// Waits until no other relay works. False when told to stop before.
    async fn stand_by(&self, seat: &mut Seat, stop: &CancellationToken) -> Result<bool, RelayError> {
        while !seat.try_take().await? {
            if self.status.enter(Role::Standby) {
                info!(
                    topic = self.settings.topic,
                    "another relay works; this one stands by"
                );
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(self.settings.seat_interval) => {}
            }
        }
        self.status.enter(Role::Active);
        Ok(true)
    }
}
