//! What every bench can be told, and the conditions it reports for it.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use anyhow::Result;

use crate::bank::Bank;
use crate::load::Load;
use crate::row::{self, Conditions, Mode};
use crate::stack::WholeBank;

/// In the open loop the calls in flight are what the bank makes them; this only bounds the tool's memory.
pub(crate) const OPEN_LOOP_CLIENTS: usize = 4096;

#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Where the bank's gRPC services are.
    #[arg(
        long,
        env = "CODEBANK_GRPC_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub(crate) grpc: String,
    /// Start a private PostgreSQL, a private Kafka and every role of the bank for this run, and stop them after it.
    #[arg(long, conflicts_with = "grpc")]
    pub(crate) stack: bool,
    /// How long is measured.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = positive_seconds)]
    pub(crate) seconds: Duration,
    /// How long the load runs before that.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub(crate) warm_up: Duration,
    /// Accounts to open for the run, each with a card; purchases are spread over them evenly, at random.
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) accounts: NonZeroUsize,
    /// HTTP/2 connections to the gRPC server.
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) connections: NonZeroUsize,
    /// Decides which account buys what for how much.
    #[arg(long, default_value = "1")]
    pub(crate) seed: u64,
    /// One JSON object per row instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A load to be run, with the bank it is run against. Dropping it stops the stack that was started for it.
pub(crate) struct Run {
    pub(crate) bank: Bank,
    pub(crate) load: Load,
    pub(crate) clients: usize,
    pub(crate) seed: u64,
    pub(crate) stack: Option<WholeBank>,
    load_average_at_start: Option<f64>,
}

impl Common {
    /// Starts a stack if that is wanted, and opens the accounts.
    pub(crate) async fn prepare(&self, clients: usize, rate: Option<NonZeroU32>) -> Result<Run> {
        let load_average_at_start = load_average();
        let stack = if self.stack {
            Some(WholeBank::start().await?)
        } else {
            None
        };
        let url = stack
            .as_ref()
            .map_or(self.grpc.as_str(), |stack| stack.grpc.as_str());
        eprintln!("opening {} accounts, each with a card, at {url}", self.accounts);
        let bank = Bank::open(url, self.connections, self.accounts, Duration::MAX).await?;
        let load = Load {
            rate,
            ..Load::closed(self.warm_up, self.seconds)
        };
        Ok(Run {
            bank,
            load,
            clients,
            seed: self.seed,
            stack,
            load_average_at_start,
        })
    }
}

impl Run {
    pub(crate) fn conditions(&self) -> Conditions {
        Conditions {
            clients: self.clients,
            connections: self.bank.connections(),
            accounts: self.bank.accounts.len(),
            seconds: self.load.measured.as_secs_f64(),
            warm_up_seconds: self.load.warm_up.as_secs_f64(),
            seed: self.seed,
            mode: if self.load.rate.is_some() {
                Mode::OpenLoop
            } else {
                Mode::ClosedLoop
            },
            rate: self.load.rate.map(NonZeroU32::get),
            cores: cores(),
            load_average_at_start: self.load_average_at_start,
            bank: if self.stack.is_some() {
                row::Bank::PrivateStack
            } else {
                row::Bank::Running
            },
            particular: BTreeMap::new(),
        }
    }
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Of the last minute.
pub(crate) fn load_average() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number = text
        .parse()
        .map_err(|_| "a number of seconds, such as 10 or 0.5".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

pub(crate) fn positive_seconds(text: &str) -> Result<Duration, String> {
    seconds(text).and_then(|duration| {
        if duration.is_zero() {
            Err("more than zero".to_owned())
        } else {
            Ok(duration)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["-1", "NaN", "ten", "1e300"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert!(positive_seconds("0").is_err());
    }
}
