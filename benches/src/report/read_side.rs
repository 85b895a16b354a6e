//! The rows about what becomes of the events after the decision.

use std::num::NonZeroUsize;

use anyhow::Result;

use crate::read_side::{Filled, Passage};

use super::figure::{Figure, Row, Verdict, grouped, milliseconds};
use super::{Args, Findings, Part};

const CLIENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);
/// Of the search sink: what the bar asks for, and what is reached for.
const TASKS: [NonZeroUsize; 2] = [NonZeroUsize::MIN, NonZeroUsize::MIN.saturating_add(3)];
/// Events that a rebuild is asked for with, and the seconds it may take.
const REBUILD_EVENTS: f64 = 2_000_000.0;
const REBUILD_SECONDS: f64 = 60.0;
const REBUILD_SECONDS_REACHED_FOR: f64 = 30.0;

pub(super) async fn read_side(args: &Args, found: &mut Findings) -> Result<()> {
    let mut bank = Filled::start(args.events, args.seed).await?;
    let relayed = bank.relay().await?;
    found
        .figures
        .push(rate(Row::Relay, &relayed, 60_000.0, 100_000.0));
    let applied = bank.catch_up().await?;
    found
        .figures
        .push(rate(Row::CatchUp, &applied, 30_000.0, 60_000.0));
    found.figures.push(statements(args, &bank).await?);
    found.figures.push(rebuild(&bank.rebuild().await?));
    if args.wants(Part::Mirror) {
        found.figures.push(mirror(&mut bank).await?);
    }
    Ok(())
}

fn rate(row: Row, passage: &Passage, bar: f64, reach: f64) -> Figure {
    let per_s = passage.throughput_per_s;
    Figure {
        row,
        measured: format!("{}/s", grouped(per_s)),
        verdict: Verdict::of(per_s >= bar, per_s >= reach, 0),
        conditions: passage.conditions(),
    }
}

async fn statements(args: &Args, bank: &Filled) -> Result<Figure> {
    let row = bank.statements(CLIENTS, args.seconds, args.seed).await?;
    let per_s = row.throughput_per_s;
    let is_in_time = row.p99_ms.is_some_and(|p99| p99 <= 25.0);
    Ok(Figure {
        row: Row::Statements,
        measured: format!("{}/s, p99 {}", grouped(per_s), milliseconds(row.p99_ms)),
        verdict: Verdict::of(
            per_s >= 5_000.0 && is_in_time,
            per_s >= 15_000.0,
            row.errors + row.warm_up_errors,
        ),
        conditions: row.conditions.in_words(),
    })
}

fn rebuild(passage: &Passage) -> Figure {
    let per_s = passage.throughput_per_s;
    let seconds = REBUILD_EVENTS / per_s;
    let verdict = if seconds > REBUILD_SECONDS {
        Verdict::Missed
    } else if (passage.events as f64) < REBUILD_EVENTS {
        Verdict::InPart
    } else {
        Verdict::of(true, seconds <= REBUILD_SECONDS_REACHED_FOR, 0)
    };
    Figure {
        row: Row::Rebuild,
        measured: format!(
            "{}/s: {} events in {:.1} s, so 2,000,000 in {seconds:.0} s",
            grouped(per_s),
            grouped(passage.events as f64),
            passage.seconds
        ),
        verdict,
        conditions: passage.conditions(),
    }
}

async fn mirror(bank: &mut Filled) -> Result<Figure> {
    let one = bank.mirror(TASKS[0]).await?;
    let four = bank.mirror(TASKS[1]).await?;
    Ok(Figure {
        row: Row::Mirror,
        measured: format!(
            "{}/s, with four tasks {}/s",
            grouped(one.throughput_per_s),
            grouped(four.throughput_per_s)
        ),
        verdict: Verdict::of(
            one.throughput_per_s >= 8_000.0,
            four.throughput_per_s >= 20_000.0,
            0,
        ),
        conditions: format!("{}; {}", one.conditions(), four.conditions()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_of_less_than_was_asked_for_is_one_in_part() {
        let passage = |throughput_per_s, events| Passage {
            name: "rebuild",
            throughput_per_s,
            events,
            seconds: 1.0,
            tasks: None,
            accounts: 1,
            cores: 2,
            load_average_at_start: None,
            cores_used: std::collections::BTreeMap::new(),
        };
        for (per_s, events, verdict) in [
            (20_000.0, 300_000, Verdict::Missed),
            (40_000.0, 300_000, Verdict::InPart),
            (40_000.0, 2_000_000, Verdict::Reached),
            (80_000.0, 2_000_000, Verdict::Beyond),
        ] {
            assert_eq!(rebuild(&passage(per_s, events)).verdict, verdict);
        }
    }
}
