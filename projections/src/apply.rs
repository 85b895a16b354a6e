//! Batches into the tables, with their checkpoints, in one transaction: both or neither.

use std::collections::BTreeSet;
use std::ops::Range;
use std::pin::pin;

use chrono::Utc;
use domain::AccountId;
use futures::future::join_all;
use proto::feed::Batch;

use crate::checkpoint::{self, LastApplied, Step};
use crate::fold::{Known, fold, fold_together};
use crate::projection::Projection;
use crate::recorded::{Poison, Reading, Recorded};
use crate::store::{Dialect, ReadStore, Tx, WRITERS_MAX, Writes};
use crate::{account_balance, card, version};

/// Fewer events than this are not worth a task or a transaction of their own beside others.
const TASK_EVENTS_MIN: usize = 250;

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
#[derive(Debug, Clone)]
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
    let known = load(&mut tx, &position.current, &fresh.iter().collect::<Vec<_>>()).await?;
    let folded = fold(&known, &position.current, fresh);
    let events = first..first + folded.events;
    let poison = folded.poison.or_else(|| reading.poison.clone());
    let next_offset = poison
        .as_ref()
        .map_or(reading.next.max(at), |poison| poison.offset);
    let mut writes = Writes::default();
    let versions = folded.changes.write(&mut writes);
    writes.write_in(&mut tx).await?;
    let step = step(reading, next_offset, &events);
    checkpoint::advance(&mut tx, &position.current, step, poison.as_ref()).await?;
    tx.commit().await?;
    store.announce(versions);
    Ok(Outcome::Applied(Applied {
        next_offset,
        events,
        poison,
        behind: position.behind,
    }))
}

/// Reads batches of different partitions and applies them, in as many transactions side by side as their events are worth: one waits
/// for its statements while another's are worked on. Gives with each reading what became of it; nothing where something stands in
/// the way of its transaction, and it has to be applied by itself.
pub(crate) async fn apply_side_by_side(
    store: &ReadStore,
    projections: &[Projection],
    batches: Vec<Batch>,
) -> Vec<(Reading, Option<Applied>)> {
    let events: usize = batches.iter().map(|batch| batch.deliveries.len()).sum();
    let transactions = match store.dialect() {
        Dialect::Postgres => (events / TASK_EVENTS_MIN).clamp(1, WRITERS_MAX as usize),
        Dialect::Sqlite => 1, // it has one writer
    };
    let applying = shares(batches, transactions).into_iter().map(|share| {
        let (store, projections) = (store.clone(), projections.to_vec());
        spawned(async move {
            let share: Vec<Reading> = share.into_iter().map(Reading::of).collect();
            match apply_together(&store, &projections, &share).await {
                Ok(Some(applied)) => share.into_iter().zip(applied.into_iter().map(Some)).collect(),
                // Whoever applies them one by one finds out what it is.
                Ok(None) | Err(_) => share
                    .into_iter()
                    .map(|reading| (reading, None))
                    .collect::<Vec<_>>(),
            }
        })
    });
    join_all(applying).await.into_iter().flatten().collect()
}

/// Applies, and takes meanwhile what comes next; the taking is given up where it lasts longer.
pub(crate) async fn taking_ahead<A, T>(
    applying: impl Future<Output = A>,
    taking: impl Future<Output = T>,
) -> (A, Option<T>) {
    let (mut applying, taking) = (pin!(applying), pin!(taking));
    tokio::select! {
        biased;
        applied = &mut applying => (applied, None),
        taken = taking => (applying.await, Some(taken)),
    }
}

/// The batches in so many shares, of about as many events each.
fn shares(mut batches: Vec<Batch>, count: usize) -> Vec<Vec<Batch>> {
    batches.sort_by_key(|batch| std::cmp::Reverse(batch.deliveries.len()));
    let mut shares: Vec<(usize, Vec<Batch>)> = (0..count).map(|_| (0, Vec::new())).collect();
    for batch in batches {
        if let Some((events, share)) = shares.iter_mut().min_by_key(|(events, _)| *events) {
            *events += batch.deliveries.len();
            share.push(batch);
        }
    }
    let shares = shares.into_iter().map(|(_, share)| share);
    shares.filter(|share| !share.is_empty()).collect()
}

/// Runs it as a task of its own, which goes on if this is dropped.
async fn spawned<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_the_runtime_ends) => std::future::pending().await,
    }
}

