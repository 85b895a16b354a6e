//! What must hold after every event of any history, each as a function with its name. A failure prints the seed and the
//! shortest history that breaks it.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::account::{
    Account, CardAccount, CardStatus, Command, DeclineReason, Event, Rejection, State, decide, evolve, replay,
};
use domain::calendar::{BillingCycle, business_date};
use domain::{Currency, Money};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

mod support;

/// One command of a history, and what came of it.
struct Step<'a> {
    /// Every event so far, with this step's own.
    events: &'a [Event],
    before: &'a State,
    after: &'a State,
    command: &'a Command,
    decided: &'a Result<Vec<Event>, Rejection>,
}

impl Step<'_> {
    fn recorded(&self) -> Option<&Event> {
        self.decided.as_ref().ok().and_then(|events| events.last())
    }
}

proptest! {
    #[test]
    fn every_invariant_holds_after_every_event(history in support::histories()) {
        let mut state = State::default();
        let mut events = Vec::new();
        let mut aggregate = CardAccount::default();
        for command in &history {
            let decided = decide(&state, command.clone());
            let before = state.clone();
            for event in decided.iter().flatten() {
                state = evolve(state, event).expect("what was decided can follow");
                events.push(event.clone());
            }
            let step = Step { events: &events, before: &before, after: &state, command, decided: &decided };
            invariant_the_sum_of_approvals_is_outstanding(&step);
            invariant_no_approval_is_over_the_limit(&step);
            invariant_a_declined_purchase_changes_nothing(&step);
            invariant_a_closed_account_changes_no_more(&step);
            invariant_a_cancelled_card_never_comes_back(&step);
            invariant_a_command_records_one_event_or_is_rejected(&step);
            invariant_an_approval_is_on_the_statement_of_its_day(&step);
            invariant_replay_gives_the_same_state(&step);
            invariant_a_snapshot_gives_the_same_state(&step);
            invariant_json_gives_the_same_event(&step);
            invariant_deciding_again_gives_the_same_answer(&step);
            invariant_the_aggregate_decides_the_same(&step, &mut aggregate);
        }
    }
}

fn invariant_the_sum_of_approvals_is_outstanding(step: &Step) {
    let sum: i128 = approved_amounts(step.events)
        .map(|amount| i128::from(amount.minor_units()))
        .sum();
    let outstanding = step
        .after
        .account()
        .map_or(0, |account| account.outstanding.minor_units());
    assert_eq!(i128::from(outstanding), sum);
}

/// From the events alone: the limit last set, less all that was approved before.
fn invariant_no_approval_is_over_the_limit(step: &Step) {
    let Some(Event::PurchaseApproved(approved)) = step.recorded() else {
        return;
    };
    let limit = step.events.iter().rev().find_map(|event| match event {
        Event::AccountOpened(opened) => Some(opened.credit_limit),
        Event::CreditLimitChanged(changed) => Some(changed.credit_limit),
        _ => None,
    });
    let limit = limit.expect("an open account has a limit");
    let spent: i128 = approved_amounts(step.events)
        .map(|amount| i128::from(amount.minor_units()))
        .sum();
    assert!(spent <= i128::from(limit.minor_units()), "{spent} of {limit}");
    assert!(approved.amount.is_positive());
    assert_eq!(approved.amount.currency(), limit.currency());
    let available = step.before.account().map(Account::available);
    assert!(available.is_some_and(|available| approved.amount.minor_units() <= available.minor_units()));
}

fn invariant_a_declined_purchase_changes_nothing(step: &Step) {
    if let Some(Event::PurchaseDeclined(_)) = step.recorded() {
        assert_eq!(step.before, step.after);
    }
}

fn invariant_a_closed_account_changes_no_more(step: &Step) {
    if let State::Closed(_) = step.before {
        assert_eq!(step.before, step.after);
        assert!(matches!(step.recorded(), None | Some(Event::PurchaseDeclined(_))));
    }
}

fn invariant_a_cancelled_card_never_comes_back(step: &Step) {
    for (card_id, card) in step
        .before
        .account()
        .into_iter()
        .flat_map(|account| &account.cards)
    {
        let now = step
            .after
            .account()
            .and_then(|account| account.cards.get(card_id));
        let now = now.expect("no card disappears");
        assert!(card.status != CardStatus::Cancelled || now == card, "{now:?}");
    }
}

fn invariant_a_command_records_one_event_or_is_rejected(step: &Step) {
    match step.decided {
        Ok(events) => {
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].occurred_at(), asked_at(step.command));
        }
        Err(_) => assert_eq!(step.before, step.after),
    }
}

