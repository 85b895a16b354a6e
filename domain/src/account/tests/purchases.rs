//! Purchases: malformed requests, the credit limit to the cent, the expiry to the minute, and the statement they fall on.

use super::scenario::*;
use crate::account::{DeclineReason, Event, Rejection, SecurityCodeCheck, decide};
use crate::card::Expiry;
use crate::money::Currency;

#[test]
fn an_amount_is_more_than_zero() {
    check(active_card(500), buy(CARD, 1), Approved);
    for amount in [0, -1, i64::MIN] {
        check(active_card(500), buy(CARD, amount), Rejection::AmountNotPositive);
    }
}

#[test]
fn an_amount_is_in_the_currency_of_the_account() {
    let account = Currency::Brl;
    check(
        active_card(500),
        buy_in(usd(1)),
        Rejection::CurrencyMismatch { account },
    );
    check(
        active_card(500),
        buy_in(usd(0)),
        Rejection::CurrencyMismatch { account },
    );
}

#[test]
fn a_malformed_purchase_is_rejected_before_it_could_be_declined() {
    let account = Currency::Brl;
    let closed = || active_card(500).and(close());
    check(active_card(500), buy(NO_CARD, 0), Rejection::AmountNotPositive);
    check(closed(), buy(CARD, 0), Rejection::AmountNotPositive);
    check(closed(), buy_in(usd(1)), Rejection::CurrencyMismatch { account });
    check(nothing(), buy(CARD, 0), Rejection::AccountNotFound);
}

#[test]
fn the_limit_holds_to_the_cent() {
    check(active_card(500), buy(CARD, 500), Approved);
    check(active_card(500), buy(CARD, 501), DeclineReason::OverLimit);
    check(active_card(500), buy(CARD, i64::MAX), DeclineReason::OverLimit);
    check(active_card(i64::MAX), buy(CARD, i64::MAX), Approved);
}

#[test]
fn what_is_spent_is_no_longer_available() {
    let spent = || active_card(500).and(buy(CARD, 499));
    check(spent(), buy(CARD, 1), Approved);
    check(spent(), buy(CARD, 2), DeclineReason::OverLimit);
    check(spent().and(buy(CARD, 1)), buy(CARD, 1), DeclineReason::OverLimit);
    let all = active_card(i64::MAX).and(buy(CARD, i64::MAX));
    check(all, buy(CARD, i64::MAX), DeclineReason::OverLimit);
}

#[test]
fn a_declined_purchase_leaves_the_limit_as_it_was() {
    let declined = active_card(500).and(buy(CARD, 501)).and(buy(NO_CARD, 500));
    check(declined, buy(CARD, 500), Approved);
}

#[test]
fn a_limit_of_zero_buys_nothing() {
    check(active_card(0), buy(CARD, 1), DeclineReason::OverLimit);
}

#[test]
fn a_limit_lowered_below_what_is_spent_buys_nothing_until_it_is_raised() {
    let lowered = || active_card(500).and(buy(CARD, 400)).and(change_limit(brl(100)));
    check(lowered(), buy(CARD, 1), DeclineReason::OverLimit);
    let level = lowered().and(change_limit(brl(400)));
    check(level, buy(CARD, 1), DeclineReason::OverLimit);
    let raised = lowered().and(change_limit(brl(401)));
    check(raised.clone(), buy(CARD, 1), Approved);
    check(raised, buy(CARD, 2), DeclineReason::OverLimit);
}

#[test]
fn all_cards_draw_on_one_limit() {
    let two_cards = active_card(500)
        .and(issue(SECOND_CARD))
        .and(activate(SECOND_CARD));
    let spent = two_cards.and(buy(CARD, 300));
    check(spent.clone(), buy(SECOND_CARD, 200), Approved);
    check(spent, buy(SECOND_CARD, 201), DeclineReason::OverLimit);
}

#[test]
fn what_a_cancelled_card_bought_is_still_owed() {
    let given = active_card(500)
        .and(issue(SECOND_CARD))
        .and(activate(SECOND_CARD));
    let cancelled = given.and(buy(CARD, 300)).and(cancel(CARD));
    check(cancelled, buy(SECOND_CARD, 201), DeclineReason::OverLimit);
}

#[test]
fn a_card_can_be_used_until_the_last_moment_of_its_month_in_brasilia() {
    let buy_at = |at| Purchase::of(CARD, brl(100)).at(at);
    check(active_card(500), buy_at("2028-11-30T23:59:59Z"), Approved);
    check(
        active_card(500),
        buy_at("2028-12-01T02:59:59.999999999Z"),
        Approved,
    );
    check(
        active_card(500),
        buy_at("2028-12-01T03:00:00Z"),
        DeclineReason::CardExpired,
    );
    check(
        active_card(500),
        buy_at("2029-01-01T03:00:00Z"),
        DeclineReason::CardExpired,
    );
}

#[test]
fn credentials_must_be_the_cards_own_and_a_token_needs_none() {
    use SecurityCodeCheck::{Match, Mismatch};
    let typed_in = |expiry, code| Purchase::of(CARD, brl(100)).typed_in(expiry, code).into();
    let another = |month, year| Expiry::try_new(month, year).expect("a valid expiry");
    check(active_card(500), typed_in(expiry(), Match), Approved);
    check(
        active_card(500),
        typed_in(expiry(), Mismatch),
        DeclineReason::SecurityCodeMismatch,
    );
    check(
        active_card(500),
        typed_in(another(11, 2029), Match),
        DeclineReason::ExpiryMismatch,
    );
    check(
        active_card(500),
        typed_in(another(10, 2028), Match),
        DeclineReason::ExpiryMismatch,
    );
    check(active_card(500), buy(CARD, 100), Approved);
}

#[test]
fn the_closing_day_in_brasilia_decides_the_statement_in_the_event() {
    let cases = [
        ("2026-11-25T02:59:59Z", ["2026-10-25", "2026-11-25", "2026-12-02"]),
        ("2026-11-25T03:00:00Z", ["2026-11-25", "2026-12-25", "2027-01-01"]),
        ("2027-01-01T02:59:59Z", ["2026-12-25", "2027-01-25", "2027-02-01"]),
    ];
    for (at, [opens_on, closes_on, due_on]) in cases {
        let events = decide(&active_card(500).state(), Purchase::of(CARD, brl(100)).at(at));
        let Some([Event::PurchaseApproved(approved)]) = events.as_deref().ok() else {
            panic!("not approved at {at}: {events:?}");
        };
        let cycle = approved.billing_cycle;
        let dates = [cycle.opens_on, cycle.closes_on, cycle.due_on].map(|date| date.to_string());
        assert_eq!(dates, [opens_on, closes_on, due_on], "{at}");
    }
}
