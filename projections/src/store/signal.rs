//! The news that an account moved on, within this process: whoever waits for an account is woken when its events are applied,
//! and nobody else. Another process's worker is not heard: for that one of those who wait looks now and then, on behalf of all.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::AccountId;
use lru::LruCache;
use tokio::sync::watch;

/// Accounts whose version is remembered while nobody waits for them.
const KNOWN_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99_999);

#[derive(Debug, Default)]
pub(crate) struct Signal {
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// Each account's version, as far as it was heard of.
    accounts: HashMap<AccountId, watch::Sender<i64>>,
    /// What was heard of lately, whether or not somebody waited: who comes to wait need not ask the database first.
    known: LruCache<AccountId, i64>,
    looked_at: Option<Instant>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            accounts: HashMap::new(),
            known: LruCache::new(KNOWN_MAX),
            looked_at: None,
        }
    }
}

/// News of one account, until it is dropped.
#[derive(Debug)]
pub(crate) struct News {
    account: AccountId,
    receiver: watch::Receiver<i64>,
    signal: Arc<Signal>,
}

impl Signal {
    /// From now on, news of this account.
    pub(crate) fn subscribe(self: &Arc<Self>, account: AccountId) -> News {
        let mut waiting = self.waiting();
        let known = waiting.known.peek(&account).copied().unwrap_or_default();
        let receiver = waiting
            .accounts
            .entry(account)
            .or_insert_with(|| watch::channel(known).0)
            .subscribe();
        drop(waiting);
        News {
            account,
            receiver,
            signal: Arc::clone(self),
        }
    }

    /// Wakes who waits for these accounts, if they moved on.
    pub(crate) fn applied(&self, versions: impl IntoIterator<Item = (AccountId, i64)>) {
        let mut waiting = self.waiting();
        for (account, version) in versions {
            let known = waiting.known.get_or_insert_mut(account, || version);
            *known = version.max(*known);
            if let Some(sender) = waiting.accounts.get(&account) {
                sender.send_if_modified(|known| {
                    let moved = version > *known;
                    *known = version.max(*known);
                    moved
                });
            }
        }
    }

    /// The accounts to be looked at for all who wait, if nobody looked within the interval.
    pub(crate) fn due(&self, interval: Duration) -> Option<Vec<AccountId>> {
        let mut waiting = self.waiting();
        if waiting.looked_at.is_some_and(|at| at.elapsed() < interval) {
            return None;
        }
        waiting.looked_at = Some(Instant::now());
        Some(waiting.accounts.keys().copied().collect())
    }

    /// A panic elsewhere cannot leave the map half changed, so a poisoned lock is as good as any.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    /// The account's version, as far as it was heard of lately; zero if it was not.
    pub(crate) fn version(&self) -> i64 {
        *self.receiver.borrow()
    }

    /// Waits until the account moved on since the last call.
    pub(crate) async fn next(&mut self) {
        if self.receiver.changed().await.is_err() {
            // The sender lives as long as this receiver; were it gone, the caller's own look-up would have to do.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for News {
    /// Accounts that nobody waits for any more must not pile up.
    fn drop(&mut self) {
        let mut waiting = self.signal.waiting();
        if waiting
            .accounts
            .get(&self.account)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            waiting.accounts.remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_waits_for_the_account_is_woken_and_nobody_is_remembered() {
        let account = |n: u128| AccountId::new(uuid::Uuid::from_u128(n));
        let signal = Arc::new(Signal::default());
        let (mut first, mut second) = (signal.subscribe(account(1)), signal.subscribe(account(2)));
        signal.applied([(account(1), 5), (account(3), 1)]);
        first.next().await;
        assert_eq!(first.version(), 5);
        assert!(futures::FutureExt::now_or_never(second.next()).is_none());
        signal.applied([(account(1), 4)]);
        assert!(futures::FutureExt::now_or_never(first.next()).is_none());
        assert_eq!(first.version(), 5);
        drop((first, second));
        assert!(signal.waiting().accounts.is_empty());
        assert_eq!(signal.subscribe(account(1)).version(), 5);
        assert_eq!(signal.subscribe(account(3)).version(), 1);
        assert_eq!(signal.subscribe(account(2)).version(), 0);
    }

    #[test]
    fn one_looks_for_all_and_not_too_often() {
        let signal = Arc::new(Signal::default());
        let account = AccountId::new(uuid::Uuid::from_u128(1));
        let _news = signal.subscribe(account);
        let hour = Duration::from_hours(1);
        assert_eq!(signal.due(hour), Some(vec![account]));
        assert_eq!(signal.due(hour), None);
        assert_eq!(signal.due(Duration::ZERO), Some(vec![account]));
    }
}
