//! An event as it stands in the log.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::account::Event;
use domain::attempt::{self, CardNotRecognized};
use proto::trace::TraceContext;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{ACCOUNT_STREAM, RequestKey, StoreError};

/// An event as it stands in the log.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub stream_type: Cow<'static, str>,
    pub stream_id: Uuid,
    /// 1 for the stream's first event, without gaps.
    pub sequence: u64,
    pub name: Cow<'static, str>,
    pub version: Cow<'static, str>,
    /// The JSON that was appended, byte for byte.
    pub payload: String,
    pub metadata: Metadata,
    pub position: Position,
    pub recorded_at: DateTime<Utc>,
    pub request: Option<RequestKey>,
}

impl Recorded {
    /// The id of this event, the same everywhere.
    pub fn event_id(&self) -> String {
        proto::envelope::event_id(self.stream_id, self.sequence)
    }

    /// What the payload says.
    pub fn fact(&self) -> Result<Fact, StoreError> {
        if self.stream_type != attempt::STREAM_TYPE {
            return self.account_event().map(Fact::Account);
        }
        serde_json::from_str(&self.payload)
            .map(Fact::Attempt)
            .map_err(|error| StoreError::Damaged {
                event_id: self.event_id(),
                reason: error.to_string(),
            })
    }

    /// The account event in the payload.
    pub fn account_event(&self) -> Result<Event, StoreError> {
        let damaged = |reason: String| StoreError::Damaged {
            event_id: self.event_id(),
            reason,
        };
        if self.stream_type != ACCOUNT_STREAM {
            return Err(damaged(format!(
                "a {} where an account's event was expected",
                self.stream_type
            )));
        }
        let event: Event = serde_json::from_str(&self.payload).map_err(|error| damaged(error.to_string()))?;
        if event.name() != self.name {
            return Err(damaged(format!(
                "stored as {}, but the payload is a {}",
                self.name,
                event.name()
            )));
        }
        Ok(event)
    }
}

/// What an event of any stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    Account(Event),
    Attempt(CardNotRecognized),
}

/// What is known about an event besides its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The event's own time, repeated here so that the envelope can be made without opening the payload.
    pub occurred_at: DateTime<Utc>,
    /// The W3C trace the event belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Metadata {
    pub fn trace(&self) -> Option<TraceContext> {
        self.traceparent.as_deref()?.parse().ok()
    }
}

/// A place in the order of commits. Compare the pair, never one half alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// PostgreSQL's transaction id; zero where the database commits in the order of `number` anyway (SQLite).
    pub transaction: u64,
    pub number: i64,
}

/// A text that is not a position of this log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a position of the event log")]
pub struct InvalidPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.transaction, self.number)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (transaction, number) = text.split_once('.').ok_or(InvalidPosition)?;
        let position = Self {
            transaction: transaction.parse().map_err(|_| InvalidPosition)?,
            number: number.parse().map_err(|_| InvalidPosition)?,
        };
        if position.number < 0 {
            Err(InvalidPosition)
        } else {
            Ok(position)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_written_and_read() {
        let position = Position {
            transaction: 771,
            number: 42,
        };
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", "1", "1.", ".1", "a.1", "1.-1", "-1.1"] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text:?}");
        }
    }
}
