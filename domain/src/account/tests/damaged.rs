//! Histories that no rule would ever have recorded: `evolve` refuses them, so that no account is used on the strength of them.

use cqrs_es::Aggregate;

use super::scenario::*;
use crate::account::{
    CardAccount, Command, CreditLimitChanged, Event, Inconsistent, PurchaseApproved, State, decide, evolve,
};
use crate::money::Money;

/// The event that this command records on an account where it may.
fn event(given: &History, when: Command) -> Event {
    let mut events = decide(&given.state(), when).expect("accepted");
    events.pop().expect("one event")
}

#[track_caller]
fn check_refused(given: &History, event: &Event, expected: &Inconsistent) {
    let state = given.state();
    assert_eq!(
        evolve(state.clone(), event).as_ref(),
        Err(expected),
        "on {state:?}"
    );

    let mut aggregate = CardAccount { state };
    let before = aggregate.clone();
    aggregate.apply(event.clone());
    assert_eq!(aggregate, before, "the adapter leaves the state as it was");
}

#[track_caller]
fn check_out_of_order(given: &History, event: &Event) {
    check_refused(given, event, &Inconsistent::Order { event: event.name() });
}

/// One event of each kind, as they may follow one another.
fn one_of_each() -> Vec<Event> {
    let open = active_card(500);
    vec![
        event(&nothing(), open_account(500)),
        event(&open, change_limit(brl(700))),
        event(&account(500), issue(CARD)),
        event(&account(500).and(issue(CARD)), activate(CARD)),
        event(&open, block(CARD)),
        event(&open.clone().and(block(CARD)), unblock(CARD)),
        event(&open, cancel(CARD)),
        event(&open, buy(CARD, 100)),
        event(&open, buy(CARD, 501)),
        closed(),
    ]
}

#[test]
fn nothing_but_opening_comes_first() {
    for event in &one_of_each()[1..] {
        check_out_of_order(&nothing(), event);
    }
}

#[test]
fn opening_comes_once() {
    let opening = event(&nothing(), open_account(500));
    check_out_of_order(&account(500), &opening);
    check_out_of_order(&account(500).and(close()), &opening);
}

#[test]
fn nothing_but_a_decline_follows_closing() {
    let closed = active_card(500).and(close());
    for event in &one_of_each() {
        match event {
            Event::PurchaseDeclined(_) => assert_eq!(evolve(closed.state(), event), Ok(closed.state())),
            event => check_out_of_order(&closed, event),
        }
    }
}

#[test]
fn no_event_is_about_a_card_that_was_not_issued() {
    for event in &one_of_each()[3..8] {
        check_out_of_order(&account(500), event);
    }
}

#[test]
fn a_card_is_issued_once_and_does_not_come_back() {
    let cancelled = active_card(500).and(cancel(CARD));
    for event in &one_of_each()[2..7] {
        check_out_of_order(&cancelled, event);
    }
    check_out_of_order(&active_card(500), &event(&account(500), issue(CARD)));
}

#[test]
fn money_does_not_come_from_nowhere() {
    let Event::PurchaseApproved(approved) = event(&active_card(500), buy(CARD, 100)) else {
        panic!("approved");
    };
    let of = |amount: Money| {
        Event::PurchaseApproved(PurchaseApproved {
            amount,
            ..approved.clone()
        })
    };
    check_refused(&active_card(500), &of(brl(0)), &Inconsistent::Amount);
    check_refused(&active_card(500), &of(brl(-100)), &Inconsistent::Amount);
    check_refused(&active_card(500), &of(usd(100)), &Inconsistent::Amount);
    let spent = active_card(500).and(buy(CARD, 1));
    check_refused(&spent, &of(brl(i64::MAX)), &Inconsistent::Amount);
}

#[test]
fn a_limit_does_not_change_its_currency() {
    let dollars = Event::CreditLimitChanged(CreditLimitChanged {
        occurred_at: now(),
        credit_limit: usd(500),
    });
    check_refused(&account(500), &dollars, &Inconsistent::Amount);
}

#[test]
fn a_purchase_approved_under_a_higher_limit_than_todays_stays_true() {
    let approval = event(&active_card(900), buy(CARD, 900));
    let state = evolve(active_card(500).state(), &approval).expect("facts are not decided again");
    let available = state.account().map(crate::account::Account::available);
    assert_eq!(available, Some(brl(0)));
    assert!(matches!(state, State::Open(_)));
}
