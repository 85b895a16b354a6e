//! The worker: takes batches off a feed and applies them, for as long as it may.
//!
//! An event that cannot be applied stops its partition, loudly, and nothing else. A database or a feed that is away is waited
//! for. What is applied, and how, is not its business (`apply`, `fold`).

use std::collections::HashMap;
use std::time::Duration;

use proto::feed::{Batch, Feed, FeedUnavailable};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, error, info, info_span, warn};

use crate::apply::{Applied, Outcome, apply, apply_side_by_side, taking_ahead};
use crate::backoff::{Backoff, Cancelled};
use crate::health::Health;
use crate::metrics;
use crate::projection::Projection;
use crate::recorded::{Poison, Reading};
use crate::store::{Fault, ReadStore, fault};

/// How often a feed is asked to go to the same offset before it is believed that it cannot.
const SEEKS_MAX: u32 = 3;

/// Applies a feed to the read models.
#[derive(Debug)]
pub struct Worker {
    store: ReadStore,
    health: Health,
    /// Per partition: where the feed was last sent, and how often in a row.
    seeks: HashMap<i32, (i64, u32)>,
    /// Taken off the feed while the batches before were applied.
    ahead: Vec<Batch>,
}

/// How long a feed that failed must wait without failing again to count as back.
const FEED_QUIET: Duration = Duration::from_secs(2);

impl Worker {
    pub fn new(store: ReadStore) -> Self {
        Self {
            store,
            health: Health::default(),
            seeks: HashMap::new(),
            ahead: Vec::new(),
        }
    }

    /// Where to see how it is doing.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Works until it is cancelled; a batch under way is finished first.
    pub async fn run(mut self, mut feed: impl Feed, cancel: CancellationToken) {
        while let Ok(()) = self.next(&mut feed, &cancel).await {}
        info!("the projection worker has stopped");
    }

    /// Together where nothing is in the way; otherwise one after the other, so that trouble stays with its partition.
    async fn next(&mut self, feed: &mut impl Feed, cancel: &CancellationToken) -> Result<(), Cancelled> {
        let mut batches = std::mem::take(&mut self.ahead);
        if batches.is_empty() {
            batches = self.next_batches(feed, cancel).await?;
        }
        let applying = apply_side_by_side(&self.store, &Projection::ALL, batches);
        let (applied, ahead) = taking_ahead(applying, self.next_batches(feed, cancel)).await;
        // That it is cancelled is found again at once.
        self.ahead = ahead.and_then(Result::ok).unwrap_or_default();
        for (reading, applied) in applied {
            if let Some(applied) = applied {
                self.health.store(None);
                self.applied(&reading, &applied);
                self.acknowledge(feed, reading.partition, applied.next_offset)
                    .await;
                continue;
            }
            let span = info_span!(
                "apply_batch",
                partition = reading.partition,
                from = reading.from,
                next = reading.next
            );
            self.handle(feed, reading, cancel).instrument(span).await?;
        }
        Ok(())
    }

