//! One batch into the tables, with its checkpoint, in one transaction: both or neither.

use std::collections::BTreeSet;
use std::ops::Range;

use domain::AccountId;

use crate::checkpoint;
use crate::fold::{Known, fold};
use crate::projection::Projection;
use crate::recorded::{Poison, Reading, Recorded};
use crate::store::{ReadStore, Tx};
use crate::{account_balance, card, version};

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The batch does not go on from what is applied: the feed has to go to `next_offset`.
    Elsewhere {
        next_offset: i64,
    },
    Applied(Applied),
}

/// What was applied, and where the partition now stands.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) next_offset: i64,
    /// Which of the batch's events were applied now rather than before.
    pub(crate) events: Range<usize>,
    pub(crate) poison: Option<Poison>,
    pub(crate) behind: Vec<Projection>,
}

/// Applies what of `reading` is not applied yet. Nothing of it is in the tables if this fails.
pub(crate) async fn apply(
    store: &ReadStore,
    projections: &[Projection],
    reading: &Reading,
) -> Result<Outcome, sqlx::Error> {
    let mut tx = store.begin().await?;
    let position = checkpoint::lock(&mut tx, projections, reading.partition).await?;
    let at = position.next_offset;
    let refused_before = reading.poison.as_ref().is_some_and(|poison| poison.offset < at);
    if reading.from > at || refused_before {
        // Committed all the same: the row may have been made just now, for whoever looks how far the partition is.
        tx.commit().await?;
        return Ok(Outcome::Elsewhere { next_offset: at });
    }
    let first = reading.events.partition_point(|recorded| recorded.offset < at);
    let fresh = &reading.events[first..]; // a partition point is within the slice
    let known = load(&mut tx, &position.current, fresh).await?;
    let folded = fold(&known, &position.current, fresh);
    let events = first..first + folded.events;
    let poison = folded.poison.or_else(|| reading.poison.clone());
    let next_offset = poison
        .as_ref()
        .map_or(reading.next.max(at), |poison| poison.offset);
    let accounts = folded.changes.accounts();
    folded.changes.write(&mut tx).await?;
    checkpoint::advance(
        &mut tx,
        &position.current,
        reading.partition,
        next_offset,
        poison.as_ref(),
    )
    .await?;
    tx.commit().await?;
    store.announce(accounts);
    Ok(Outcome::Applied(Applied {
        next_offset,
        events,
        poison,
        behind: position.behind,
    }))
}

async fn load(tx: &mut Tx, projections: &[Projection], events: &[Recorded]) -> Result<Known, sqlx::Error> {
    if events.is_empty() {
        return Ok(Known::default());
    }
    let distinct: BTreeSet<AccountId> = events.iter().map(|recorded| recorded.account).collect();
    let accounts: Vec<AccountId> = distinct.into_iter().collect();
    let mut known = Known {
        versions: version::load(tx, &accounts).await?,
        ..Known::default()
    };
    if projections.contains(&Projection::AccountBalance) {
        known.balances = account_balance::apply::load(tx, &accounts).await?;
    }
    if projections.contains(&Projection::Card) {
        known.cards = card::apply::load(tx, events).await?;
    }
    Ok(known)
}
