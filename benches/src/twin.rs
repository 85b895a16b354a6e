//! `rest-twin`: what the wire costs. One handler behind two faces, gRPC (tonic, protobuf, HTTP/2) and REST (axum, JSON, HTTP/1.1 with
//! keep-alive), each a process of its own on the same database, in turns; and how many calls each answers per second of its own
//! processor time.
//!
//! The handler does what the bank's does: it reads the message, has the vault recognize the card and compare the code, makes the
//! fingerprint, decides durably through the bank's own write loop, and answers from the event. Its code is here because the bank's
//! own is not to be had without its gRPC server; so both faces stand on the very same lines. Each face buys with accounts of its
//! own, so that neither finds its states outdated by the other.

mod graphql;
mod grpc;
mod handler;
mod json;
mod rest;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::authorize::Buyer;
use crate::bank::{Account, Bank};
use crate::choice::Choice;
use crate::contender::{self, Side, ratio};
use crate::load::Load;
use crate::row::{self, Conditions, Mode};
use crate::settings::{self, load_average, positive_seconds, seconds};
use crate::stack::Stack;

pub(crate) use handler::ECHO_ACCOUNT;
use handler::Handler;
pub(crate) use rest::RestBuyer;

/// Accounts that cannot be opened by then are done without.
const OPENED_WITHIN: Duration = Duration::from_secs(30);
/// Long enough for every account to have bought.
const FIRST_ROUND: Duration = Duration::from_secs(1);
/// Each has as many accounts as are asked for.
const FACES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// What the handler speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Face {
    Grpc,
    Rest,
    /// The page of a statement instead, and only with nothing behind it.
    Graphql,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// What the handler speaks.
    #[arg(long, value_enum)]
    face: Face,
    /// Nothing behind the face: every purchase is approved at once, and no database is asked.
    #[arg(long)]
    echo: bool,
    /// What is decided is kept in memory alone.
    #[arg(long, conflicts_with = "echo")]
    in_memory: bool,
    /// The event log's PostgreSQL database.
    #[arg(
        long,
        env = "CODEBANK_DATABASE_URL",
        value_name = "URL",
        required_unless_present = "echo"
    )]
    database_url: Option<String>,
    /// The card vault's PostgreSQL database.
    #[arg(
        long,
        env = "CODEBANK_VAULT_DATABASE_URL",
        value_name = "URL",
        required_unless_present = "echo"
    )]
    vault_database_url: Option<String>,
    /// The vault's keys: a JSON file that only its owner may read.
    #[arg(
        long,
        env = "CODEBANK_VAULT_KEYS_FILE",
        value_name = "FILE",
        required_unless_present = "echo"
    )]
    vault_keys_file: Option<PathBuf>,
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50062")]
    address: SocketAddr,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each round is measured.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = positive_seconds)]
    pub(crate) seconds: Duration,
    /// How long the load runs before that.
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    pub(crate) warm_up: Duration,
    /// Rounds of each face.
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) rounds: NonZeroUsize,
    /// Callers, each with one call in flight; over HTTP/1.1 each has a connection of its own.
    #[arg(long, value_name = "N", default_value = "128")]
    pub(crate) clients: NonZeroUsize,
    /// Accounts for each face, each with a card.
    #[arg(long, value_name = "N", default_value = "2000")]
    pub(crate) accounts: NonZeroUsize,
    /// HTTP/2 connections to the gRPC face.
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) connections: NonZeroUsize,
    /// Decides which account buys what for how much.
    #[arg(long, default_value = "1")]
    pub(crate) seed: u64,
    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Both faces under the same load.
#[derive(Debug, Serialize)]
pub(crate) struct Twins {
    name: &'static str,
    pub(crate) grpc_per_processor_s: f64,
    pub(crate) rest_per_processor_s: f64,
    /// Of the medians.
    pub(crate) ratio: f64,
    pub(crate) grpc: Side,
    pub(crate) rest: Side,
    pub(crate) conditions: Conditions,
}

