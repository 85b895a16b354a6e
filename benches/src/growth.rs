//! `growth`: whether appending slows down as the table grows. Two databases on one PostgreSQL, one with the accounts alone and one
//! filled up with made-up events of others, each with a command-api of its own, under the same load, in turns.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::authorize::Buyer;
use crate::bank::{Account, Bank};
use crate::choice::Choice;
use crate::contender::{self, Contender, Side, ratio};
use crate::filling::{self, Filling};
use crate::load::Load;
use crate::machine::Machine;
use crate::settings::{positive_seconds, seconds};
use crate::stack::{BANK_EVENTS, Stack};

/// Accounts that cannot be opened by then are done without.
const OPENED_WITHIN: Duration = Duration::from_mins(1);
/// What is asked for unless told.
pub(crate) const CLIENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);
pub(crate) const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
const GROWN: &str = "codebank_events_grown";
const EMPTY: &str = "codebank_events_empty";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many made-up events the table has, one size after another.
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "1000000,5000000,20000000"
    )]
    pub(crate) events: Vec<NonZeroU64>,
    /// How long each round is measured.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = positive_seconds)]
    pub(crate) seconds: Duration,
    /// How long the load runs before that.
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    pub(crate) warm_up: Duration,
    /// Rounds of each side, at each size.
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) rounds: NonZeroUsize,
    /// Callers, each with one call in flight.
    #[arg(long, value_name = "N", default_value_t = CLIENTS)]
    pub(crate) clients: NonZeroUsize,
    /// Accounts that buy, the same on both sides; fewer where they cannot be opened in time.
    #[arg(long, value_name = "N", default_value = "10000")]
    pub(crate) accounts: NonZeroUsize,
    /// HTTP/2 connections to each server.
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS)]
    pub(crate) connections: NonZeroUsize,
    /// Decides which account buys what for how much.
    #[arg(long, default_value = "1")]
    pub(crate) seed: u64,
    /// One JSON object per size instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Both tables under the same load.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    name: &'static str,
    /// Made-up ones, in the grown table; each round adds its own to both.
    pub(crate) events: u64,
    /// Of the medians.
    pub(crate) ratio: f64,
    pub(crate) grown: Side,
    pub(crate) empty: Side,
    filled_in_seconds: f64,
    accounts: usize,
    clients: usize,
    rounds: usize,
    seconds: f64,
    #[serde(flatten)]
    machine: Machine,
}

pub(crate) async fn measure(args: &Args) -> Result<Vec<Growth>> {
    let machine = Machine::now();
    let mut stack = Stack::of_servers("postgres").await?;
    let accounts = open(&mut stack, args).await?;
    // What was opened is the pattern of both sides from now on, and nobody is connected to it.
    let grown = stack.copy_database(BANK_EVENTS, GROWN).await?;
    let mut sizes: Vec<u64> = args.events.iter().map(|events| events.get()).collect();
    sizes.sort_unstable();
    let largest = sizes.last().copied().unwrap_or_default();
    let mut filling = Filling::prepare(&grown, largest).await?;
    let mut found = Vec::new();
    for (number, events) in sizes.into_iter().enumerate() {
        let begin = Instant::now();
        eprintln!("filling the table with {events} events");
        let events = filling.up_to(events).await?;
        let filled_in = begin.elapsed();
        eprintln!("filled after {filled_in:.1?}");
        // A new one each time: the rounds before have filled it, a little.
        let empty = format!("{EMPTY}_{number}");
        stack.copy_database(BANK_EVENTS, &empty).await?;
        let (grown, empty) = compare(&mut stack, args, &accounts, &empty).await?;
        found.push(Growth {
            name: "growth",
            events,
            ratio: ratio(grown.throughput_per_s, empty.throughput_per_s),
            grown,
            empty,
            filled_in_seconds: (filled_in.as_secs_f64() * 10.0).round() / 10.0,
            accounts: accounts.len(),
            clients: args.clients.get(),
            rounds: args.rounds.get(),
            seconds: args.seconds.as_secs_f64(),
            machine,
        });
    }
    Ok(found)
}

/// Accounts that have all bought once, and command-api ended.
async fn open(stack: &mut Stack, args: &Args) -> Result<Arc<[Account]>> {
    let server = stack.start_command_api().await?;
    eprintln!("opening {} accounts", args.accounts);
    let bank = Bank::open(&server.address, args.connections, args.accounts, OPENED_WITHIN).await?;
    let contender = Contender {
        bank,
        address: server.address,
        process: server.process,
    };
    contender.warm().await?;
    stack.end(contender.process)?;
    Ok(contender.bank.accounts)
}

/// Both sides with servers that have just started and know every account.
async fn compare(
    stack: &mut Stack,
    args: &Args,
    accounts: &Arc<[Account]>,
    empty: &str,
) -> Result<(Side, Side)> {
    let mut contenders = Vec::new();
    for database in [GROWN, empty] {
        filling::settle(&stack.database_url(database)?).await?;
        let server = stack.start_command_api_on(database).await?;
        let accounts = Arc::clone(accounts);
        contenders.push(Contender {
            bank: Bank::with_accounts(&server.address, args.connections, accounts).await?,
            address: server.address,
            process: server.process,
        });
    }
    for contender in &contenders {
        contender.warm().await?;
    }
    let load = Load::closed(args.warm_up, args.seconds);
    let mut measured = [Vec::new(), Vec::new()];
    for round in (0..).take(args.rounds.get()) {
        for (contender, measured) in contenders.iter().zip(&mut measured) {
            let buyers = Buyer::many(
                &contender.bank,
                Choice::Even,
                args.clients.get(),
                args.seed + round,
            );
            measured.push(contender::round(contender.process, &load, buyers).await?);
        }
    }
    for contender in contenders {
        stack.end(contender.process)?;
    }
    let [grown, empty] = &measured;
    Ok((Side::of(grown)?, Side::of(empty)?))
}

impl Growth {
    pub(crate) fn in_words(&self) -> String {
        format!(
            "closed loop, {} clients, {} accounts, rounds of {} s in turns, {} of each; the table filled through its indexes in {} s; \
             two databases and two command-api on one private PostgreSQL on this machine; {}",
            self.clients,
            self.accounts,
            self.seconds,
            self.rounds,
            self.filled_in_seconds,
            self.machine.in_words()
        )
    }

    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        self.grown.print(&format!("{} events", self.events));
        self.empty.print("empty");
        println!("ratio     {:>10.2}", self.ratio);
        println!("  {}", self.in_words());
        Ok(())
    }
}
