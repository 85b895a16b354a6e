//! `batch`: many independent purchases in one call, each decided durably and answered by itself; the rate is in purchases.

use std::num::NonZeroUsize;

use anyhow::Result;
use proto::codebank::v1::authorize_batch_result::Outcome;
use proto::codebank::v1::{AuthorizeBatchRequest, AuthorizeBatchResult, AuthorizeRequest};
use serde_json::json;

use crate::bank::{Authorizations, Bank, code_name, failure, with_deadline};
use crate::choice::Choice;
use crate::load::{self, Caller};
use crate::measurement::{Answer, Failure};
use crate::purchases::{Expected, Purchases};
use crate::row::Row;
use crate::settings::Common;

/// Purchases in each call, and callers, where nothing else is asked for.
pub(crate) const SIZE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
pub(crate) const CLIENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Purchases in each call.
    #[arg(long, value_name = "N", default_value_t = SIZE)]
    size: NonZeroUsize,
    /// Callers, each with one call in flight.
    #[arg(long, value_name = "N", default_value_t = CLIENTS)]
    clients: NonZeroUsize,
    /// How often it is measured, on the same accounts. More than one gives medians, and how far the outermost are apart.
    #[arg(long, value_name = "N", default_value = "1")]
    runs: NonZeroUsize,
    #[command(flatten)]
    pub(crate) common: Common,
}

pub(crate) async fn measure(args: Args) -> Result<Row> {
    let run = args.common.prepare(args.clients.get(), None).await?;
    let mut conditions = run.conditions();
    conditions
        .particular
        .insert("purchases_per_call", json!(args.size));
    let mut rows = Vec::new();
    for number in (0..).take(args.runs.get()) {
        let buyers = BatchBuyer::many(&run.bank, args.size.get(), run.clients, run.seed + number);
        let measurement = load::run(&run.load, buyers).await?;
        rows.push(Row::new("batch", measurement, conditions.clone()));
    }
    Row::median_of(rows)
}

/// Buys many things in one call.
pub(crate) struct BatchBuyer {
    bank: Authorizations,
    purchases: Purchases,
    size: usize,
}

impl BatchBuyer {
    pub(crate) fn many(bank: &Bank, size: usize, count: usize, seed: u64) -> Vec<Self> {
        let purchases = Purchases::many(&bank.accounts, Choice::Even, count, seed);
        let one = |(number, purchases)| Self {
            bank: bank
                .authorizations(number)
                .max_decoding_message_size(usize::MAX)
                .max_encoding_message_size(usize::MAX),
            purchases,
            size,
        };
        purchases.into_iter().enumerate().map(one).collect()
    }

    /// One purchase with the card of each of these accounts, in one call.
    pub(crate) async fn buy_with(
        &mut self,
        accounts: impl IntoIterator<Item = usize>,
    ) -> Result<Answer, Failure> {
        let purchases = accounts
            .into_iter()
            .map(|account| self.purchases.of(account))
            .collect();
        self.buy(purchases).await
    }

    /// One failed purchase fails the call: a batch is measured when all of it is approved.
    async fn buy(&mut self, purchases: Vec<(AuthorizeRequest, Expected)>) -> Result<Answer, Failure> {
        let (requests, expected): (Vec<_>, Vec<Expected>) = purchases.into_iter().unzip();
        let response = self
            .bank
            .authorize_batch(with_deadline(AuthorizeBatchRequest { requests }))
            .await
            .map_err(|status| failure(&status))?;
        let results = response.into_inner().results;
        if results.len() != expected.len() {
            let told = format!("{} answers to {} purchases", results.len(), expected.len());
            return Err(Failure::new("OTHER_NUMBER", told));
        }
        for (result, expected) in results.into_iter().zip(&expected) {
            check(result, expected, &self.purchases)?;
        }
        Ok(Answer::Many(expected.len() as u64))
    }
}

impl Caller for BatchBuyer {
    async fn call(&mut self) -> Result<Answer, Failure> {
        let purchases = (0..self.size).map(|_| self.purchases.next()).collect();
        self.buy(purchases).await
    }
}

fn check(result: AuthorizeBatchResult, expected: &Expected, purchases: &Purchases) -> Result<(), Failure> {
    if result.replayed {
        return Err(Failure::new(
            "REPLAYED",
            "a fresh request id got an earlier answer",
        ));
    }
    match result.outcome {
        Some(Outcome::Authorization(authorization)) => purchases.check(authorization, expected).map(drop),
        Some(Outcome::Failure(failed)) => Err(Failure::new(code_name(failed.code.into()), failed.message)),
        None => Err(Failure::new(
            "NO_OUTCOME",
            "a purchase without an authorization or a failure",
        )),
    }
}
