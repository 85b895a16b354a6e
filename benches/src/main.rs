//! Measures a running bank: `authorize` (durable decisions over gRPC) and `visible` (how long until the statement shows them).
//!
//! What each figure means and how to get it again is in `docs/PERFORMANCE.md`. It knows the bank only from outside, by its
//! gRPC and GraphQL contracts, so it measures what a customer gets.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "rates and milliseconds are measurements; money here is whole minor units"
)]

mod authorize;
mod bank;
mod load;
mod measurement;
mod report;
mod settings;
mod stack;
mod statements;
mod visible;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use report::Row;

/// Measures a running bank. Figures are printed as a table, or with --json as one object per row.
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
    /// From the answer to a purchase until the statement in GraphQL shows it.
    Visible(visible::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("benches: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode> {
    let json = match &command {
        Command::Authorize(args) => args.common.json,
        Command::Visible(args) => args.common.json,
    };
    let measured = async {
        match command {
            Command::Authorize(args) => authorize::measure(args).await,
            Command::Visible(args) => visible::measure(args).await,
        }
    };
    // Whoever loses is dropped, and with it a stack that was started: nothing is left running.
    let row = tokio::select! {
        row = measured => row?,
        interrupted = interrupted() => bail!(interrupted?),
    };
    report::print(&[&row], json)?;
    Ok(verdict(&row))
}

/// A run in which nothing was measured has failed, whatever it printed. Single errors are the reader's to judge.
fn verdict(row: &Row) -> ExitCode {
    if row.samples == 0 {
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
