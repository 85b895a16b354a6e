//! The event log in PostgreSQL: postgres-es's table, for any number of writing processes.
//!
//! An append is one statement in a transaction of its own: the transaction ids of an account's events are then in the order
//! of its sequences, and a reader that follows `(transaction_id, position)` below the oldest running transaction sees every
//! event, in order. Two things to know in operation: a write transaction that stays open anywhere in the cluster holds up
//! every reader, and transaction ids start again after a dump and restore, so that positions kept elsewhere are then void.

mod append;
mod connect;
mod doubt;
mod read;
mod snapshots;
mod stream_id;
mod tails;

use std::sync::Arc;

use async_trait::async_trait;
use connections::Connections;
use domain::RequestId;
use sqlx::{Connection as _, PgPool};
use uuid::Uuid;

use super::{Append, EventLog, Outcome, Position, Recorded, Snapshot, StoreError};

pub use connect::connect;
use doubt::Doubt;
use tails::Tails;

/// Every statement and how many parameters it has, for the test that looks at their plans.
#[cfg(test)]
pub(super) const STATEMENTS: [(&str, usize); 7] = [
    (append::INSERT, 15),
    (append::LAST_SEQUENCES, 2),
    (read::LOAD, 3),
    (read::FIND_REQUESTS, 1),
    (read::READ_COMMITTED, 3),
    (snapshots::LOAD, 2),
    (snapshots::STORE, 7),
];

/// The log of one database.
#[derive(Debug, Clone)]
pub struct PostgresEventLog {
    pool: Connections,
    doubt: Arc<Doubt>,
    tails: Arc<Tails>,
}

impl PostgresEventLog {
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool: Connections::of(pool),
            doubt: Arc::new(Doubt::none()),
            tails: Arc::new(Tails::none()),
        }
    }

    /// Closes the connections, after what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Brings the tables up to date, in the schema that the pool's connections look in first. That schema is the log's own: the
    /// bookkeeping of its migrations would not stand another component's.
    pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::Error> {
        // A connection of its own: nothing that a migration sets comes back into the pool.
        let mut connection = pool.acquire().await?.detach();
        let mut migrator = sqlx::migrate!("./migrations/postgres");
        // An older program goes on working on tables that a newer one has expanded.
        migrator.set_ignore_missing(true).run(&mut connection).await?;
        connection.close().await
    }
}

#[async_trait]
impl EventLog for PostgresEventLog {
    async fn append(&self, appends: Vec<Append>) -> Result<Vec<Outcome>, StoreError> {
        append::append(&self.pool, &self.doubt, &self.tails, appends).await
    }

    async fn load(&self, stream_type: &str, streams: &[(Uuid, u64)]) -> Result<Vec<Recorded>, StoreError> {
        self.doubt.settle(&self.pool).await?;
        read::load(&self.pool, stream_type, streams).await
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<Recorded>, StoreError> {
        self.doubt.settle(&self.pool).await?;
        read::find_request(&self.pool, request_id).await
    }

    async fn read_committed(&self, after: Position, at_most: usize) -> Result<Vec<Recorded>, StoreError> {
        read::read_committed(&self.pool, after, at_most).await
    }

    async fn load_snapshots(&self, stream_type: &str, streams: &[Uuid]) -> Result<Vec<Snapshot>, StoreError> {
        snapshots::load(&self.pool, stream_type, streams).await
    }

    async fn store_snapshots(&self, stream_type: &str, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        snapshots::store(&self.pool, stream_type, snapshots).await
    }
}
