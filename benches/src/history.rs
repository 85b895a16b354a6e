//! `history`: whether an account with a long history is slower than one with a short one. command-api is started anew, so that
//! nothing is in its memory, and the first purchase of each account is timed, long and short in turns; then more of them, with the
//! accounts in memory. PostgreSQL goes on running: its memory is warm.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use command_api::execute;
use serde::Serialize;

use crate::authorize::Buyer;
use crate::bank::{Account, Bank};
use crate::choice::Choice;
use crate::contender::ratio;
use crate::filling;
use crate::machine::Machine;
use crate::stack::{BANK_EVENTS, Stack};
use crate::statistics::median;

/// The other side of the comparison.
const SHORT_EVENTS: u32 = 10;
/// Accounts that buy first after each start, so that connections are open and statements are planned when the clock starts.
const FIRST_TO_BUY: usize = 32;
/// Time for snapshots to be written, which nobody waits for.
const SETTLES_WITHIN: Duration = Duration::from_secs(2);
/// What is asked for unless told.
pub(crate) const ACCOUNTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
pub(crate) const HOT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(49);
const ONE_CONNECTION: NonZeroUsize = NonZeroUsize::MIN;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events of an account with a long history; one with a short one has ten.
    #[arg(long, value_name = "N", default_value = "100000")]
    pub(crate) events: NonZeroU32,
    /// Accounts with a long history, and with a short one for each start.
    #[arg(long, value_name = "N", default_value_t = ACCOUNTS)]
    pub(crate) accounts: NonZeroUsize,
    /// How often command-api is started anew.
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) rounds: NonZeroUsize,
    /// Purchases of each account once it is in memory, in each round.
    #[arg(long, value_name = "N", default_value_t = HOT)]
    pub(crate) hot: NonZeroUsize,
    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Latencies of one call in flight: medians.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    pub(crate) long_p50_ms: f64,
    pub(crate) short_p50_ms: f64,
    /// Of the medians.
    pub(crate) ratio: f64,
    /// On each side.
    samples: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Histories {
    name: &'static str,
    pub(crate) cold: Pair,
    pub(crate) hot: Pair,
    pub(crate) long_events: u32,
    short_events: u32,
    accounts: usize,
    starts: usize,
    #[serde(flatten)]
    machine: Machine,
}

/// What was timed, in milliseconds.
#[derive(Default)]
struct Timed {
    long: Vec<f64>,
    short: Vec<f64>,
}

/// Which account is what, by its place among all.
struct Places {
    accounts: usize,
}

pub(crate) async fn measure(args: &Args) -> Result<Histories> {
    let machine = Machine::now();
    let places = Places {
        accounts: args.accounts.get(),
    };
    let mut stack = Stack::of_servers("postgres").await?;
    let all = prepare(&mut stack, args, &places).await?;
    let mut server = stack.start_command_api().await?;
    take_snapshots(&server.address, &all, &places).await?;
    let (mut cold, mut hot) = (Timed::default(), Timed::default());
    for round in 0..args.rounds.get() {
        tokio::time::sleep(SETTLES_WITHIN).await;
        stack.end(server.process)?;
        server = stack.start_command_api().await?;
        let mut buyer = buyer(&server.address, &all).await?;
        for account in places.first_to_buy() {
            timed(&mut buyer, account).await?;
        }
        in_turns(&mut buyer, &places, round, &mut cold).await?;
        for _ in 0..args.hot.get() {
            in_turns(&mut buyer, &places, round, &mut hot).await?;
        }
    }
    Ok(Histories {
        name: "history",
        cold: cold.medians()?,
        hot: hot.medians()?,
        long_events: args.events.get(),
        short_events: SHORT_EVENTS,
        accounts: places.accounts,
        starts: args.rounds.get(),
        machine,
    })
}

