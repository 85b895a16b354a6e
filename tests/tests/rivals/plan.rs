//! What is going to be asked of the accounts, drawn beforehand.

use proto::codebank::v1::RecordedEvent;
use rand::Rng;
use tests::teller::{Card, Teller, request_id};

use crate::OFFICES;

/// Of each client.
pub(crate) const ERRANDS: usize = 90;
const LIMIT: i64 = 200_000;
/// Within one limit there is room for some thirty of them.
const AMOUNT_MAX: i64 = 12_000;
const CARDS: usize = 4;

/// An account, its cards, and how many events that took.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) cards: Vec<Card>,
    pub(crate) opened_with: u64,
}

impl Account {
    /// Two of its cards are active.
    pub(crate) async fn open(teller: &Teller) -> Self {
        let id = teller.open_account(LIMIT, 10).await;
        let mut cards = Vec::new();
        for number in 0..CARDS {
            let card = teller.issue_card(&id, (12, 2035), "").await;
            if number < 2 {
                teller.activate(&card).await;
            }
            cards.push(card);
        }
        let history = teller.account_events(&id).await.expect("a history");
        Self {
            id,
            cards,
            opened_with: history.len() as u64,
        }
    }

    /// As every process tells it.
    pub(crate) async fn history(&self, tellers: &[Teller]) -> Vec<RecordedEvent> {
        let first = tellers[0].account_events(&self.id).await.expect("a history");
        for teller in &tellers[1..] {
            assert_eq!(teller.account_events(&self.id).await.expect("a history"), first);
        }
        first
    }
}

/// One thing to be asked.
#[derive(Debug)]
pub(crate) struct Errand {
    /// By its place among the accounts.
    pub(crate) account: usize,
    /// By its place among the account's cards; of those that need none, any.
    pub(crate) card: usize,
    pub(crate) request_id: String,
    /// No other errand's.
    pub(crate) description: String,
    pub(crate) what: What,
    pub(crate) manner: Manner,
    /// Which process is asked first.
    pub(crate) office: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Purchase {
        amount: i64,
        typed_in: bool,
    },
    /// By the old contract, which has no request id: it cannot be repeated.
    Payment {
        amount: i64,
    },
    ChangeLimit {
        limit: i64,
    },
    IssueCard,
    Activate,
    Block,
    Unblock,
    Cancel,
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Once,
    /// After the answer again, of another process.
    Again,
    /// At the same time of another process.
    AtOnce,
}

pub(crate) fn draw(accounts: &[Account], count: usize, random: &mut impl Rng) -> Vec<Errand> {
    (0..count)
        .map(|number| Errand {
            account: random.random_range(0..accounts.len()),
            card: random.random_range(0..CARDS),
            request_id: request_id(),
            description: format!("Pedido {number}"),
            what: what(number % ERRANDS, random),
            manner: match random.random_range(0..10) {
                0..2 => Manner::Again,
                2..4 => Manner::AtOnce,
                _ => Manner::Once,
            },
            office: random.random_range(0..OFFICES),
        })
        .collect()
}

/// `place`: where it stands among its client's errands.
fn what(place: usize, random: &mut impl Rng) -> What {
    let amount = random.random_range(1..=AMOUNT_MAX);
    match random.random_range(0..100) {
        0..45 => What::Purchase {
            amount,
            typed_in: random.random(),
        },
        45..52 => What::Payment { amount },
        52..62 => What::ChangeLimit {
            limit: random.random_range(0..=4 * LIMIT),
        },
        62..65 => What::IssueCard,
        65..75 => What::Activate,
        75..84 => What::Block,
        84..98 => What::Unblock,
        98 => What::Cancel,
        // Nothing much happens to an account that is closed.
        _ if place > ERRANDS * 3 / 4 => What::Close,
        _ => What::IssueCard,
    }
}
