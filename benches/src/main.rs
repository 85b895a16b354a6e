//! Measures the bank: `authorize` (durable decisions over gRPC), `visible` (how long until the statement shows them), and `compare`
//! (how many times faster than what one would otherwise write).
//!
//! What each figure means and how to get it again is in `docs/PERFORMANCE.md`. The load knows the bank only from outside, by its
//! gRPC and GraphQL contracts, so it measures what a customer gets; the peers are servers of their own, in this program.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "rates and milliseconds are measurements; money here is whole minor units"
)]

mod authorize;
mod bank;
mod batch;
mod ceilings;
mod choice;
mod compare;
mod connection;
mod contender;
mod filling;
mod front;
mod growth;
mod history;
mod http;
mod load;
mod machine;
mod measurement;
mod memory;
mod peer;
mod processor;
mod purchases;
mod read_side;
mod report;
mod row;
mod settings;
mod stack;
mod statements;
mod statistics;
mod twin;
mod visible;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// The bank's own, so that a peer is not slower for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the bank. Figures are printed as a table, or with --json as one object per row.
#[derive(Debug, Parser)]
#[command(name = "benches", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Durable authorizations over gRPC: how many per second, and how long each takes.
    Authorize(authorize::Args),
    /// Many independent purchases in one call.
    Batch(batch::Args),
    /// From the answer to a purchase until the statement in GraphQL shows it.
    Visible(visible::Args),
    /// The bank and the idiomatic peer in turns, and how many times faster the bank is.
    Compare(compare::Args),
    /// One handler over gRPC and over REST in turns, and how many calls each answers per second of processor time.
    RestTwin(twin::Args),
    /// What becomes of the events: relay, read models, statements, rebuild, search, each on a full log.
    ReadSide(read_side::Args),
    /// The first purchase of an account that is not in memory, and those after it, with a long history and with a short one.
    History(history::Args),
    /// The rate of appending with millions of events in the table against an empty one, in turns.
    Growth(growth::Args),
    /// What command-api keeps in memory as it decides millions of purchases.
    Memory(memory::Args),
    /// What the parts that cannot be done without cost by themselves: COPY, the bank's own insert, one flush, the wires, a decision in memory.
    Ceilings(ceilings::Args),
    /// The whole table in one run, each figure against its bar, into docs/PERFORMANCE.md and a picture.
    Report(report::Args),
    /// Serves the idiomatic peer: the same bank, written with cqrs-es and postgres-es as they are.
    ServePeer(peer::Args),
    /// Serves one face of the twins.
    ServeTwin(twin::ServeArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Whoever loses is dropped, and with it a stack that was started: nothing is left running.
    let ended = tokio::select! {
        ended = run(Cli::parse().command) => ended,
        interrupted = interrupted() => interrupted.and_then(|how| bail!(how)),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("benches: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Authorize(args) => {
            let json = args.common.json;
            let row = authorize::measure(args).await?;
            row::print(&[&row], json)?;
            Ok(verdict(row.samples))
        }
        Command::Batch(args) => {
            let json = args.common.json;
            let row = batch::measure(args).await?;
            row::print(&[&row], json)?;
            Ok(verdict(row.samples))
        }
        Command::Visible(args) => {
            let json = args.common.json;
            let row = visible::measure(args).await?;
            row::print(&[&row], json)?;
            Ok(verdict(row.samples))
        }
        Command::Compare(args) => {
            let json = args.json;
            let comparison = compare::measure(args).await?;
            comparison.print(json)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ReadSide(args) => read_side::run(&args).await,
        Command::History(args) => {
            history::measure(&args).await?.print(args.json)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Growth(args) => {
            for growth in growth::measure(&args).await? {
                growth.print(args.json)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Memory(args) => {
            memory::measure(&args).await?.print(args.json)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Ceilings(args) => {
            ceilings::print(&ceilings::measure(&args).await?, args.json)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Report(args) => report::run(&args).await,
        Command::RestTwin(args) => {
            twin::measure(&args).await?.print(args.json)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ServeTwin(args) => {
            twin::serve(args).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ServePeer(args) => {
            peer::serve(args).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A run in which nothing was measured has failed, whatever it printed. Single errors are the reader's to judge.
fn verdict(samples: u64) -> ExitCode {
    if samples == 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

async fn interrupted() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    tokio::select! {
        ctrl_c = tokio::signal::ctrl_c() => ctrl_c.context("Ctrl-C cannot be listened for")?,
        _ = terminate.recv() => {}
    }
    Ok("interrupted, nothing was measured to the end")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
