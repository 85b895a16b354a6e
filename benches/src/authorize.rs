//! `authorize`: purchases with card number, expiry and security code, each answered when it is durable, and each answer checked.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use anyhow::Result;
use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::authorize_request::Card;
use proto::codebank::v1::{Authorization, AuthorizeRequest, Decision, Merchant, Money};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tonic::transport::Channel;

use crate::bank::{Account, Bank, CURRENCY, failure, fresh_request_id, with_deadline};
use crate::choice::{self, Choice};
use crate::load::{self, Caller};
use crate::measurement::{Answer, Failure};
use crate::row::Row;
use crate::settings::{Common, OPEN_LOOP_CLIENTS};

const CLOSED_LOOP_CLIENTS: usize = 32;
const AMOUNT_MINOR_UNITS: std::ops::RangeInclusive<i64> = 1..=50_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Callers, each with one call in flight (32 unless told); with --rate the most calls in flight at a time (4096).
    #[arg(long, value_name = "N")]
    clients: Option<NonZeroUsize>,
    /// Calls per second at fixed moments (open loop), measured from the moment each was meant to start. Without it each caller
    /// calls again as soon as it was answered (closed loop).
    #[arg(long, value_name = "PER SECOND")]
    rate: Option<NonZeroU32>,
    /// All buy with one and the same card.
    #[arg(long, conflicts_with = "zipf")]
    hot: bool,
    /// Accounts are chosen by Zipf's law with this exponent instead of evenly: the first buys most.
    #[arg(long, value_name = "EXPONENT", value_parser = choice::zipf)]
    zipf: Option<Choice>,
    /// How often it is measured, on the same accounts. More than one gives medians, and how far the outermost are apart.
    #[arg(long, value_name = "N", default_value = "1")]
    runs: NonZeroUsize,
    #[command(flatten)]
    pub(crate) common: Common,
}

pub(crate) async fn measure(args: Args) -> Result<Row> {
    let usual = if args.rate.is_some() {
        OPEN_LOOP_CLIENTS
    } else {
        CLOSED_LOOP_CLIENTS
    };
    let clients = args.clients.map_or(usual, NonZeroUsize::get);
    let choice = match args.zipf {
        _ if args.hot => Choice::Hot,
        None => Choice::Even,
        Some(zipf) => zipf,
    };
    let run = args.common.prepare(clients, args.rate).await?;
    let mut conditions = run.conditions();
    if choice != Choice::Even {
        conditions
            .particular
            .insert("accounts_chosen", json!(choice.to_string()));
    }
    let mut rows = Vec::new();
    for number in (0..).take(args.runs.get()) {
        let buyers = Buyer::many(&run.bank, choice, run.clients, run.seed + number);
        let measurement = load::run(&run.load, buyers).await?;
        rows.push(Row::new("authorize", measurement, conditions.clone()));
    }
    Row::median_of(rows)
}

/// Buys with one card after another, as its choice says.
pub(crate) struct Buyer {
    bank: AuthorizationServiceClient<Channel>,
    accounts: Arc<[Account]>,
    choice: Choice,
    random: StdRng,
    merchant: Merchant,
}

impl Buyer {
    /// Each buys in a store of its own; the same seed gives the same purchases.
    pub(crate) fn many(bank: &Bank, choice: Choice, count: usize, seed: u64) -> Vec<Self> {
        let mut seeds = StdRng::seed_from_u64(seed);
        let one = |number: usize| Self {
            bank: AuthorizationServiceClient::new(bank.channel(number)),
            accounts: Arc::clone(&bank.accounts),
            choice,
            random: StdRng::seed_from_u64(seeds.random()),
            merchant: Merchant {
                id: format!("bench-{number}"),
                name: format!("Livraria {number}"),
                mcc: "5942".to_owned(),
            },
        };
        (0..count).map(one).collect()
    }

    /// One purchase, by the account that is its turn. Anything but an approval of this very purchase is a failure.
    pub(crate) async fn buy(&mut self) -> Result<Authorization, Failure> {
        let account = self.choice.of(self.accounts.len(), &mut self.random);
        self.buy_with(account).await
    }

    pub(crate) async fn buy_with(&mut self, account: usize) -> Result<Authorization, Failure> {
        let account = &self.accounts[account];
        let amount = Money {
            minor_units: self.random.random_range(AMOUNT_MINOR_UNITS),
            currency_code: CURRENCY.to_owned(),
        };
        let request = AuthorizeRequest {
            request_id: fresh_request_id(),
            card: Some(Card::Credentials(account.card.clone())),
            amount: Some(amount.clone()),
            merchant: Some(self.merchant.clone()),
            description: "Dom Casmurro".to_owned(),
        };
        let response = self
            .bank
            .authorize(with_deadline(request))
            .await
            .map_err(|status| failure(&status))?;
        if response.metadata().contains_key(proto::REPLAYED_HEADER) {
            return Err(Failure::new(
                "REPLAYED",
                "a fresh request id got an earlier answer",
            ));
        }
        let authorization = response.into_inner().authorization.unwrap_or_default();
        check(authorization, &account.id, &amount)
    }
}

fn check(authorization: Authorization, account_id: &str, amount: &Money) -> Result<Authorization, Failure> {
    if authorization.decision() != Decision::Approved {
        let reason = authorization.decline_reason().as_str_name();
        return Err(Failure::new(reason, authorization.decision().as_str_name()));
    }
    if authorization.account_id != account_id || authorization.amount.as_ref() != Some(amount) {
        return Err(Failure::new(
            "OTHER_PURCHASE",
            "the answer is about another account or amount",
        ));
    }
    if authorization.account_version == 0 {
        return Err(Failure::new(
            "NO_VERSION",
            "the answer does not say which version of the account it made",
        ));
    }
    Ok(authorization)
}

impl Caller for Buyer {
    async fn call(&mut self) -> Result<Answer, Failure> {
        self.buy().await.map(|_| Answer::Done)
    }
}

#[cfg(test)]
mod tests {
    use proto::codebank::v1::DeclineReason;

    use super::*;

    fn approved() -> Authorization {
        Authorization {
            decision: Decision::Approved.into(),
            account_id: "mine".to_owned(),
            account_version: 4,
            amount: Some(amount()),
            ..Authorization::default()
        }
    }

    fn amount() -> Money {
        Money {
            minor_units: 4990,
            currency_code: CURRENCY.to_owned(),
        }
    }

    #[test]
    fn only_an_approval_of_this_purchase_is_an_answer() {
        let declined = Authorization {
            decision: Decision::Declined.into(),
            decline_reason: DeclineReason::OverLimit.into(),
            ..approved()
        };
        let cases = [
            (approved(), None),
            (declined, Some("DECLINE_REASON_OVER_LIMIT")),
            (
                Authorization {
                    account_id: "yours".to_owned(),
                    ..approved()
                },
                Some("OTHER_PURCHASE"),
            ),
            (
                Authorization {
                    amount: None,
                    ..approved()
                },
                Some("OTHER_PURCHASE"),
            ),
            (
                Authorization {
                    account_version: 0,
                    ..approved()
                },
                Some("NO_VERSION"),
            ),
            (Authorization::default(), Some("DECLINE_REASON_UNSPECIFIED")),
        ];
        for (authorization, expected) in cases {
            let code = check(authorization, "mine", &amount())
                .err()
                .map(|failure| failure.code);
            assert_eq!(code.as_deref(), expected);
        }
    }
}
