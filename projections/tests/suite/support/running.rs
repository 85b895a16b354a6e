//! A worker under test.

use std::time::Duration;

use projections::health::Health;
use projections::{ReadStore, Worker};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::feed::MemoryFeed;

pub(crate) struct Running {
    pub(crate) health: Health,
    cancel: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) fn start(store: &ReadStore, feed: MemoryFeed) -> Running {
    let worker = Worker::new(store.clone());
    let (health, cancel) = (worker.health(), CancellationToken::new());
    let task = tokio::spawn(worker.run(feed, cancel.clone()));
    Running { health, cancel, task }
}

impl Running {
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap();
    }

    /// Waits until so many partitions have stopped; gives event id and reason of each.
    pub(crate) async fn stopped(&self, count: usize) -> Vec<(String, String)> {
        test_support::eventually("partitions have stopped", Duration::from_secs(20), async || {
            let report = self.health.report();
            let stopped: Vec<(String, String)> = report
                .stopped()
                .map(|(_, stopped)| (stopped.event_id.clone(), stopped.reason.clone()))
                .collect();
            if stopped.len() == count {
                Ok(stopped)
            } else {
                Err(report)
            }
        })
        .await
    }
}
