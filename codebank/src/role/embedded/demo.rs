//! The demo accounts of an embedded bank: opened through the bank's own gRPC services, like any others.
//!
//! Every request has a fixed id. On the first start the calls open the accounts; on every later one they are repeats, and
//! the bank answers what it answered then.

use anyhow::Context;
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use proto::codebank::v1::{
    ActivateCardRequest, BlockCardRequest, IssueCardRequest, Money, OpenAccountRequest, RevealCardRequest,
};
use tonic::transport::Channel;
use uuid::Uuid;

/// The good-through date of demo cards. Fixed, since a repeat must have the same body.
const EXPIRY_MONTH: u32 = 12;
const EXPIRY_YEAR: u32 = 2035;

/// An account to be opened, with its cards.
struct Plan {
    name: &'static str,
    /// What its holder is called, in English and in Portuguese.
    holder: (&'static str, &'static str),
    limit_minor_units: i64,
    closing_day: u32,
    cards: &'static [CardPlan],
}

/// A card by a documented test number.
struct CardPlan {
    number: &'static str,
    blocked: bool,
}

const PLANS: [Plan; 2] = [
    Plan {
        name: "generous",
        holder: ("Cardholder with a large limit", "Titular com limite alto"),
        limit_minor_units: 500_000,
        closing_day: 10,
        cards: &[
            CardPlan {
                number: "4111111111111111",
                blocked: false,
            },
            CardPlan {
                number: "4242424242424242",
                blocked: true,
            },
        ],
    },
    Plan {
        name: "small",
        holder: ("Cardholder with a small limit", "Titular com limite baixo"),
        limit_minor_units: 30_000,
        closing_day: 25,
        cards: &[CardPlan {
            number: "5555555555554444",
            blocked: false,
        }],
    },
];

/// A card that a newcomer can pay with, and what is printed on it.
#[derive(Debug)]
pub(crate) struct DemoCard {
    pub(crate) account_id: String,
    pub(crate) holder: (&'static str, &'static str),
    pub(crate) is_blocked: bool,
    pub(crate) number: String,
    pub(crate) expiry: String,
    pub(crate) security_code: String,
    pub(crate) note: String,
}

type Bank = CardAccountServiceClient<Channel>;

/// Opens the demo accounts, or finds them opened.
pub(crate) async fn open(channel: Channel) -> anyhow::Result<Vec<DemoCard>> {
    let mut bank = CardAccountServiceClient::new(channel);
    let mut cards = Vec::new();
    for plan in &PLANS {
        let account_id = open_account(&mut bank, plan)
            .await
            .with_context(|| format!("demo account {}", plan.name))?;
        for card in plan.cards {
            let limit = domain::Money::new(plan.limit_minor_units, domain::Currency::Brl);
            let state = if card.blocked {
                "blocked: purchases are declined".to_owned()
            } else {
                format!("limit {limit}")
            };
            let demo = issue_card(&mut bank, plan, card, &account_id, state).await;
            cards.push(demo.with_context(|| format!("demo card of account {}", plan.name))?);
        }
    }
    Ok(cards)
}

async fn open_account(bank: &mut Bank, plan: &Plan) -> anyhow::Result<String> {
    let request = OpenAccountRequest {
        request_id: request_id(plan.name, "open"),
        credit_limit: Some(Money {
            minor_units: plan.limit_minor_units,
            currency_code: "BRL".to_owned(),
        }),
        closing_day: plan.closing_day,
    };
    Ok(bank.open_account(request).await?.into_inner().account_id)
}

async fn issue_card(
    bank: &mut Bank,
    plan: &Plan,
    card: &CardPlan,
    account_id: &str,
    note: String,
) -> anyhow::Result<DemoCard> {
    let request = |step: &str| request_id(plan.name, &format!("{step} {}", card.number));
    let issued = bank
        .issue_card(IssueCardRequest {
            request_id: request("issue"),
            account_id: account_id.to_owned(),
            expiry_month: EXPIRY_MONTH,
            expiry_year: EXPIRY_YEAR,
            card_number: card.number.to_owned(),
        })
        .await?
        .into_inner();
    let (account_id, card_id) = (account_id.to_owned(), issued.card_id);
    bank.activate_card(ActivateCardRequest {
        request_id: request("activate"),
        account_id: account_id.clone(),
        card_id: card_id.clone(),
    })
    .await?;
    if card.blocked {
        let block = BlockCardRequest {
            request_id: request("block"),
            account_id: account_id.clone(),
            card_id: card_id.clone(),
        };
        bank.block_card(block).await?;
    }
    let revealed = bank
        .reveal_card(RevealCardRequest { card_id })
        .await?
        .into_inner();
    Ok(DemoCard {
        account_id,
        holder: plan.holder,
        is_blocked: card.blocked,
        number: revealed.card_number,
        expiry: format!("{:02}/{:02}", revealed.expiry_month, revealed.expiry_year % 100),
        security_code: revealed.security_code,
        note,
    })
}

/// The same id on every start.
fn request_id(account: &str, step: &str) -> String {
    Uuid::new_v5(
        &Uuid::NAMESPACE_URL,
        format!("codebank demo: {account}: {step}").as_bytes(),
    )
    .to_string()
}
