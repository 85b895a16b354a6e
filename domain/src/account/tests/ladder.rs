//! The ladder of decline reasons: each rung alone, then each against the rung below it, then all of them together.

use super::scenario::*;
use crate::account::{Command, DeclineReason, Rejection, SecurityCodeCheck};
use crate::card::Expiry;

/// More than the limit of every account in these scenarios.
const TOO_MUCH: i64 = 501;

fn wrong_expiry() -> Expiry {
    Expiry::try_new(1, 2030).expect("a valid expiry")
}

/// A purchase on the card with its own expiry and a wrong security code.
fn wrong_code() -> Command {
    Purchase::of(CARD, brl(100))
        .typed_in(expiry(), SecurityCodeCheck::Mismatch)
        .into()
}

#[test]
fn each_reason_declines_alone() {
    let typed_in = Purchase::of(CARD, brl(100)).typed_in(wrong_expiry(), SecurityCodeCheck::Match);
    let after_expiry = Purchase::of(CARD, brl(100)).at(AFTER_EXPIRY);
    let issued = account(500).and(issue(CARD));
    check(active_card(500), buy(NO_CARD, 100), DeclineReason::CardNotFound);
    check(active_card(500), typed_in.into(), DeclineReason::ExpiryMismatch);
    check(
        active_card(500),
        wrong_code(),
        DeclineReason::SecurityCodeMismatch,
    );
    check(
        active_card(500).and(close()),
        buy(CARD, 100),
        DeclineReason::AccountClosed,
    );
    check(
        active_card(500).and(cancel(CARD)),
        buy(CARD, 100),
        DeclineReason::CardCancelled,
    );
    check(issued, buy(CARD, 100), DeclineReason::CardNotActivated);
    check(
        active_card(500).and(block(CARD)),
        buy(CARD, 100),
        DeclineReason::CardBlocked,
    );
    check(active_card(500), after_expiry, DeclineReason::CardExpired);
    check(active_card(500), buy(CARD, TOO_MUCH), DeclineReason::OverLimit);
}

#[test]
fn a_card_not_found_comes_before_what_is_wrong_with_its_expiry() {
    let purchase = Purchase::of(NO_CARD, brl(100)).typed_in(wrong_expiry(), SecurityCodeCheck::Mismatch);
    check(active_card(500), purchase.into(), DeclineReason::CardNotFound);
}

#[test]
fn a_wrong_expiry_comes_before_a_wrong_security_code() {
    let purchase = Purchase::of(CARD, brl(100)).typed_in(wrong_expiry(), SecurityCodeCheck::Mismatch);
    check(active_card(500), purchase.into(), DeclineReason::ExpiryMismatch);
}

#[test]
fn a_wrong_security_code_comes_before_a_closed_account() {
    let closed = active_card(500).and(close());
    check(closed, wrong_code(), DeclineReason::SecurityCodeMismatch);
}

#[test]
fn a_closed_account_comes_before_a_cancelled_card() {
    let closed = active_card(500).and(cancel(CARD)).and(close());
    check(closed, buy(CARD, 100), DeclineReason::AccountClosed);
}

#[test]
fn a_cancelled_card_comes_before_one_that_was_never_activated() {
    let cancelled = account(500).and(issue(CARD)).and(cancel(CARD));
    check(cancelled, buy(CARD, 100), DeclineReason::CardCancelled);
}

/// No card is both: what is not activated cannot be blocked.
#[test]
fn a_card_not_activated_stays_so_when_blocking_it_is_tried() {
    let issued = account(500).and(issue(CARD));
    check(issued.clone(), block(CARD), Rejection::CardNotActivated);
    check(issued, buy(CARD, 100), DeclineReason::CardNotActivated);
}

#[test]
fn a_cancelled_card_comes_before_a_blocked_one() {
    let cancelled = active_card(500).and(block(CARD)).and(cancel(CARD));
    check(cancelled, buy(CARD, 100), DeclineReason::CardCancelled);
}

#[test]
fn a_card_not_activated_comes_before_an_expired_one() {
    let after_expiry = Purchase::of(CARD, brl(100)).at(AFTER_EXPIRY);
    check(
        account(500).and(issue(CARD)),
        after_expiry,
        DeclineReason::CardNotActivated,
    );
}

#[test]
fn a_blocked_card_comes_before_an_expired_one() {
    let after_expiry = Purchase::of(CARD, brl(100)).at(AFTER_EXPIRY);
    check(
        active_card(500).and(block(CARD)),
        after_expiry,
        DeclineReason::CardBlocked,
    );
}

#[test]
fn an_expired_card_comes_before_the_limit() {
    let after_expiry = Purchase::of(CARD, brl(TOO_MUCH)).at(AFTER_EXPIRY);
    check(active_card(500), after_expiry, DeclineReason::CardExpired);
}

/// Everything that can be wrong at once is wrong; then one fault after another is mended, from the top.
#[test]
fn the_whole_ladder_is_climbed_down_rung_by_rung() {
    let typed_in = |card, expiry, code| {
        Purchase::of(card, brl(TOO_MUCH))
            .typed_in(expiry, code)
            .at(AFTER_EXPIRY)
    };
    let (matching, mismatch) = (SecurityCodeCheck::Match, SecurityCodeCheck::Mismatch);
    let mended = || typed_in(CARD, expiry(), matching);
    let blocked = || active_card(500).and(block(CARD));
    let cancelled = || blocked().and(cancel(CARD));
    let closed = || cancelled().and(close());
    let in_time = Purchase::of(CARD, brl(TOO_MUCH)).typed_in(expiry(), matching);
    let affordable = Purchase::of(CARD, brl(TOO_MUCH - 1)).typed_in(expiry(), matching);

    check(
        closed(),
        typed_in(NO_CARD, wrong_expiry(), mismatch),
        DeclineReason::CardNotFound,
    );
    check(
        closed(),
        typed_in(CARD, wrong_expiry(), mismatch),
        DeclineReason::ExpiryMismatch,
    );
    check(
        closed(),
        typed_in(CARD, expiry(), mismatch),
        DeclineReason::SecurityCodeMismatch,
    );
    check(closed(), mended(), DeclineReason::AccountClosed);
    check(cancelled(), mended(), DeclineReason::CardCancelled);
    check(
        account(500).and(issue(CARD)),
        mended(),
        DeclineReason::CardNotActivated,
    );
    check(blocked(), mended(), DeclineReason::CardBlocked);
    check(active_card(500), mended(), DeclineReason::CardExpired);
    check(active_card(500), in_time.into(), DeclineReason::OverLimit);
    check(active_card(500), affordable.into(), Approved);
}
