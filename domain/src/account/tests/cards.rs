//! The life of a card: every command on a card in every status it may have.

use super::scenario::*;
use crate::account::{
    CardActivated, CardBlocked, CardCancelled, CardIssued, CardUnblocked, Event, Rejection,
};
use crate::ids::CardId;

fn issued(card_id: CardId) -> Event {
    Event::CardIssued(CardIssued {
        occurred_at: now(),
        card_id,
        card_last_four: last_four(),
        expiry: expiry(),
    })
}

fn activated() -> Event {
    Event::CardActivated(CardActivated {
        occurred_at: now(),
        card_id: CARD,
    })
}

fn blocked() -> Event {
    Event::CardBlocked(CardBlocked {
        occurred_at: now(),
        card_id: CARD,
    })
}

fn unblocked() -> Event {
    Event::CardUnblocked(CardUnblocked {
        occurred_at: now(),
        card_id: CARD,
    })
}

fn cancelled() -> Event {
    Event::CardCancelled(CardCancelled {
        occurred_at: now(),
        card_id: CARD,
    })
}

#[test]
fn a_card_the_account_does_not_have_can_only_be_issued() {
    check(active_card(500), activate(NO_CARD), Rejection::CardNotFound);
    check(active_card(500), block(NO_CARD), Rejection::CardNotFound);
    check(active_card(500), unblock(NO_CARD), Rejection::CardNotFound);
    check(active_card(500), cancel(NO_CARD), Rejection::CardNotFound);
    check(active_card(500), issue(SECOND_CARD), issued(SECOND_CARD));
}

#[test]
fn an_issued_card_can_be_activated_or_cancelled() {
    let given = || account(500).and(issue(CARD));
    check(given(), issue(CARD), Rejection::CardAlreadyIssued);
    check(given(), activate(CARD), activated());
    check(given(), block(CARD), Rejection::CardNotActivated);
    check(given(), unblock(CARD), Rejection::CardNotBlocked);
    check(given(), cancel(CARD), cancelled());
}

#[test]
fn an_active_card_can_be_blocked_or_cancelled() {
    let given = || active_card(500);
    check(given(), issue(CARD), Rejection::CardAlreadyIssued);
    check(given(), activate(CARD), Rejection::CardAlreadyActive);
    check(given(), block(CARD), blocked());
    check(given(), unblock(CARD), Rejection::CardNotBlocked);
    check(given(), cancel(CARD), cancelled());
}

#[test]
fn a_blocked_card_can_be_unblocked_or_cancelled() {
    let given = || active_card(500).and(block(CARD));
    check(given(), issue(CARD), Rejection::CardAlreadyIssued);
    check(given(), activate(CARD), Rejection::CardAlreadyBlocked);
    check(given(), block(CARD), Rejection::CardAlreadyBlocked);
    check(given(), unblock(CARD), unblocked());
    check(given(), cancel(CARD), cancelled());
}

#[test]
fn an_unblocked_card_is_an_active_card() {
    let given = || active_card(500).and(block(CARD)).and(unblock(CARD));
    check(given(), activate(CARD), Rejection::CardAlreadyActive);
    check(given(), unblock(CARD), Rejection::CardNotBlocked);
    check(given(), block(CARD), blocked());
    check(given(), buy(CARD, 500), Approved);
}

#[test]
fn a_cancelled_card_never_comes_back() {
    let never_activated = || account(500).and(issue(CARD)).and(cancel(CARD));
    let was_active = || active_card(500).and(cancel(CARD));
    let was_blocked = || active_card(500).and(block(CARD)).and(cancel(CARD));
    for given in [never_activated(), was_active(), was_blocked()] {
        check(given.clone(), issue(CARD), Rejection::CardAlreadyIssued);
        check(given.clone(), activate(CARD), Rejection::CardCancelled);
        check(given.clone(), block(CARD), Rejection::CardCancelled);
        check(given.clone(), unblock(CARD), Rejection::CardCancelled);
        check(given, cancel(CARD), Rejection::CardCancelled);
    }
}

#[test]
fn what_happens_to_one_card_does_not_happen_to_another() {
    let given = active_card(500).and(issue(SECOND_CARD)).and(cancel(SECOND_CARD));
    check(given.clone(), block(CARD), blocked());
    check(given, buy(CARD, 500), Approved);
}
