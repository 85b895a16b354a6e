//! The vocabulary of the scenarios. Amounts are in cents of the real unless a scenario says otherwise.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::account::{
    AccountClosed, ActivateCard, AuthorizePurchase, BlockCard, CancelCard, ChangeCreditLimit, CloseAccount,
    Command, DeclineReason, Event, IssueCard, Merchant, OpenAccount, Presented, PurchaseApproved,
    PurchaseDeclined, Rejection, SecurityCodeCheck, State, UnblockCard, decide, evolve,
};
use crate::calendar::{BillingCycle, ClosingDay, business_date};
use crate::card::{Expiry, LastFour};
use crate::ids::{AuthorizationId, CardId};
use crate::money::{Currency, Money};
use crate::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};

pub(super) const CARD: CardId = CardId::new(Uuid::from_u128(0x1));
pub(super) const SECOND_CARD: CardId = CardId::new(Uuid::from_u128(0x2));
pub(super) const NO_CARD: CardId = CardId::new(Uuid::from_u128(0x404));
pub(super) const CLOSING_DAY: u32 = 25;

/// The commands that brought the account to where a scenario begins; each of them must have been accepted.
#[derive(Clone)]
pub(super) struct History(Vec<Command>);

pub(super) fn nothing() -> History {
    History(Vec::new())
}

/// An open account without cards.
pub(super) fn account(credit_limit: i64) -> History {
    nothing().and(open_account(credit_limit))
}

/// An open account with one card, ready to be used.
pub(super) fn active_card(credit_limit: i64) -> History {
    account(credit_limit).and(issue(CARD)).and(activate(CARD))
}

impl History {
    pub(super) fn and(mut self, command: Command) -> Self {
        self.0.push(command);
        self
    }

    pub(super) fn state(&self) -> State {
        self.0.iter().fold(State::default(), |state, command| {
            let events = decide(&state, command.clone())
                .unwrap_or_else(|rejection| panic!("the scenario begins with {rejection:?}: {command:?}"));
            events.iter().fold(state, |state, event| {
                evolve(state, event).expect("what was decided can follow")
            })
        })
    }
}

/// The answer that a scenario expects.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Rejected(Rejection),
    Declined(DeclineReason),
    Approved,
    Recorded(Box<Event>),
}

/// `Approved`, so that a scenario reads `check(given, when, Approved)`.
pub(super) struct Approved;

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<DeclineReason> for Answer {
    fn from(reason: DeclineReason) -> Self {
        Self::Declined(reason)
    }
}

impl From<Approved> for Answer {
    fn from(_: Approved) -> Self {
        Self::Approved
    }
}

impl From<Event> for Answer {
    fn from(event: Event) -> Self {
        Self::Recorded(Box::new(event))
    }
}

/// Given the history, when the command comes, then the answer is exactly this one, and the event of a purchase is the
/// command's own data and nothing else.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "a scenario is written without ampersands"
)]
pub(super) fn check(given: History, when: Command, then: impl Into<Answer>) {
    let state = given.state();
    let (decided, asked) = (decide(&state, when.clone()), when);
    let answer = match (decided.as_deref(), &asked) {
        (Err(rejection), _) => Answer::Rejected(*rejection),
        (Ok([Event::PurchaseApproved(approved)]), Command::AuthorizePurchase(purchase)) => {
            assert_eq!(*approved, expected_approval(purchase));
            Answer::Approved
        }
        (Ok([Event::PurchaseDeclined(declined)]), Command::AuthorizePurchase(purchase)) => {
            assert_eq!(*declined, expected_decline(purchase, declined.reason));
            Answer::Declined(declined.reason)
        }
        (Ok([event]), _) => Answer::Recorded(Box::new(event.clone())),
        (Ok(events), _) => panic!("one command, one event: {events:?}"),
    };
    assert_eq!(answer, then.into(), "{asked:?}\non {state:?}");
}

fn expected_approval(purchase: &AuthorizePurchase) -> PurchaseApproved {
    let closing_day = ClosingDay::try_new(CLOSING_DAY).expect("valid");
    PurchaseApproved {
        occurred_at: purchase.at,
        authorization_id: purchase.authorization_id,
        card_id: purchase.card_id,
        card_last_four: purchase.card_last_four.clone(),
        amount: purchase.amount,
        merchant: purchase.merchant.clone(),
        description: purchase.description.clone(),
        billing_cycle: BillingCycle::containing(business_date(purchase.at), closing_day),
    }
}

