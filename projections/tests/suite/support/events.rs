//! Events, made by hand.

use chrono::{DateTime, Utc};
use domain::account::{
    AccountClosed, AccountOpened, CardActivated, CardBlocked, CardCancelled, CardIssued, CardUnblocked,
    CreditLimitChanged, DeclineReason, Event, Merchant, PurchaseApproved, PurchaseDeclined,
};
use domain::calendar::{BillingCycle, ClosingDay, business_date};
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AccountId, AuthorizationId, CardId, Currency, Money};
use uuid::Uuid;

pub(crate) const CLOSING_DAY: u32 = 25;

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn account(n: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(0x0193_9c5e_7a6b_7c00_8000_0000_0000_0000 + n))
}

pub(crate) fn card(n: u128) -> CardId {
    CardId::new(Uuid::from_u128(0x0193_9c5e_7a6b_7c00_8000_c000_0000_0000 + n))
}

pub(crate) fn reais(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::Brl)
}

pub(crate) fn merchant(id: &str, name: &str) -> Merchant {
    Merchant {
        id: MerchantId::parse(id).unwrap(),
        name: MerchantName::parse(name).unwrap(),
        mcc: MerchantCategoryCode::parse("5942").unwrap(),
    }
}

pub(crate) fn opened(when: &str, limit: i64) -> Event {
    Event::AccountOpened(AccountOpened {
        occurred_at: at(when),
        credit_limit: reais(limit),
        closing_day: ClosingDay::try_new(CLOSING_DAY).unwrap(),
    })
}

pub(crate) fn limit_changed(when: &str, limit: i64) -> Event {
    Event::CreditLimitChanged(CreditLimitChanged {
        occurred_at: at(when),
        credit_limit: reais(limit),
    })
}

pub(crate) fn closed(when: &str) -> Event {
    Event::AccountClosed(AccountClosed {
        occurred_at: at(when),
    })
}

pub(crate) fn issued(when: &str, card_id: CardId) -> Event {
    Event::CardIssued(CardIssued {
        occurred_at: at(when),
        card_id,
        card_last_four: LastFour::parse("1111").unwrap(),
        expiry: Expiry::try_new(11, 2030).unwrap(),
    })
}

pub(crate) fn activated(when: &str, card_id: CardId) -> Event {
    Event::CardActivated(CardActivated {
        occurred_at: at(when),
        card_id,
    })
}

pub(crate) fn blocked(when: &str, card_id: CardId) -> Event {
    Event::CardBlocked(CardBlocked {
        occurred_at: at(when),
        card_id,
    })
}

pub(crate) fn unblocked(when: &str, card_id: CardId) -> Event {
    Event::CardUnblocked(CardUnblocked {
        occurred_at: at(when),
        card_id,
    })
}

pub(crate) fn cancelled(when: &str, card_id: CardId) -> Event {
    Event::CardCancelled(CardCancelled {
        occurred_at: at(when),
        card_id,
    })
}

pub(crate) fn approved(
    when: &str,
    card_id: CardId,
    amount: Money,
    merchant: Merchant,
    description: &str,
) -> Event {
    let occurred_at = at(when);
    let closing_day = ClosingDay::try_new(CLOSING_DAY).unwrap();
    Event::PurchaseApproved(PurchaseApproved {
        occurred_at,
        authorization_id: AuthorizationId::new(Uuid::from_u128(7)),
        card_id,
        card_last_four: LastFour::parse("1111").unwrap(),
        amount,
        merchant,
        description: Description::parse(description).unwrap(),
        billing_cycle: BillingCycle::containing(business_date(occurred_at), closing_day),
    })
}

pub(crate) fn declined(
    when: &str,
    card_id: CardId,
    amount: Money,
    merchant: Merchant,
    reason: DeclineReason,
) -> Event {
    Event::PurchaseDeclined(PurchaseDeclined {
        occurred_at: at(when),
        authorization_id: AuthorizationId::new(Uuid::from_u128(8)),
        card_id,
        card_last_four: LastFour::parse("1111").unwrap(),
        amount,
        merchant,
        description: Description::parse("refused").unwrap(),
        reason,
    })
}

/// An account with one active card, and what follows.
pub(crate) fn active_account(card_id: CardId, then: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let start = [
        opened("2026-11-01T12:00:00Z", 100_000),
        issued("2026-11-01T12:00:01Z", card_id),
        activated("2026-11-01T12:00:02Z", card_id),
    ];
    start.into_iter().chain(then).collect()
}
