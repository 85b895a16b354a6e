//! The feed straight from the event table, for the embedded bank: the same partitions and the same contract as Kafka's, from
//! one file in the same process.
//!
//! An offset is the `number` of an event's position, which puts all events in the order of their commits only where the
//! transaction is always zero. That is SQLite; a feed over PostgreSQL must not be made like this.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use proto::feed::{Batch, Delivery, Feed, FeedUnavailable, Malformed};
use proto::partition::{self, PARTITIONS};
use tokio::sync::watch;
use tokio::time::{self, Instant};

use super::envelope::envelope_of;
use super::sqlite::SqliteEventLog;
use super::{ACCOUNT_STREAM, EventLog, Position, Recorded, StoreError};

/// Events read from the table at once.
const SCAN_MAX: usize = 8_192;
/// Where as many as this are read at once, but not so many that there must be more, the next ones are gathered: a transaction of
/// the reader's writes a page once, however many of its events are on that page.
const GATHERED_MIN: usize = 512;
/// How long they are gathered, from one look at the table to the next. At thousands of purchases a second a statement is as much
/// later.
const GATHERED_FOR: Duration = Duration::from_millis(500);
/// A partition without events of its own is told where the scan is when it is this far ahead, so that the partition does not
/// begin from the distant past after a restart.
const QUIET_MAX: i64 = 4_096;
/// How long an event that another process appended may go unnoticed. After as long without any, every partition is told where the
/// scan is: readers of one table, who met its end at different moments, then stand at the same place.
const POLL: Duration = Duration::from_millis(500);

/// A reader of the whole table that delivers it partition by partition.
///
/// It begins at the table's end, with an empty batch for each partition that says so: the reader then sends each partition to
/// where it stands, and nothing that it has applied is read again, however long the table is.
#[derive(Debug)]
pub struct TableFeed {
    log: Arc<SqliteEventLog>,
    appended: watch::Receiver<()>,
    cursors: Vec<Cursor>,
    /// The table is not read before.
    next_scan: Instant,
    /// Partitions that have no place yet.
    to_begin: Vec<i32>,
    /// Read and not delivered yet.
    ready: VecDeque<Batch>,
}

/// How far one partition is.
#[derive(Debug, Clone, Default)]
struct Cursor {
    /// Every event of the partition before this offset was read.
    scanned: i64,
    /// Where the last batch ended: from here to `scanned` there is nothing in this partition.
    delivered: i64,
    stopped: bool,
}

impl TableFeed {
    pub fn new(log: Arc<SqliteEventLog>) -> Self {
        Self {
            appended: log.appended(),
            log,
            cursors: (0..PARTITIONS).map(|_| Cursor::default()).collect(),
            next_scan: Instant::now(),
            to_begin: (0..PARTITIONS).collect(),
            ready: VecDeque::new(),
        }
    }

    /// Puts the partitions that the reader has not sent anywhere to the table's end.
    async fn begin(&mut self) -> Result<(), FeedUnavailable> {
        let end = self.log.last_number().await.map_err(unavailable)? + 1;
        for partition in std::mem::take(&mut self.to_begin) {
            *self.cursor(partition)? = Cursor::at(end);
            self.ready.push_back(Batch {
                partition,
                from: end,
                next: end,
                deliveries: Vec::new(),
            });
        }
        Ok(())
    }

    /// Reads on from where the partition that is furthest behind stands. Returns whether there was anything.
    async fn scan(&mut self) -> Result<bool, FeedUnavailable> {
        let Some(from) = self
            .cursors
            .iter()
            .filter(|cursor| !cursor.stopped)
            .map(|cursor| cursor.scanned)
            .min()
        else {
            return Ok(false);
        };
        let after = Position {
            transaction: 0,
            number: from.saturating_sub(1),
        };
        time::sleep_until(self.next_scan).await;
        let events = self
            .log
            .read_committed(after, SCAN_MAX)
            .await
            .map_err(unavailable)?;
        if (GATHERED_MIN..SCAN_MAX).contains(&events.len()) {
            self.next_scan = Instant::now() + GATHERED_FOR;
        }
        let Some(scanned) = events.last().map(|event| event.position.number + 1) else {
            return Ok(false);
        };
        // From here on nothing waits, so that a dropped call has either done all of this or nothing.
        let mut deliveries: Vec<Vec<Delivery>> = self.cursors.iter().map(|_| Vec::new()).collect();
        for event in events.iter().filter(|event| event.stream_type == ACCOUNT_STREAM) {
            let partition = usize::try_from(partition::of_account(event.stream_id)).unwrap_or_default();
            let wanted = self
                .cursors
                .get(partition)
                .is_some_and(|cursor| cursor.wants(event.position.number));
            if let (true, Some(deliveries)) = (wanted, deliveries.get_mut(partition)) {
                deliveries.push(delivery(event));
            }
        }
        for ((partition, cursor), deliveries) in (0..).zip(&mut self.cursors).zip(deliveries) {
            self.ready.extend(cursor.advance(partition, scanned, deliveries));
        }
        Ok(true)
    }