    async fn next_batches(
        &self,
        feed: &mut impl Feed,
        cancel: &CancellationToken,
    ) -> Result<Vec<Batch>, Cancelled> {
        let mut backoff = Backoff::new();
        loop {
            let batches = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Cancelled),
                batches = feed.next_batches() => batches,
                // A feed that waits again without complaint is back; there may be nothing to deliver for long.
                () = tokio::time::sleep(FEED_QUIET) => {
                    self.health.feed(None);
                    continue;
                }
            };
            match batches {
                Ok(batches) => {
                    self.health.feed(None);
                    return Ok(batches);
                }
                Err(unavailable) => self.wait_for_feed(&unavailable, &mut backoff, cancel).await?,
            }
        }
    }

    async fn handle(
        &mut self,
        feed: &mut impl Feed,
        reading: Reading,
        cancel: &CancellationToken,
    ) -> Result<(), Cancelled> {
        let mut backoff = Backoff::new();
        // The reading, or what is left of it after the database refused some of it: the next part last.
        let mut parts = vec![reading];
        while let Some(reading) = parts.pop() {
            match apply(&self.store, &Projection::ALL, &reading).await {
                Ok(Outcome::Elsewhere { next_offset }) => match self.gone(&reading, next_offset) {
                    Some(nothing_but_poison) => parts = vec![nothing_but_poison],
                    None => return self.seek(feed, reading.partition, next_offset, cancel).await,
                },
                Ok(Outcome::Applied(applied)) => {
                    self.health.store(None);
                    self.applied(&reading, &applied);
                    if applied.poison.is_some() {
                        return self.stop(feed, reading.partition, cancel).await;
                    }
                    self.acknowledge(feed, reading.partition, applied.next_offset)
                        .await;
                }
                Err(error) if fault(&error) == Fault::Data && !reading.events.is_empty() => {
                    parts.extend(narrowed(reading, &error));
                }
                Err(error) => {
                    self.health.store(Some(error.to_string()));
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "the read store is away; trying again"
                    );
                    backoff.wait(cancel).await?;
                    parts.push(reading);
                }
            }
        }
        Ok(())
    }

    fn applied(&mut self, reading: &Reading, applied: &Applied) {
        self.seeks.remove(&reading.partition);
        for recorded in reading.events.get(applied.events.clone()).unwrap_or_default() {
            debug!(
                event_id = recorded.event_id,
                trace_id = recorded.trace.map(|trace| trace.trace_id().to_string()),
                "applied"
            );
            metrics::lag(recorded.time);
        }
        metrics::events(applied.events.len());
        let partition = reading.partition;
        let poison = applied.poison.as_ref();
        if self
            .health
            .partition(partition, applied.next_offset, poison, &applied.behind)
            && !applied.behind.is_empty()
        {
            error!(partition, projections = ?applied.behind, "not applied from the beginning: rebuild these projections");
        }
        if let Some(Poison {
            offset,
            event_id,
            reason,
        }) = poison
        {
            error!(
                partition,
                offset, event_id, reason, "an event cannot be applied; its partition stops here"
            );
        }
        metrics::stopped_partitions(self.health.stopped_partitions());
    }

    /// Whether the feed, sent back again and again, still begins later: then the events in between are gone, and the
    /// partition stops as at an event that cannot be read.
    fn gone(&mut self, reading: &Reading, next_offset: i64) -> Option<Reading> {
        let (offset, times) = self.seeks.entry(reading.partition).or_insert((next_offset, 0));
        if *offset != next_offset {
            (*offset, *times) = (next_offset, 0);
        }
        *times += 1;
        let partition = reading.partition;
        (*times > SEEKS_MAX && reading.from > next_offset).then(|| Reading {
            partition,
            from: next_offset,
            next: next_offset,
            events: Vec::new(),
            poison: Some(Poison {
                offset: next_offset,
                event_id: format!("partition {partition}, offset {next_offset}"),
                reason: format!(
                    "the feed has nothing before offset {}: events are missing",
                    reading.from
                ),
            }),
        })
    }

    async fn seek(
        &mut self,
        feed: &mut impl Feed,
        partition: i32,
        offset: i64,
        cancel: &CancellationToken,
    ) -> Result<(), Cancelled> {
        debug!(partition, offset, "the feed goes to where the read models stand");
        self.ahead.retain(|batch| batch.partition != partition);
        let mut backoff = Backoff::new();
        while let Err(unavailable) = feed.seek(partition, offset).await {
            self.wait_for_feed(&unavailable, &mut backoff, cancel).await?;
        }
        Ok(())
    }

    async fn stop(
        &mut self,
        feed: &mut impl Feed,
        partition: i32,
        cancel: &CancellationToken,
    ) -> Result<(), Cancelled> {
        self.ahead.retain(|batch| batch.partition != partition);
        let mut backoff = Backoff::new();
        while let Err(unavailable) = feed.stop(partition).await {
            self.wait_for_feed(&unavailable, &mut backoff, cancel).await?;
        }
        Ok(())
    }

    /// For operators only: what counts is the checkpoint, so a failure is not worth a second try.
    async fn acknowledge(&self, feed: &mut impl Feed, partition: i32, next_offset: i64) {
        if let Err(unavailable) = feed.acknowledge(partition, next_offset).await {
            debug!(error = &unavailable as &dyn std::error::Error, "not acknowledged");
        }
    }

    async fn wait_for_feed(
        &self,
        unavailable: &FeedUnavailable,
        backoff: &mut Backoff,
        cancel: &CancellationToken,
    ) -> Result<(), Cancelled> {
        self.health.feed(Some(unavailable.to_string()));
        warn!(
            error = unavailable as &dyn std::error::Error,
            "the feed is away; trying again"
        );
        backoff.wait(cancel).await
    }
}

/// What the database refused for its values, in smaller parts; of a single event, that it is refused.
fn narrowed(reading: Reading, error: &sqlx::Error) -> Vec<Reading> {
    match reading.halves() {
        Ok((first, second)) => vec![second, first],
        Err(mut single) => {
            single.poison = single.events.pop().map(|recorded| Poison {
                offset: recorded.offset,
                event_id: recorded.event_id,
                reason: format!("the read store refuses it: {error}"),
            });
            vec![single]
        }
    }
}
