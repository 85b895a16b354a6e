//! Figures as they are shown: a table for people, one JSON object per row for programs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::measurement::{Failures, Measurement};
use crate::statistics::{median, spread_percent};

/// Below this share of the asked rate, the open loop's figures are those of a bank that cannot keep up.
const KEPT_UP: f64 = 0.98;

/// One figure with everything that is needed to get it again.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) throughput_per_s: f64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) p999_ms: Option<f64>,
    pub(crate) max_ms: Option<f64>,
    /// How many latencies the percentiles are of.
    pub(crate) samples: u64,
    pub(crate) errors: u64,
    pub(crate) errors_by_code: BTreeMap<Cow<'static, str>, u64>,
    pub(crate) warm_up_errors: u64,
    /// Where it was measured more than once: then the figures above are medians, and errors and samples are of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) runs: Option<Runs>,
    pub(crate) conditions: Conditions,
    #[serde(skip)]
    failures: BTreeMap<Cow<'static, str>, Failures>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Runs {
    pub(crate) throughput_per_s: Vec<f64>,
    /// How far the outermost rates are apart, in percent of the median.
    pub(crate) spread_percent: f64,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Conditions {
    /// Callers with one call in flight each; in the open loop the most calls that can be in flight.
    pub(crate) clients: usize,
    /// HTTP/2 connections to the gRPC server.
    pub(crate) connections: usize,
    pub(crate) accounts: usize,
    pub(crate) seconds: f64,
    pub(crate) warm_up_seconds: f64,
    pub(crate) seed: u64,
    pub(crate) mode: Mode,
    /// Calls per second that were asked for; of the open loop only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<u32>,
    pub(crate) cores: usize,
    /// Of one minute, before anything was started. Nothing where the machine does not tell.
    pub(crate) load_average_at_start: Option<f64>,
    pub(crate) bank: Bank,
    /// What is particular to one bench.
    #[serde(flatten)]
    pub(crate) particular: BTreeMap<&'static str, serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    ClosedLoop,
    OpenLoop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bank {
    /// Was running before, embedded or full, with other work or without: only its owner knows.
    Running,
    /// Started for this run alone: PostgreSQL, Kafka and every role of the bank, on this machine.
    PrivateStack,
    /// Started for this run alone: PostgreSQL, command-api and the idiomatic peer, on this machine.
    PrivatePair,
    /// Started for this run alone: PostgreSQL and both faces of the twins, on this machine.
    PrivateTwins,
}

impl Row {
    pub(crate) fn new(name: &'static str, measurement: Measurement, conditions: Conditions) -> Self {
        let errors_by_code: BTreeMap<_, _> = measurement
            .errors
            .iter()
            .map(|(code, failures)| (code.clone(), failures.count))
            .collect();
        Self {
            name,
            throughput_per_s: (measurement.throughput_per_s() * 10.0).round() / 10.0,
            p50_ms: measurement.percentile_ms(50.0),
            p99_ms: measurement.percentile_ms(99.0),
            p999_ms: measurement.percentile_ms(99.9),
            max_ms: measurement.percentile_ms(100.0),
            samples: measurement.samples(),
            errors: errors_by_code.values().sum(),
            errors_by_code,
            warm_up_errors: measurement.warm_up_errors,
            runs: None,
            conditions,
            failures: measurement.errors,
        }
    }

    /// What several runs of one bench come down to; a single one stays as it is.
    pub(crate) fn median_of(mut rows: Vec<Self>) -> Result<Self> {
        let figure = |of: fn(&Self) -> Option<f64>| median(&rows.iter().filter_map(of).collect::<Vec<_>>());
        let rates: Vec<f64> = rows.iter().map(|row| row.throughput_per_s).collect();
        let medians = [
            figure(|row| row.p50_ms),
            figure(|row| row.p99_ms),
            figure(|row| row.p999_ms),
            figure(|row| row.max_ms),
        ];
        let mut total = rows.pop().context("no run")?;
        if rows.is_empty() {
            return Ok(total);
        }
        for row in rows {
            total.samples += row.samples;
            total.errors += row.errors;
            total.warm_up_errors += row.warm_up_errors;
            for (code, count) in row.errors_by_code {
                *total.errors_by_code.entry(code).or_default() += count;
            }
            for (code, failures) in row.failures {
                let known = total
                    .failures
                    .entry(code)
                    .or_insert(Failures { count: 0, ..failures });
                known.count += failures.count;
            }
        }
        Ok(Self {
            throughput_per_s: median(&rates).context("no run")?,
            p50_ms: medians[0],
            p99_ms: medians[1],
            p999_ms: medians[2],
            max_ms: medians[3],
            runs: Some(Runs {
                spread_percent: (spread_percent(&rates).context("no run")? * 10.0).round() / 10.0,
                throughput_per_s: rates,
            }),
            ..total
        })
    }

    /// What a reader must know before using the figures.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self
            .failures
            .iter()
            .map(|(code, failures)| format!("{} × {code}; the first: {}", failures.count, failures.first))
            .collect();
        if self.warm_up_errors > 0 {
            warnings.push(format!("{} more errors in the warm-up", self.warm_up_errors));
        }
        if let Some(rate) = self
            .conditions
            .rate
            .filter(|rate| self.throughput_per_s < f64::from(*rate) * KEPT_UP)
        {
            warnings.push(format!(
                "{rate} calls per second were asked for and the bank did not keep up"
            ));
        }
        warnings
    }
}

