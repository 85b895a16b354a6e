//! Appends whose end is not known: their connection was lost, and the server may be at work on them still.
//!
//! What is read while such an append can yet commit proves nothing: a request that is not found may be recorded a moment later. So
//! every append holds a lock of its log, shared, from before its first row to its end; whoever reads after one has failed takes
//! that lock alone, once, and so waits for all of them.

use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{Executor as _, PgPool};
use uuid::Uuid;

use super::super::StoreError;

/// How long a reader waits for the end. The server itself gives up what it does for a client that is gone (`connect`).
const WAIT_MAX: &str = "set local lock_timeout = '2s'";

#[derive(Debug)]
pub(super) struct Doubt {
    /// The key of the lock. No other log has it, so that nobody waits for another process.
    pub(super) lock: i64,
    failed: AtomicU64,
    settled: AtomicU64,
}

impl Doubt {
    pub(super) fn none() -> Self {
        Self {
            lock: Uuid::new_v4().as_u64_pair().0.cast_signed(),
            failed: AtomicU64::new(0),
            settled: AtomicU64::new(0),
        }
    }

    /// An append has failed, and may be recorded all the same.
    pub(super) fn arose(&self) {
        self.failed.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns when every append that failed so far is recorded or never will be.
    pub(super) async fn settle(&self, pool: &PgPool) -> Result<(), StoreError> {
        let failed = self.failed.load(Ordering::Acquire);
        if self.settled.load(Ordering::Acquire) >= failed {
            return Ok(());
        }
        self.wait(pool).await.map_err(StoreError::Unavailable)?;
        self.settled.fetch_max(failed, Ordering::AcqRel);
        Ok(())
    }

    async fn wait(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut tx = pool.begin().await?;
        tx.execute(WAIT_MAX).await?;
        sqlx::query("select pg_advisory_xact_lock($1)")
            .bind(self.lock)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}
