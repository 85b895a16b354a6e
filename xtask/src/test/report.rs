//! What a run says at its end: how long each part took, and, loudly, what was not tested.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::server::Server;
use crate::stack::Outcome;

#[derive(Debug, Default)]
pub(super) struct Report {
    timings: Vec<(String, Duration)>,
    not_started: Vec<Server>,
    skipped: Vec<String>,
}

impl Report {
    pub(super) fn took(&mut self, part: &str, duration: Duration) {
        self.timings.push((part.to_owned(), duration));
    }

    /// Which of the wanted servers run.
    pub(super) fn started(&mut self, wanted: &[Server], outcomes: Vec<Outcome>) -> Vec<Server> {
        let mut started = Vec::new();
        for Outcome { server, result, took } in outcomes {
            self.took(&format!("starting {}", server.title()), took);
            if result.is_ok() {
                started.push(server);
            }
        }
        self.not_started
            .extend(wanted.iter().filter(|server| !started.contains(server)));
        started
    }

    pub(super) fn skipped(&mut self, tests: Vec<String>) {
        self.skipped = tests;
    }

    pub(super) fn print(&self, logs: &Path) {
        println!("\n== How long each part took ==");
        for (part, duration) in &self.timings {
            println!("  {part:<24} {duration:>8.1?}");
        }
        println!("Logs of the servers: {}", logs.display());
        if self.incomplete() {
            print!("\n{}", self.framed());
        }
    }

    fn incomplete(&self) -> bool {
        !self.skipped.is_empty() || !self.not_started.is_empty()
    }

    fn framed(&self) -> String {
        let mut lines = Vec::new();
        lines.extend(
            self.not_started
                .iter()
                .map(|server| format!("{} could not be started", server.title())),
        );
        lines.push(format!(
            "{} tests were SKIPPED, so nothing is known about what they prove:",
            self.skipped.len()
        ));
        lines.extend(self.skipped.iter().map(|test| format!("  {test}")));
        let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let edge = "#".repeat(width + 4);
        let body: Vec<String> = lines.iter().map(|line| format!("# {line:<width$} #")).collect();
        format!("{edge}\n{}\n{edge}\n", body.join("\n"))
    }

    /// Continuous integration does not take an incomplete run for a good one.
    pub(super) fn verdict(&self, passed: bool) -> ExitCode {
        let strict = in_continuous_integration();
        if strict && self.incomplete() {
            println!("CI=true: an incomplete run is a failure");
        }
        if passed && !(strict && self.incomplete()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn in_continuous_integration() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_is_framed_by_name() {
        let mut report = Report::default();
        assert!(!report.incomplete());
        report.skipped(vec!["store: needs PostgreSQL".to_owned()]);
        assert_eq!(
            report.framed(),
            "####################################################################\n\
             # 1 tests were SKIPPED, so nothing is known about what they prove: #\n\
             #   store: needs PostgreSQL                                        #\n\
             ####################################################################\n"
        );
        assert!(report.incomplete());
    }
}
