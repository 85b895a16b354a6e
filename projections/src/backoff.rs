//! Waiting between tries: longer each time, up to a second or two, with jitter so that many processes do not come back at once.

use std::fmt;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio_util::sync::CancellationToken;

const DELAY_MIN: Duration = Duration::from_millis(50);
/// Short, because what is away is back only when it is asked again: a Kafka client takes its partitions up while it is read.
const DELAY_MAX: Duration = Duration::from_secs(1);

/// The delays of one row of failures.
pub(crate) struct Backoff(ExponentialBackoff);

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backoff")
    }
}

/// It is time to stop rather than to try again.
#[derive(Debug)]
pub(crate) struct Cancelled;

impl Backoff {
    pub(crate) fn new() -> Self {
        let builder = ExponentialBuilder::default()
            .with_min_delay(DELAY_MIN)
            .with_max_delay(DELAY_MAX)
            .with_jitter()
            .without_max_times();
        Self(builder.build())
    }

    /// Waits for the next try.
    pub(crate) async fn wait(&mut self, cancel: &CancellationToken) -> Result<(), Cancelled> {
        let delay = self.0.next().unwrap_or(DELAY_MAX);
        tokio::select! {
            () = cancel.cancelled() => Err(Cancelled),
            () = tokio::time::sleep(delay) => Ok(()),
        }
    }
}
