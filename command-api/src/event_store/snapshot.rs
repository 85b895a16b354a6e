//! A state kept beside the log, so that a stream need not be replayed from its first event. A cache, never the truth.

use chrono::{DateTime, Utc};
use domain::RequestId;
use uuid::Uuid;

use super::Recorded;

/// What a stream's events had made when `sequence` was its last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub stream_id: Uuid,
    /// The form of `state`.
    pub format: i32,
    pub sequence: u64,
    /// The request that the event at `sequence` answered, and when that event was recorded.
    pub request_id: Option<RequestId>,
    pub recorded_at: DateTime<Utc>,
    /// JSON.
    pub state: String,
}

impl Snapshot {
    /// Whether the state was made by the history that this event belongs to. A log that was restored from a backup, and written
    /// further, has another event in the same place.
    pub fn ends_with(&self, event: &Recorded) -> bool {
        self.stream_id == event.stream_id
            && self.sequence == event.sequence
            && self.recorded_at == event.recorded_at
            && self.request_id == event.request.map(|request| request.id)
    }
}
