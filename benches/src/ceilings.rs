//! `ceilings`: what the parts that cannot be done without cost by themselves, so that a figure of the whole can be judged: rows into
//! the same table by COPY and by the bank's own insert, one flush to the disk, and the wires with nothing behind them.

mod copy;
mod disk;
mod rows;
mod wire;

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::machine::Machine;
use crate::settings::{positive_seconds, seconds};
use crate::stack::Stack;

/// What is asked for unless told.
pub(crate) const SECONDS: Duration = Duration::from_secs(3);
pub(crate) const ROUNDS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
/// Rows of one transaction: as many as the bank takes at most, and about as many as it takes under unary load.
const BATCHES: [usize; 2] = [512, 50];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each is measured.
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = positive_seconds)]
    pub(crate) seconds: Duration,
    /// How long the load runs before that, over the wires.
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    pub(crate) warm_up: Duration,
    /// Rounds over each wire.
    #[arg(long, value_name = "N", default_value_t = ROUNDS)]
    pub(crate) rounds: NonZeroUsize,
    /// Callers over the wires, each with one call in flight.
    #[arg(long, value_name = "N", default_value = "128")]
    pub(crate) clients: NonZeroUsize,
    /// Accounts that the rows are of.
    #[arg(long, value_name = "N", default_value = "10000")]
    pub(crate) accounts: NonZeroUsize,
    /// Decides which account has which rows.
    #[arg(long, default_value = "1")]
    pub(crate) seed: u64,
    /// One JSON object per row instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// One part alone.
#[derive(Debug, Serialize)]
pub(crate) struct Ceiling {
    pub(crate) name: String,
    /// Rows, flushes or calls.
    pub(crate) per_s: f64,
    pub(crate) p50_ms: Option<f64>,
    /// Processor time of each call; of the wires only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_micros: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) load_micros: Option<f64>,
    pub(crate) errors: u64,
    pub(crate) conditions: String,
}

pub(crate) async fn measure(args: &Args) -> Result<Vec<Ceiling>> {
    let machine = Machine::now();
    let mut stack = Stack::of_servers("postgres").await?;
    let mut found = rows::measure(&stack, args).await?;
    found.push(disk::measure(stack.folder()).await?);
    found.extend(wire::measure(&mut stack, args).await?);
    found.extend(wire::in_memory(&mut stack, args).await?);
    found.push(wire::page(&mut stack, args).await?);
    for ceiling in &mut found {
        ceiling.conditions = format!("{}; {}", ceiling.conditions, machine.in_words());
    }
    Ok(found)
}

impl Ceiling {
    pub(crate) fn without_processor(
        name: String,
        per_s: f64,
        p50_ms: Option<f64>,
        conditions: String,
    ) -> Self {
        Self {
            name,
            per_s: per_s.round(),
            p50_ms,
            server_micros: None,
            load_micros: None,
            errors: 0,
            conditions,
        }
    }
}

pub(crate) fn print(ceilings: &[Ceiling], json: bool) -> Result<()> {
    for ceiling in ceilings {
        if json {
            println!("{}", serde_json::to_string(ceiling)?);
            continue;
        }
        let number = |value: Option<f64>, unit: &str| {
            value.map_or_else(String::new, |value| format!(", {value:.3} {unit}"))
        };
        println!(
            "{:<56}{:>9.0} per second{}{}{}; {} errors",
            ceiling.name,
            ceiling.per_s,
            number(ceiling.p50_ms, "ms p50"),
            number(ceiling.server_micros, "µs of the server's processor time"),
            number(ceiling.load_micros, "µs of the load's"),
            ceiling.errors
        );
        println!("  {}", ceiling.conditions);
    }
    Ok(())
}
