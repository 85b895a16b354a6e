//! What is known of an account after its events, and the only function that changes it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::calendar::ClosingDay;
use crate::card::{Expiry, LastFour};
use crate::ids::CardId;
use crate::money::Money;

use super::event::{AccountOpened, CardIssued, Event};

/// The form of a state as JSON, which snapshots are kept in. A change of the form, or of what `evolve` makes of an event, is
/// another number: states kept under the old one are then left aside, and the accounts replayed.
pub const STATE_FORMAT: i32 = 1;

/// An account's life. Nothing but opening is possible before it is open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum State {
    #[default]
    Unopened,
    Open(Account),
    /// Still knows its cards: a purchase on one of them is declined, and recorded.
    Closed(Account),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub credit_limit: Money,
    /// What was approved and is not paid yet.
    pub outstanding: Money,
    pub closing_day: ClosingDay,
    pub cards: BTreeMap<CardId, Card>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub last_four: LastFour,
    pub expiry: Expiry,
    pub status: CardStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CardStatus {
    /// Made and sent, not activated by the cardholder yet.
    Issued,
    Active,
    /// Temporarily, by the cardholder or the bank.
    Blocked,
    /// For ever.
    Cancelled,
}

/// An event that cannot follow the events before it: the history is damaged, and the account must not be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Inconsistent {
    #[error("{event} cannot follow the events before it")]
    Order { event: &'static str },
    #[error(
        "an amount is not positive, is of another currency, or takes the sum beyond the range of amounts"
    )]
    Amount,
}

impl State {
    /// The account's data once it was opened.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Unopened => None,
            Self::Open(account) | Self::Closed(account) => Some(account),
        }
    }
}

impl Account {
    /// What may still be spent; nothing where a lowered limit is below what was spent.
    pub fn available(&self) -> Money {
        match self.credit_limit.checked_sub(self.outstanding) {
            Ok(available) if available.is_positive() => available,
            Ok(_) | Err(_) => Money::zero(self.credit_limit.currency()),
        }
    }
}

/// The state after all `events`, from the first one on.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<State, Inconsistent> {
    events.into_iter().try_fold(State::default(), evolve)
}

/// The state after one more event. Refuses only what `decide` would never have recorded, and of that only what no later rule
/// could make right: a cancelled card that comes back, a card issued twice, money from nowhere. It does not decide again:
/// what was recorded under the rules of its day stays true.
pub fn evolve(state: State, event: &Event) -> Result<State, Inconsistent> {
    let open = |state| match state {
        State::Open(account) => Ok(account),
        State::Unopened | State::Closed(_) => Err(Inconsistent::Order { event: event.name() }),
    };
    match event {
        Event::AccountOpened(opened) => match state {
            State::Unopened => Ok(State::Open(opened_account(opened))),
            State::Open(_) | State::Closed(_) => Err(Inconsistent::Order { event: event.name() }),
        },
        Event::CreditLimitChanged(changed) => {
            let account = open(state)?;
            if changed.credit_limit.currency() != account.credit_limit.currency() {
                return Err(Inconsistent::Amount);
            }
            Ok(State::Open(Account {
                credit_limit: changed.credit_limit,
                ..account
            }))
        }
        Event::CardIssued(issued) => {
            let mut account = open(state)?;
            match account.cards.entry(issued.card_id) {
                Entry::Vacant(place) => place.insert(issued_card(issued)),
                Entry::Occupied(_) => return Err(Inconsistent::Order { event: event.name() }),
            };
            Ok(State::Open(account))
        }
        Event::CardActivated(card) => with_card(open(state)?, card.card_id, CardStatus::Active, event),
        Event::CardBlocked(card) => with_card(open(state)?, card.card_id, CardStatus::Blocked, event),
        Event::CardUnblocked(card) => with_card(open(state)?, card.card_id, CardStatus::Active, event),
        Event::CardCancelled(card) => with_card(open(state)?, card.card_id, CardStatus::Cancelled, event),
        Event::AccountClosed(_) => Ok(State::Closed(open(state)?)),
        Event::PurchaseApproved(approved) => {
            let mut account = open(state)?;
            if !account.cards.contains_key(&approved.card_id) {
                return Err(Inconsistent::Order { event: event.name() });
            }
            account.outstanding = charged(account.outstanding, approved.amount)?;
            Ok(State::Open(account))
        }
        Event::PurchaseDeclined(_) => match state {
            State::Unopened => Err(Inconsistent::Order { event: event.name() }),
            State::Open(_) | State::Closed(_) => Ok(state),
        },
    }
}

fn opened_account(opened: &AccountOpened) -> Account {
    Account {
        credit_limit: opened.credit_limit,
        outstanding: Money::zero(opened.credit_limit.currency()),
        closing_day: opened.closing_day,
        cards: BTreeMap::new(),
    }
}

fn issued_card(issued: &CardIssued) -> Card {
    Card {
        last_four: issued.card_last_four.clone(),
        expiry: issued.expiry,
        status: CardStatus::Issued,
    }
}

fn charged(outstanding: Money, amount: Money) -> Result<Money, Inconsistent> {
    if !amount.is_positive() {
        return Err(Inconsistent::Amount);
    }
    outstanding.checked_add(amount).map_err(|_| Inconsistent::Amount)
}

fn with_card(
    mut account: Account,
    card_id: CardId,
    status: CardStatus,
    event: &Event,
) -> Result<State, Inconsistent> {
    let card = account
        .cards
        .get_mut(&card_id)
        .filter(|card| card.status != CardStatus::Cancelled)
        .ok_or(Inconsistent::Order { event: event.name() })?;
    card.status = status;
    Ok(State::Open(account))
}