    /// A partition's place, to be changed: what was read for it from the old place is dropped.
    fn cursor(&mut self, partition: i32) -> Result<&mut Cursor, FeedUnavailable> {
        self.to_begin.retain(|waiting| *waiting != partition);
        self.ready.retain(|batch| batch.partition != partition);
        usize::try_from(partition)
            .ok()
            .and_then(|index| self.cursors.get_mut(index))
            .ok_or_else(|| FeedUnavailable(format!("there is no partition {partition}").into()))
    }
}

impl Cursor {
    fn at(offset: i64) -> Self {
        Self {
            scanned: offset,
            delivered: offset,
            stopped: false,
        }
    }

    fn wants(&self, offset: i64) -> bool {
        !self.stopped && offset >= self.scanned
    }

    /// Moves on to `scanned` with what was found on the way, and makes a batch of it if the reader should hear of it.
    fn advance(&mut self, partition: i32, scanned: i64, deliveries: Vec<Delivery>) -> Option<Batch> {
        if !self.wants(scanned - 1) {
            return None;
        }
        self.scanned = scanned;
        if deliveries.is_empty() && scanned - self.delivered < QUIET_MAX {
            return None;
        }
        Some(self.deliver(partition, deliveries))
    }

    /// What was read for a partition that was told less, if there is such.
    fn rest(&mut self, partition: i32) -> Option<Batch> {
        let is_told = self.stopped || self.delivered == self.scanned;
        (!is_told).then(|| self.deliver(partition, Vec::new()))
    }

    fn deliver(&mut self, partition: i32, deliveries: Vec<Delivery>) -> Batch {
        let from = std::mem::replace(&mut self.delivered, self.scanned);
        Batch {
            partition,
            from,
            next: self.scanned,
            deliveries,
        }
    }
}

#[async_trait]
impl Feed for TableFeed {
    async fn next_batch(&mut self) -> Result<Batch, FeedUnavailable> {
        loop {
            if !self.to_begin.is_empty() {
                self.begin().await?;
            }
            if let Some(batch) = self.ready.pop_front() {
                return Ok(batch);
            }
            self.appended.mark_unchanged(); // before the scan, so that what is appended during it is not waited for
            if !self.scan().await? {
                // Woken or not, it looks again; `changed` cannot fail while this feed holds the log.
                let is_quiet = time::timeout(POLL, self.appended.changed()).await.is_err();
                if is_quiet {
                    let cursors = (0..).zip(&mut self.cursors);
                    self.ready
                        .extend(cursors.filter_map(|(partition, cursor)| cursor.rest(partition)));
                }
            }
        }
    }

    async fn next_batches(&mut self) -> Result<Vec<Batch>, FeedUnavailable> {
        let mut batches = vec![self.next_batch().await?];
        let taken =
            |batches: &[Batch], next: &Batch| batches.iter().any(|batch| batch.partition == next.partition);
        while let Some(next) = self.ready.pop_front_if(|next| !taken(&batches, next)) {
            batches.push(next);
        }
        Ok(batches)
    }

    async fn seek(&mut self, partition: i32, offset: i64) -> Result<(), FeedUnavailable> {
        *self.cursor(partition)? = Cursor::at(offset.max(0));
        Ok(())
    }

    async fn stop(&mut self, partition: i32) -> Result<(), FeedUnavailable> {
        self.cursor(partition)?.stopped = true;
        Ok(())
    }

    /// Nobody but the reader itself looks at a table's lag.
    async fn acknowledge(&mut self, _partition: i32, _next: i64) -> Result<(), FeedUnavailable> {
        Ok(())
    }
}

fn delivery(event: &Recorded) -> Delivery {
    Delivery {
        offset: event.position.number,
        event: envelope_of(event).map_err(|error| Malformed {
            event_id: event.event_id(),
            reason: error.to_string(),
        }),
        trace: event.metadata.trace(),
    }
}

fn unavailable(error: StoreError) -> FeedUnavailable {
    FeedUnavailable(Box::new(error))
}

#[cfg(test)]
mod tests;
