//! The news that an account moved on, within this process: whoever waits for an account is woken when its events are applied,
//! and nobody else. Another process's worker is not heard, so those who wait also look for themselves now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::AccountId;
use tokio::sync::watch;

#[derive(Debug, Default)]
pub(crate) struct Signal {
    waiting: Mutex<HashMap<AccountId, watch::Sender<()>>>,
}

/// News of one account, until it is dropped.
#[derive(Debug)]
pub(crate) struct News {
    account: AccountId,
    receiver: watch::Receiver<()>,
    signal: Arc<Signal>,
}

impl Signal {
    /// From now on, news of this account.
    pub(crate) fn subscribe(self: &Arc<Self>, account: AccountId) -> News {
        let receiver = self
            .waiting()
            .entry(account)
            .or_insert_with(|| watch::channel(()).0)
            .subscribe();
        News {
            account,
            receiver,
            signal: Arc::clone(self),
        }
    }

    /// Wakes who waits for these accounts.
    pub(crate) fn applied(&self, accounts: impl IntoIterator<Item = AccountId>) {
        let waiting = self.waiting();
        if waiting.is_empty() {
            return;
        }
        for sender in accounts.into_iter().filter_map(|account| waiting.get(&account)) {
            sender.send_replace(());
        }
    }

    /// A panic elsewhere cannot leave the map half changed, so a poisoned lock is as good as any.
    fn waiting(&self) -> MutexGuard<'_, HashMap<AccountId, watch::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
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
            .get(&self.account)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            waiting.remove(&self.account);
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
        signal.applied([account(1), account(3)]);
        first.next().await;
        assert!(futures::FutureExt::now_or_never(second.next()).is_none());
        assert!(futures::FutureExt::now_or_never(first.next()).is_none());
        drop((first, second));
        assert!(signal.waiting().is_empty());
    }
}
