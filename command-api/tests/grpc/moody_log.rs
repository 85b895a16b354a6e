//! A log that can be made slow or away, over one that works.

use std::sync::Arc;

use async_trait::async_trait;
use command_api::event_store::{Append, EventLog, Outcome, Position, Recorded, Snapshot, StoreError};
use domain::RequestId;
use tokio::sync::watch;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Appends, and readers of the whole log, wait until this passes.
    Slow,
    /// Reads work, appends fail and record nothing.
    ReadOnly,
    Away,
}

#[derive(Debug)]
pub(crate) struct MoodyLog {
    inner: Arc<dyn EventLog>,
    mood: watch::Sender<Mood>,
    appends: watch::Sender<u32>,
}

impl MoodyLog {
    pub(crate) fn new(inner: Arc<dyn EventLog>) -> Self {
        let (mood, appends) = (watch::Sender::new(Mood::Well), watch::Sender::new(0));
        Self { inner, mood, appends }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Waits until `count` appends were begun since the start.
    pub(crate) async fn begun(&self, count: u32) {
        let mut appends = self.appends.subscribe();
        appends
            .wait_for(|begun| *begun >= count)
            .await
            .expect("the log is there");
    }

    pub(crate) fn appends(&self) -> u32 {
        *self.appends.borrow()
    }

    async fn no_longer_slow(&self) -> Mood {
        let mut mood = self.mood.subscribe();
        *mood
            .wait_for(|mood| *mood != Mood::Slow)
            .await
            .expect("the log is there")
    }

    fn readable(&self) -> Result<(), StoreError> {
        match *self.mood.borrow() {
            Mood::Well | Mood::Slow | Mood::ReadOnly => Ok(()),
            Mood::Away => Err(away()),
        }
    }
}

fn away() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolTimedOut)
}

#[async_trait]
impl EventLog for MoodyLog {
    async fn append(&self, appends: Vec<Append>) -> Result<Vec<Outcome>, StoreError> {
        self.appends.send_modify(|begun| *begun += 1);
        let now = self.no_longer_slow().await;
        match now {
            Mood::Well | Mood::Slow => self.inner.append(appends).await,
            Mood::ReadOnly | Mood::Away => Err(away()),
        }
    }

    async fn load(&self, stream_type: &str, streams: &[(Uuid, u64)]) -> Result<Vec<Recorded>, StoreError> {
        self.readable()?;
        self.inner.load(stream_type, streams).await
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<Recorded>, StoreError> {
        self.readable()?;
        self.inner.find_request(request_id).await
    }

    async fn read_committed(&self, after: Position, at_most: usize) -> Result<Vec<Recorded>, StoreError> {
        self.no_longer_slow().await;
        self.readable()?;
        self.inner.read_committed(after, at_most).await
    }

    async fn load_snapshots(&self, stream_type: &str, streams: &[Uuid]) -> Result<Vec<Snapshot>, StoreError> {
        self.readable()?;
        self.inner.load_snapshots(stream_type, streams).await
    }

    async fn store_snapshots(&self, stream_type: &str, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        self.readable()?;
        self.inner.store_snapshots(stream_type, snapshots).await
    }
}
