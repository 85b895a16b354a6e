//! The rules as a model: an account's history made again, one decision after the other, and each answer looked up in it.

use std::collections::HashMap;

use domain::account::{
    ActivateCard, AuthorizePurchase, BlockCard, CancelCard, ChangeCreditLimit, CloseAccount, Command, Event,
    IssueCard, Presented, PurchaseApproved, PurchaseDeclined, SecurityCodeCheck, State, UnblockCard, decide,
    evolve,
};
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AuthorizationId, Currency, Money};
use proto::codebank::v1::{Authorization, Decision, DeclineReason, RecordedEvent};
use tests::teller::{Card, brl};
use uuid::Uuid;

use crate::clients::{Heard, Told};
use crate::plan::{Account, Errand, What};

/// One account's history, made again.
struct Made {
    events: Vec<Event>,
    /// After so many events.
    states: Vec<State>,
    /// At which version each errand's event is, by the errand's place in the plan.
    versions: HashMap<usize, u64>,
}

/// Holds one account's history to the rules, and what was heard of it to the history.
pub(crate) fn check(
    index: usize,
    account: &Account,
    history: &[RecordedEvent],
    errands: &[Errand],
    heard: &[Heard],
) {
    let made = make(account, history, errands);
    for (errand, version) in &made.versions {
        assert_eq!(
            errands[*errand].account, index,
            "version {version} of {}",
            account.id
        );
    }
    the_limit_is_exact(&made.events);
    let heard: Vec<&Heard> = heard
        .iter()
        .filter(|heard| errands[heard.errand].account == index)
        .collect();
    for one in &heard {
        let errand = &errands[one.errand];
        let (earliest, latest) = bounds(one, &heard, &made, account);
        match made.versions.get(&one.errand) {
            Some(version) => {
                assert!(
                    (earliest + 1..=latest).contains(version),
                    "{errand:?} at {version}, not after {earliest} and up to {latest}: {one:?}"
                );
                told_of(&one.told, *version, &made, account);
            }
            None => refused(one, errand, earliest, latest, &made, account),
        }
    }
}

/// Decides it all again: with what was asked, each event is the one decision there is.
fn make(account: &Account, history: &[RecordedEvent], errands: &[Errand]) -> Made {
    let by_request: HashMap<&str, usize> = errands
        .iter()
        .enumerate()
        .map(|(place, errand)| (errand.request_id.as_str(), place))
        .collect();
    let payments: HashMap<&str, usize> = errands
        .iter()
        .enumerate()
        .filter(|(_, errand)| matches!(errand.what, What::Payment { .. }))
        .map(|(place, errand)| (errand.description.as_str(), place))
        .collect();
    let mut made = Made {
        events: Vec::new(),
        states: vec![State::default()],
        versions: HashMap::new(),
    };
    for (version, recorded) in (1..).zip(history) {
        assert_eq!(recorded.sequence, version, "{} has a gap", account.id);
        let event: Event = serde_json::from_str(&recorded.data_json).expect("an event");
        let state = made.states.last().cloned().unwrap_or_default();
        if version > account.opened_with {
            let by_description = || payments.get(description(&event)?);
            let errand = by_request
                .get(recorded.request_id.as_str())
                .or_else(by_description);
            let errand = *errand.unwrap_or_else(|| panic!("nobody asked for {recorded:?}"));
            let command = command(&errands[errand], account, Some(&event));
            let decided = decide(&state, command);
            assert_eq!(decided, Ok(vec![event.clone()]), "{recorded:?}");
            let twice = made.versions.insert(errand, version);
            assert_eq!(twice, None, "twice in the log: {recorded:?}");
        }
        let next = evolve(state, &event).unwrap_or_else(|error| panic!("{recorded:?}: {error}"));
        made.states.push(next);
        made.events.push(event);
    }
    made
}

fn description(event: &Event) -> Option<&str> {
    match event {
        Event::PurchaseApproved(PurchaseApproved { description, .. })
        | Event::PurchaseDeclined(PurchaseDeclined { description, .. }) => Some(description.as_str()),
        _ => None,
    }
}

