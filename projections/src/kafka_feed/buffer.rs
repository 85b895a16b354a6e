//! What has arrived and is not delivered yet, by partition.

use std::collections::{HashMap, VecDeque};

use proto::feed::{Batch, Delivery};

/// Deliveries that wait for their batch. Never more than one batch holds.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    partitions: HashMap<i32, VecDeque<Delivery>>,
    /// The partitions that have something, the one that waits longest first.
    turns: VecDeque<i32>,
    len: usize,
}

impl Buffer {
    /// How many deliveries wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, partition: i32, delivery: Delivery) {
        let waiting = self.partitions.entry(partition).or_default();
        if waiting.is_empty() {
            self.turns.push_back(partition);
        }
        waiting.push_back(delivery);
        self.len += 1;
    }

    /// The next batch: what follows without a gap in the partition whose turn it is. An offset that is missing in between
    /// ends the batch, so that the reader sees where the next one begins.
    pub(super) fn take_batch(&mut self, at_most: usize) -> Option<Batch> {
        let partition = self.turns.pop_front()?;
        let waiting = self.partitions.get_mut(&partition)?;
        let from = waiting.front()?.offset;
        let mut next = from;
        let mut deliveries = Vec::with_capacity(waiting.len().min(at_most));
        while deliveries.len() < at_most.max(1)
            && let Some(delivery) = waiting.pop_front_if(|delivery| delivery.offset == next)
        {
            next += 1;
            deliveries.push(delivery);
        }
        self.len -= deliveries.len();
        if !waiting.is_empty() {
            self.turns.push_back(partition);
        }
        Some(Batch {
            partition,
            from,
            next,
            deliveries,
        })
    }

    /// A batch of each partition that has one and is not among these.
    pub(super) fn take_others(&mut self, taken: &mut Vec<Batch>, at_most: usize) {
        for _ in 0..self.turns.len() {
            let next = self.turns.front().copied();
            if taken.iter().any(|batch| Some(batch.partition) == next) {
                self.turns.rotate_left(1);
            } else {
                taken.extend(self.take_batch(at_most));
            }
        }
    }

    /// Drops what waits of a partition.
    pub(super) fn forget(&mut self, partition: i32) {
        if let Some(waiting) = self.partitions.remove(&partition) {
            self.len -= waiting.len();
            self.turns.retain(|turn| *turn != partition);
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::feed::Malformed;

    use super::*;

    fn delivery(offset: i64) -> Delivery {
        let event = Err(Malformed {
            event_id: offset.to_string(),
            reason: "of no matter here".to_owned(),
        });
        Delivery {
            offset,
            event,
            trace: None,
        }
    }

    fn buffer(messages: &[(i32, i64)]) -> Buffer {
        let mut buffer = Buffer::default();
        for (partition, offset) in messages {
            buffer.push(*partition, delivery(*offset));
        }
        buffer
    }

    /// Partition, from, next of each batch until nothing is left.
    fn batches(mut buffer: Buffer, at_most: usize) -> Vec<(i32, i64, i64)> {
        let taken = std::iter::from_fn(|| buffer.take_batch(at_most)).map(|batch| {
            let offsets: Vec<i64> = batch.deliveries.iter().map(|delivery| delivery.offset).collect();
            assert_eq!(offsets, (batch.from..batch.next).collect::<Vec<_>>());
            (batch.partition, batch.from, batch.next)
        });
        let taken = taken.collect();
        assert_eq!(buffer.len(), 0);
        taken
    }

    #[test]
    fn a_batch_is_of_one_partition_and_without_gaps() {
        /// Partition and offset of each message, then of each batch with its end.
        type Case<'a> = (&'a [(i32, i64)], &'a [(i32, i64, i64)]);
        let cases: [Case<'_>; 5] = [
            (&[], &[]),
            (&[(3, 7)], &[(3, 7, 8)]),
            (&[(3, 7), (4, 0), (3, 8), (4, 1)], &[(3, 7, 9), (4, 0, 2)]),
            // Partitions take turns when there is more than a batch holds.
            (
                &[(3, 0), (3, 1), (3, 2), (3, 3), (4, 0)],
                &[(3, 0, 3), (4, 0, 1), (3, 3, 4)],
            ),
            // Offsets 9 and 10 are missing.
            (&[(3, 8), (3, 11), (3, 12)], &[(3, 8, 9), (3, 11, 13)]),
        ];
        for (messages, expected) in cases {
            assert_eq!(batches(buffer(messages), 3), expected, "{messages:?}");
        }
    }

    #[test]
    fn what_is_forgotten_is_not_delivered() {
        let mut buffer = buffer(&[(3, 7), (4, 0), (3, 8)]);
        buffer.forget(3);
        buffer.forget(5);
        assert_eq!(buffer.len(), 1);
        buffer.push(3, delivery(2));
        assert_eq!(batches(buffer, 10), [(4, 0, 1), (3, 2, 3)]);
    }
}
