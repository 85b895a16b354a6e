//! A server in a comparison: its accounts, and its process, whose processor time is read.

use anyhow::{Context, Result};
use futures::future;
use serde::Serialize;

use crate::authorize::Buyer;
use crate::bank::Bank;
use crate::choice::Choice;
use crate::load::{self, Caller, Load};
use crate::measurement::{Failure, Measurement};
use crate::processor;
use crate::statistics::{median, spread_percent};

/// Cards that buy for the first time, at a time.
const WARMED_AT_A_TIME: usize = 64;

pub(crate) struct Contender {
    pub(crate) bank: Bank,
    pub(crate) address: String,
    pub(crate) process: u32,
}

/// A round: what was measured, and what it cost the server.
pub(crate) struct Round {
    measurement: Measurement,
    per_processor_s: f64,
    load_micros: f64,
}

/// One side's rounds: medians, and each round's rate.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    pub(crate) throughput_per_s: f64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    /// Answers per second of processor time that the server took; PostgreSQL and the load are not in it.
    pub(crate) per_processor_s: f64,
    /// Microseconds of processor time that the load itself takes for each answer, on the same cores.
    pub(crate) load_micros_per_answer: f64,
    pub(crate) rounds_per_s: Vec<f64>,
    /// How far the outermost rounds are apart.
    pub(crate) spread_percent: f64,
    pub(crate) errors: u64,
    #[serde(skip)]
    warnings: Vec<String>,
}

impl Contender {
    /// Each card buys once: the server knows every card and has planned every statement when the clock starts.
    pub(crate) async fn warm(&self) -> Result<()> {
        let accounts = self.bank.accounts.len();
        let buyers = Buyer::many(&self.bank, Choice::Even, WARMED_AT_A_TIME, 0);
        let shares = buyers.into_iter().enumerate().map(async |(first, mut buyer)| {
            for account in (first..accounts).step_by(WARMED_AT_A_TIME) {
                buyer.buy_with(account).await?;
            }
            Ok::<_, Failure>(())
        });
        future::try_join_all(shares)
            .await
            .map(drop)
            .context("the first purchase of each card")
    }
}

/// One round against a process.
pub(crate) async fn round<C: Caller>(process: u32, load: &Load, callers: Vec<C>) -> Result<Round> {
    let own = std::process::id();
    let [before, own_before] = [processor::time_of(process)?, processor::time_of(own)?];
    let measurement = load::run(load, callers).await?;
    let took = processor::time_of(process)?.saturating_sub(before);
    let own_took = processor::time_of(own)?.saturating_sub(own_before);
    let answers = measurement.answered_at_all as f64;
    Ok(Round {
        per_processor_s: answers / took.as_secs_f64(),
        load_micros: own_took.as_secs_f64() * 1e6 / answers,
        measurement,
    })
}

/// A round for each seed.
pub(crate) async fn rounds<C: Caller>(
    process: u32,
    load: &Load,
    seeds: impl Iterator<Item = u64>,
    callers: impl Fn(u64) -> Result<Vec<C>>,
) -> Result<Side> {
    let mut measured = Vec::new();
    for seed in seeds {
        measured.push(round(process, load, callers(seed)?).await?);
    }
    Side::of(&measured)
}

impl Side {
    pub(crate) fn of(rounds: &[Round]) -> Result<Self> {
        let measured = || rounds.iter().map(|round| &round.measurement);
        let percentile = |percentile: f64| {
            let all = measured().filter_map(|measurement| measurement.percentile_ms(percentile));
            median(&all.collect::<Vec<f64>>())
        };
        let rounds_per_s: Vec<f64> = measured()
            .map(|measurement| measurement.throughput_per_s().round())
            .collect();
        let per_processor_s: Vec<f64> = rounds.iter().map(|round| round.per_processor_s).collect();
        let load_micros: Vec<f64> = rounds.iter().map(|round| round.load_micros).collect();
        let errors = |measurement: &Measurement| {
            let counted: u64 = measurement.errors.values().map(|failures| failures.count).sum();
            counted + measurement.warm_up_errors
        };
        Ok(Self {
            throughput_per_s: median(&rounds_per_s).context("no round")?,
            p50_ms: percentile(50.0),
            p99_ms: percentile(99.0),
            per_processor_s: median(&per_processor_s).context("no round")?.round(),
            load_micros_per_answer: median(&load_micros).context("no round")?.round(),
            spread_percent: spread_percent(&rounds_per_s).context("no round")?.round(),
            rounds_per_s,
            errors: measured().map(errors).sum(),
            warnings: measured()
                .flat_map(|measurement| &measurement.errors)
                .map(|(code, failures)| format!("{} × {code}; the first: {}", failures.count, failures.first))
                .collect(),
        })
    }

    pub(crate) fn print(&self, name: &str) {
        let milliseconds =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        println!(
            "{name:<10}{:>10.1} per second, {} per second of its processor time, p50 {} ms, p99 {} ms; rounds {:?}; {} errors",
            self.throughput_per_s,
            self.per_processor_s,
            milliseconds(self.p50_ms),
            milliseconds(self.p99_ms),
            self.rounds_per_s,
            self.errors
        );
        for warning in &self.warnings {
            println!("  ! {warning}");
        }
    }
}

/// With two decimals: more would say more than was measured.
pub(crate) fn ratio(one: f64, other: f64) -> f64 {
    (one / other * 100.0).round() / 100.0
}
