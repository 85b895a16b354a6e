//! `visible`: from the moment the answer to a purchase is read until a statement that charges it is read from GraphQL.
//!
//! Purchases come at a fixed rate (open loop), whatever the read side does. Right after its answer, a purchase is asked for with
//! `atLeastVersion`, and the server answers as soon as it can show that version. What is measured therefore has the whole way in
//! it: relay, broker, projection, one HTTP request, the query, and reading its answer.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use futures::{StreamExt, TryStreamExt, future, stream};
use serde_json::json;

use crate::authorize::Buyer;
use crate::bank::Account;
use crate::choice::Choice;
use crate::load::{self, Caller};
use crate::measurement::{Answer, Failure};
use crate::row::Row;
use crate::settings::{Common, OPEN_LOOP_CLIENTS};
use crate::statements::{Statement, Statements};

/// A purchase that is not on the statement by then is an error.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// Accounts that are asked for at a time before the run.
const ASKED_FOR_AT_A_TIME: usize = 16;
/// What the bank says when its own patience ends before the version comes; it is asked again.
const NOT_YET: &str = "VERSION_NOT_YET_VISIBLE";
/// What it says of an account that the read side has not heard of yet, to those who do not wait.
const NOT_HEARD_OF: &str = "NOT_FOUND";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Purchases per second.
    #[arg(long, value_name = "PER SECOND", default_value = "500")]
    rate: NonZeroU32,
    /// How often it is measured, on the same accounts, warmed up once. More than one gives medians, and how far the outermost are apart.
    #[arg(long, value_name = "N", default_value = "1")]
    runs: NonZeroUsize,
    /// Where GraphQL is.
    #[arg(
        long,
        env = "CODEBANK_GRAPHQL_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080/graphql"
    )]
    graphql: String,
    /// Follow one in N purchases; the others are only bought.
    #[arg(long, value_name = "N", default_value = "1")]
    sample_every: NonZeroU32,
    /// Ask again and again with this pause instead of `atLeastVersion`: what an outsider sees who cannot wait. Not finer than
    /// the pause.
    #[arg(long, value_name = "MILLISECONDS", num_args = 0..=1, default_missing_value = "5")]
    poll: Option<u64>,
    #[command(flatten)]
    pub(crate) common: Common,
}

pub(crate) async fn measure(args: Args) -> Result<Row> {
    let run = args.common.prepare(OPEN_LOOP_CLIENTS, Some(args.rate)).await?;
    let url = run
        .stack
        .as_ref()
        .map_or(args.graphql.as_str(), |stack| stack.graphql.as_str());
    let statements = Statements::at(url)?;
    wait_for_accounts(&statements, &run.bank.accounts).await?;
    let bought = Arc::new(AtomicU64::new(0));
    let follower = |buyer| Follower {
        buyer,
        statements: statements.clone(),
        look: args.poll.map_or(Look::AtLeastVersion, |pause| {
            Look::Poll(Duration::from_millis(pause))
        }),
        sample_every: u64::from(args.sample_every.get()),
        bought: Arc::clone(&bought),
    };

    let mut conditions = run.conditions();
    let look = args.poll.map_or_else(
        || "at_least_version".to_owned(),
        |pause| format!("poll every {pause} ms"),
    );
    conditions.particular.insert("look", json!(look));
    conditions
        .particular
        .insert("sample_every", json!(args.sample_every));
    let mut load = run.load;
    let mut rows = Vec::new();
    for number in (0..).take(args.runs.get()) {
        let buyers = Buyer::many(&run.bank, Choice::Even, run.clients, run.seed + number);
        let followers = buyers.into_iter().map(&follower);
        let measurement = load::run(&load, followers.collect()).await?;
        rows.push(Row::new("visible", measurement, conditions.clone()));
        load.warm_up = Duration::ZERO;
    }
    Row::median_of(rows)
}

/// How a purchase is looked for.
#[derive(Debug, Clone, Copy)]
enum Look {
    AtLeastVersion,
    Poll(Duration),
}

/// Buys, and follows the purchase to the statement.
struct Follower {
    buyer: Buyer,
    statements: Statements,
    look: Look,
    sample_every: u64,
    /// By all of them: one of many callers may buy only once in a run.
    bought: Arc<AtomicU64>,
}

impl Caller for Follower {
    async fn call(&mut self) -> Result<Answer, Failure> {
        let authorization = self.buyer.buy().await?;
        let answered = Instant::now();
        if !self
            .bought
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(self.sample_every)
        {
            return Ok(Answer::NotSampled);
        }
        self.follow(&authorization.account_id, authorization.account_version, answered)
            .await?;
        Ok(Answer::Took(answered.elapsed()))
    }
}

impl Follower {
    /// Returns when a statement showed the purchase.
    async fn follow(&self, account_id: &str, version: u64, answered: Instant) -> Result<(), Failure> {
        let deadline = answered + SEEN_WITHIN;
        let statement = seen(&self.statements, self.look, account_id, version, deadline).await?;
        let missing = || {
            format!(
                "the statement shows version {} without {version}",
                statement.account_version
            )
        };
        if statement.charges(version) {
            Ok(())
        } else {
            Err(Failure::new("NOT_CHARGED", missing()))
        }
    }
}

/// The account's statement once it shows the version.
async fn seen(
    statements: &Statements,
    look: Look,
    account_id: &str,
    version: u64,
    deadline: Instant,
) -> Result<Statement, Failure> {
    let (wanted, pause) = match look {
        Look::AtLeastVersion => (Some(version), Duration::ZERO),
        Look::Poll(pause) => (None, pause),
    };
    while Instant::now() < deadline {
        match statements.newest(account_id, wanted).await {
            Ok(statement) if statement.account_version >= version => return Ok(statement),
            Ok(_) if wanted.is_some() => {
                return Err(Failure::new(
                    "STALE",
                    "the statement shows less than the version asked for",
                ));
            }
            Err(failure) if failure.code != NOT_YET && (wanted.is_some() || failure.code != NOT_HEARD_OF) => {
                return Err(failure);
            }
            Ok(_) | Err(_) => tokio::time::sleep(pause).await,
        }
    }
    Err(Failure::new(
        "NOT_SEEN",
        format!("version {version} was not visible within {SEEN_WITHIN:?}"),
    ))
}

/// The run begins with a read side that knows its accounts: a consumer that has only just joined its group would be measured
/// as the way to visibility.
async fn wait_for_accounts(statements: &Statements, accounts: &[Account]) -> Result<()> {
    eprintln!("waiting until GraphQL shows them");
    let deadline = Instant::now() + SEEN_WITHIN;
    stream::iter(accounts)
        .map(|account| {
            seen(
                statements,
                Look::AtLeastVersion,
                &account.id,
                account.version,
                deadline,
            )
        })
        .buffer_unordered(ASKED_FOR_AT_A_TIME)
        .try_for_each(|_| future::ready(Ok(())))
        .await
        .map_err(|failure| {
            anyhow!(
                "GraphQL does not show the accounts of the run: {} ({})",
                failure.message,
                failure.code
            )
        })
}
