//! The last step: waits for Kafka's acknowledgements in the order of the log, and stores the progress.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use metrics::counter;
use rdkafka::producer::future_producer::DeliveryFuture;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::event_store::Position;

use super::RelayError;
use super::held::HeldAccount;
use super::producer::Producer;
use super::seat::Seat;
use super::session::Session;

/// How long Kafka may be silent until the relay says that something is wrong. It goes on waiting all the same.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// A batch that Kafka has been given.
pub(super) struct InFlight {
    pub(super) deliveries: VecDeque<DeliveryFuture>,
    /// Where the log was read up to.
    pub(super) position: Position,
    pub(super) oldest: DateTime<Utc>,
    pub(super) events: u64,
    /// Accounts found damaged in this batch.
    pub(super) held: Vec<HeldAccount>,
    /// All accounts held back so far.
    pub(super) held_count: usize,
}

/// Waits for the acknowledgements in order and stores the progress, now and then and at the end.
pub(super) async fn follow(
    session: &Session<'_>,
    seat: &mut Seat,
    mut in_flight: mpsc::Receiver<InFlight>,
) -> Result<(), RelayError> {
    let settings = session.settings;
    let mut unsaved = Unsaved::default();
    let mut front: Option<InFlight> = None;
    let (mut seat_seen, mut kafka_heard) = (Instant::now(), Instant::now());
    let mut ticks = tokio::time::interval(settings.progress_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            next = in_flight.recv(), if front.is_none() => {
                let Some(next) = next else { break };
                session.status.behind_since(Some(next.oldest));
                kafka_heard = Instant::now();
                front = Some(next);
            }
            outcome = all_acknowledged(session.producer, &mut front), if front.is_some() => {
                outcome?;
                if let Some(done) = front.take() {
                    note(session, &done);
                    unsaved.add(done);
                }
            }
            _ = ticks.tick() => {
                session.status.refresh_gauges();
                if front.is_some() && kafka_heard.elapsed() >= SILENCE_MAX {
                    session.status.stalled(&format!("Kafka at {} acknowledges nothing", settings.brokers));
                }
                if unsaved.save(seat).await? {
                    seat_seen = Instant::now();
                } else if seat_seen.elapsed() >= settings.seat_interval {
                    seat.confirm().await?;
                    seat_seen = Instant::now();
                }
            }
        }
    }
    unsaved.save(seat).await?;
    Ok(())
}

/// Cancel-safe: an acknowledgement that arrived is not waited for again.
async fn all_acknowledged(producer: &Producer, front: &mut Option<InFlight>) -> Result<(), RelayError> {
    let Some(front) = front else { return Ok(()) };
    while let Some(delivery) = front.deliveries.front_mut() {
        producer.acknowledged(delivery).await?;
        front.deliveries.pop_front();
    }
    Ok(())
}

fn note(session: &Session<'_>, done: &InFlight) {
    counter!("codebank_relay_published_total").increment(done.events);
    session.status.flowing();
    session.status.holding(done.held_count);
    if session.unfinished.fetch_sub(1, Ordering::Relaxed) == 1 {
        session.status.behind_since(None);
    }
}

/// What is published and not yet remembered.
#[derive(Default)]
struct Unsaved {
    position: Option<Position>,
    held: Vec<HeldAccount>,
}

impl Unsaved {
    fn add(&mut self, done: InFlight) {
        self.position = Some(done.position);
        self.held.extend(done.held);
    }

    /// False when there was nothing to save.
    async fn save(&mut self, seat: &mut Seat) -> Result<bool, RelayError> {
        let Some(position) = self.position else {
            return Ok(false);
        };
        seat.store(position, &self.held).await?;
        *self = Self::default();
        Ok(true)
    }
}
