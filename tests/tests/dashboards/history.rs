//! A seeded history of some accounts over three months: purchases of many hours, stores and products, approved and declined, in two
//! currencies. It is made without the bank's rules, as the events are all that the index and the read models see.

use chrono::{DateTime, TimeDelta, Utc};
use domain::account::{
    AccountOpened, CardIssued, DeclineReason, Event, Merchant, PurchaseApproved, PurchaseDeclined,
};
use domain::calendar::{BillingCycle, ClosingDay, business_date};
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AccountId, AuthorizationId, CardId, Currency, Money};
use proto::envelope::Envelope;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

const SEED: u64 = 20_261_125;
const ACCOUNTS: u128 = 12;
const PURCHASES: usize = 1_500;
pub(crate) const BEGIN: &str = "2026-09-01T03:00:00Z";

const STORES: [(&str, &str); 8] = [
    ("livraria-01", "Livraria São João"),
    ("cafe-01", "Café"),
    ("cafe-01", "CAFÉ & CIA"),
    ("mercado_77", "Mercado \"100%\""),
    ("100", "Posto"),
    ("padaria-3", "Padaria"),
    ("farmacia-9", "Farmácia"),
    ("cinema-2", "Cinema"),
];
const PRODUCTS: [&str; 9] = [
    "Dom Casmurro, 2ª edição \"capa\"",
    "Café coado",
    "café coado",
    "Compras \\ mês",
    "Gasolina",
    "Pão francês",
    "Vitamina C",
    "Ingresso",
    "Água",
];

/// An event as it is published, and when the index got it.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) envelope: Envelope,
    pub(crate) decided: DateTime<Utc>,
    pub(crate) ingested: DateTime<Utc>,
}

struct Historian {
    random: StdRng,
    sequences: Vec<u64>,
    published: Vec<Published>,
}

/// The whole history, in the order of its recording.
pub(crate) fn history() -> Vec<Published> {
    let mut historian = Historian {
        random: StdRng::seed_from_u64(SEED),
        sequences: vec![0; ACCOUNTS as usize],
        published: Vec::new(),
    };
    let mut now: DateTime<Utc> = BEGIN.parse().unwrap();
    for account in 0..ACCOUNTS {
        historian.open(account, now);
    }
    for _ in 0..PURCHASES {
        // Ninety days, and microseconds that the index does not keep.
        now += TimeDelta::microseconds(historian.random.random_range(1..10_000_000_000));
        historian.purchase(now);
    }
    historian.published
}

fn account_id(account: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(
        0x0193_9c5e_7a6b_7c00_8000_0000_0000_0000 + account,
    ))
}

fn card_id(account: u128) -> CardId {
    CardId::new(Uuid::from_u128(
        0x0193_9c5e_7a6b_7c00_8000_c000_0000_0000 + account,
    ))
}

fn last_four() -> LastFour {
    LastFour::parse("1111").unwrap()
}

/// The last account is kept in yen, which no panel may count.
fn currency(account: u128) -> Currency {
    if account + 1 == ACCOUNTS {
        Currency::Jpy
    } else {
        Currency::Brl
    }
}

fn merchant((id, name): (&str, &str)) -> Merchant {
    Merchant {
        id: MerchantId::parse(id).unwrap(),
        name: MerchantName::parse(name).unwrap(),
        mcc: MerchantCategoryCode::parse("5942").unwrap(),
    }
}

impl Historian {
    fn open(&mut self, account: u128, at: DateTime<Utc>) {
        let opened = AccountOpened {
            occurred_at: at,
            credit_limit: Money::new(100_000_000, currency(account)),
            closing_day: ClosingDay::try_new(25).unwrap(),
        };
        let issued = CardIssued {
            occurred_at: at,
            card_id: card_id(account),
            card_last_four: last_four(),
            expiry: Expiry::try_new(11, 2030).unwrap(),
        };
        self.publish(account, &Event::AccountOpened(opened));
        self.publish(account, &Event::CardIssued(issued));
    }

    fn purchase(&mut self, at: DateTime<Utc>) {
        let account = self.random.random_range(0..ACCOUNTS);
        let authorization_id = AuthorizationId::new(Uuid::from_u128(self.random.random()));
        // Small amounts often, large ones now and then; many of them the same.
        let digits = self.random.random_range(1..=6);
        let amount = Money::new(
            self.random.random_range(1..=10_i64.pow(digits)),
            currency(account),
        );
        let merchant = merchant(*STORES.choose(&mut self.random).unwrap());
        let description = Description::parse(PRODUCTS.choose(&mut self.random).unwrap()).unwrap();
        let event = if self.random.random_ratio(1, 4) {
            Event::PurchaseDeclined(PurchaseDeclined {
                occurred_at: at,
                authorization_id,
                card_id: card_id(account),
                card_last_four: last_four(),
                amount,
                merchant,
                description,
                reason: *DeclineReason::LADDER.choose(&mut self.random).unwrap(),
            })
        } else {
            Event::PurchaseApproved(PurchaseApproved {
                occurred_at: at,
                authorization_id,
                card_id: card_id(account),
                card_last_four: last_four(),
                amount,
                merchant,
                description,
                billing_cycle: BillingCycle::containing(business_date(at), ClosingDay::try_new(25).unwrap()),
            })
        };
        self.publish(account, &event);
    }

    fn publish(&mut self, account: u128, event: &Event) {
        let sequence = &mut self.sequences[usize::try_from(account).unwrap()];
        *sequence += 1;
        let decided = event.occurred_at();
        let recorded = decided + TimeDelta::milliseconds(self.random.random_range(1..40));
        let data = serde_json::value::to_raw_value(event).unwrap();
        let envelope = Envelope::new(
            account_id(account).as_uuid(),
            *sequence,
            event.name(),
            "1",
            recorded,
            data,
        );
        self.published.push(Published {
            envelope,
            decided,
            ingested: recorded + TimeDelta::milliseconds(self.random.random_range(100..3_000)),
        });
    }
}

impl Published {
    /// The document as the connector writes it.
    pub(crate) fn document(&self) -> Value {
        let mut document = serde_json::to_value(&self.envelope).unwrap();
        document["event.ingested"] =
            json!(self.ingested.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        document
    }
}