fn expected_decline(purchase: &AuthorizePurchase, reason: DeclineReason) -> PurchaseDeclined {
    PurchaseDeclined {
        occurred_at: purchase.at,
        authorization_id: purchase.authorization_id,
        card_id: purchase.card_id,
        card_last_four: purchase.card_last_four.clone(),
        amount: purchase.amount,
        merchant: purchase.merchant.clone(),
        description: purchase.description.clone(),
        reason,
    }
}

pub(super) fn brl(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::Brl)
}

pub(super) fn usd(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::Usd)
}

pub(super) fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time such as 2026-11-22T15:00:00Z")
}

/// When everything happens that a scenario gives no other time.
pub(super) fn now() -> DateTime<Utc> {
    time("2026-11-22T15:00:00Z")
}

/// When every card of the scenarios has expired.
pub(super) const AFTER_EXPIRY: &str = "2028-12-01T03:00:00Z";

/// The expiry of every card in the scenarios.
pub(super) fn expiry() -> Expiry {
    Expiry::try_new(11, 2028).expect("a valid expiry")
}

pub(super) fn last_four() -> LastFour {
    LastFour::parse("1111").expect("four digits")
}

pub(super) fn open_account(credit_limit: i64) -> Command {
    Command::OpenAccount(OpenAccount {
        at: now(),
        credit_limit: brl(credit_limit),
        closing_day: ClosingDay::try_new(CLOSING_DAY).expect("valid"),
    })
}

pub(super) fn change_limit(credit_limit: Money) -> Command {
    Command::ChangeCreditLimit(ChangeCreditLimit {
        at: now(),
        credit_limit,
    })
}

pub(super) fn issue(card_id: CardId) -> Command {
    Command::IssueCard(IssueCard {
        at: now(),
        card_id,
        last_four: last_four(),
        expiry: expiry(),
    })
}

pub(super) fn activate(card_id: CardId) -> Command {
    Command::ActivateCard(ActivateCard { at: now(), card_id })
}

pub(super) fn block(card_id: CardId) -> Command {
    Command::BlockCard(BlockCard { at: now(), card_id })
}

pub(super) fn unblock(card_id: CardId) -> Command {
    Command::UnblockCard(UnblockCard { at: now(), card_id })
}

pub(super) fn cancel(card_id: CardId) -> Command {
    Command::CancelCard(CancelCard { at: now(), card_id })
}

pub(super) fn close() -> Command {
    Command::CloseAccount(CloseAccount { at: now() })
}

pub(super) fn closed() -> Event {
    Event::AccountClosed(AccountClosed { occurred_at: now() })
}

/// A purchase by token, the way with the fewest reasons to be declined.
pub(super) fn buy(card_id: CardId, minor_units: i64) -> Command {
    Purchase::of(card_id, brl(minor_units)).into()
}

pub(super) fn buy_in(amount: Money) -> Command {
    Purchase::of(CARD, amount).into()
}

/// A purchase that differs from the plain one in what a scenario says.
pub(super) struct Purchase(AuthorizePurchase);

impl Purchase {
    pub(super) fn of(card_id: CardId, amount: Money) -> Self {
        Self(AuthorizePurchase {
            at: now(),
            authorization_id: AuthorizationId::new(Uuid::from_u128(0xa)),
            card_id,
            card_last_four: last_four(),
            presented: Presented::Token,
            amount,
            merchant: Merchant {
                id: MerchantId::parse("LIVRARIA-1").expect("valid"),
                name: MerchantName::parse("Livraria").expect("valid"),
                mcc: MerchantCategoryCode::parse("5942").expect("valid"),
            },
            description: Description::parse("Dom Casmurro").expect("valid"),
        })
    }

    pub(super) fn at(mut self, text: &str) -> Command {
        self.0.at = time(text);
        self.into()
    }

    pub(super) fn typed_in(mut self, expiry: Expiry, security_code: SecurityCodeCheck) -> Self {
        self.0.presented = Presented::Credentials {
            expiry,
            security_code,
        };
        self
    }
}

impl From<Purchase> for Command {
    fn from(purchase: Purchase) -> Self {
        Self::AuthorizePurchase(purchase.0)
    }
}
