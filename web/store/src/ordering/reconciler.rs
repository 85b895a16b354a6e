//! Finishes orders whose end nobody heard: the program was killed between storing and asking, or the bank did not answer.
//!
//! It never asks for a charge. It asks what became of one, a bounded number of orders a round.

use chrono::{TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::Ordering;
use super::bank::Outcome;
use crate::database::DatabaseError;
use crate::order::State;

/// Orders looked at in one round, at most, the longest unlooked-at first.
const ROUND_MAX: i64 = 64;

impl Ordering {
    /// Works until told to stop.
    pub(crate) async fn reconcile(&self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.round(&stop).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a round of the reconciler failed"
                );
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.patience.reconcile_interval) => {}
            }
        }
    }

    async fn round(&self, stop: &CancellationToken) -> Result<(), DatabaseError> {
        let now = Utc::now();
        let before = |age| now - TimeDelta::from_std(age).unwrap_or(TimeDelta::zero());
        let unsettled = self
            .database
            .unsettled(
                // Whoever placed it still waits for the bank until then, and asks first.
                before(self.patience.authorize),
                before(self.patience.doubt),
                before(self.patience.doubt_interval),
                ROUND_MAX,
            )
            .await?;
        for (order, created_at) in unsettled {
            if stop.is_cancelled() {
                return Ok(());
            }
            // Taken before the question: what is recorded after the bank looked must not count as looked for.
            let is_past_grace = self.is_past_grace(created_at);
            let outcome = self.bank.outcome(order).await;
            self.database.looked_at(order).await?;
            match outcome {
                Outcome::Decided(state) => self.settle(order, &state).await?,
                // Not the last word: a request can wait in a network longer than any grace, and the bank keeps its promise to decide it
                // when it comes. So such an order is looked at again for an hour, and a decision that appears then is written down; a shop
                // that said "not charged" and stuck to it would have charged somebody for nothing.
                Outcome::NothingRecorded if is_past_grace => self.settle(order, &State::NotCharged).await?,
                Outcome::NothingRecorded => {}
                // The bank is away. This order is the last in the next round; the others need not wait for the same silence.
                Outcome::Unknown => break,
            }
        }
        let pending = self.database.pending_count().await?;
        metrics::gauge!("codebank_store_orders_pending").set(pending_for_gauge(pending));
        Ok(())
    }
}

/// Counts of orders are far below where this could lose one.
fn pending_for_gauge(count: i64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
