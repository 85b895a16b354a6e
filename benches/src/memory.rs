//! `memory`: what command-api keeps in memory as it decides, and whether that comes to rest. Purchases come in batches, as fast as
//! they are decided, and the resident memory is read at equal steps.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future;
use serde::Serialize;

use crate::bank::Bank;
use crate::batch::{self, BatchBuyer};
use crate::load::Caller as _;
use crate::machine::Machine;
use crate::measurement::Failure;
use crate::processor;
use crate::stack::Stack;

const BATCH_SIZE: usize = batch::SIZE.get();
const BATCH_CLIENTS: usize = batch::CLIENTS.get();
const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
const MEBIBYTE: f64 = 1_048_576.0;
/// Memory that has come to rest does not grow by more than this share over the second half.
const AT_REST: f64 = 0.05;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Purchases that are decided.
    #[arg(long, value_name = "N", default_value = "10000000")]
    decisions: NonZeroU64,
    /// How often memory is read: after each so many.
    #[arg(long, value_name = "N", default_value = "500000")]
    every: NonZeroU64,
    /// Accounts, each with a card.
    #[arg(long, value_name = "N", default_value = "100000")]
    accounts: NonZeroUsize,
    /// Decides which account buys what for how much.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Resident memory after so many decisions.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sample {
    pub(crate) decisions: u64,
    pub(crate) mebibytes: f64,
}

/// A whole run, the first sample before it.
#[derive(Debug, Serialize)]
pub(crate) struct Memory {
    name: &'static str,
    pub(crate) decisions: u64,
    pub(crate) peak_mebibytes: f64,
    pub(crate) last_mebibytes: f64,
    /// By how much it grew over the second half, in percent.
    pub(crate) second_half_growth_percent: f64,
    samples: Vec<Sample>,
    pub(crate) accounts: usize,
    decisions_per_s: f64,
    #[serde(flatten)]
    machine: Machine,
}

pub(crate) async fn measure(args: &Args) -> Result<Memory> {
    let machine = Machine::now();
    let mut stack = Stack::of_servers("postgres").await?;
    let server = stack.start_command_api().await?;
    eprintln!("opening {} accounts", args.accounts);
    let bank = Bank::open(&server.address, CONNECTIONS, args.accounts, Duration::MAX).await?;
    series(
        &bank,
        server.process,
        (args.decisions.get(), args.every.get()),
        args.seed,
        machine,
    )
    .await
}

/// Has a running bank decide so many, with a look at its memory after each so many.
pub(crate) async fn series(
    bank: &Bank,
    process: u32,
    (decisions, every): (u64, u64),
    seed: u64,
    machine: Machine,
) -> Result<Memory> {
    let mut buyers = BatchBuyer::many(bank, BATCH_SIZE, BATCH_CLIENTS, seed);
    let mut samples = vec![sample(process, 0)?];
    let begin = Instant::now();
    let mut decided = 0;
    while decided < decisions {
        decided += decide(&mut buyers, every.min(decisions - decided)).await?;
        let sample = sample(process, decided)?;
        eprintln!("{} decisions: {} MiB", sample.decisions, sample.mebibytes);
        samples.push(sample);
    }
    let decisions_per_s = (decided as f64 / begin.elapsed().as_secs_f64()).round();
    Memory::of(samples, bank.accounts.len(), decisions_per_s, machine).context("no sample")
}

/// Whole batches, at least so many purchases.
async fn decide(buyers: &mut [BatchBuyer], purchases: u64) -> Result<u64> {
    let calls = purchases.div_ceil(BATCH_SIZE as u64);
    let left = AtomicI64::new(i64::try_from(calls)?);
    let shares = buyers.iter_mut().map(async |buyer| {
        while left.fetch_sub(1, Ordering::Relaxed) > 0 {
            buyer.call().await?;
        }
        Ok::<_, Failure>(())
    });
    future::try_join_all(shares)
        .await
        .context("a batch of purchases")?;
    Ok(calls * BATCH_SIZE as u64)
}

fn sample(process: u32, decisions: u64) -> Result<Sample> {
    let bytes = processor::memory_of(process)? as f64;
    Ok(Sample {
        decisions,
        mebibytes: (bytes / MEBIBYTE * 10.0).round() / 10.0,
    })
}

impl Memory {
    fn of(samples: Vec<Sample>, accounts: usize, decisions_per_s: f64, machine: Machine) -> Option<Self> {
        let last = *samples.last()?;
        let middle = samples
            .iter()
            .find(|sample| sample.decisions * 2 >= last.decisions)?;
        let growth = (last.mebibytes / middle.mebibytes - 1.0) * 100.0;
        Some(Self {
            name: "memory",
            decisions: last.decisions,
            peak_mebibytes: samples.iter().map(|sample| sample.mebibytes).fold(0.0, f64::max),
            last_mebibytes: last.mebibytes,
            second_half_growth_percent: (growth * 10.0).round() / 10.0,
            samples,
            accounts,
            decisions_per_s,
            machine,
        })
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.second_half_growth_percent <= AT_REST * 100.0
    }

    pub(crate) fn in_words(&self) -> String {
        format!(
            "resident memory of command-api, {} purchases on {} accounts in batches of {BATCH_SIZE}, {BATCH_CLIENTS} in flight, \
             {} per second; a private PostgreSQL on this machine; {}",
            self.decisions,
            self.accounts,
            self.decisions_per_s,
            self.machine.in_words()
        )
    }

    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        for sample in &self.samples {
            println!("{:>12} decisions {:>9.1} MiB", sample.decisions, sample.mebibytes);
        }
        println!(
            "at most {:.1} MiB; {} % more at the end than after half of it",
            self.peak_mebibytes, self.second_half_growth_percent
        );
        println!("  {}", self.in_words());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(mebibytes: &[f64]) -> Memory {
        let samples = (0..).zip(mebibytes);
        let samples = samples.map(|(decisions, mebibytes)| Sample {
            decisions,
            mebibytes: *mebibytes,
        });
        Memory::of(samples.collect(), 1, 1.0, Machine::now()).unwrap()
    }

    #[test]
    fn memory_rests_when_the_second_half_adds_little() {
        let grown = memory(&[20.0, 90.0, 100.0, 102.0, 104.0]);
        assert_eq!(
            (grown.peak_mebibytes, grown.second_half_growth_percent),
            (104.0, 4.0)
        );
        assert!(grown.is_at_rest());
        assert!(!memory(&[20.0, 90.0, 100.0, 102.0, 110.0]).is_at_rest());
        assert!(memory(&[20.0, 90.0, 100.0, 102.0, 80.0]).is_at_rest());
    }
}
