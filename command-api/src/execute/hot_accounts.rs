//! The states of accounts that were used lately, bounded; the least recently used go first.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use domain::AccountId;
use domain::account::{Event, Inconsistent, State, evolve};
use lru::LruCache;
use uuid::Uuid;

use crate::event_store::{ACCOUNT_STREAM, EventLog, Recorded, StoreError};

/// An account's state and how many events made it.
#[derive(Debug, Clone, Default)]
pub(super) struct HotAccount {
    pub(super) state: State,
    pub(super) version: u64,
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

/// Why an account is not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotLoaded {
    OutOfReach,
    Damaged { event_id: String },
}

impl From<&StoreError> for NotLoaded {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::OutOfReach,
            StoreError::Damaged { event_id, .. } => Self::Damaged {
                event_id: event_id.clone(),
            },
        }
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

    /// Brings accounts in from the log, and says which could not be had and why. A damaged account fails alone.
    pub(super) async fn load(
        &mut self,
        log: &dyn EventLog,
        accounts: &[AccountId],
    ) -> HashMap<AccountId, NotLoaded> {
        let streams: Vec<_> = accounts
            .iter()
            .map(|account_id| (account_id.as_uuid(), 0))
            .collect();
        match log.load(ACCOUNT_STREAM, &streams).await {
            Ok(events) => self.replay_each(accounts, &events),
            // One of them is damaged: find it, so that the others are served.
            Err(StoreError::Damaged { .. }) if accounts.len() > 1 => {
                let mut failures = HashMap::new();
                for account_id in accounts {
                    failures.extend(Box::pin(self.load(log, &[*account_id])).await);
                }
                failures
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    accounts = accounts.len(),
                    "accounts could not be loaded"
                );
                accounts
                    .iter()
                    .map(|account_id| (*account_id, NotLoaded::from(&error)))
                    .collect()
            }
        }
    }

    fn replay_each(&mut self, accounts: &[AccountId], events: &[Recorded]) -> HashMap<AccountId, NotLoaded> {
        let histories: HashMap<Uuid, &[Recorded]> = events
            .chunk_by(|one, next| one.stream_id == next.stream_id)
            .filter_map(|history| Some((history.first()?.stream_id, history)))
            .collect();
        let mut failures = HashMap::new();
        for account_id in accounts {
            let history = histories.get(&account_id.as_uuid()).copied().unwrap_or_default();
            match replay(HotAccount::default(), history) {
                Ok(account) => {
                    self.0.put(*account_id, account);
                }
                Err(error) => {
                    tracing::error!(%account_id, %error, "an account is stopped: its history is damaged");
                    failures.insert(*account_id, NotLoaded::from(&error));
                }
            }
        }
        failures
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

fn replay(mut account: HotAccount, events: &[Recorded]) -> Result<HotAccount, StoreError> {
    for recorded in events {
        let damaged = |reason: String| StoreError::Damaged {
            event_id: recorded.event_id(),
            reason,
        };
        if recorded.sequence != account.version + 1 {
            return Err(damaged(format!("follows event {}", account.version)));
        }
        let event = recorded.account_event()?;
        account
            .apply(&[event])
            .map_err(|error| damaged(error.to_string()))?;
    }
    Ok(account)
}