/// Applies readings of different partitions in one transaction, if nothing at all stands in the way of any of them; else nothing is
/// applied, and each has to be applied by itself. A quiet bank has an event here and one there, and a transaction costs as much as
/// a hundred rows.
///
/// That each reading goes on from its checkpoint, and each account from the version before its first event, is supposed and not
/// looked up: the writing itself says whether it was so.
async fn apply_together(
    store: &ReadStore,
    projections: &[Projection],
    readings: &[Reading],
) -> Result<Option<Vec<Applied>>, sqlx::Error> {
    if readings.iter().any(|reading| reading.poison.is_some()) {
        return Ok(None);
    }
    let events: Vec<&Recorded> = readings.iter().flat_map(|reading| &reading.events).collect();
    let known = Known::supposed(&events, cards(store, projections, &events).await?);
    let Some(changes) = fold_together(&known, projections, events) else {
        return Ok(None);
    };
    let steps = readings.iter().map(|reading| {
        (
            reading.from,
            step(reading, reading.next, &(0..reading.events.len())),
        )
    });
    let mut writes = Writes::default();
    // First: who else is at these partitions waits here, before either has touched another row.
    checkpoint::advance_level(&mut writes, projections, steps);
    let versions = changes.write(&mut writes);
    writes.write(store).await?;
    store.announce(versions);
    let applied = readings.iter().map(|reading| Applied {
        next_offset: reading.next,
        events: 0..reading.events.len(),
        poison: None,
        behind: Vec::new(),
    });
    Ok(Some(applied.collect()))
}

/// The cards that these events change. Not in the transaction that writes: it would lock the table before the checkpoints, and a
/// rebuild that swaps tables locks them the other way round. Were they changed since, so were the checkpoints.
async fn cards(
    store: &ReadStore,
    projections: &[Projection],
    events: &[&Recorded],
) -> Result<card::apply::Known, sqlx::Error> {
    if !projections.contains(&Projection::Card)
        || !events.iter().any(|recorded| card::apply::changes(recorded))
    {
        return Ok(card::apply::Known::new());
    }
    let mut tx = store.begin().await?;
    let cards = card::apply::load(&mut tx, events).await?;
    tx.commit().await?;
    Ok(cards)
}

/// The partition's step over these events of a reading, which are applied now.
fn step(reading: &Reading, next_offset: i64, events: &Range<usize>) -> Step {
    let last = reading.events.get(events.clone()).and_then(<[Recorded]>::last);
    Step {
        partition: reading.partition,
        next_offset,
        last: last.map(|recorded| LastApplied {
            event_time_micros: recorded.time.timestamp_micros(),
            applied_at_micros: Utc::now().timestamp_micros(),
        }),
    }
}

async fn load(tx: &mut Tx, projections: &[Projection], events: &[&Recorded]) -> Result<Known, sqlx::Error> {
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
        known.balances = Some(account_balance::apply::load(tx, &accounts).await?);
    }
    if projections.contains(&Projection::Card) {
        known.cards = card::apply::load(tx, events).await?;
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use proto::feed::{Delivery, Malformed};

    use super::*;

    fn batch(partition: i32, events: usize) -> Batch {
        let delivery = |offset| Delivery {
            offset,
            event: Err(Malformed {
                event_id: String::new(),
                reason: "of no matter here".to_owned(),
            }),
            trace: None,
        };
        let deliveries: Vec<Delivery> = (0..).take(events).map(delivery).collect();
        Batch {
            partition,
            from: 0,
            next: deliveries.len().try_into().expect("few"),
            deliveries,
        }
    }

    #[test]
    fn shares_hold_every_batch_and_about_as_many_events() {
        let sizes = |counts: &[usize], count| {
            let batches = (0..)
                .zip(counts)
                .map(|(partition, events)| batch(partition, *events));
            let shares = shares(batches.collect(), count);
            let mut partitions: Vec<i32> = shares.iter().flatten().map(|batch| batch.partition).collect();
            partitions.sort_unstable();
            assert!(partitions.into_iter().eq((0..).take(counts.len())), "{counts:?}");
            let events = |share: &Vec<Batch>| share.iter().map(|batch| batch.deliveries.len()).sum();
            let mut sizes: Vec<usize> = shares.iter().map(events).collect();
            sizes.sort_unstable();
            sizes
        };
        assert!(sizes(&[], 4).is_empty());
        assert_eq!(sizes(&[0, 0], 1), [0]);
        assert_eq!(sizes(&[5, 1, 1, 1, 1, 1], 2), [5, 5]);
        assert_eq!(sizes(&[3, 3, 3], 4), [3, 3, 3]);
    }
}
