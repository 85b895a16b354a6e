//! One event of each kind, with values that never change, in an order in which they can have happened.

use chrono::{DateTime, Utc};
use domain::account::{
    AccountClosed, AccountOpened, CardActivated, CardBlocked, CardCancelled, CardIssued, CardUnblocked,
    CreditLimitChanged, DeclineReason, Event, Merchant, PurchaseApproved, PurchaseDeclined,
};
use domain::attempt::CardNotRecognized;
use domain::calendar::{BillingCycle, ClosingDay, business_date};
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AuthorizationId, CardId, Currency, Money};

pub(crate) fn events() -> Vec<Event> {
    vec![
        Event::AccountOpened(AccountOpened {
            occurred_at: at("2026-11-02T12:00:00Z"),
            credit_limit: reais(500_000),
            closing_day: closing_day(),
        }),
        Event::CreditLimitChanged(CreditLimitChanged {
            occurred_at: at("2026-11-02T12:05:00Z"),
            credit_limit: reais(750_000),
        }),
        Event::CardIssued(CardIssued {
            occurred_at: at("2026-11-02T12:10:00Z"),
            card_id: card_id(),
            card_last_four: last_four(),
            expiry: Expiry::try_new(11, 2031).expect("valid"),
        }),
        Event::CardActivated(CardActivated {
            occurred_at: at("2026-11-09T18:30:00Z"),
            card_id: card_id(),
        }),
        Event::PurchaseApproved(approved()),
        Event::PurchaseDeclined(declined()),
        Event::CardBlocked(CardBlocked {
            occurred_at: at("2026-11-23T08:00:00Z"),
            card_id: card_id(),
        }),
        Event::CardUnblocked(CardUnblocked {
            occurred_at: at("2026-11-23T09:00:00Z"),
            card_id: card_id(),
        }),
        Event::CardCancelled(CardCancelled {
            occurred_at: at("2026-12-01T10:00:00Z"),
            card_id: card_id(),
        }),
        Event::AccountClosed(AccountClosed {
            occurred_at: at("2026-12-01T10:05:00Z"),
        }),
    ]
}

pub(crate) fn attempt() -> CardNotRecognized {
    CardNotRecognized {
        occurred_at: at("2026-11-22T15:35:00Z"),
        authorization_id: authorization_id("01939c5e-7a6b-7c00-8000-0000000000a3"),
        amount: reais(4_990),
        merchant: merchant(),
        description: description(),
    }
}

fn approved() -> PurchaseApproved {
    let occurred_at = at("2026-11-22T15:33:50.677Z");
    PurchaseApproved {
        occurred_at,
        authorization_id: authorization_id("01939c5e-7a6b-7c00-8000-0000000000a1"),
        card_id: card_id(),
        card_last_four: last_four(),
        amount: reais(4_990),
        merchant: merchant(),
        description: description(),
        billing_cycle: BillingCycle::containing(business_date(occurred_at), closing_day()),
    }
}

fn declined() -> PurchaseDeclined {
    PurchaseDeclined {
        occurred_at: at("2026-11-22T15:34:10.002Z"),
        authorization_id: authorization_id("01939c5e-7a6b-7c00-8000-0000000000a2"),
        card_id: card_id(),
        card_last_four: last_four(),
        amount: reais(900_000),
        merchant: merchant(),
        description: description(),
        reason: DeclineReason::OverLimit,
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn reais(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::Brl)
}

fn closing_day() -> ClosingDay {
    ClosingDay::try_new(25).expect("valid")
}

fn card_id() -> CardId {
    "01939c5e-7a6b-7c00-8000-0000000000c1".parse().expect("an id")
}

fn authorization_id(text: &str) -> AuthorizationId {
    text.parse().expect("an id")
}

/// Of the test number 4111 1111 1111 1111.
fn last_four() -> LastFour {
    LastFour::parse("1111").expect("four digits")
}

fn merchant() -> Merchant {
    Merchant {
        id: MerchantId::parse("LIVRARIA-0001").expect("valid"),
        name: MerchantName::parse("Livraria").expect("valid"),
        mcc: MerchantCategoryCode::parse("5942").expect("valid"),
    }
}

fn description() -> Description {
    Description::parse("Dom Casmurro").expect("valid")
}
