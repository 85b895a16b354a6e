//! The states of accounts that were used lately, bounded; the least recently used go first.

mod load;
mod snapshots;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use domain::AccountId;
use domain::account::{Event, Inconsistent, State, evolve};
use lru::LruCache;

pub(super) use load::NotLoaded;
pub(super) use snapshots::Snapshots;

/// An account's state and how many events made it.
#[derive(Debug, Clone, Default)]
pub(super) struct HotAccount {
    pub(super) state: State,
    pub(super) version: u64,
    /// The version at which its state was last taken as a snapshot; zero where that is not known to have happened.
    snapshot: u64,
}

impl HotAccount {
    /// Moves the state on by the next events. After an error the account must be forgotten.
    pub(super) fn apply(&mut self, events: &[Event]) -> Result<(), Inconsistent> {
        for event in events {
            self.state = evolve(std::mem::take(&mut self.state), event)?;
            self.version += 1;
        }
        Ok(())
    }
}

/// A committer's own cache. It holds what is durable, and on top of it what is about to be.
#[derive(Debug)]
pub(super) struct HotAccounts(LruCache<AccountId, HotAccount>);

impl HotAccounts {
    pub(super) fn new(at_most: usize) -> Self {
        Self(LruCache::new(
            NonZeroUsize::new(at_most).unwrap_or(NonZeroUsize::MIN),
        ))
    }

    pub(super) fn contains(&self, account_id: AccountId) -> bool {
        self.0.contains(&account_id)
    }

    pub(super) fn get_mut(&mut self, account_id: AccountId) -> Option<&mut HotAccount> {
        self.0.get_mut(&account_id)
    }

    /// How many events an account has, as far as is known here.
    pub(super) fn version(&self, account_id: AccountId) -> Option<u64> {
        self.0.peek(&account_id).map(|account| account.version)
    }

    /// Forgets an account whose state can no longer be trusted.
    pub(super) fn forget(&mut self, account_id: AccountId) {
        self.0.pop(&account_id);
    }
}
