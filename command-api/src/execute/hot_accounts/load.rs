//! Bringing accounts in from the log: what is kept of their states, and the events after it.

use std::collections::HashMap;

use domain::AccountId;
use domain::account::STATE_FORMAT;
use thiserror::Error;
use uuid::Uuid;

use crate::event_store::{ACCOUNT_STREAM, EventLog, Recorded, Snapshot, StoreError};

use super::{HotAccount, HotAccounts, Snapshots};

/// Why an account is not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::execute) enum NotLoaded {
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

/// Why an account is replayed from its first event although there is a snapshot of it.
#[derive(Debug, Error)]
enum Misfit {
    #[error("it is in form {0}, and this program's is {STATE_FORMAT}")]
    Format(i32),
    #[error("it cannot be read")]
    State(#[from] serde_json::Error),
    #[error("the log has no event, or another one, where it was taken")]
    Event,
    #[error("what follows it cannot")]
    Tail(#[from] StoreError),
}

/// A snapshot, and the account that it says there was.
struct Base {
    snapshot: Snapshot,
    account: HotAccount,
}

/// What loading has left over.
#[derive(Default)]
struct Missing {
    /// Their snapshots are of no use.
    misfits: Vec<AccountId>,
    failures: HashMap<AccountId, NotLoaded>,
}

impl HotAccounts {
    /// Brings accounts in from the log, and says which could not be had and why. A damaged account fails alone.
    pub(in crate::execute) async fn load(
        &mut self,
        log: &dyn EventLog,
        snapshots: &Snapshots,
        accounts: &[AccountId],
    ) -> HashMap<AccountId, NotLoaded> {
        let bases = bases(log, accounts).await;
        let Missing {
            misfits,
            mut failures,
        } = self.load_from(&bases, log, snapshots, accounts).await;
        if !misfits.is_empty() {
            let missing = self.load_from(&HashMap::new(), log, snapshots, &misfits).await;
            failures.extend(missing.failures);
        }
        failures
    }

    async fn load_from(
        &mut self,
        bases: &HashMap<Uuid, Base>,
        log: &dyn EventLog,
        snapshots: &Snapshots,
        accounts: &[AccountId],
    ) -> Missing {
        let streams: Vec<_> = accounts
            .iter()
            .map(|account_id| account_id.as_uuid())
            .map(|stream_id| (stream_id, bases.get(&stream_id).map_or(0, Base::read_after)))
            .collect();
        match log.load(ACCOUNT_STREAM, &streams).await {
            Ok(events) => self.replay_each(bases, snapshots, accounts, &events),
            // One of them is damaged: find it, so that the others are served.
            Err(StoreError::Damaged { .. }) if accounts.len() > 1 => {
                let mut missing = Missing::default();
                for account_id in accounts {
                    let one = Box::pin(self.load_from(bases, log, snapshots, &[*account_id])).await;
                    missing.misfits.extend(one.misfits);
                    missing.failures.extend(one.failures);
                }
                missing
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    accounts = accounts.len(),
                    "accounts could not be loaded"
                );
                let failed = |account_id: &AccountId| (*account_id, NotLoaded::from(&error));
                Missing {
                    failures: accounts.iter().map(failed).collect(),
                    ..Missing::default()
                }
            }
        }
    }

    fn replay_each(
        &mut self,
        bases: &HashMap<Uuid, Base>,
        snapshots: &Snapshots,
        accounts: &[AccountId],
        events: &[Recorded],
    ) -> Missing {
        let histories: HashMap<Uuid, &[Recorded]> = events
            .chunk_by(|one, next| one.stream_id == next.stream_id)
            .filter_map(|history| Some((history.first()?.stream_id, history)))
            .collect();
        let mut missing = Missing::default();
        for account_id in accounts {
            let stream_id = account_id.as_uuid();
            let history = histories.get(&stream_id).copied().unwrap_or_default();
            let replayed = match bases.get(&stream_id) {
                None => replay(HotAccount::default(), history),
                Some(base) => match base.continued(history) {
                    Ok(account) => Ok(account),
                    Err(misfit) => {
                        warn(*account_id, &misfit);
                        missing.misfits.push(*account_id);
                        continue;
                    }
                },
            };
            match replayed {
                Ok(mut account) => {
                    if let (Some(last), Some(state)) = (history.last(), snapshots.take(&mut account)) {
                        snapshots.offer(last, *state);
                    }
                    self.0.put(*account_id, account);
                }
                Err(error) => {
                    tracing::error!(%account_id, %error, "an account is stopped: its history is damaged");
                    missing.failures.insert(*account_id, NotLoaded::from(&error));
                }
            }
        }
        missing
    }
}

/// What to go on from, for those of the accounts of which something usable is kept. Nothing that is wrong with it is a failure.
async fn bases(log: &dyn EventLog, accounts: &[AccountId]) -> HashMap<Uuid, Base> {
    let streams: Vec<Uuid> = accounts.iter().map(|account_id| account_id.as_uuid()).collect();
    let snapshots = log
        .load_snapshots(ACCOUNT_STREAM, &streams)
        .await
        .unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                accounts = accounts.len(),
                "snapshots could not be read"
            );
            Vec::new()
        });
    let mut bases = HashMap::with_capacity(snapshots.len());
    for snapshot in snapshots {
        let stream_id = snapshot.stream_id;
        match Base::try_new(snapshot) {
            Ok(base) => {
                bases.insert(stream_id, base);
            }
            Err(misfit) => warn(AccountId::new(stream_id), &misfit),
        }
    }
    bases
}

fn warn(account_id: AccountId, misfit: &Misfit) {
    tracing::warn!(
        %account_id,
        error = misfit as &dyn std::error::Error,
        "a snapshot is of no use: the account is replayed from its first event"
    );
}

impl Base {
    fn try_new(snapshot: Snapshot) -> Result<Self, Misfit> {
        if snapshot.format != STATE_FORMAT {
            return Err(Misfit::Format(snapshot.format));
        }
        let account = HotAccount {
            state: serde_json::from_str(&snapshot.state)?,
            version: snapshot.sequence,
            snapshot: snapshot.sequence,
        };
        Ok(Self { snapshot, account })
    }

    /// The event it was taken at is read again, to see that the log still has it.
    fn read_after(&self) -> u64 {
        self.snapshot.sequence.saturating_sub(1)
    }

    fn continued(&self, events: &[Recorded]) -> Result<HotAccount, Misfit> {
        match events.split_first() {
            Some((first, rest)) if self.snapshot.ends_with(first) => Ok(replay(self.account.clone(), rest)?),
            Some(_) | None => Err(Misfit::Event),
        }
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
