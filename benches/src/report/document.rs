//! The figures as `docs/PERFORMANCE.md` shows them, between two markers; the words around them are people's.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Findings;
use super::chart::Point;
use super::figure::{WHAT_IS_ASKED, grouped, milliseconds};
use super::write_side::of_a_ceiling;
use crate::ceilings::Ceiling;

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// Puts the block where the markers are.
pub(super) fn replace(text: &str, block: &str) -> Result<String> {
    let (before, rest) = text
        .split_once(BEGIN)
        .with_context(|| format!("no {BEGIN} in the document"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("no {END} in the document"))?;
    Ok(format!("{before}{BEGIN}\n{block}{END}{after}"))
}

pub(super) fn block(found: &Findings, took: Duration) -> String {
    let Findings {
        figures,
        points,
        ceilings,
        ..
    } = found;
    let mut text = format!(
        "Written by `benches report` in {:.0} minutes, all of it in one run.\n\n\
         | what | bar | reach for | measured | verdict |\n|---|---|---|---|---|\n",
        (took.as_secs_f64() / 60.0).ceil()
    );
    for asked in WHAT_IS_ASKED {
        let figure = figures.iter().find(|figure| figure.row == asked.row);
        let (measured, verdict) = figure.map_or(("", "not measured in this run"), |figure| {
            (figure.measured.as_str(), figure.verdict.in_words())
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {measured} | {verdict} |",
            asked.what, asked.bar, asked.reach
        );
    }
    text.push_str("\nConditions:\n\n");
    for asked in WHAT_IS_ASKED {
        if let Some(figure) = figures.iter().find(|figure| figure.row == asked.row) {
            let _ = writeln!(text, "- {}: {}", asked.what, figure.conditions);
        }
    }
    if !ceilings.is_empty() {
        text.push_str(&alone(ceilings));
    }
    if !points.is_empty() {
        text.push_str(&curves(points));
    }
    text
}

/// What a figure of the whole can be judged by.
fn alone(ceilings: &[Ceiling]) -> String {
    let mut text = "\nWhat the parts that cannot be done without cost by themselves:\n\n\
         | part | rate | p50 | server's processor time | load's |\n|---|---|---|---|---|\n"
        .to_owned();
    for ceiling in ceilings {
        let _ = writeln!(text, "{}", of_a_ceiling(ceiling));
    }
    text.push('\n');
    for ceiling in ceilings {
        let _ = writeln!(text, "- {}: {}", ceiling.name, ceiling.conditions);
    }
    text
}

/// The same as the picture, for who cannot see it.
fn curves(points: &[Point]) -> String {
    let mut text = "\n![Throughput and latency against clients, the bank and the idiomatic peer](images/performance.svg)\n\n\
         | clients | bank, per second | p50 | p99 | peer, per second | p50 | p99 |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for point in points {
        let [ours, peer] = &point.sides;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            point.clients,
            grouped(ours.per_s),
            milliseconds(ours.p50_ms),
            milliseconds(ours.p99_ms),
            grouped(peer.per_s),
            milliseconds(peer.p50_ms),
            milliseconds(peer.p99_ms)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::figure::{Figure, Row, Verdict};
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let replaced = replace(&text, "new\n").unwrap();
        assert_eq!(replaced, format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert_eq!(replace(&replaced, "new\n").unwrap(), replaced);
        assert!(replace("no markers", "new").is_err());
    }

    #[test]
    fn every_row_is_there_measured_or_not() {
        let figure = Figure {
            row: Row::Peer,
            measured: "9.0×".to_owned(),
            verdict: Verdict::Reached,
            conditions: "two cores".to_owned(),
        };
        let found = Findings {
            figures: vec![figure],
            ceilings: vec![Ceiling {
                name: "a flush".to_owned(),
                per_s: 4_000.0,
                p50_ms: Some(0.25),
                server_micros: None,
                load_micros: None,
                errors: 0,
                conditions: "one after another".to_owned(),
            }],
            ..Findings::default()
        };
        let text = block(&found, Duration::from_secs(61));
        assert!(text.contains("in 2 minutes"), "{text}");
        assert!(
            text.contains("| the same against the idiomatic peer | ≥ 8× | 10× | 9.0× | reached |"),
            "{text}"
        );
        assert_eq!(
            text.matches("not measured in this run").count(),
            WHAT_IS_ASKED.len() - 1
        );
        assert!(
            text.contains("- the same against the idiomatic peer: two cores"),
            "{text}"
        );
        assert!(text.contains("| a flush | 4,000/s | 0.25 ms |  |  |"), "{text}");
        assert!(text.contains("- a flush: one after another"), "{text}");
    }
}