/// Without the rules' help: nothing above the limit is approved, nothing within it is declined for its sake.
fn the_limit_is_exact(events: &[Event]) {
    let (mut limit, mut charged) = (0, 0);
    for event in events {
        match event {
            Event::AccountOpened(opened) => limit = opened.credit_limit.minor_units(),
            Event::CreditLimitChanged(new) => limit = new.credit_limit.minor_units(),
            Event::PurchaseApproved(purchase) => {
                charged += purchase.amount.minor_units();
                assert!(charged <= limit, "{charged} of {limit}: {purchase:?}");
            }
            Event::PurchaseDeclined(purchase) if purchase.reason.code() == "over_limit" => {
                let above = charged + purchase.amount.minor_units();
                assert!(above > limit, "{above} of {limit}: {purchase:?}");
            }
            _ => {}
        }
    }
}

/// The last version that was answered before this was sent, and the last one that can have been there when it was answered:
/// before the first of what was sent later.
fn bounds(one: &Heard, heard: &[&Heard], made: &Made, account: &Account) -> (u64, u64) {
    let version = |other: &&&Heard| made.versions.get(&other.errand).copied();
    let before = heard.iter().filter(|other| other.answered < one.sent);
    let after = heard.iter().filter(|other| other.sent > one.answered);
    let earliest = before.filter_map(|other| version(&other)).max();
    let latest = after.filter_map(|other| version(&other)).min();
    (
        earliest.unwrap_or(account.opened_with),
        latest.map_or(made.events.len() as u64, |next| next - 1),
    )
}

/// The answer is what the event says.
fn told_of(told: &Told, version: u64, made: &Made, account: &Account) {
    let event = usize::try_from(version - 1)
        .ok()
        .and_then(|place| made.events.get(place));
    let event = event.expect("an event of the history");
    match told {
        Told::Decided(authorization) => {
            assert_eq!(*authorization, decided(event, version, authorization, account));
        }
        Told::Paid => assert!(matches!(event, Event::PurchaseApproved(_)), "{event:?}"),
        Told::NotPaid => assert!(matches!(event, Event::PurchaseDeclined(_)), "{event:?}"),
        Told::Changed { version: told, .. } => assert_eq!(*told, version, "{event:?}"),
        Told::Refused(reason) => panic!("refused ({reason}), and recorded as {version}: {event:?}"),
        Told::Unknown => {}
    }
}

fn decided(event: &Event, version: u64, told: &Authorization, account: &Account) -> Authorization {
    let (id, amount, decision, reason) = match event {
        Event::PurchaseApproved(purchase) => {
            let none = DeclineReason::Unspecified;
            (
                purchase.authorization_id,
                purchase.amount,
                Decision::Approved,
                none,
            )
        }
        Event::PurchaseDeclined(purchase) => {
            let name = format!("DECLINE_REASON_{}", purchase.reason.code().to_uppercase());
            let reason = DeclineReason::from_str_name(&name).expect("a reason that a merchant may know");
            (
                purchase.authorization_id,
                purchase.amount,
                Decision::Declined,
                reason,
            )
        }
        other => panic!("a decision was told of {other:?}"),
    };
    Authorization {
        authorization_id: id.to_string(),
        decision: decision.into(),
        decline_reason: reason.into(),
        account_id: account.id.clone(),
        account_version: version,
        amount: Some(brl(amount.minor_units())),
        decided_at: told.decided_at,
    }
}

/// Nothing is recorded: at some version that there was between question and answer, the rules refused it for this reason.
fn refused(one: &Heard, errand: &Errand, earliest: u64, latest: u64, made: &Made, account: &Account) {
    let Told::Refused(told) = &one.told else {
        assert_eq!(one.told, Told::Unknown, "it is not in the log: {errand:?}");
        return;
    };
    let is_right = (earliest..=latest).any(|version| {
        let state = &made.states[usize::try_from(version).expect("a short history")];
        let refusal = decide(state, command(errand, account, None)).err();
        refusal.is_some_and(|refusal| refusal.code().to_uppercase() == *told)
    });
    assert!(
        is_right,
        "not at any of {earliest} to {latest}: {one:?} of {errand:?}"
    );
}

