//! A batch of events folded into row changes, in memory and without a clock or a database: the same events always make the
//! same rows.

use std::collections::{BTreeMap, HashMap};

use domain::AccountId;
use domain::account::{Event, Merchant};
use domain::text::Description;
use thiserror::Error;

use crate::projection::Projection;
use crate::recorded::{Poison, Recorded};
use crate::store::Writes;
use crate::{account_balance, activity, card, merchant_spend, statement};

/// Why an event cannot follow what is already applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Inapplicable {
    #[error("the account stands at version {applied}, so that events are missing before this one")]
    Gap { applied: i64 },
    #[error("an account's first event, and only that one, opens it")]
    Opening,
    #[error("the amount of a purchase is not positive")]
    AmountNotPositive,
    #[error("the amount is not in the account's currency")]
    Currency,
    #[error("a sum goes beyond the range of amounts")]
    OutOfRange,
    #[error("the account already has this card")]
    CardAlreadyIssued,
    #[error("the row it changes is not in {0}: if the event log is whole, rebuild that projection")]
    Missing(&'static str),
}

/// What is in the tables of the accounts that a batch touches, before it.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) versions: HashMap<AccountId, i64>,
    /// Nothing where it was not looked.
    pub(crate) balances: Option<account_balance::apply::Known>,
    pub(crate) cards: card::apply::Known,
}

impl Known {
    /// As it must be for these events to be the next ones of their accounts. It is not looked whether it is so.
    pub(crate) fn supposed(events: &[&Recorded], cards: card::apply::Known) -> Self {
        let mut versions = HashMap::with_capacity(events.len());
        for recorded in events {
            versions.entry(recorded.account).or_insert(recorded.version - 1);
        }
        Self {
            versions,
            balances: None,
            cards,
        }
    }
}

/// What a batch changes, for the read models it is applied to.
#[derive(Debug)]
pub(crate) struct Changes<'k> {
    known: &'k Known,
    versions: BTreeMap<AccountId, i64>,
    account_balance: Option<account_balance::apply::Changes<'k>>,
    card: Option<card::apply::Changes<'k>>,
    activity: Option<activity::apply::Changes<'k>>,
    statement: Option<statement::apply::Changes<'k>>,
    merchant_spend: Option<merchant_spend::apply::Changes<'k>>,
}

/// A batch, folded: what it changes, how many events that are, and the event at which it must stop.
#[derive(Debug)]
pub(crate) struct Folded<'k> {
    pub(crate) changes: Changes<'k>,
    /// How many of the events, from the first, are in the changes or were applied before.
    pub(crate) events: usize,
    pub(crate) poison: Option<Poison>,
}

/// Folds events onto what is known. Of an event that cannot be applied nothing is in the changes, in no read model; of the
/// events before it, everything is.
pub(crate) fn fold<'k>(known: &'k Known, projections: &[Projection], events: &'k [Recorded]) -> Folded<'k> {
    match fold_events(known, projections, events) {
        Ok(changes) => Folded {
            changes,
            events: events.len(),
            poison: None,
        },
        Err((index, reason)) => {
            let (before, rest) = events.split_at(index);
            // What could be folded a moment ago can be folded again.
            let changes =
                fold_events(known, projections, before).unwrap_or_else(|_| Changes::on(known, projections));
            Folded {
                changes,
                events: index,
                poison: rest.first().map(|recorded| poison(recorded, &reason)),
            }
        }
    }
}

fn poison(recorded: &Recorded, reason: &Inapplicable) -> Poison {
    Poison {
        offset: recorded.offset,
        event_id: recorded.event_id.clone(),
        reason: reason.to_string(),
    }
}

/// Folds the events of several partitions, each in its order, if every one of them can be applied.
pub(crate) fn fold_together<'k>(
    known: &'k Known,
    projections: &[Projection],
    events: impl IntoIterator<Item = &'k Recorded>,
) -> Option<Changes<'k>> {
    fold_events(known, projections, events).ok()
}

