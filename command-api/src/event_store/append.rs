//! What is handed to the log to be appended, and what becomes of it.

use domain::RequestId;
use uuid::Uuid;

use super::recorded::{Metadata, Recorded};

/// The events that one request adds to one stream.
#[derive(Debug, Clone)]
pub struct Append {
    pub stream_type: &'static str,
    pub stream_id: Uuid,
    /// The sequence the first of `events` gets: one more than the stream has.
    pub first_sequence: u64,
    /// Never empty.
    pub events: Vec<NewEvent>,
    /// The request that this append answers; kept with its last event.
    pub request: Option<RequestKey>,
}

/// An event that has no place in the log yet. `payload` is stored, published and indexed byte for byte.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub name: &'static str,
    pub version: &'static str,
    pub payload: String,
    pub metadata: Metadata,
}

/// A request's id and what was asked under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    pub id: RequestId,
    /// A keyed digest of the request's body: the same id with another digest is another request, and refused.
    pub fingerprint: [u8; 32],
}

/// What became of one append.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is durable. These are its events, in order.
    Recorded(Vec<Recorded>),
    /// The stream has moved on, or an earlier append to it in the same call was not recorded: load it and decide again.
    Stale,
    /// The request id was used before, and this event answered it.
    Repeated(Box<Recorded>),
}
