//! Snapshots of accounts on their way into the store, off the hot path: what does not get through is not missed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::RequestId;
use domain::account::{STATE_FORMAT, State};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::event_store::{ACCOUNT_STREAM, EventLog, Recorded, Snapshot};

use super::HotAccount;

/// Snapshots that may wait for the writer; past it they are dropped.
pub(super) const WAITING_MAX: usize = 1_024;
/// The writer's rest after each write: what comes meanwhile goes out in one statement.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// Where snapshots are handed in. The writer behind it ends with the last clone of this, once it has written what it was given.
#[derive(Debug, Clone)]
pub(in crate::execute) struct Snapshots {
    every: u64,
    writer: mpsc::Sender<Taken>,
}

/// A state as it was after a durable event. It is encoded by the writer.
#[derive(Debug)]
struct Taken {
    stream_id: Uuid,
    sequence: u64,
    request_id: Option<RequestId>,
    recorded_at: DateTime<Utc>,
    state: State,
}

impl Snapshots {
    /// Starts the writer. A snapshot of an account is due each time it has so many more events.
    pub(in crate::execute) fn start(log: Arc<dyn EventLog>, every: u64) -> Self {
        let (writer, taken) = mpsc::channel(WAITING_MAX);
        tokio::spawn(write(log, taken));
        Self {
            every: every.max(1),
            writer,
        }
    }

    /// The account's state, when a snapshot of it is due. It may be offered as soon as the last event in it is durable.
    pub(in crate::execute) fn take(&self, account: &mut HotAccount) -> Option<Box<State>> {
        if account.version.saturating_sub(account.snapshot) < self.every {
            return None;
        }
        account.snapshot = account.version;
        Some(Box::new(account.state.clone()))
    }

    /// Hands over the state that `event` was the last one of.
    pub(in crate::execute) fn offer(&self, event: &Recorded, state: State) {
        // A writer that does not keep up writes the next one.
        let _ = self.writer.try_send(Taken {
            stream_id: event.stream_id,
            sequence: event.sequence,
            request_id: event.request.map(|request| request.id),
            recorded_at: event.recorded_at,
            state,
        });
    }
}

async fn write(log: Arc<dyn EventLog>, mut taken: mpsc::Receiver<Taken>) {
    let mut arrived = Vec::new();
    while taken.recv_many(&mut arrived, WAITING_MAX).await > 0 {
        let snapshots: Vec<Snapshot> = newest(arrived.drain(..))
            .filter_map(|taken| encode(&taken))
            .collect();
        if let Err(error) = log.store_snapshots(ACCOUNT_STREAM, &snapshots).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                snapshots = snapshots.len(),
                "snapshots could not be stored"
            );
        }
        tokio::time::sleep(BETWEEN_WRITES).await;
    }
}

/// One for each account.
fn newest(taken: impl Iterator<Item = Taken>) -> impl Iterator<Item = Taken> {
    let mut newest: HashMap<Uuid, Taken> = HashMap::new();
    for one in taken {
        let is_older = |other: &Taken| other.sequence > one.sequence;
        if !newest.get(&one.stream_id).is_some_and(is_older) {
            newest.insert(one.stream_id, one);
        }
    }
    newest.into_values()
}

/// Nothing where a state has no form as JSON, which does not happen to plain data with string keys.
fn encode(taken: &Taken) -> Option<Snapshot> {
    Some(Snapshot {
        stream_id: taken.stream_id,
        format: STATE_FORMAT,
        sequence: taken.sequence,
        request_id: taken.request_id,
        recorded_at: taken.recorded_at,
        state: serde_json::to_string(&taken.state).ok()?,
    })
}