fn fold_events<'k>(
    known: &'k Known,
    projections: &[Projection],
    events: impl IntoIterator<Item = &'k Recorded>,
) -> Result<Changes<'k>, (usize, Inapplicable)> {
    let mut changes = Changes::on(known, projections);
    for (index, recorded) in events.into_iter().enumerate() {
        changes.fold(recorded).map_err(|reason| (index, reason))?;
    }
    Ok(changes)
}

impl<'k> Changes<'k> {
    fn on(known: &'k Known, projections: &[Projection]) -> Self {
        let wanted = |projection| projections.contains(&projection);
        Self {
            known,
            versions: BTreeMap::new(),
            account_balance: wanted(Projection::AccountBalance)
                .then(|| account_balance::apply::Changes::on(known.balances.as_ref())),
            card: wanted(Projection::Card).then(|| card::apply::Changes::on(&known.cards)),
            activity: wanted(Projection::Activity).then(activity::apply::Changes::default),
            statement: wanted(Projection::Statement).then(statement::apply::Changes::default),
            merchant_spend: wanted(Projection::MerchantSpend).then(merchant_spend::apply::Changes::default),
        }
    }

    fn fold(&mut self, recorded: &'k Recorded) -> Result<(), Inapplicable> {
        let applied = self.version(recorded.account);
        if recorded.version <= applied {
            return Ok(());
        }
        follows(recorded, applied)?;
        if let Some(changes) = &mut self.account_balance {
            changes.fold(recorded)?;
        }
        if let Some(changes) = &mut self.card {
            changes.fold(recorded)?;
        }
        if let Some(changes) = &mut self.activity {
            changes.fold(recorded);
        }
        if let Some(changes) = &mut self.statement {
            changes.fold(recorded)?;
        }
        if let Some(changes) = &mut self.merchant_spend {
            changes.fold(recorded)?;
        }
        self.versions.insert(recorded.account, recorded.version);
        Ok(())
    }

    fn version(&self, account: AccountId) -> i64 {
        let changed = self.versions.get(&account).copied();
        changed
            .or_else(|| self.known.versions.get(&account).copied())
            .unwrap_or(0)
    }

    /// Adds it all to what is written; gives the accounts that move on, with their versions.
    pub(crate) fn write(self, writes: &mut Writes<'k>) -> BTreeMap<AccountId, i64> {
        if let Some(changes) = self.account_balance {
            changes.write(writes);
        }
        if let Some(changes) = self.card {
            changes.write(writes);
        }
        if let Some(changes) = self.activity {
            changes.write(writes);
        }
        if let Some(changes) = self.statement {
            changes.write(writes);
        }
        if let Some(changes) = self.merchant_spend {
            changes.write(writes);
        }
        crate::version::write(writes, &self.known.versions, &self.versions);
        self.versions
    }
}

/// What every read model relies on: no event is missing, and what is charged is more than nothing.
fn follows(recorded: &Recorded, applied: i64) -> Result<(), Inapplicable> {
    if recorded.version != applied + 1 {
        return Err(Inapplicable::Gap { applied });
    }
    let opens = match &recorded.event {
        Event::AccountOpened(_) => true,
        Event::PurchaseApproved(purchase) if !purchase.amount.is_positive() => {
            return Err(Inapplicable::AmountNotPositive);
        }
        Event::CreditLimitChanged(_)
        | Event::CardIssued(_)
        | Event::CardActivated(_)
        | Event::CardBlocked(_)
        | Event::CardUnblocked(_)
        | Event::CardCancelled(_)
        | Event::AccountClosed(_)
        | Event::PurchaseApproved(_)
        | Event::PurchaseDeclined(_) => false,
    };
    if opens == (recorded.version == 1) {
        Ok(())
    } else {
        Err(Inapplicable::Opening)
    }
}

/// What a search looks through. Lower case is made here, since databases disagree on letters beyond ASCII.
pub(crate) fn search_text(merchant: &Merchant, description: &Description) -> String {
    format!("{} {}", merchant.name, description).to_lowercase()
}
