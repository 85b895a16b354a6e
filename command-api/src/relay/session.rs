//! The work of a relay that has its place, from taking it to the first trouble.
//!
//! Three steps side by side, with bounded queues between them: one reads the log, one hands records to Kafka, one waits for
//! the acknowledgements and stores the progress. The order of the log is the order of every step.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rdkafka::producer::future_producer::DeliveryFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, debug_span, warn};
use uuid::Uuid;

use crate::event_store::{ACCOUNT_STREAM, EventLog, Position, Recorded};

use super::acknowledge::{self, InFlight};
use super::held::{self, HeldAccount};
use super::producer::{Producer, Refused};
use super::record::{self, Damage, Record};
use super::seat::Seat;
use super::status::StatusBoard;
use super::{CardNumbers, RelayError, Settings, payments};

pub(super) struct Session<'a> {
    pub(super) log: &'a dyn EventLog,
    pub(super) settings: &'a Settings,
    pub(super) producer: &'a Producer,
    pub(super) payments: Option<&'a dyn CardNumbers>,
    pub(super) status: &'a StatusBoard,
    /// Batches read and not yet acknowledged.
    pub(super) unfinished: AtomicUsize,
}

impl Session<'_> {
    pub(super) async fn run(&self, seat: &mut Seat, stop: &CancellationToken) -> Result<(), RelayError> {
        let start = self.starting_point(seat).await?;
        let held = held::retry(self, seat, start).await?;
        self.status.holding(held.len());

        let (to_publish, read) = mpsc::channel(1);
        let (to_acknowledge, in_flight) = mpsc::channel(self.settings.batches_in_flight_max.max(1));
        let work = async {
            tokio::try_join!(
                self.read(start, to_publish, stop),
                self.hand_over(held, read, to_acknowledge),
                acknowledge::follow(self, seat, in_flight),
            )
        };
        tokio::select! {
            outcome = work => outcome.map(|_| ()),
            () = self.patience(stop) => {
                warn!("stopped before Kafka acknowledged everything; what is missing will be published again");
                Ok(())
            }
        }
    }

    /// The stored progress, unless the topic no longer has what was published.
    async fn starting_point(&self, seat: &mut Seat) -> Result<Position, RelayError> {
        let progress = seat.progress().await?;
        if progress == Position::default() || !self.producer.topic_is_empty().await? {
            return Ok(progress);
        }
        warn!(topic = self.settings.topic, %progress, "the topic is empty although events were published: publishing the whole log again");
        seat.start_over().await?;
        Ok(Position::default())
    }

    /// Ends some time after the stop.
    async fn patience(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        tokio::time::sleep(self.settings.drain_timeout).await;
    }

    /// Reads the log as fast as it is published, but not more often than the intervals say unless a batch was full: a request to
    /// the database, to the broker for each partition, and from each of its readers costs the same for one event as for fifty.
    /// Ends with the stop, or when the next step has ended.
    async fn read(
        &self,
        mut after: Position,
        publish: mpsc::Sender<Vec<Recorded>>,
        stop: &CancellationToken,
    ) -> Result<(), RelayError> {
        let mut next_look = Instant::now();
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(next_look) => {}
            }
            let looked = Instant::now();
            let batch = self
                .log
                .read_committed(after, self.settings.batch_events_max)
                .await?;
            next_look = looked + self.pause_after(batch.len());
            let Some(last) = batch.last() else {
                if self.unfinished.load(Ordering::Relaxed) == 0 {
                    self.status.behind_since(None);
                }
                continue;
            };
            after = last.position;
            self.unfinished.fetch_add(1, Ordering::Relaxed);
            if publish.send(batch).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// From one look at the log to the next.
    fn pause_after(&self, events: usize) -> Duration {
        if events >= self.settings.batch_events_max {
            Duration::ZERO
        } else if events > self.settings.busy_events {
            self.settings.busy_poll_interval
        } else {
            self.settings.poll_interval
        }
    }

    /// Gives Kafka what was read, as long as not too much waits for acknowledgement.
    async fn hand_over(
        &self,
        mut held: HashSet<Uuid>,
        mut read: mpsc::Receiver<Vec<Recorded>>,
        acknowledge: mpsc::Sender<InFlight>,
    ) -> Result<(), RelayError> {
        while let Some(batch) = read.recv().await {
            let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
                continue;
            };
            let mut in_flight = InFlight {
                deliveries: VecDeque::with_capacity(batch.len()),
                position: last.position,
                oldest: first.recorded_at,
                events: 0,
                held: Vec::new(),
                held_count: 0,
            };
            for recorded in batch
                .iter()
                .filter(|recorded| recorded.stream_type == ACCOUNT_STREAM)
            {
                if held.contains(&recorded.stream_id) {
                    continue;
                }
                match self.publish(recorded, &mut in_flight.deliveries).await? {
                    Ok(()) => in_flight.events += 1,
                    Err(damage) => {
                        held.insert(recorded.stream_id);
                        in_flight.held.push(HeldAccount::at(recorded, &damage));
                    }
                }
            }
            in_flight.held_count = held.len();
            if acknowledge.send(in_flight).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Hands one event to Kafka, or says why it cannot be. What it returns in `deliveries` is to be waited for.
    pub(super) async fn publish(
        &self,
        recorded: &Recorded,
        deliveries: &mut impl Extend<DeliveryFuture>,
    ) -> Result<Result<(), Damage>, RelayError> {
        // The fields are made only where somebody listens.
        let span = debug_span!(
            "publish",
            event_id = recorded.event_id(),
            trace_id = recorded
                .metadata
                .trace()
                .map(|trace| trace.trace_id().to_string())
        );
        self.publish_in_span(recorded, deliveries).instrument(span).await
    }

    async fn publish_in_span(
        &self,
        recorded: &Recorded,
        deliveries: &mut impl Extend<DeliveryFuture>,
    ) -> Result<Result<(), Damage>, RelayError> {
        let record = match record::of_event(&self.settings.topic, recorded) {
            Ok(record) => record,
            Err(damage) => return Ok(Err(damage)),
        };
        // Everything that can be wrong with the event is known before the first of its records is handed over.
        let payment = match self.payment(recorded).await? {
            Ok(payment) => payment,
            Err(damage) => return Ok(Err(damage)),
        };
        for record in [Some(record), payment].into_iter().flatten() {
            match self.producer.send(&record).await {
                Ok(delivery) => deliveries.extend([delivery]),
                Err(Refused::Record(error)) => return Ok(Err(Damage::because(&error))),
                Err(Refused::Producer(error)) => return Err(error),
            }
        }
        debug!("handed to Kafka");
        Ok(Ok(()))
    }

    /// The compatibility topic's record of an approved purchase, when that topic is on.
    async fn payment(&self, recorded: &Recorded) -> Result<Result<Option<Record<'_>>, Damage>, RelayError> {
        let Some(numbers) = self.payments else {
            return Ok(Ok(None));
        };
        let purchase = match payments::approved_purchase(recorded) {
            Ok(Some(purchase)) => purchase,
            Ok(None) => return Ok(Ok(None)),
            Err(damage) => return Ok(Err(damage)),
        };
        let Some(number) = numbers.number_of(purchase.card_id).await? else {
            return Ok(Err(Damage(format!("card {} has no number", purchase.card_id))));
        };
        Ok(payments::record_of(
            &self.settings.payments_topic,
            recorded.stream_id,
            &purchase,
            &number,
        )
        .map(Some))
    }
}