/// Accounts with their histories, and command-api ended.
async fn prepare(stack: &mut Stack, args: &Args, places: &Places) -> Result<Arc<[Account]>> {
    let server = stack.start_command_api().await?;
    let count = NonZeroUsize::new(places.short(args.rounds.get()).start).context("no account")?;
    let bank = Bank::open(&server.address, ONE_CONNECTION, count, Duration::MAX).await?;
    let mut first = buyer(&server.address, &bank.accounts).await?;
    for account in 0..count.get() {
        timed(&mut first, account).await?;
    }
    stack.end(server.process)?;
    eprintln!("writing {} accounts of {} events", places.accounts, args.events);
    let ids = bank.accounts.iter().map(|account| account.id.clone());
    let ids = ids.collect::<Vec<String>>();
    let (long, others) = ids.split_at(places.accounts);
    let database = stack.database_url(BANK_EVENTS)?;
    filling::lengthen(&database, long, args.events.get().into()).await?;
    filling::lengthen(&database, others, SHORT_EVENTS.into()).await?;
    filling::settle(&database).await?;
    Ok(bank.accounts)
}

/// The first purchase of a long account reads all of it, once. The ones after it end at different distances from a snapshot.
async fn take_snapshots(address: &str, all: &Arc<[Account]>, places: &Places) -> Result<()> {
    let mut buyer = buyer(address, all).await?;
    for account in places.long() {
        timed(&mut buyer, account).await?;
    }
    tokio::time::sleep(SETTLES_WITHIN).await;
    // Up to one event less than the next snapshot takes.
    let tail_max = usize::try_from(execute::Settings::default().snapshot_every)?;
    for account in places.long() {
        for _ in 0..account * tail_max / places.accounts {
            timed(&mut buyer, account).await?;
        }
    }
    Ok(())
}

async fn in_turns(buyer: &mut Buyer, places: &Places, round: usize, found: &mut Timed) -> Result<()> {
    for (number, (long, short)) in places.long().zip(places.short(round)).enumerate() {
        // Neither is always the one that comes after the other.
        if number % 2 == 0 {
            found.long.push(timed(buyer, long).await?);
            found.short.push(timed(buyer, short).await?);
        } else {
            found.short.push(timed(buyer, short).await?);
            found.long.push(timed(buyer, long).await?);
        }
    }
    Ok(())
}

async fn buyer(address: &str, accounts: &Arc<[Account]>) -> Result<Buyer> {
    let bank = Bank::with_accounts(address, ONE_CONNECTION, Arc::clone(accounts)).await?;
    let mut buyers = Buyer::many(&bank, Choice::Even, 1, 0);
    buyers.pop().context("no buyer")
}

/// Milliseconds.
async fn timed(buyer: &mut Buyer, account: usize) -> Result<f64> {
    let begin = Instant::now();
    let bought = buyer.buy_with(account).await;
    let took = begin.elapsed().as_secs_f64() * 1e3;
    bought.map(|_| took).context("a purchase")
}

impl Places {
    fn long(&self) -> std::ops::Range<usize> {
        0..self.accounts
    }

    fn first_to_buy(&self) -> std::ops::Range<usize> {
        self.accounts..self.accounts + FIRST_TO_BUY
    }

    /// New ones in each round: an account that has bought is not as short any more.
    fn short(&self, round: usize) -> std::ops::Range<usize> {
        let first = self.first_to_buy().end + round * self.accounts;
        first..first + self.accounts
    }
}

impl Timed {
    fn medians(&self) -> Result<Pair> {
        let rounded = |figures| median(figures).map(|median| (median * 1e3).round() / 1e3);
        let long_p50_ms = rounded(&self.long).context("no purchase")?;
        let short_p50_ms = rounded(&self.short).context("no purchase")?;
        Ok(Pair {
            long_p50_ms,
            short_p50_ms,
            ratio: ratio(long_p50_ms, short_p50_ms),
            samples: self.long.len(),
        })
    }
}

impl Histories {
    pub(crate) fn in_words(&self) -> String {
        format!(
            "one call in flight, {} accounts with {} events and as many with {}, in turns; command-api started anew {} times, \
             PostgreSQL warm; {} and {} purchases of each kind; {}",
            self.accounts,
            self.long_events,
            self.short_events,
            self.starts,
            self.cold.samples,
            self.hot.samples,
            self.machine.in_words()
        )
    }

    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        for (name, pair) in [("cold", &self.cold), ("hot", &self.hot)] {
            println!(
                "{name:<6}long p50 {:.3} ms, short p50 {:.3} ms, ratio {:.2}",
                pair.long_p50_ms, pair.short_p50_ms, pair.ratio
            );
        }
        println!("  {}", self.in_words());
        Ok(())
    }
}
