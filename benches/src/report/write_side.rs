//! The rows about what a decision costs when there is much behind it: long histories, a full table, memory; and the ceilings.

use anyhow::Result;

use crate::ceilings::{self, Ceiling};
use crate::contender::Contender;
use crate::machine::Machine;
use crate::memory::{self, Memory};
use crate::{growth, history};

use super::figure::{Figure, Row, Verdict, grouped};
use super::{Args, Findings};

/// What the bars are about.
const LONG_EVENTS: u32 = 100_000;
const MOST_EVENTS: u64 = 20_000_000;
const DECISIONS: u64 = 10_000_000;
const MEMORY_MEBIBYTES: f64 = 400.0;
const MEMORY_SAMPLES: u64 = 10;

/// A bar that is reached under less than it asks for is not reached, nor is it missed.
fn under(asked_for: bool, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Beyond | Verdict::Reached if !asked_for => Verdict::InPart,
        other => other,
    }
}

pub(super) async fn history(args: &Args, found: &mut Findings) -> Result<()> {
    let asked = history::Args {
        events: args.history_events,
        accounts: history::ACCOUNTS,
        rounds: args.rounds,
        hot: history::HOT,
        json: false,
    };
    let histories = history::measure(&asked).await?;
    let figure = |row, pair: &history::Pair, bar, reach| Figure {
        row,
        measured: format!(
            "{:.2}×: p50 {:.2} ms against {:.2} ms",
            pair.ratio, pair.long_p50_ms, pair.short_p50_ms
        ),
        verdict: under(
            histories.long_events >= LONG_EVENTS,
            Verdict::of(pair.ratio <= bar, pair.ratio <= reach, 0),
        ),
        conditions: histories.in_words(),
    };
    found.figures.extend([
        figure(Row::HistoryCold, &histories.cold, 2.0, 1.2),
        figure(Row::HistoryHot, &histories.hot, 1.1, 0.0),
    ]);
    Ok(())
}

pub(super) async fn growth(args: &Args, found: &mut Findings) -> Result<()> {
    let asked = growth::Args {
        events: vec![args.grown_events],
        seconds: args.seconds,
        warm_up: args.warm_up,
        rounds: args.rounds,
        clients: growth::CLIENTS,
        accounts: args.accounts,
        connections: growth::CONNECTIONS,
        seed: args.seed,
        json: false,
    };
    for grown in growth::measure(&asked).await? {
        let reached = Verdict::of(
            grown.ratio >= 0.8,
            grown.ratio >= 0.95,
            grown.grown.errors + grown.empty.errors,
        );
        found.figures.push(Figure {
            row: Row::Growth,
            measured: format!(
                "{:.2}× with {} events: {}/s against {}/s",
                grown.ratio,
                grouped(grown.events as f64),
                grouped(grown.grown.throughput_per_s),
                grouped(grown.empty.throughput_per_s)
            ),
            verdict: under(grown.events >= MOST_EVENTS, reached),
            conditions: grown.in_words(),
        });
    }
    Ok(())
}

/// On the bank of the rows about many accounts.
pub(super) async fn memory(args: &Args, ours: &Contender) -> Result<Figure> {
    let decisions = args.memory_decisions.get();
    let plan = (decisions, decisions.div_ceil(MEMORY_SAMPLES));
    let memory = memory::series(&ours.bank, ours.process, plan, args.seed, Machine::now()).await?;
    let Memory {
        last_mebibytes: last,
        second_half_growth_percent: growth,
        ..
    } = memory;
    let is_reached = memory.peak_mebibytes <= MEMORY_MEBIBYTES && memory.is_at_rest();
    Ok(Figure {
        row: Row::Memory,
        measured: format!(
            "{last:.0} MiB after {}, {growth:+} % over the second half",
            grouped(memory.decisions as f64)
        ),
        verdict: under(memory.decisions >= DECISIONS, Verdict::of(is_reached, false, 0)),
        conditions: format!(
            "{}; the rounds of the rows above came before and are not counted",
            memory.in_words()
        ),
    })
}

pub(super) async fn ceilings(args: &Args, found: &mut Findings) -> Result<()> {
    let asked = ceilings::Args {
        seconds: args.seconds.min(ceilings::SECONDS),
        warm_up: args.warm_up,
        rounds: args.rounds.min(ceilings::ROUNDS),
        clients: growth::CLIENTS,
        accounts: args.accounts,
        seed: args.seed,
        json: false,
    };
    found.ceilings.extend(ceilings::measure(&asked).await?);
    Ok(())
}

/// What a part alone does, as the document shows it.
pub(super) fn of_a_ceiling(ceiling: &Ceiling) -> String {
    let micros = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1} µs"));
    let errors = if ceiling.errors > 0 {
        ", **with errors**"
    } else {
        ""
    };
    format!(
        "| {} | {}/s{errors} | {} | {} | {} |",
        ceiling.name,
        grouped(ceiling.per_s),
        super::figure::milliseconds(ceiling.p50_ms),
        micros(ceiling.server_micros),
        micros(ceiling.load_micros)
    )
}