/// To standard output; everything else the tool says goes to standard error.
pub(crate) fn print(rows: &[&Row], json: bool) -> Result<()> {
    if json {
        for row in rows {
            println!("{}", serde_json::to_string(row)?);
        }
    } else {
        println!("{}", table(rows));
    }
    Ok(())
}

fn table(rows: &[&Row]) -> String {
    let milliseconds =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let mut lines = vec![format!(
        "\n{:<12}{:>14}{:>11}{:>11}{:>11}{:>11}{:>10}{:>9}",
        "", "per second", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "samples", "errors"
    )];
    for row in rows {
        let [p50, p99, p999, max] = [row.p50_ms, row.p99_ms, row.p999_ms, row.max_ms].map(milliseconds);
        let (name, rate, samples, errors) = (row.name, row.throughput_per_s, row.samples, row.errors);
        lines.push(format!(
            "{name:<12}{rate:>14.1}{p50:>11}{p99:>11}{p999:>11}{max:>11}{samples:>10}{errors:>9}"
        ));
        lines.extend(row.warnings().into_iter().map(|warning| format!("  ! {warning}")));
        if let Some(runs) = &row.runs {
            lines.push(format!(
                "  medians of {} runs, the outermost rates {} % apart: {:?} per second",
                runs.throughput_per_s.len(),
                runs.spread_percent,
                runs.throughput_per_s
            ));
        }
        lines.push(format!("  {}", row.conditions.in_words()));
    }
    lines.join("\n")
}

