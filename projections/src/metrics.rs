//! What is counted, and under which names.

use chrono::{DateTime, Utc};

/// Events applied.
pub const EVENTS_TOTAL: &str = "codebank_projection_events_total";
/// From an event's recording to its being applied.
pub const LAG_SECONDS: &str = "codebank_projection_lag_seconds";
/// Partitions that stopped at an event that cannot be applied.
pub const STOPPED_PARTITIONS: &str = "codebank_projection_stopped_partitions";

pub(crate) fn events(count: usize) {
    metrics::counter!(EVENTS_TOTAL).increment(count as u64);
}

/// A clock behind the one that recorded the event makes it zero.
pub(crate) fn lag(recorded_at: DateTime<Utc>) {
    let lag = Utc::now()
        .signed_duration_since(recorded_at)
        .to_std()
        .unwrap_or_default();
    metrics::histogram!(LAG_SECONDS).record(lag);
}

pub(crate) fn stopped_partitions(count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    metrics::gauge!(STOPPED_PARTITIONS).set(count);
}
