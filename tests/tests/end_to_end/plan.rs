//! What is going to be bought, drawn before the first purchase: with which card, presented how, and what must come of it.

use domain::account::DeclineReason;
use proto::codebank::v1::authorize_request::Card as Presented;
use proto::codebank::v1::{AuthorizeRequest, Merchant};
use rand::Rng;
use rand::seq::IndexedRandom;
use tests::luhn::random_number;
use tests::teller::{Card, purchase};

use crate::customers::{Customer, Standing};

/// The bank's own numbers begin otherwise.
const NOT_OURS: &str = "6011";
/// Above every credit limit there is here.
const TOO_MUCH: i64 = 1_000_001;

/// One purchase to be made.
#[derive(Debug)]
pub(crate) struct Purchase {
    pub(crate) request: AuthorizeRequest,
    pub(crate) expected: Expected,
    pub(crate) manner: Manner,
}

/// What must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Approved, or declined as over the limit: the account's history says which was right.
    ByTheLimit {
        account: String,
    },
    Declined {
        account: String,
        reason: DeclineReason,
    },
    /// The number is not this bank's.
    Attempt,
}

/// How the client calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Once,
    /// Again after it was answered.
    Again,
    /// Twice at the same time, over two connections.
    AtOnce,
    /// Again after it was answered, for another amount.
    Changed,
    /// At first with a deadline that can hardly be met.
    Impatient,
}

pub(crate) fn draw(customers: &[Customer], count: usize, random: &mut impl Rng) -> Vec<Purchase> {
    (0..count)
        .map(|number| {
            let (card, amount, expected) = kind(customers, random);
            let mut request = purchase(card, amount, &format!("Pedido {number}"));
            request.merchant = Some(merchant(random.random_range(0..7)));
            let manner = manner(random);
            Purchase {
                request,
                expected,
                manner,
            }
        })
        .collect()
}

fn manner(random: &mut impl Rng) -> Manner {
    match random.random_range(0..100) {
        0..5 => Manner::Again,
        5..8 => Manner::AtOnce,
        8..10 => Manner::Changed,
        10..12 => Manner::Impatient,
        _ => Manner::Once,
    }
}

fn kind(customers: &[Customer], random: &mut impl Rng) -> (Presented, i64, Expected) {
    let amount = random.random_range(1..=20_000);
    let customer = customers.choose(random).expect("there are customers");
    let good = customer.card(Standing::Good).expect("everyone has a good card");
    if customer.closed {
        return (
            good.typed_in(),
            amount,
            declined(good, DeclineReason::AccountClosed),
        );
    }
    let by_the_limit = Expected::ByTheLimit {
        account: good.account_id.clone(),
    };
    match random.random_range(0..100) {
        0..50 => {
            let (_, card) = of_standing(customer, Standing::Good, random);
            (card.typed_in(), amount, by_the_limit)
        }
        50..60 => (good.on_file(), amount, by_the_limit),
        60..65 => (
            good.typed_in(),
            TOO_MUCH,
            declined(good, DeclineReason::OverLimit),
        ),
        65..71 => (
            wrong_expiry(good),
            amount,
            declined(good, DeclineReason::ExpiryMismatch),
        ),
        71..77 => (
            wrong_code(good),
            amount,
            declined(good, DeclineReason::SecurityCodeMismatch),
        ),
        77..83 => (unknown(good, random), amount, Expected::Attempt),
        _ => other_card(customer, amount),
    }
}

fn other_card(customer: &Customer, amount: i64) -> (Presented, i64, Expected) {
    let (standing, card) = &customer.cards[1];
    let reason = match standing {
        Standing::NotActivated => DeclineReason::CardNotActivated,
        Standing::Blocked => DeclineReason::CardBlocked,
        Standing::Cancelled => DeclineReason::CardCancelled,
        Standing::Expired => DeclineReason::CardExpired,
        Standing::Good => {
            let account = card.account_id.clone();
            return (card.typed_in(), amount, Expected::ByTheLimit { account });
        }
    };
    (card.typed_in(), amount, declined(card, reason))
}

fn of_standing<'c>(customer: &'c Customer, wanted: Standing, random: &mut impl Rng) -> &'c (Standing, Card) {
    let all: Vec<&(Standing, Card)> = customer
        .cards
        .iter()
        .filter(|(standing, _)| *standing == wanted)
        .collect();
    all.choose(random).copied().expect("there is one")
}

fn declined(card: &Card, reason: DeclineReason) -> Expected {
    Expected::Declined {
        account: card.account_id.clone(),
        reason,
    }
}

fn wrong_expiry(card: &Card) -> Presented {
    let mut credentials = card.credentials();
    credentials.expiry_month = credentials.expiry_month % 12 + 1;
    Presented::Credentials(credentials)
}

fn wrong_code(card: &Card) -> Presented {
    let mut credentials = card.credentials();
    let right: u32 = card.security_code.parse().expect("digits");
    credentials.security_code = format!("{:03}", (right + 1) % 1_000);
    Presented::Credentials(credentials)
}

/// A number that passes Luhn and was never issued, with an expiry and a code as good as any.
fn unknown(card: &Card, random: &mut impl Rng) -> Presented {
    let mut credentials = card.credentials();
    credentials.number = random_number(NOT_OURS, random);
    Presented::Credentials(credentials)
}

fn merchant(index: usize) -> Merchant {
    let (name, mcc) = [
        ("Livraria", "5942"),
        ("Padaria", "5462"),
        ("Farmácia", "5912"),
        ("Mercado", "5411"),
        ("Posto", "5541"),
        ("Cinema", "7832"),
        ("Restaurante", "5812"),
    ][index];
    Merchant {
        id: format!("loja-{index}"),
        name: name.to_owned(),
        mcc: mcc.to_owned(),
    }
}
