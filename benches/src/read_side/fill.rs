//! Fills the log as customers would: accounts, and purchases in many stores, decided by the bank.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Result;
use futures::future;

use crate::bank::Bank;
use crate::batch::BatchBuyer;
use crate::measurement::Failure;

/// As many as a statement is asked for with.
pub(super) const PURCHASES_OF_AN_ACCOUNT: usize = 20;
const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
const STORES: usize = 8;
const PURCHASES_IN_A_CALL: usize = 256;

pub(super) async fn fill(url: &str, accounts: NonZeroUsize, seed: u64) -> Result<Bank> {
    eprintln!("opening {accounts} accounts, each with a card and {PURCHASES_OF_AN_ACCOUNT} purchases");
    let bank = Bank::open(url, CONNECTIONS, accounts, Duration::MAX).await?;
    let stores = BatchBuyer::many(&bank, PURCHASES_IN_A_CALL, STORES, seed);
    let work = stores.into_iter().enumerate().map(async |(store, mut buyer)| {
        for round in 0..PURCHASES_OF_AN_ACCOUNT {
            // Another share of the accounts each time: nobody buys everything in one store.
            let first = (store + round) % STORES;
            let share: Vec<usize> = (first..bank.accounts.len()).step_by(STORES).collect();
            for some in share.chunks(PURCHASES_IN_A_CALL) {
                buyer.buy_with(some.iter().copied()).await?;
            }
        }
        Ok::<_, Failure>(())
    });
    future::try_join_all(work).await?;
    Ok(bank)
}