/// Serves one face until it is ended.
pub(crate) async fn serve(args: ServeArgs) -> Result<()> {
    let durable = (args.database_url, args.vault_database_url, args.vault_keys_file);
    let handler = match durable {
        (Some(events), Some(vault), Some(keys)) if !args.echo => {
            Handler::Bank(handler::Bank::start(&events, &vault, &keys, args.in_memory).await?)
        }
        _ => Handler::Echo,
    };
    let listener = TcpListener::bind(args.address)
        .await
        .with_context(|| format!("cannot listen at {}", args.address))?;
    match args.face {
        Face::Grpc => grpc::serve(listener, handler).await,
        Face::Rest => rest::serve(listener, handler).await,
        Face::Graphql => {
            ensure!(args.echo, "there is nothing behind the GraphQL face: --echo");
            graphql::serve(listener).await
        }
    }
}

pub(crate) async fn measure(args: &Args) -> Result<Twins> {
    let load_average_at_start = load_average();
    let mut stack = Stack::of_servers("postgres").await?;
    let server = stack.start_command_api().await?;
    let accounts = args.accounts.saturating_mul(FACES);
    eprintln!("opening {accounts} accounts");
    let opened = Bank::open(&server.address, args.connections, accounts, OPENED_WITHIN).await?;
    let (for_grpc, for_rest) = opened.accounts.split_at(opened.accounts.len() / 2);
    let (for_grpc, for_rest): (Arc<[Account]>, Arc<[Account]>) = (for_grpc.into(), for_rest.into());

    let grpc = stack.start_twin("grpc").await?;
    let rest = stack.start_twin("rest").await?;
    let bank = Bank::with_accounts(&grpc.address, args.connections, for_grpc).await?;
    let (mut over_grpc, mut over_rest) = (Vec::new(), Vec::new());
    // The first round makes states and cards known, and is not kept.
    for round in 0..=args.rounds.get() {
        let load = args.load(round);
        let (clients, seed) = (args.clients.get(), args.seed + round as u64);
        let buyers = Buyer::many(&bank, Choice::Even, clients, seed);
        let on_grpc = contender::round(grpc.process, &load, buyers).await?;
        let buyers = RestBuyer::many(&rest.address, &for_rest, clients, seed)?;
        let on_rest = contender::round(rest.process, &load, buyers).await?;
        if round > 0 {
            over_grpc.push(on_grpc);
            over_rest.push(on_rest);
        }
    }
    let (grpc, rest) = (Side::of(&over_grpc)?, Side::of(&over_rest)?);
    Ok(Twins {
        name: "rest-twin",
        grpc_per_processor_s: grpc.per_processor_s,
        rest_per_processor_s: rest.per_processor_s,
        ratio: ratio(grpc.per_processor_s, rest.per_processor_s),
        grpc,
        rest,
        conditions: conditions(args, &args.load(1), bank.accounts.len(), load_average_at_start),
    })
}

impl Args {
    fn load(&self, round: usize) -> Load {
        let measured = if round == 0 { FIRST_ROUND } else { self.seconds };
        Load::closed(self.warm_up, measured)
    }
}

fn conditions(args: &Args, load: &Load, accounts: usize, load_average_at_start: Option<f64>) -> Conditions {
    let particular = BTreeMap::from([
        ("rounds", json!(args.rounds)),
        ("rest_connections", json!(args.clients)),
    ]);
    Conditions {
        clients: args.clients.get(),
        connections: args.connections.get(),
        accounts,
        seconds: load.measured.as_secs_f64(),
        warm_up_seconds: load.warm_up.as_secs_f64(),
        seed: args.seed,
        mode: Mode::ClosedLoop,
        rate: None,
        cores: settings::cores(),
        load_average_at_start,
        bank: row::Bank::PrivateTwins,
        particular,
    }
}

impl Twins {
    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        self.grpc.print("gRPC");
        self.rest.print("REST");
        println!(
            "calls per second of processor time, gRPC to REST: {:.2}",
            self.ratio
        );
        println!("  {}", self.conditions.in_words());
        Ok(())
    }
}
