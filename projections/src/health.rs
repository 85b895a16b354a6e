//! What a worker says of itself, for readiness and for operators.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::projection::Projection;
use crate::recorded::Poison;

/// A handle on a worker's health; clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    feed_error: Option<String>,
    store_error: Option<String>,
    partitions: BTreeMap<i32, Partition>,
}

/// How a worker is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Why the last call to the feed failed, if it did; the worker is trying again.
    pub feed_error: Option<String>,
    /// Why the last batch could not be written, if it could not; the worker is trying again.
    pub store_error: Option<String>,
    /// The partitions that this worker has seen since it started.
    pub partitions: Vec<Partition>,
}

/// Where one partition stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Partition {
    pub partition: i32,
    /// Everything before this offset is applied.
    pub next_offset: i64,
    /// The event at which it had to stop, if it did.
    pub stopped: Option<Stopped>,
    /// Read models that wait for `rebuild`, since they were not applied from the beginning.
    pub behind: Vec<&'static str>,
}

/// Why a partition is not applied any further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    pub event_id: String,
    pub reason: String,
}

impl Health {
    pub fn report(&self) -> Report {
        let state = self.state();
        Report {
            feed_error: state.feed_error.clone(),
            store_error: state.store_error.clone(),
            partitions: state.partitions.values().cloned().collect(),
        }
    }

    pub(crate) fn feed(&self, error: Option<String>) {
        self.state().feed_error = error;
    }

    pub(crate) fn store(&self, error: Option<String>) {
        self.state().store_error = error;
    }

    /// Says where a partition stands; whether that is news of a read model being behind.
    pub(crate) fn partition(
        &self,
        partition: i32,
        next_offset: i64,
        poison: Option<&Poison>,
        behind: &[Projection],
    ) -> bool {
        let mut state = self.state();
        let behind: Vec<&'static str> = behind.iter().map(|projection| projection.name()).collect();
        let now = Partition {
            partition,
            next_offset,
            stopped: poison.map(|poison| Stopped {
                event_id: poison.event_id.clone(),
                reason: poison.reason.clone(),
            }),
            behind: behind.clone(),
        };
        let before = state.partitions.insert(partition, now);
        before.map_or(!behind.is_empty(), |before| before.behind != behind)
    }

    pub(crate) fn stopped_partitions(&self) -> usize {
        let state = self.state();
        state
            .partitions
            .values()
            .filter(|partition| partition.stopped.is_some())
            .count()
    }

    /// A panic elsewhere cannot leave a report half written, so a poisoned lock is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    /// Whether the worker gets on. A stopped partition does not make it unready: the others, and every query, go on.
    pub fn is_ready(&self) -> bool {
        self.feed_error.is_none() && self.store_error.is_none()
    }

    /// The partitions that stopped, each with its event.
    pub fn stopped(&self) -> impl Iterator<Item = (i32, &Stopped)> {
        self.partitions
            .iter()
            .filter_map(|partition| Some((partition.partition, partition.stopped.as_ref()?)))
    }
}
