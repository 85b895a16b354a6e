//! A second bank, written to be obvious: it keeps nothing but the list of events, scans it from the start for every
//! question, and must give the same answer as `decide` to every command of any history. It shares no rule with the first.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use domain::account::{
    AuthorizePurchase, Command, DeclineReason, Event, Presented, Rejection, SecurityCodeCheck, State, decide,
    evolve,
};
use domain::{CardId, Currency};
use proptest::prelude::*;

mod support;

/// What either bank says to a command.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Rejected(Rejection),
    Declined(DeclineReason),
    /// On the statement of these days: opening, closing, due.
    Approved([NaiveDate; 3]),
    Recorded(&'static str),
}

proptest! {
    #[test]
    fn both_banks_agree_on_every_command(history in support::histories()) {
        let mut state = State::default();
        let mut events: Vec<Event> = Vec::new();
        for command in history {
            let expected = naive_verdict(&events, &command);
            let decided = decide(&state, command.clone());
            prop_assert_eq!(verdict(&decided), expected, "{:?}\nafter {:#?}", command, events);
            for event in decided.into_iter().flatten() {
                state = evolve(state, &event).expect("what was decided can follow");
                events.push(event);
            }
        }
    }
}

fn verdict(decided: &Result<Vec<Event>, Rejection>) -> Verdict {
    match decided.as_deref() {
        Err(rejection) => Verdict::Rejected(*rejection),
        Ok([Event::PurchaseDeclined(declined)]) => Verdict::Declined(declined.reason),
        Ok([Event::PurchaseApproved(approved)]) => {
            let cycle = approved.billing_cycle;
            Verdict::Approved([cycle.opens_on, cycle.closes_on, cycle.due_on])
        }
        Ok([event]) => Verdict::Recorded(event.name()),
        Ok(events) => panic!("one command, one event: {events:?}"),
    }
}

fn naive_verdict(events: &[Event], command: &Command) -> Verdict {
    match refusal(events, command) {
        Some(rejection) => Verdict::Rejected(rejection),
        None => match command {
            Command::OpenAccount(_) => Verdict::Recorded("account_opened"),
            Command::ChangeCreditLimit(_) => Verdict::Recorded("credit_limit_changed"),
            Command::IssueCard(_) => Verdict::Recorded("card_issued"),
            Command::ActivateCard(_) => Verdict::Recorded("card_activated"),
            Command::BlockCard(_) => Verdict::Recorded("card_blocked"),
            Command::UnblockCard(_) => Verdict::Recorded("card_unblocked"),
            Command::CancelCard(_) => Verdict::Recorded("card_cancelled"),
            Command::CloseAccount(_) => Verdict::Recorded("account_closed"),
            Command::AuthorizePurchase(purchase) => match reason_to_decline(events, purchase) {
                Some(reason) => Verdict::Declined(reason),
                None => Verdict::Approved(statement(events, purchase.at)),
            },
        },
    }
}

fn refusal(events: &[Event], command: &Command) -> Option<Rejection> {
    let Some(account) = currency(events) else {
        return match command {
            Command::OpenAccount(command) if command.credit_limit.minor_units() < 0 => {
                Some(Rejection::CreditLimitNegative)
            }
            Command::OpenAccount(_) => None,
            _ => Some(Rejection::AccountNotFound),
        };
    };
    let mismatch = Rejection::CurrencyMismatch { account };
    match command {
        Command::AuthorizePurchase(purchase) if purchase.amount.currency() != account => Some(mismatch),
        Command::AuthorizePurchase(purchase) if purchase.amount.minor_units() < 1 => {
            Some(Rejection::AmountNotPositive)
        }
        Command::AuthorizePurchase(_) => None,
        _ if is_closed(events) => Some(Rejection::AccountClosed),
        Command::OpenAccount(_) => Some(Rejection::AccountAlreadyOpen),
        Command::ChangeCreditLimit(change) if change.credit_limit.currency() != account => Some(mismatch),
        Command::ChangeCreditLimit(change) if change.credit_limit.minor_units() < 0 => {
            Some(Rejection::CreditLimitNegative)
        }
        Command::IssueCard(command) if last_of_card(events, command.card_id).is_some() => {
            Some(Rejection::CardAlreadyIssued)
        }
        Command::ChangeCreditLimit(_) | Command::IssueCard(_) | Command::CloseAccount(_) => None,
        Command::ActivateCard(command) => card_refusal("activate", last_of_card(events, command.card_id)),
        Command::BlockCard(command) => card_refusal("block", last_of_card(events, command.card_id)),
        Command::UnblockCard(command) => card_refusal("unblock", last_of_card(events, command.card_id)),
        Command::CancelCard(command) => card_refusal("cancel", last_of_card(events, command.card_id)),
    }
}

