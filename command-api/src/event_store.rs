//! The event log: the port the write side is built on, and its two adapters, PostgreSQL and SQLite.
//!
//! The tables are those of postgres-es and sqlite-es with defaulted columns added, so that those crates go on working on
//! them; the append is our own because theirs commits one stream at a time. One contract suite holds both adapters.

mod append;
mod batch;
mod cqrs;
mod envelope;
pub mod postgres;
mod recorded;
mod row;
mod snapshot;
pub mod sqlite;
pub mod table_feed;

#[cfg(test)]
mod contract;

pub use append::{Append, NewEvent, Outcome, RequestKey};
pub use cqrs::{AccountContext, AccountEvents};
pub use envelope::envelope_of;
pub use recorded::{Fact, InvalidPosition, Metadata, Position, Recorded};
pub use snapshot::Snapshot;

use async_trait::async_trait;
use domain::RequestId;
use thiserror::Error;
use uuid::Uuid;

/// The stream type of card accounts, as cqrs-es calls the aggregate.
pub const ACCOUNT_STREAM: &str = <domain::account::CardAccount as cqrs_es::Aggregate>::TYPE;

/// Why the log could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database is out of reach or refused for a passing reason. For an append this includes a connection lost while
    /// committing: whether it is recorded is then unknown until the request id is looked up.
    #[error("the event log is out of reach")]
    Unavailable(#[source] sqlx::Error),
    /// A row that cannot be what this bank wrote. The account must not be used.
    #[error("event {event_id} is damaged: {reason}")]
    Damaged { event_id: String, reason: String },
}

/// Where events are kept, for ever, in order.
#[async_trait]
pub trait EventLog: Send + Sync + std::fmt::Debug {
    /// Appends many streams in one transaction, durable when it returns, and says for each append, in the order given, what
    /// became of it. A stale or repeated one does not hold up the others: they are recorded without it. Appends to the
    /// same stream are in the order of their sequences; when one of them is not recorded, the later ones are not either.
    ///
    /// After an error nothing is known: it may all be recorded, or nothing of it, never a part.
    async fn append(&self, appends: Vec<Append>) -> Result<Vec<Outcome>, StoreError>;

    /// The events of some streams of one type after a sequence, in the order of stream and sequence.
    async fn load(&self, stream_type: &str, streams: &[(Uuid, u64)]) -> Result<Vec<Recorded>, StoreError>;

    /// The event that answered a request, whatever its stream.
    async fn find_request(&self, request_id: RequestId) -> Result<Option<Recorded>, StoreError>;

    /// The next events of all streams in the order of their commits. What it returns is final: no event that commits later
    /// will ever stand before one that was returned.
    async fn read_committed(&self, after: Position, at_most: usize) -> Result<Vec<Recorded>, StoreError>;

    /// The snapshots of those of the streams that have one, in no order.
    async fn load_snapshots(&self, stream_type: &str, streams: &[Uuid]) -> Result<Vec<Snapshot>, StoreError>;

    /// Keeps snapshots of durable events, at most one for each stream, in place of older ones and of those in another form. What
    /// is not newer changes nothing.
    async fn store_snapshots(&self, stream_type: &str, snapshots: &[Snapshot]) -> Result<(), StoreError>;
}
