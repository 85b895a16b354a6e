//! `compare`: the bank and the idiomatic peer, one after the other in turns, on one PostgreSQL, under one load; and how many times
//! faster the bank is. The ratio of the medians stands where absolute figures move with the machine.

mod accounts;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use crate::authorize::Buyer;
use crate::bank::Bank;
use crate::choice::Choice;
use crate::contender::{self, Contender, Side, ratio};
use crate::load::Load;
use crate::peer;
use crate::row::{self, Conditions, Mode};
use crate::settings::{self, load_average, positive_seconds, seconds};
use crate::stack::Stack;

/// A comparison is over within a minute, also on a machine that does something else: then it has fewer accounts, and says so.
const OPENED_WITHIN: Duration = Duration::from_secs(12);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each round is measured.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = positive_seconds)]
    seconds: Duration,
    /// How long the load runs before that.
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    warm_up: Duration,
    /// Rounds of each side.
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,
    /// Callers, each with one call in flight.
    #[arg(long, value_name = "N", default_value = "128")]
    clients: NonZeroUsize,
    /// Accounts, each with a card, the same on both sides; fewer where they cannot be opened in time.
    #[arg(long, value_name = "N", default_value = "10000")]
    accounts: NonZeroUsize,
    /// HTTP/2 connections to each server.
    #[arg(long, value_name = "N", default_value = "4")]
    connections: NonZeroUsize,
    /// Database connections of the peer.
    #[arg(long, value_name = "N", default_value_t = peer::CONNECTIONS)]
    peer_connections: u32,
    /// Decides which account buys what for how much.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Both sides under the same load.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    name: &'static str,
    pub(crate) ours_per_s: f64,
    pub(crate) peer_per_s: f64,
    /// Of the medians.
    pub(crate) ratio: f64,
    pub(crate) ours: Side,
    pub(crate) peer: Side,
    pub(crate) conditions: Conditions,
}

/// Both sides, running and with accounts.
pub(crate) struct Pair {
    ours: Contender,
    peer: Contender,
    peer_connections: u32,
    prepared_in: Duration,
    load_average_at_start: Option<f64>,
    /// Ends with it.
    stack: Stack,
}

pub(crate) async fn measure(args: Args) -> Result<Comparison> {
    let pair = Pair::start(args.connections, args.accounts, args.peer_connections).await?;
    let load = Load::closed(args.warm_up, args.seconds);
    pair.compare(&load, args.clients.get(), args.rounds.get(), args.seed)
        .await
}

impl Pair {
    pub(crate) async fn start(
        connections: NonZeroUsize,
        accounts: NonZeroUsize,
        peer_connections: u32,
    ) -> Result<Self> {
        let load_average_at_start = load_average();
        let mut stack = Stack::of_servers("postgres").await?;
        let server = stack.start_command_api().await?;
        eprintln!("opening {accounts} accounts");
        let begin = Instant::now();
        let ours = Contender {
            bank: Bank::open(&server.address, connections, accounts, OPENED_WITHIN).await?,
            address: server.address,
            process: server.process,
        };
        let opened = ours.bank.accounts.len();
        if opened < accounts.get() {
            eprintln!(
                "only {opened} accounts could be opened within {OPENED_WITHIN:?}: the comparison is on these"
            );
        }
        let server = stack.start_peer(peer_connections).await?;
        accounts::copy(&stack).await?;
        let the_same = Arc::clone(&ours.bank.accounts);
        let peer = Contender {
            bank: Bank::with_accounts(&server.address, connections, the_same).await?,
            address: server.address,
            process: server.process,
        };
        for contender in [&ours, &peer] {
            contender.warm().await?;
        }
        accounts::settle(&stack).await?;
        let pair = Self {
            ours,
            peer,
            peer_connections,
            prepared_in: begin.elapsed(),
            load_average_at_start,
            stack,
        };
        eprintln!("both sides have them after {:.1?}", pair.prepared_in);
        Ok(pair)
    }

    pub(crate) fn ours(&self) -> &Contender {
        &self.ours
    }

    /// What the rounds before have left to be written is written.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.stack.checkpoint().await
    }

    /// Both sides in turns, each round with fresh purchases.
    pub(crate) async fn compare(
        &self,
        load: &Load,
        clients: usize,
        rounds: usize,
        seed: u64,
    ) -> Result<Comparison> {
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for round in (0..).take(rounds) {
            for (contender, measured) in [(&self.ours, &mut ours), (&self.peer, &mut peer)] {
                let buyers = Buyer::many(&contender.bank, Choice::Even, clients, seed + round);
                measured.push(contender::round(contender.process, load, buyers).await?);
            }
        }
        let (ours, peer) = (Side::of(&ours)?, Side::of(&peer)?);
        let mut conditions = self.conditions(load, clients, seed);
        conditions.particular.insert("rounds", json!(rounds));
        Ok(Comparison {
            name: "compare",
            ours_per_s: ours.throughput_per_s,
            peer_per_s: peer.throughput_per_s,
            ratio: ratio(ours.throughput_per_s, peer.throughput_per_s),
            ours,
            peer,
            conditions,
        })
    }

    fn conditions(&self, load: &Load, clients: usize, seed: u64) -> Conditions {
        let particular = BTreeMap::from([
            ("peer_database_connections", json!(self.peer_connections)),
            (
                "prepared_in_seconds",
                json!((self.prepared_in.as_secs_f64() * 10.0).round() / 10.0),
            ),
        ]);
        Conditions {
            clients,
            connections: self.ours.bank.connections(),
            accounts: self.ours.bank.accounts.len(),
            seconds: load.measured.as_secs_f64(),
            warm_up_seconds: load.warm_up.as_secs_f64(),
            seed,
            mode: Mode::ClosedLoop,
            rate: None,
            cores: settings::cores(),
            load_average_at_start: self.load_average_at_start,
            bank: row::Bank::PrivatePair,
            particular,
        }
    }
}

impl Comparison {
    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        self.ours.print("ours");
        self.peer.print("the peer");
        println!("ratio     {:>10.2}", self.ratio);
        println!("  {}", self.conditions.in_words());
        Ok(())
    }
}
