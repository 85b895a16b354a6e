//! An event log in memory and the feeds that read it.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a log in memory is as long as a test makes it"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::AccountId;
use domain::account::Event;
use proto::envelope::Envelope;
use proto::feed::{Batch, Delivery, Feed, FeedUnavailable, Malformed};
use proto::partition::{PARTITIONS, of_account};
use proto::trace::TraceContext;
use tokio::sync::Notify;

/// The log: what stands at each offset of each partition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    partitions: Mutex<Vec<Vec<Result<Envelope, Malformed>>>>,
    grown: Notify,
}

/// One reader of the log, with its faults.
#[derive(Debug)]
pub(crate) struct MemoryFeed {
    log: Log,
    at: Vec<i64>,
    stopped: BTreeSet<i32>,
    turn: usize,
    events_max: usize,
    deliver_twice: bool,
    again: Option<(i32, i64, i64)>,
    /// Read for `next_batches`, which has one of this partition already.
    waiting: Option<Batch>,
    /// Partitions whose beginning is still to be told, by an empty batch.
    announce: Vec<i32>,
    /// Nothing before this offset can be had any more.
    truncated_before: i64,
    /// So many calls fail before one succeeds.
    pub(crate) failures_left: u32,
}

pub(crate) fn envelope(account: AccountId, sequence: u64, event: &Event) -> Envelope {
    let data = serde_json::value::to_raw_value(event).unwrap();
    Envelope::new(
        account.as_uuid(),
        sequence,
        event.name(),
        "1",
        event.occurred_at(),
        data,
    )
}

impl Log {
    pub(crate) fn append(&self, account: AccountId, sequence: u64, event: &Event) -> i64 {
        self.append_raw(
            of_account(account.as_uuid()),
            Ok(envelope(account, sequence, event)),
        )
    }

    /// Appends anything; gives its offset.
    pub(crate) fn append_raw(&self, partition: i32, event: Result<Envelope, Malformed>) -> i64 {
        let mut partitions = self.shared.partitions.lock().unwrap();
        partitions.resize_with(PARTITIONS as usize, Vec::new);
        let log = &mut partitions[partition as usize];
        log.push(event);
        self.shared.grown.notify_waiters();
        log.len() as i64 - 1
    }

    /// Where each partition ends.
    pub(crate) fn ends(&self) -> Vec<i64> {
        let mut partitions = self.shared.partitions.lock().unwrap();
        partitions.resize_with(PARTITIONS as usize, Vec::new);
        partitions.iter().map(|log| log.len() as i64).collect()
    }

    pub(crate) fn feed(&self, events_max: usize) -> MemoryFeed {
        MemoryFeed {
            log: self.clone(),
            at: vec![0; PARTITIONS as usize],
            stopped: BTreeSet::new(),
            turn: 0,
            events_max,
            deliver_twice: false,
            again: None,
            waiting: None,
            announce: Vec::new(),
            truncated_before: 0,
            failures_left: 0,
        }
    }
}

impl MemoryFeed {
    /// Delivers each batch twice, the second time with half of the next one behind it.
    pub(crate) fn repeating(self) -> Self {
        Self {
            deliver_twice: true,
            ..self
        }
    }

    /// Begins at the end of every partition and says so, as a consumer may whose group got further than the tables.
    pub(crate) fn beginning_at_the_end(mut self) -> Self {
        self.at = self.log.ends();
        self.announce = (0..PARTITIONS).collect();
        self
    }

    pub(crate) fn truncated(self, before: i64) -> Self {
        Self {
            truncated_before: before,
            ..self
        }
    }

    fn read(&self, partition: i32, from: i64, events_max: usize) -> Option<Batch> {
        let partitions = self.log.shared.partitions.lock().unwrap();
        let log = partitions.get(partition as usize)?;
        let from = from.max(self.truncated_before);
        let rest = log.get(from as usize..).filter(|rest| !rest.is_empty())?;
        let deliveries: Vec<Delivery> = rest
            .iter()
            .take(events_max)
            .zip(from..)
            .map(|(event, offset)| Delivery {
                offset,
                event: event.clone(),
                trace: Some(TraceContext::start()),
            })
            .collect();
        let next = from + deliveries.len() as i64;
        Some(Batch {
            partition,
            from,
            next,
            deliveries,
        })
    }

    fn poll(&mut self) -> Option<Batch> {
        if let Some((partition, from, events)) = self.again.take() {
            return self.read(partition, from, events as usize);
        }
        if let Some(partition) = self.announce.pop() {
            let at = self.at[partition as usize];
            return Some(Batch {
                partition,
                from: at,
                next: at,
                deliveries: Vec::new(),
            });
        }
        for _ in 0..PARTITIONS {
            self.turn = (self.turn + 1) % PARTITIONS as usize;
            let partition = self.turn as i32;
            if self.stopped.contains(&partition) {
                continue;
            }
            if let Some(batch) = self.read(partition, self.at[self.turn], self.events_max) {
                self.at[self.turn] = batch.next;
                if self.deliver_twice {
                    let events = batch.next - batch.from;
                    self.again = Some((partition, batch.from, events + events / 2));
                }
                return Some(batch);
            }
        }
        None
    }

    fn fail(&mut self) -> Result<(), FeedUnavailable> {
        if self.failures_left == 0 {
            return Ok(());
        }
        self.failures_left -= 1;
        Err(FeedUnavailable("the test says so".into()))
    }
}

#[async_trait]
impl Feed for MemoryFeed {
    async fn next_batch(&mut self) -> Result<Batch, FeedUnavailable> {
        self.fail()?;
        loop {
            let shared = Arc::clone(&self.log.shared);
            let grown = shared.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            if let Some(batch) = self.waiting.take().or_else(|| self.poll()) {
                return Ok(batch);
            }
            grown.await;
        }
    }

    async fn next_batches(&mut self) -> Result<Vec<Batch>, FeedUnavailable> {
        let mut batches = vec![self.next_batch().await?];
        while let Some(batch) = self.poll() {
            if batches.iter().any(|taken| taken.partition == batch.partition) {
                self.waiting = Some(batch);
                break;
            }
            batches.push(batch);
        }
        Ok(batches)
    }

    async fn seek(&mut self, partition: i32, offset: i64) -> Result<(), FeedUnavailable> {
        self.fail()?;
        self.waiting.take_if(|batch| batch.partition == partition);
        self.at[partition as usize] = offset;
        Ok(())
    }

    async fn stop(&mut self, partition: i32) -> Result<(), FeedUnavailable> {
        self.fail()?;
        self.waiting.take_if(|batch| batch.partition == partition);
        self.stopped.insert(partition);
        Ok(())
    }

    async fn acknowledge(&mut self, _partition: i32, _next: i64) -> Result<(), FeedUnavailable> {
        self.fail()
    }
}
