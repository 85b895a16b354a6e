//! The `codebank` binary: command line and wiring, nothing else. The bank itself is in `command-api` (deciding) and
//! `projections` (showing); this crate gives each role its settings, its connections and its end.

mod cli;
mod client;
mod operations;
mod role;
mod settings;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// A call allocates some dozens of times, on one thread, and frees on another: with the system's allocator that is a quarter of
/// its processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let outcome = runtime.block_on(run(cli));
    // A question to a neighbour that does not answer must not hold up the end.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => role::embedded::run(cli.embedded).await,
        Some(Command::Up(args)) => role::embedded::run(args).await,
        Some(Command::CommandApi(args)) => role::command_api::run(args).await,
        Some(Command::Relay(args)) => role::relay::run(args).await,
        Some(Command::Projections(args)) => role::projections::run(args).await,
        Some(Command::Web(args)) => role::web::run(args).await,
        Some(Command::Store(args)) => role::store::run(args).await,
        Some(Command::Migrate(args)) => role::migrate::run(args).await,
        Some(Command::Rebuild(args)) => role::rebuild::run(args).await,
        Some(Command::Pay(args)) => client::pay::run(args).await,
        Some(Command::Statement(args)) => client::statement::run(args).await,
        Some(Command::History(args)) => client::history::run(args).await,
        Some(Command::Dashboards(args)) => client::dashboards::run(args).await,
    }
}

/// Says what went wrong on one line per cause, for people.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("codebank: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::FAILURE
}