fn invariant_an_approval_is_on_the_statement_of_its_day(step: &Step) {
    let Some(Event::PurchaseApproved(approved)) = step.recorded() else {
        return;
    };
    let BillingCycle {
        opens_on,
        closes_on,
        due_on,
    } = approved.billing_cycle;
    let day = business_date(approved.occurred_at);
    assert!(
        opens_on <= day && day < closes_on && closes_on < due_on,
        "{day}: {approved:?}"
    );
    let others = step.events.iter().filter_map(|event| match event {
        Event::PurchaseApproved(approved) => Some(approved.billing_cycle),
        _ => None,
    });
    for other in others {
        let apart = other.closes_on <= opens_on || closes_on <= other.opens_on;
        assert!(
            apart || other == approved.billing_cycle,
            "statements do not overlap"
        );
    }
}

fn invariant_replay_gives_the_same_state(step: &Step) {
    assert_eq!(replay(step.events).as_ref(), Ok(step.after));
}

fn invariant_a_snapshot_gives_the_same_state(step: &Step) {
    let aggregate = CardAccount {
        state: step.after.clone(),
    };
    let snapshot = serde_json::to_string(&aggregate).expect("a state is JSON");
    assert_eq!(
        serde_json::from_str::<CardAccount>(&snapshot).ok(),
        Some(aggregate)
    );
}

fn invariant_json_gives_the_same_event(step: &Step) {
    let Some(event) = step.recorded() else { return };
    let json = serde_json::to_string(event).expect("an event is JSON");
    let value: serde_json::Value = serde_json::from_str(&json).expect("valid JSON");
    assert_eq!(value["type"], event.name());
    assert_eq!(event.event_type(), event.name());
    let read: Event = serde_json::from_str(&json).expect("what was written is read");
    assert_eq!(read, *event);
    assert_eq!(serde_json::to_string(&read).ok(), Some(json), "byte for byte");
}

fn invariant_deciding_again_gives_the_same_answer(step: &Step) {
    assert_eq!(decide(step.before, step.command.clone()), *step.decided);
}

fn invariant_the_aggregate_decides_the_same(step: &Step, aggregate: &mut CardAccount) {
    let sink = EventSink::default();
    let handled = at_once(aggregate.handle(step.command.clone(), &(), &sink));
    let recorded = at_once(sink.collect());
    assert_eq!(handled.map(|()| recorded.clone()), *step.decided);
    assert_eq!(aggregate.state, *step.after);
    assert!(
        step.decided.is_ok() || recorded.is_empty(),
        "a rejection records nothing"
    );

    let mut applied = CardAccount::default();
    step.events.iter().cloned().for_each(|event| applied.apply(event));
    assert_eq!(applied, *aggregate);
}

/// The aggregate is pure: its futures have nothing to wait for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the aggregate waited for something"),
    }
}

fn approved_amounts(events: &[Event]) -> impl Iterator<Item = Money> {
    events.iter().filter_map(|event| match event {
        Event::PurchaseApproved(approved) => Some(approved.amount),
        _ => None,
    })
}

fn asked_at(command: &Command) -> chrono::DateTime<chrono::Utc> {
    match command {
        Command::OpenAccount(command) => command.at,
        Command::ChangeCreditLimit(command) => command.at,
        Command::IssueCard(command) => command.at,
        Command::ActivateCard(command) => command.at,
        Command::BlockCard(command) => command.at,
        Command::UnblockCard(command) => command.at,
        Command::CancelCard(command) => command.at,
        Command::CloseAccount(command) => command.at,
        Command::AuthorizePurchase(command) => command.at,
    }
}

/// The invariants would hold of histories in which nothing happens, too.
#[test]
fn the_histories_reach_every_answer() {
    let mut runner = TestRunner::deterministic();
    let (mut reached, mut approved) = (BTreeSet::new(), 0);
    for _ in 0..1_000 {
        let history = support::histories()
            .new_tree(&mut runner)
            .expect("a history")
            .current();
        let mut state = State::default();
        for command in history {
            let decided = decide(&state, command);
            match decided.as_deref() {
                Err(rejection) => drop(reached.insert(rejection.code())),
                Ok([Event::PurchaseDeclined(declined)]) => drop(reached.insert(declined.reason.code())),
                Ok([Event::PurchaseApproved(_)]) => approved += 1,
                Ok(_) => {}
            }
            for event in decided.iter().flatten() {
                state = evolve(state, event).expect("what was decided can follow");
            }
        }
    }
    let rejections = [
        Rejection::AccountNotFound,
        Rejection::AccountAlreadyOpen,
        Rejection::AccountClosed,
        Rejection::CardNotFound,
        Rejection::CardAlreadyIssued,
        Rejection::CardCancelled,
        Rejection::CardAlreadyActive,
        Rejection::CardNotActivated,
        Rejection::CardAlreadyBlocked,
        Rejection::CardNotBlocked,
        Rejection::CurrencyMismatch {
            account: Currency::Brl,
        },
        Rejection::AmountNotPositive,
        Rejection::CreditLimitNegative,
    ];
    let rejections = rejections.map(Rejection::code).into_iter();
    let every: BTreeSet<_> = rejections
        .chain(DeclineReason::LADDER.map(DeclineReason::code))
        .collect();
    assert_eq!(reached, every);
    assert!(approved > 1_000, "{approved} purchases approved");
}
