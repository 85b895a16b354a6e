//! Events as they come off the feed, read and checked before anything is written. What cannot be read in full is not applied
//! at all: an event of a kind or version from the future stops its partition, since skipping it would make every figure after
//! it wrong.

use chrono::{DateTime, Utc};
use domain::AccountId;
use domain::account::Event;
use proto::envelope::Envelope;
use proto::feed::{Batch, Delivery};
use proto::trace::TraceContext;

/// The version of the events that this code reads; fields may be added within it.
const EVENT_VERSION: &str = "1";

/// One event of an account.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) offset: i64,
    pub(crate) event_id: String,
    pub(crate) account: AccountId,
    /// The account's version with this event: 1 for its first.
    pub(crate) version: i64,
    pub(crate) event: Event,
    /// When it was recorded, for the lag.
    pub(crate) time: DateTime<Utc>,
    pub(crate) trace: Option<TraceContext>,
}

/// An event that must not be applied, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Poison {
    pub(crate) offset: i64,
    pub(crate) event_id: String,
    pub(crate) reason: String,
}

/// A batch, read: the events up to the first that cannot be, and that one.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) partition: i32,
    pub(crate) from: i64,
    pub(crate) next: i64,
    pub(crate) events: Vec<Recorded>,
    pub(crate) poison: Option<Poison>,
}

impl Reading {
    pub(crate) fn of(batch: Batch) -> Self {
        let mut reading = Self {
            partition: batch.partition,
            from: batch.from,
            next: batch.next,
            events: Vec::with_capacity(batch.deliveries.len()),
            poison: None,
        };
        for delivery in batch.deliveries {
            match read(delivery) {
                Ok(recorded) => reading.events.push(recorded),
                Err(poison) => {
                    reading.poison = Some(poison);
                    break;
                }
            }
        }
        reading
    }

    /// The same reading as two, about half the events each; itself if it holds one event at most.
    pub(crate) fn halves(mut self) -> Result<(Self, Self), Self> {
        if self.events.len() < 2 {
            return Err(self);
        }
        let rest = self.events.split_off(self.events.len() / 2);
        let Some(middle) = rest.first().map(|recorded| recorded.offset) else {
            return Err(self); // not reached: of two events or more, at least one is in the second half
        };
        let second = Self {
            from: middle,
            events: rest,
            poison: self.poison.take(),
            ..self
        };
        Ok((Self { next: middle, ..self }, second))
    }
}

fn read(delivery: Delivery) -> Result<Recorded, Poison> {
    let Delivery { offset, event, trace } = delivery;
    let envelope = event.map_err(|malformed| Poison {
        offset,
        reason: malformed.reason,
        event_id: malformed.event_id,
    })?;
    let poison = |reason: String| Poison {
        offset,
        event_id: envelope.id.clone(),
        reason,
    };
    let event = read_event(&envelope).map_err(poison)?;
    let version = i64::try_from(envelope.sequence).map_err(|error| poison(error.to_string()))?;
    Ok(Recorded {
        offset,
        account: AccountId::new(envelope.subject),
        version,
        event,
        time: envelope.time,
        trace,
        event_id: envelope.id,
    })
}

fn read_event(envelope: &Envelope) -> Result<Event, String> {
    let event: Event = serde_json::from_str(envelope.data.get())
        .map_err(|error| format!("its data are not an event this version knows: {error}"))?;
    let expected = format!("codebank.account.{}.v{EVENT_VERSION}", event.name());
    if envelope.event_type == expected {
        Ok(event)
    } else {
        Err(format!(
            "its type is {:?} but its data are {expected:?}",
            envelope.event_type
        ))
    }
}
