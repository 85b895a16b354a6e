//! How many of the cores each program used in a time: what tells a limit from a guess.
//!
//! Programs of this machine are told apart by their command line, whoever started them.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::processor;

/// Cores by program.
pub(crate) type Shares = BTreeMap<String, f64>;

/// Servers, by what is in their command lines.
const SERVERS: [(&str, &str); 4] = [
    ("kafka.Kafka", "Kafka"),
    ("ConnectDistributed", "Connect"),
    ("org.elasticsearch.bootstrap", "Elasticsearch"),
    ("postgres", "PostgreSQL"),
];
/// A share below this says nothing.
const SHARE_MIN: f64 = 0.01;

/// The processor time of processes since it was started, those that end meanwhile included.
pub(super) struct Meter {
    began: Instant,
    /// The program, its time in the beginning, and when it was last seen.
    processes: BTreeMap<u32, (String, Duration, Duration)>,
}

impl Meter {
    pub(super) fn start() -> Result<Self> {
        let of_it = |(process, name, time)| (process, (name, time, time));
        Ok(Self {
            began: Instant::now(),
            processes: running()?.map(of_it).collect(),
        })
    }

    /// What a process uses after the last look at it is not counted.
    pub(super) fn look(&mut self) -> Result<()> {
        for (process, name, time) in running()? {
            let known = self.processes.entry(process);
            known.or_insert((name, Duration::ZERO, time)).2 = time;
        }
        Ok(())
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn shares(mut self) -> Result<Shares> {
        self.look()?;
        let took = self.began.elapsed().as_secs_f64();
        let mut shares = Shares::new();
        for (name, before, now) in self.processes.into_values() {
            *shares.entry(name).or_default() += now.saturating_sub(before).as_secs_f64() / took;
        }
        shares.retain(|_, share| *share >= SHARE_MIN);
        for share in shares.values_mut() {
            *share = (*share * 100.0).round() / 100.0;
        }
        Ok(shares)
    }
}

/// Every process of a program that counts, and its processor time.
fn running() -> Result<impl Iterator<Item = (u32, String, Duration)>> {
    Ok(fs::read_dir("/proc").context("/proc")?.filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let line = fs::read_to_string(format!("/proc/{process}/cmdline")).ok()?;
        let name = program(&line)?;
        Some((process, name, processor::time_of(process).ok()?))
    }))
}

pub(super) fn in_words(shares: &Shares) -> String {
    let each = shares.iter().map(|(name, share)| format!("{name} used {share}"));
    each.collect::<Vec<_>>().join(", ")
}

/// A role of the bank, this tool, or a server; others are nobody's business here.
fn program(command_line: &str) -> Option<String> {
    let mut arguments = command_line.split('\0');
    let first = arguments.next()?;
    match first.rsplit('/').next()? {
        "codebank" => return arguments.next().map(str::to_owned),
        "benches" => return Some("the load".to_owned()),
        _ => {}
    }
    let of_a_server = |(part, _): &&(&str, &str)| command_line.contains(part);
    SERVERS
        .iter()
        .find(of_a_server)
        .map(|(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_apart_by_their_command_lines() {
        for (line, name) in [
            ("/target/codebank\0relay\0", Some("relay")),
            (
                "/jdk/bin/java\0-Xmx1g\0kafka.Kafka\0server.properties\0",
                Some("Kafka"),
            ),
            (
                "postgres: codebank codebank_read 127.0.0.1(1) idle\0",
                Some("PostgreSQL"),
            ),
            ("/target/benches\0read-side\0", Some("the load")),
            ("/bin/sh\0", None),
            ("", None),
        ] {
            assert_eq!(program(line).as_deref(), name, "{line}");
        }
    }

    #[test]
    fn what_was_used_before_does_not_count() {
        let own = std::process::id();
        let mut meter = Meter::start().unwrap();
        let hour = Duration::from_hours(1);
        meter.processes.insert(own, ("own".to_owned(), hour, hour));
        let shares = meter.shares().unwrap();
        assert_eq!(shares.get("own"), None, "{shares:?}");
    }
}
