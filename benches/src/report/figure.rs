//! What is asked of the bank, and what was measured against it.

use anyhow::Result;
use serde_json::json;

/// The rows of the table, by which a figure finds its bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Authorize,
    Peer,
    OneInFlight,
    HotCard,
    Zipf,
    Batch,
    Visible,
    RestTwin,
    Memory,
    HistoryCold,
    HistoryHot,
    Growth,
    Embedded,
    Relay,
    CatchUp,
    Statements,
    Rebuild,
    Mirror,
}

/// A row, its bar, and what is reached for beyond it.
pub(super) struct Asked {
    pub(super) row: Row,
    pub(super) what: &'static str,
    pub(super) bar: &'static str,
    pub(super) reach: &'static str,
}

const fn asked(row: Row, what: &'static str, bar: &'static str, reach: &'static str) -> Asked {
    Asked {
        row,
        what,
        bar,
        reach,
    }
}

pub(super) const WHAT_IS_ASKED: &[Asked] = &[
    asked(
        Row::Authorize,
        "unary `Authorize`, durable, 128 in flight",
        "25,000/s, p99 ≤ 15 ms",
        "35,000/s",
    ),
    asked(Row::Peer, "the same against the idiomatic peer", "≥ 8×", "10×"),
    asked(
        Row::OneInFlight,
        "one call in flight",
        "p50 ≤ 1 ms, not slower than the peer",
        "",
    ),
    asked(
        Row::HotCard,
        "one hot card, 128 in flight",
        "≥ 80 % of the many-account rate",
        "100 %",
    ),
    asked(
        Row::Zipf,
        "Zipf(1.0) over many accounts, 128 in flight",
        "≥ 80 % of the even rate",
        "",
    ),
    asked(
        Row::Batch,
        "`AuthorizeBatch`, 256 purchases per call, 16 in flight",
        "80,000/s",
        "120,000/s",
    ),
    asked(
        Row::Visible,
        "answer to GraphQL, 1,000/s, through Kafka",
        "p50 ≤ 15 ms, p99 ≤ 60 ms",
        "p99 ≤ 30 ms",
    ),
    asked(
        Row::RestTwin,
        "gRPC against a REST twin",
        "≥ 2× calls per second of processor time",
        "",
    ),
    asked(
        Row::Memory,
        "memory of command-api",
        "≤ 400 MiB after 10,000,000 decisions, and flat",
        "",
    ),
    asked(
        Row::HistoryCold,
        "first purchase of an account not in memory, 100,000 events against 10",
        "p50 ≤ 2×",
        "1.2×",
    ),
    asked(Row::HistoryHot, "the same accounts in memory", "p50 ≤ 1.1×", ""),
    asked(
        Row::Growth,
        "unary rate with 1, 5 and 20 million events in the table against none",
        "≥ 0.8×",
        "0.95×",
    ),
    asked(
        Row::Embedded,
        "embedded, SQLite, 32 in flight",
        "≥ 10,000/s",
        "20,000/s",
    ),
    asked(
        Row::Relay,
        "relay, event table to the broker's acknowledgement",
        "60,000 events/s",
        "100,000 events/s",
    ),
    asked(
        Row::CatchUp,
        "every read model catching up from Kafka",
        "30,000 events/s",
        "60,000 events/s",
    ),
    asked(
        Row::Statements,
        "GraphQL statement of 20 lines, 64 in flight",
        "5,000/s, p99 ≤ 25 ms",
        "15,000/s",
    ),
    asked(
        Row::Rebuild,
        "rebuild of every read model from 2,000,000 events",
        "≤ 60 s",
        "30 s",
    ),
    asked(
        Row::Mirror,
        "search index from Kafka, one task",
        "8,000 documents/s",
        "20,000 documents/s with four tasks",
    ),
];

#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) row: Row,
    pub(super) measured: String,
    pub(super) verdict: Verdict,
    pub(super) conditions: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Beyond,
    Reached,
    Missed,
    /// Measured under less than the bar asks for.
    InPart,
    /// With errors, so that it is no figure.
    Faulty,
}

impl Verdict {
    pub(super) fn of(reached: bool, beyond: bool, errors: u64) -> Self {
        match (errors, reached, beyond) {
            (1.., _, _) => Self::Faulty,
            (0, true, true) => Self::Beyond,
            (0, true, false) => Self::Reached,
            (0, false, _) => Self::Missed,
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Beyond => "reached, and what was reached for",
            Self::Reached => "reached",
            Self::Missed => "**missed**",
            Self::InPart => "within the bar, under less than it asks for",
            Self::Faulty => "**no figure: there were errors**",
        }
    }
}

/// The verdict of one row, for people or for programs.
pub(super) fn line(asked: &Asked, figure: Option<&Figure>, json: bool) -> Result<String> {
    let measured = figure.map(|figure| figure.measured.as_str());
    let verdict = figure.map(|figure| figure.verdict.in_words().replace("**", ""));
    if json {
        let object = json!({
            "name": asked.what,
            "bar": asked.bar,
            "reach": asked.reach,
            "measured": measured,
            "verdict": verdict,
            "conditions": figure.map(|figure| &figure.conditions),
        });
        return Ok(serde_json::to_string(&object)?);
    }
    let verdict = verdict.unwrap_or_else(|| "not measured in this run".to_owned());
    Ok(format!(
        "{:<56} {:<42} {:<60} {verdict}",
        asked.what,
        asked.bar,
        measured.unwrap_or("-")
    ))
}

/// A number as people write it: 12,345.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with the digits that mean something.
pub(super) fn milliseconds(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 10.0 => format!("{value:.2} ms"),
        Some(value) => format!("{value:.1} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_ease() {
        for (number, text) in [(7.4, "7"), (999.6, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(milliseconds(Some(0.4567)), "0.46 ms");
        assert_eq!(milliseconds(Some(15.04)), "15.0 ms");
        assert_eq!(milliseconds(None), "-");
    }

    #[test]
    fn errors_make_no_figure() {
        assert_eq!(Verdict::of(true, true, 1), Verdict::Faulty);
        assert_eq!(Verdict::of(true, true, 0), Verdict::Beyond);
        assert_eq!(Verdict::of(true, false, 0), Verdict::Reached);
        assert_eq!(Verdict::of(false, false, 0), Verdict::Missed);
    }

    #[test]
    fn a_row_without_a_figure_says_so() {
        let text = line(&WHAT_IS_ASKED[0], None, false).unwrap();
        assert!(text.contains("not measured in this run"), "{text}");
        let text = line(&WHAT_IS_ASKED[0], None, true).unwrap();
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(object["measured"], serde_json::Value::Null);
    }
}
