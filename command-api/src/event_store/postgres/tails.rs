//! Streams whose end is known here, so that an insert need not look whether it is there.
//!
//! What PostgreSQL has made durable it does not lose while it runs, and no event is ever deleted. So an event that was recorded
//! through this log is still there as long as the table is the very same, which every insert compares. After a restart, a failover or a
//! restore it is another one: nothing is known of it, and inserts look again.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use lru::LruCache;

use super::super::batch::Stream;

/// Streams that are remembered, at most: as many as a committer keeps accounts. One takes about a hundred bytes.
const STREAMS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99_999);

/// What tells the events table from every other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableIdentity {
    /// Other after each restart, and on each server.
    pub(super) server_started_at: DateTime<Utc>,
    /// Other when the table was made anew or emptied.
    pub(super) file_node: i64,
}

#[derive(Debug)]
pub(super) struct Tails(Mutex<Known>);

#[derive(Debug)]
struct Known {
    table: Option<TableIdentity>,
    /// The last sequence that is known to be in it.
    last: LruCache<Stream, u64>,
}

impl Tails {
    pub(super) fn none() -> Self {
        Self(Mutex::new(Known {
            table: None,
            last: LruCache::new(STREAMS_MAX),
        }))
    }

    /// Those of the expected ends that are not known to be there. The others are, in this table.
    pub(super) fn unknown(&self, expected: &[(Stream, u64)]) -> (Vec<(Stream, u64)>, Option<TableIdentity>) {
        let known = self.known();
        let is_unknown = |(stream, last): &&(Stream, u64)| known.last.peek(stream) < Some(last);
        (expected.iter().filter(is_unknown).copied().collect(), known.table)
    }

    /// These were recorded in this table, which may be another than before.
    pub(super) fn recorded(&self, table: TableIdentity, ends: impl IntoIterator<Item = (Stream, u64)>) {
        let mut known = self.known();
        if known.table != Some(table) {
            known.last.clear();
            known.table = Some(table);
        }
        for (stream, last) in ends {
            known.last.put(stream, last);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_end_is_known_of_the_table_it_was_recorded_in() {
        let table = |file_node| TableIdentity {
            server_started_at: DateTime::UNIX_EPOCH,
            file_node,
        };
        let stream = |number| ("account", Uuid::from_u128(number));
        let expected = [(stream(1), 2), (stream(2), 1)];
        let tails = Tails::none();
        assert_eq!(tails.unknown(&expected), (expected.to_vec(), None));

        tails.recorded(table(1), [(stream(1), 1), (stream(1), 2)]);
        assert_eq!(tails.unknown(&expected), (vec![(stream(2), 1)], Some(table(1))));
        let beyond = [(stream(1), 3)];
        assert_eq!(tails.unknown(&beyond).0, beyond, "one more than was recorded");

        tails.recorded(table(2), []);
        assert_eq!(tails.unknown(&expected), (expected.to_vec(), Some(table(2))));
    }
}