impl Conditions {
    pub(crate) fn in_words(&self) -> String {
        let arrivals = match self.rate {
            None => "closed loop".to_owned(),
            Some(rate) => format!("open loop, {rate} per second"),
        };
        let bank = match self.bank {
            Bank::Running => "a bank that was running",
            Bank::PrivateStack => "a private stack on this machine",
            Bank::PrivateTwins => "a private PostgreSQL and the twins on this machine",
            Bank::PrivatePair => "a private PostgreSQL, command-api and the peer on this machine",
        };
        let load = self
            .load_average_at_start
            .map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2}"));
        let particular = self
            .particular
            .iter()
            .map(|(name, value)| format!(", {} {value}", name.replace('_', " ")));
        let particular = particular.collect::<Vec<_>>().concat();
        format!(
            "{arrivals}, {} clients on {} connections, {} accounts, {} s after {} s of warm-up, seed {}{particular}; \
             {bank}; {} cores, load average {load} before the start",
            self.clients,
            self.connections,
            self.accounts,
            self.seconds,
            self.warm_up_seconds,
            self.seed,
            self.cores,
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;
    use crate::measurement::{Answer, Failure, Window};

    fn conditions(rate: Option<u32>) -> Conditions {
        Conditions {
            clients: 32,
            connections: 4,
            accounts: 1000,
            seconds: 10.0,
            warm_up_seconds: 2.0,
            seed: 1,
            mode: if rate.is_some() {
                Mode::OpenLoop
            } else {
                Mode::ClosedLoop
            },
            rate,
            cores: 2,
            load_average_at_start: Some(0.5),
            bank: Bank::Running,
            particular: BTreeMap::from([("look", json!("at least version"))]),
        }
    }

    /// Ten calls in ten seconds, one of which failed.
    fn measurement() -> Measurement {
        let from = Instant::now();
        let mut measurement = Measurement::new(Window {
            from,
            until: from + Duration::from_secs(10),
        })
        .unwrap();
        for number in 1..=9 {
            measurement
                .record(from, from + Duration::from_millis(number), Ok(Answer::Done))
                .unwrap();
        }
        let failure = Failure::new("UNAVAILABLE", "out of reach");
        measurement.record(from, from, Err(failure)).unwrap();
        measurement
    }

    #[test]
    fn a_row_is_one_json_object() {
        let row = Row::new("authorize", measurement(), conditions(None));
        let found = serde_json::to_value(&row).unwrap();
        let expected = json!({
            "name": "authorize", "throughput_per_s": 0.9, "p50_ms": 5.0, "p99_ms": 9.0, "p999_ms": 9.0, "max_ms": 9.0,
            "samples": 9, "errors": 1, "errors_by_code": {"UNAVAILABLE": 1}, "warm_up_errors": 0,
            "conditions": {
                "clients": 32, "connections": 4, "accounts": 1000, "seconds": 10.0, "warm_up_seconds": 2.0, "seed": 1,
                "mode": "closed_loop", "cores": 2, "load_average_at_start": 0.5, "bank": "running",
                "look": "at least version"
            }
        });
        let rounded = |value: &serde_json::Value| value.as_f64().map(f64::round);
        for name in ["p50_ms", "p99_ms", "p999_ms", "max_ms"] {
            assert_eq!(rounded(&found[name]), rounded(&expected[name]), "{name}");
        }
        for name in [
            "name",
            "throughput_per_s",
            "samples",
            "errors",
            "errors_by_code",
            "warm_up_errors",
            "conditions",
        ] {
            assert_eq!(found[name], expected[name], "{name}");
        }
        assert_eq!(
            found.as_object().unwrap().len(),
            expected.as_object().unwrap().len()
        );
    }

    #[test]
    fn several_runs_are_their_medians() {
        let row = |rate: f64| Row {
            throughput_per_s: rate,
            ..Row::new("authorize", measurement(), conditions(None))
        };
        let alone = Row::median_of(vec![row(5.0)]).unwrap();
        assert!(alone.runs.is_none());
        let total = Row::median_of(vec![row(10.0), row(12.0), row(11.0)]).unwrap();
        assert_eq!(
            (total.throughput_per_s, total.samples, total.errors),
            (11.0, 27, 3)
        );
        assert_eq!(total.errors_by_code["UNAVAILABLE"], 3);
        let text = table(&[&total]);
        assert!(
            text.contains("medians of 3 runs, the outermost rates 18.2 % apart"),
            "{text}"
        );
        assert!(text.contains("3 × UNAVAILABLE"), "{text}");
        assert!(Row::median_of(Vec::new()).is_err());
    }

    #[test]
    fn people_see_every_error_and_whether_the_bank_kept_up() {
        let row = Row::new("visible", measurement(), conditions(Some(500)));
        let text = table(&[&row]);
        assert!(
            text.contains("1 × UNAVAILABLE; the first: out of reach"),
            "{text}"
        );
        assert!(
            text.contains("500 calls per second were asked for and the bank did not keep up"),
            "{text}"
        );
        assert!(text.contains("look \"at least version\""), "{text}");
    }
}
