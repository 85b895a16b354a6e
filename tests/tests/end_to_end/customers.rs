//! Those who buy: accounts with cards in every state that a card can be in.

use rand::Rng;
use tests::teller::{Card, Teller, purchase};

/// A deadline for calls while nothing is killed yet.
const CALM: std::time::Duration = std::time::Duration::from_secs(20);

/// What is the matter with a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    NotActivated,
    Blocked,
    Cancelled,
    Expired,
}

/// An account and its cards.
#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) cards: Vec<(Standing, Card)>,
    pub(crate) closed: bool,
    /// Purchases made before the plan's.
    pub(crate) purchases_before: usize,
}

impl Customer {
    pub(crate) fn card(&self, standing: Standing) -> Option<&Card> {
        self.cards
            .iter()
            .find(|(its, _)| *its == standing)
            .map(|(_, card)| card)
    }
}

/// Opens the accounts. Each has a good card and one that is not (or two good ones); every sixteenth account is closed.
pub(crate) async fn welcome(teller: &Teller, count: usize, random: &mut impl Rng) -> Vec<Customer> {
    let mut customers = Vec::with_capacity(count);
    for index in 0..count {
        let credit_limit = random.random_range(100_000..1_000_000);
        let closing_day = random.random_range(1..=28);
        let account = teller.open_account(credit_limit, closing_day).await;
        let standing = match index % 5 {
            0 => Standing::NotActivated,
            1 => Standing::Blocked,
            2 => Standing::Cancelled,
            3 => Standing::Expired,
            _ => Standing::Good,
        };
        let good = teller.active_card(&account).await;
        let other = card_in(teller, &account, standing).await;
        let closed = index % 16 == 15;
        if closed {
            // What was bought stays owed.
            let request = purchase(good.typed_in(), 1_000, "Pedido antes de fechar");
            let bought = teller.authorize(&request, CALM).await;
            bought.expect("a purchase is decided");
            teller.close_account(&account).await;
        }
        customers.push(Customer {
            cards: vec![(Standing::Good, good), (standing, other)],
            closed,
            purchases_before: usize::from(closed),
        });
    }
    customers
}

async fn card_in(teller: &Teller, account: &str, standing: Standing) -> Card {
    match standing {
        Standing::NotActivated => teller.issue_card(account, (12, 2035), "").await,
        Standing::Expired => {
            let card = teller.issue_card(account, (1, 2020), "").await;
            teller.activate(&card).await;
            card
        }
        Standing::Good => teller.active_card(account).await,
        Standing::Blocked => {
            let card = teller.active_card(account).await;
            teller.block(&card).await;
            card
        }
        Standing::Cancelled => {
            let card = teller.active_card(account).await;
            teller.cancel(&card).await;
            card
        }
    }
}
