//! `authorize`: purchases with card number, expiry and security code, each answered when it is durable, and each answer checked.

use std::num::{NonZeroU32, NonZeroUsize};

use anyhow::Result;
use proto::codebank::v1::{Authorization, AuthorizeRequest};
use serde_json::json;

use crate::bank::{Authorizations, Bank, failure, with_deadline};
use crate::choice::{self, Choice};
use crate::load::{self, Caller};
use crate::measurement::{Answer, Failure};
use crate::purchases::{Expected, Purchases};
use crate::row::Row;
use crate::settings::{Common, OPEN_LOOP_CLIENTS};

const CLOSED_LOOP_CLIENTS: usize = 32;

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

/// Buys over gRPC, one call for each purchase.
pub(crate) struct Buyer {
    bank: Authorizations,
    purchases: Purchases,
}

impl Buyer {
    pub(crate) fn many(bank: &Bank, choice: Choice, count: usize, seed: u64) -> Vec<Self> {
        let purchases = Purchases::many(&bank.accounts, choice, count, seed);
        let one = |(number, purchases)| Self {
            bank: bank.authorizations(number),
            purchases,
        };
        purchases.into_iter().enumerate().map(one).collect()
    }

    /// One purchase, by the account that is its turn.
    pub(crate) async fn buy(&mut self) -> Result<Authorization, Failure> {
        let (request, expected) = self.purchases.next();
        self.ask(request, &expected).await
    }

    pub(crate) async fn buy_with(&mut self, account: usize) -> Result<Authorization, Failure> {
        let (request, expected) = self.purchases.of(account);
        self.ask(request, &expected).await
    }

    async fn ask(
        &mut self,
        request: AuthorizeRequest,
        expected: &Expected,
    ) -> Result<Authorization, Failure> {
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
        self.purchases.check(authorization, expected)
    }
}

impl Caller for Buyer {
    async fn call(&mut self) -> Result<Answer, Failure> {
        self.buy().await.map(|_| Answer::Done)
    }
}