/// What may be done with a card after the last thing that was done with it.
fn card_refusal(asked: &str, last: Option<&str>) -> Option<Rejection> {
    match (asked, last) {
        (_, None) => Some(Rejection::CardNotFound),
        (_, Some("card_cancelled")) => Some(Rejection::CardCancelled),
        ("cancel", _)
        | ("activate", Some("card_issued"))
        | ("block", Some("card_activated" | "card_unblocked"))
        | ("unblock", Some("card_blocked")) => None,
        ("activate" | "block", Some("card_blocked")) => Some(Rejection::CardAlreadyBlocked),
        ("activate", _) => Some(Rejection::CardAlreadyActive),
        ("block", _) => Some(Rejection::CardNotActivated),
        _ => Some(Rejection::CardNotBlocked),
    }
}

fn reason_to_decline(events: &[Event], purchase: &AuthorizePurchase) -> Option<DeclineReason> {
    let issued = events.iter().find_map(|event| match event {
        Event::CardIssued(issued) if issued.card_id == purchase.card_id => Some(issued),
        _ => None,
    });
    let Some(issued) = issued else {
        return Some(DeclineReason::CardNotFound);
    };
    let (wrong_expiry, wrong_code) = match purchase.presented {
        Presented::Token => (false, false),
        Presented::Credentials {
            expiry,
            security_code,
        } => (
            expiry != issued.expiry,
            security_code == SecurityCodeCheck::Mismatch,
        ),
    };
    let last = last_of_card(events, purchase.card_id);
    let this_month = brasilia_day(purchase.at).format("%Y-%m").to_string();
    let last_month = format!("{}-{:02}", issued.expiry.year(), issued.expiry.month());
    let amount = i128::from(purchase.amount.minor_units());
    let ladder = [
        (wrong_expiry, DeclineReason::ExpiryMismatch),
        (wrong_code, DeclineReason::SecurityCodeMismatch),
        (is_closed(events), DeclineReason::AccountClosed),
        (last == Some("card_cancelled"), DeclineReason::CardCancelled),
        (last == Some("card_issued"), DeclineReason::CardNotActivated),
        (last == Some("card_blocked"), DeclineReason::CardBlocked),
        (this_month > last_month, DeclineReason::CardExpired),
        (spent(events) + amount > limit(events), DeclineReason::OverLimit),
    ];
    ladder
        .into_iter()
        .find_map(|(applies, reason)| applies.then_some(reason))
}

/// Walks back to the last closing day and on to the next one, day by day.
fn statement(events: &[Event], at: DateTime<Utc>) -> [NaiveDate; 3] {
    let closing_day = events.iter().find_map(|event| match event {
        Event::AccountOpened(opened) => Some(opened.closing_day.day()),
        _ => None,
    });
    let closes = |day: &NaiveDate| Some(day.day()) == closing_day;
    let day = brasilia_day(at);
    let opens_on = (0..31).map(|days| day - Duration::days(days)).find(closes);
    let closes_on = (1..32).map(|days| day + Duration::days(days)).find(closes);
    let [opens_on, closes_on] = [opens_on, closes_on].map(|day| day.expect("every month has days 1 to 28"));
    [opens_on, closes_on, closes_on + Duration::days(7)]
}

fn brasilia_day(at: DateTime<Utc>) -> NaiveDate {
    (at - Duration::hours(3)).date_naive()
}

fn currency(events: &[Event]) -> Option<Currency> {
    events.iter().find_map(|event| match event {
        Event::AccountOpened(opened) => Some(opened.credit_limit.currency()),
        _ => None,
    })
}

fn is_closed(events: &[Event]) -> bool {
    events
        .iter()
        .any(|event| matches!(event, Event::AccountClosed(_)))
}

fn limit(events: &[Event]) -> i128 {
    let mut limits = events.iter().filter_map(|event| match event {
        Event::AccountOpened(opened) => Some(opened.credit_limit),
        Event::CreditLimitChanged(changed) => Some(changed.credit_limit),
        _ => None,
    });
    limits
        .next_back()
        .map_or(0, |limit| i128::from(limit.minor_units()))
}

fn spent(events: &[Event]) -> i128 {
    let amounts = events.iter().filter_map(|event| match event {
        Event::PurchaseApproved(approved) => Some(i128::from(approved.amount.minor_units())),
        _ => None,
    });
    amounts.sum()
}

/// The name of the last thing that was done with the card itself.
fn last_of_card(events: &[Event], card_id: CardId) -> Option<&'static str> {
    let mut of_card = events.iter().filter(|event| match event {
        Event::CardIssued(event) => event.card_id == card_id,
        Event::CardActivated(event) => event.card_id == card_id,
        Event::CardBlocked(event) => event.card_id == card_id,
        Event::CardUnblocked(event) => event.card_id == card_id,
        Event::CardCancelled(event) => event.card_id == card_id,
        _ => false,
    });
    of_card.next_back().map(Event::name)
}
