//! Rebuilds read models from the beginning of the feed, in a space of their own, while the old ones serve; then swaps them in
//! at exactly the place the live ones have reached, so that the live worker goes on without noticing.

use std::time::Duration;

use proto::feed::{Batch, Feed};
use thiserror::Error;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::apply::{Applied, Outcome, apply, apply_side_by_side, taking_ahead};
use crate::backoff::{Backoff, Cancelled};
use crate::checkpoint::{self, Positions};
use crate::projection::{ADDED_TO, Projection};
use crate::recorded::{Poison, Reading};
use crate::store::{Fault, Indexes, ReadStore, Space, StoreError, Swap, fault};

/// How often it says how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);
/// How often it looks how far the live read models are.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// A feed that was sent back to the same place so often does not have it. One round of all partitions is no such row.
const SEEKS_MAX: u32 = 100;
/// A feed that has not brought what the live read models were made of for so long will not bring it.
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// Why nothing was rebuilt. The old read models serve on.
#[derive(Debug, Error)]
pub enum RebuildError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the event {event_id} cannot be applied: {reason}")]
    Poison { event_id: String, reason: String },
    #[error(
        "the feed does not bring the events of partition {partition} from {at} to {target}, which the live read models have"
    )]
    Silent { partition: i32, at: i64, target: i64 },
    #[error("cancelled")]
    Cancelled,
}

/// What was rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events applied.
    pub events: u64,
    pub elapsed: Duration,
}

/// Rebuilds `projections` of `live` from `feed`, which must reach every partition from its first event. Workers may go on
/// meanwhile, in this process or another; they pause for the moment of the swap.
pub async fn rebuild(
    live: &ReadStore,
    projections: &[Projection],
    feed: Box<dyn Feed>,
    cancel: &CancellationToken,
) -> Result<Rebuilt, RebuildError> {
    let space = Space::make(live, &space_name(projections)).await?;
    let started = Instant::now();
    let mut rebuild = Rebuild {
        live,
        projections,
        space: &space,
        feed,
        cancel,
        at: Positions::new(),
        fed: Positions::new(),
        ahead: Vec::new(),
        events: 0,
        seeks: 0,
        progress_at: started + PROGRESS_INTERVAL,
    };
    let done = rebuild.run().await;
    let events = rebuild.events;
    drop(rebuild);
    if let Err(error) = space.discard().await {
        warn!(
            error = &error as &dyn std::error::Error,
            "the space of the rebuild could not be removed; the next one does"
        );
    }
    done?;
    let elapsed = started.elapsed();
    info!(?projections, events, ?elapsed, "rebuilt");
    Ok(Rebuilt { events, elapsed })
}

/// Rebuilding everything has a short name, since PostgreSQL's names are.
fn space_name(projections: &[Projection]) -> String {
    if covers_all(projections) {
        return "all".to_owned();
    }
    let names: Vec<&str> = projections.iter().map(|projection| projection.name()).collect();
    names.join("_")
}

fn covers_all(projections: &[Projection]) -> bool {
    Projection::ALL
        .iter()
        .all(|projection| projections.contains(projection))
}

struct Rebuild<'r> {
    live: &'r ReadStore,
    projections: &'r [Projection],
    space: &'r Space,
    feed: Box<dyn Feed>,
    cancel: &'r CancellationToken,
    /// How far the space is.
    at: Positions,
    /// How far the feed has delivered, which may be beyond what could be taken then.
    fed: Positions,
    /// Taken off the feed while the batches before were applied.
    ahead: Vec<Batch>,
    events: u64,
    /// How often in a row the feed was sent back without bringing anything that follows.
    seeks: u32,
    progress_at: Instant,
}

