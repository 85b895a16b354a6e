//! A reader as the projections' worker is one: it knows where it stands, and sends the feed there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use projections::kafka_feed::KafkaFeed;
use proto::feed::Feed as _;
use tokio::task::JoinHandle;

/// What all readers have applied, by partition: the sequences in order.
#[derive(Debug, Default, Clone)]
pub(crate) struct Applied(Arc<Mutex<HashMap<i32, Vec<u64>>>>);

impl Applied {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().values().map(Vec::len).sum()
    }

    /// Everything once, in order, in each of the partitions.
    pub(crate) fn assert_whole(&self, partitions: usize, events_each: u64) {
        let applied = self.0.lock().unwrap();
        assert_eq!(applied.len(), partitions);
        for (partition, sequences) in applied.iter() {
            assert_eq!(
                *sequences,
                (1..=events_each).collect::<Vec<_>>(),
                "partition {partition}"
            );
        }
    }

    /// The offset to be applied next.
    fn next(&self, partition: i32) -> i64 {
        i64::try_from(self.0.lock().unwrap().get(&partition).map_or(0, Vec::len)).unwrap()
    }

    fn apply(&self, partition: i32, offset: i64, sequence: u64) {
        let mut applied = self.0.lock().unwrap();
        let sequences = applied.entry(partition).or_default();
        // Two readers may believe a partition theirs for a moment; a transaction would keep them apart as this lock does.
        if i64::try_from(sequences.len()) == Ok(offset) {
            sequences.push(sequence);
        }
    }
}

/// Reads until it is aborted.
pub(crate) fn start(mut feed: KafkaFeed, applied: Applied) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let Ok(batch) = feed.next_batch().await else {
                continue;
            };
            let next = applied.next(batch.partition);
            if batch.from > next {
                while feed.seek(batch.partition, next).await.is_err() {}
                continue;
            }
            for delivery in &batch.deliveries {
                let event = delivery.event.as_ref().expect("an event");
                applied.apply(batch.partition, delivery.offset, event.sequence);
            }
            feed.acknowledge(batch.partition, batch.next)
                .await
                .expect("acknowledged");
        }
    })
}
