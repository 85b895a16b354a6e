//! The port through which committed events reach their readers, in order, at least once.
//!
//! Kafka is one implementation, the event table itself (embedded mode) another. Both cut the accounts into the same
//! partitions; an account's events are in one partition, in the order of their sequence.

use async_trait::async_trait;
use thiserror::Error;

use crate::envelope::Envelope;
use crate::trace::TraceContext;

/// Events of one partition, in order.
#[derive(Debug)]
pub struct Batch {
    pub partition: i32,
    /// Every event of the partition at an offset of `from` or more, up to `next`, is in this batch.
    pub from: i64,
    /// Where to go on: what a reader stores when the batch is applied.
    pub next: i64,
    pub deliveries: Vec<Delivery>,
}

/// What stands at one offset.
#[derive(Debug)]
pub struct Delivery {
    pub offset: i64,
    pub event: Result<Envelope, Malformed>,
    pub trace: Option<TraceContext>,
}

/// A message that cannot be read as an event. The reader must stop this partition, loudly, and touch nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{event_id} cannot be read: {reason}")]
pub struct Malformed {
    /// As far as it is known: the event id, or where the message stands.
    pub event_id: String,
    pub reason: String,
}

/// The source of events is out of reach; the same call may be tried again.
#[derive(Debug, Error)]
#[error("the event feed is out of reach")]
pub struct FeedUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A reader of all or some of the partitions.
///
/// A feed begins wherever it thinks best. The reader compares `Batch::from` with what it has stored: if the batch starts
/// later it calls `seek` and drops the batch; if earlier it skips what it already applied.
#[async_trait]
pub trait Feed: Send {
    /// The next events of some partition; waits until there are any. Cancel-safe: a dropped call loses nothing.
    async fn next_batch(&mut self) -> Result<Batch, FeedUnavailable>;

    /// The same of several partitions, one batch of each: what has arrived of others meanwhile comes along. Cancel-safe too.
    async fn next_batches(&mut self) -> Result<Vec<Batch>, FeedUnavailable> {
        Ok(vec![self.next_batch().await?])
    }

    /// Goes on at `offset` of `partition`, backwards or forwards.
    async fn seek(&mut self, partition: i32, offset: i64) -> Result<(), FeedUnavailable>;

    /// Delivers nothing more of this partition; the others go on.
    async fn stop(&mut self, partition: i32) -> Result<(), FeedUnavailable>;

    /// Tells the source that everything before `next` is applied for good, so that operators see the lag there too.
    async fn acknowledge(&mut self, partition: i32, next: i64) -> Result<(), FeedUnavailable>;
}