/// What was asked, with what the bank added to it as its event has it.
fn command(errand: &Errand, account: &Account, event: Option<&Event>) -> Command {
    let at = event.map(Event::occurred_at).unwrap_or_default();
    let card = &account.cards[errand.card];
    let card_id = card.card_id.parse().expect("a card's id");
    match errand.what {
        What::Purchase { amount, typed_in } => {
            Command::AuthorizePurchase(purchase(errand, card, amount, typed_in, event))
        }
        What::Payment { amount } => Command::AuthorizePurchase(purchase(errand, card, amount, true, event)),
        What::ChangeLimit { limit } => Command::ChangeCreditLimit(ChangeCreditLimit {
            at,
            credit_limit: Money::new(limit, Currency::Brl),
        }),
        What::IssueCard => {
            let (card_id, last_four) = match event {
                Some(Event::CardIssued(issued)) => (issued.card_id, issued.card_last_four.clone()),
                // Another card than any.
                _ => (domain::CardId::new(Uuid::nil()), last_four(card)),
            };
            let expiry = Expiry::try_new(12, 2035).expect("an expiry");
            Command::IssueCard(IssueCard {
                at,
                card_id,
                last_four,
                expiry,
            })
        }
        What::Activate => Command::ActivateCard(ActivateCard { at, card_id }),
        What::Block => Command::BlockCard(BlockCard { at, card_id }),
        What::Unblock => Command::UnblockCard(UnblockCard { at, card_id }),
        What::Cancel => Command::CancelCard(CancelCard { at, card_id }),
        What::Close => Command::CloseAccount(CloseAccount { at }),
    }
}

fn purchase(
    errand: &Errand,
    card: &Card,
    amount: i64,
    typed_in: bool,
    event: Option<&Event>,
) -> AuthorizePurchase {
    let (authorization_id, merchant) = match event {
        Some(Event::PurchaseApproved(purchase)) => (purchase.authorization_id, purchase.merchant.clone()),
        Some(Event::PurchaseDeclined(purchase)) => (purchase.authorization_id, purchase.merchant.clone()),
        _ => (AuthorizationId::new(Uuid::nil()), merchant()),
    };
    let presented = if typed_in {
        Presented::Credentials {
            expiry: Expiry::try_new(12, 2035).expect("an expiry"),
            security_code: SecurityCodeCheck::Match,
        }
    } else {
        Presented::Token
    };
    AuthorizePurchase {
        at: event.map(Event::occurred_at).unwrap_or_default(),
        authorization_id,
        card_id: card.card_id.parse().expect("a card's id"),
        card_last_four: last_four(card),
        presented,
        amount: Money::new(amount, Currency::Brl),
        merchant,
        description: Description::parse(&errand.description).expect("a description"),
    }
}

fn merchant() -> domain::account::Merchant {
    domain::account::Merchant {
        id: MerchantId::parse("livraria-01").expect("an id"),
        name: MerchantName::parse("Livraria").expect("a name"),
        mcc: MerchantCategoryCode::parse("5942").expect("a code"),
    }
}

fn last_four(card: &Card) -> LastFour {
    let start = card.number.len().saturating_sub(4);
    LastFour::parse(&card.number[start..]).expect("four digits")
}

/// Something of everything was heard.
pub(crate) fn was_worth_it(heard: &[Heard]) {
    let count = |is: fn(&Told) -> bool| heard.iter().filter(|heard| is(&heard.told)).count();
    let approved = count(|told| matches!(told, Told::Decided(told) if told.decision() == Decision::Approved));
    let declined = count(|told| matches!(told, Told::Decided(told) if told.decision() == Decision::Declined));
    let changed = count(|told| matches!(told, Told::Changed { .. }));
    let refused = count(|told| matches!(told, Told::Refused(_)));
    let counts = [approved, declined, changed, refused];
    assert!(
        counts.iter().all(|count| *count > 10),
        "approved, declined, changed, refused: {counts:?}"
    );
}
