//! What is asked for at the same time, by many callers or for many rows of one answer, is read in one statement. Each read
//! begins after it was asked for: nobody is shown less than what was there when they asked.

use std::time::Duration;

use async_graphql::dataloader::DataLoader;

use crate::store::ReadStore;

/// How long the first caller waits for company.
const GATHERED_FOR: Duration = Duration::from_millis(1);
/// Keys in one statement at most: more wait for each other, and the cores for them.
const KEYS_MAX: usize = 32;

/// Reads by key. The keys, and how they are read, are with the read models.
pub(crate) type Reads = DataLoader<ReadStore>;

pub(crate) fn reads(store: &ReadStore) -> Reads {
    DataLoader::new(store.clone(), tokio::spawn)
        .delay(GATHERED_FOR)
        .max_batch_size(KEYS_MAX)
}
