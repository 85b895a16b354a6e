//! The developer's commands: `cargo xtask test`, `cargo xtask stack …`, `cargo xtask kibana`, `cargo xtask check`.
//!
//! It starts and stops the real neighbours of the bank (PostgreSQL, Kafka, Kafka Connect, Elasticsearch) natively, without containers.
//! It is not part of the bank: nothing depends on it, and it depends on none of the other crates.

mod check;
mod kibana;
mod server;
mod stack;
mod system;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Developer commands of codebank",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start what the tests need, run every test of the workspace, stop it all again.
    Test(test::Options),
    /// Keep the same servers running for a person.
    #[command(subcommand)]
    Stack(stack::command::Command),
    /// Make Kibana's bundle from its sources in `infra/kibana`.
    Kibana,
    /// Format and lint checks, as in continuous integration.
    Check,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Stack(command) => stack::command::run(&command),
        Command::Kibana => kibana::run(),
        Command::Check => check::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
