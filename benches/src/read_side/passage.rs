//! A passage of all events from one place to another: how it is watched, and how it is shown.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Serialize;

use super::mirror::Mirror;
use super::shares::{self, Meter, Shares};

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Without anything new for so long, the rest is not waited for.
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// One figure.
#[derive(Debug, Serialize)]
pub(crate) struct Passage {
    pub(crate) name: &'static str,
    pub(crate) throughput_per_s: f64,
    pub(crate) events: u64,
    /// From the last look that saw none of them to the first that saw all; of a command, from its start to its end.
    pub(crate) seconds: f64,
    /// Of the search sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tasks: Option<NonZeroUsize>,
    pub(crate) accounts: usize,
    pub(crate) cores: usize,
    pub(crate) load_average_at_start: Option<f64>,
    /// Meanwhile, by each program.
    pub(crate) cores_used: Shares,
}

impl Passage {
    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
        } else {
            let (name, rate, seconds) = (self.name, self.throughput_per_s, self.seconds);
            println!("\n{name:<12}{rate:>14.0} events per second, in {seconds} s");
            println!("  {}", self.conditions());
        }
        Ok(())
    }

    pub(crate) fn conditions(&self) -> String {
        let tasks = self.tasks.map(|tasks| format!(", tasks: {tasks}"));
        let load = self
            .load_average_at_start
            .map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2}"));
        format!(
            "{} events of {} accounts{}; a private stack on this machine; {} cores, of which {}; load average {load} before the start",
            self.events,
            self.accounts,
            tasks.unwrap_or_default(),
            self.cores,
            shares::in_words(&self.cores_used),
        )
    }
}

/// Where it is seen how many events have come.
pub(super) enum Progress<'a> {
    /// A counter of a role.
    Metric { address: String, name: &'static str },
    /// What Elasticsearch has indexed.
    Indexed(&'a Mirror),
}

impl Progress<'_> {
    /// None while nobody answers yet.
    async fn look(&self, http: &reqwest::Client) -> Option<u64> {
        match self {
            Self::Metric { address, name } => {
                let answer = http.get(format!("{address}/metrics")).send().await.ok()?;
                counter(&answer.text().await.ok()?, name)
            }
            Self::Indexed(mirror) => mirror.indexed().await.ok(),
        }
    }
}

/// Waits until all have come.
pub(super) async fn watch(progress: &Progress<'_>, events: u64) -> Result<(Duration, Shares)> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let (mut seen, mut moved) = (0, Instant::now());
    let mut meter = Meter::start()?;
    loop {
        let looked = Instant::now();
        let found = progress.look(&http).await.unwrap_or_default();
        if found == 0 {
            meter = Meter::start()?;
        } else if found >= events {
            return Ok((meter.began().elapsed(), meter.shares()?));
        } else if found > seen {
            (seen, moved) = (found, looked);
        }
        if moved.elapsed() > SILENCE_MAX {
            bail!("after {seen} of {events} events nothing came for {SILENCE_MAX:?}");
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Of Prometheus' text form, over all labels.
fn counter(metrics: &str, name: &str) -> Option<u64> {
    let values = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let is_it = rest.starts_with(['{', ' ']);
        is_it
            .then(|| rest.rsplit_once(' ')?.1.parse::<u64>().ok())
            .flatten()
    });
    values.reduce(|sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_among_the_metrics() {
        let metrics = "# TYPE a_total counter\na_total 12\na_total_more 5\nb_total{of=\"x y\"} 1\nb_total{of=\"z\"} 2\n";
        assert_eq!(counter(metrics, "a_total"), Some(12));
        assert_eq!(counter(metrics, "b_total"), Some(3));
        assert_eq!(counter(metrics, "c_total"), None);
    }
}