impl Rebuild<'_> {
    async fn run(&mut self) -> Result<(), RebuildError> {
        let taken_off = self.space.take_off_indexes(&ADDED_TO).await;
        let indexes = taken_off.map_err(StoreError::from)?;
        self.catch_up().await?;
        self.put_on(&indexes).await?;
        // The live ones moved on meanwhile.
        self.catch_up().await?;
        let mut swap = self.space.begin_swap().await.map_err(StoreError::from)?;
        let targets = checkpoint::positions_in(&mut swap.tx)
            .await
            .map_err(StoreError::from)?;
        while !self.reached(&targets) {
            self.step(&targets).await?;
        }
        swap_in(swap, self.projections, &targets)
            .await
            .map_err(StoreError::from)?;
        Ok(())
    }

    async fn put_on(&mut self, indexes: &Indexes) -> Result<(), RebuildError> {
        info!(events = self.events, "making the indexes");
        tokio::select! {
            () = self.cancel.cancelled() => Err(RebuildError::Cancelled),
            done = self.space.put_on_indexes(indexes) => Ok(done.map_err(StoreError::from)?),
        }
    }

    /// Follows the live read models, which move on, until it is where they were a moment ago.
    async fn catch_up(&mut self) -> Result<(), RebuildError> {
        loop {
            let targets = checkpoint::positions(self.live).await.map_err(StoreError::from)?;
            if self.reached(&targets) {
                return Ok(());
            }
            let look_at = Instant::now() + LOOK_INTERVAL;
            while Instant::now() < look_at && !self.reached(&targets) {
                self.step(&targets).await?;
            }
            self.tell(&targets);
        }
    }

    fn reached(&self, targets: &Positions) -> bool {
        self.furthest(targets).is_none()
    }

    /// A partition that is not at its target yet.
    fn furthest(&self, targets: &Positions) -> Option<(i32, i64, i64)> {
        targets.iter().find_map(|(&partition, &target)| {
            let at = self.position(partition);
            (at < target).then_some((partition, at, target))
        })
    }

    fn position(&self, partition: i32) -> i64 {
        self.at.get(&partition).copied().unwrap_or(0)
    }

    /// Applies what comes next, as far as the live read models are. Beyond them nothing may be applied: what is swapped in must
    /// not be ahead of the checkpoints that it is swapped in under.
    async fn step(&mut self, targets: &Positions) -> Result<(), RebuildError> {
        let mut wanted = std::mem::take(&mut self.ahead);
        if wanted.is_empty() {
            self.go_back(targets).await?;
            wanted = self.next_batches(targets).await?;
        }
        self.fed
            .extend(wanted.iter().map(|batch| (batch.partition, batch.next)));
        let target = |partition| targets.get(&partition).copied().unwrap_or(0);
        wanted.retain(|batch| self.position(batch.partition) < target(batch.partition));
        for batch in &mut wanted {
            let target = target(batch.partition);
            batch.next = batch.next.min(target);
            batch.deliveries.retain(|delivery| delivery.offset < target);
        }
        let applying = apply_side_by_side(self.space.store(), self.projections, wanted);
        let (applied, ahead) = taking_ahead(applying, self.next_batches(targets)).await;
        // What went wrong is met again when there is nothing else to do.
        self.ahead = ahead.and_then(Result::ok).unwrap_or_default();
        for (reading, applied) in applied {
            match applied {
                Some(applied) => self.applied(reading.partition, &applied),
                None => self.apply_alone(&reading, targets).await?,
            }
        }
        Ok(())
    }

    fn applied(&mut self, partition: i32, applied: &Applied) {
        self.events += applied.events.len() as u64;
        self.seeks = 0;
        self.at.insert(partition, applied.next_offset);
    }

    async fn apply_alone(&mut self, reading: &Reading, targets: &Positions) -> Result<(), RebuildError> {
        let partition = reading.partition;
        let mut backoff = Backoff::new();
        loop {
            match apply(self.space.store(), self.projections, reading).await {
                Ok(Outcome::Elsewhere { next_offset: at }) if self.seeks >= SEEKS_MAX => {
                    return Err(RebuildError::Silent {
                        partition,
                        at,
                        target: targets.get(&partition).copied().unwrap_or(0),
                    });
                }
                Ok(Outcome::Elsewhere { next_offset }) => return self.seek(partition, next_offset).await,
                Ok(Outcome::Applied(applied)) => {
                    if let Some(Poison { event_id, reason, .. }) = applied.poison {
                        return Err(RebuildError::Poison { event_id, reason });
                    }
                    self.applied(partition, &applied);
                    return Ok(());
                }
                Err(error) if fault(&error) == Fault::Away => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "the read store is away; trying again"
                    );
                    backoff.wait(self.cancel).await?;
                }
                Err(error) => return Err(StoreError::from(error).into()),
            }
        }
    }

    /// Asks again for what the feed delivered when it was still too early for it.
    async fn go_back(&mut self, targets: &Positions) -> Result<(), RebuildError> {
        for (&partition, &target) in targets {
            let at = self.position(partition);
            if at < target && self.fed.get(&partition).is_some_and(|&fed| fed > at) {
                self.seek(partition, at).await?;
                self.fed.insert(partition, at);
            }
        }
        Ok(())
    }

    /// The next batches; none if the feed was away, and has been waited for.
    async fn next_batches(&mut self, targets: &Positions) -> Result<Vec<Batch>, RebuildError> {
        let batches = tokio::select! {
            () = self.cancel.cancelled() => return Err(RebuildError::Cancelled),
            batches = timeout(SILENCE_MAX, self.feed.next_batches()) => batches,
        };
        match batches {
            Ok(Ok(batches)) => Ok(batches),
            Ok(Err(unavailable)) => {
                warn!(
                    error = &unavailable as &dyn std::error::Error,
                    "the feed is away; trying again"
                );
                Backoff::new().wait(self.cancel).await?;
                Ok(Vec::new())
            }
            Err(_) => match self.furthest(targets) {
                Some((partition, at, target)) => Err(RebuildError::Silent {
                    partition,
                    at,
                    target,
                }),
                None => Ok(Vec::new()),
            },
        }
    }

    async fn seek(&mut self, partition: i32, offset: i64) -> Result<(), RebuildError> {
        self.seeks += 1;
        self.ahead.retain(|batch| batch.partition != partition);
        let mut backoff = Backoff::new();
        while let Err(unavailable) = self.feed.seek(partition, offset).await {
            warn!(
                error = &unavailable as &dyn std::error::Error,
                "the feed is away; trying again"
            );
            backoff.wait(self.cancel).await?;
        }
        Ok(())
    }

    fn tell(&mut self, targets: &Positions) {
        if Instant::now() < self.progress_at {
            return;
        }
        self.progress_at = Instant::now() + PROGRESS_INTERVAL;
        let left: i64 = targets
            .iter()
            .map(|(&partition, &target)| target.saturating_sub(self.position(partition)).max(0))
            .sum();
        info!(events = self.events, offsets_left = left, "rebuilding");
    }
}

async fn swap_in(
    mut swap: Swap,
    projections: &[Projection],
    positions: &Positions,
) -> Result<(), sqlx::Error> {
    let mut tables: Vec<&str> = projections
        .iter()
        .flat_map(|projection| projection.tables())
        .copied()
        .collect();
    if covers_all(projections) {
        // Shared by all, so it is replaced only with all of them.
        tables.push("account_version");
    }
    swap.replace(&tables).await?;
    checkpoint::level(&mut swap.tx, projections, positions).await?;
    swap.commit().await
}

impl From<Cancelled> for RebuildError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}
