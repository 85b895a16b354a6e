//! What a test needs of the machine: an address, or nothing and a test that is recorded as skipped.
//!
//! `let Some(postgres) = test_support::require::postgres() else { return };` or, shorter, `let postgres = test_support::require!(postgres);`
//! Continuous integration (`CI=true`) skips nothing: there the test fails instead.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::panic::Location;
use std::path::PathBuf;

use crate::Stack;

/// The URL of a superuser on PostgreSQL's maintenance database.
#[track_caller]
pub fn postgres() -> Option<String> {
    needed("PostgreSQL", variable("CODEBANK_TEST_POSTGRES_URL"))
}

/// `host:port` of a broker.
#[track_caller]
pub fn kafka() -> Option<String> {
    needed("Kafka", variable("CODEBANK_TEST_KAFKA"))
}

/// The base URL of a Connect worker that has the project's sink.
#[track_caller]
pub fn connect() -> Option<String> {
    needed("Kafka Connect", variable("CODEBANK_TEST_CONNECT_URL"))
}

/// The base URL of a node.
#[track_caller]
pub fn elasticsearch() -> Option<String> {
    needed("Elasticsearch", variable("CODEBANK_TEST_ELASTICSEARCH_URL"))
}

/// The built `codebank` binary.
#[track_caller]
pub fn bank() -> Option<PathBuf> {
    needed("the built codebank binary", variable("CODEBANK_TEST_BIN")).map(PathBuf::from)
}

/// The linter of the protocol.
#[track_caller]
pub fn buf() -> Option<PathBuf> {
    needed("buf (Node's package registry)", variable("CODEBANK_TEST_BUF")).map(PathBuf::from)
}

/// The folder `node_modules` that has the tools of `infra/native/package.json`.
#[track_caller]
pub fn node_modules() -> Option<PathBuf> {
    let found = variable("CODEBANK_TEST_NODE_MODULES");
    needed("Node's tools (Node's package registry)", found).map(PathBuf::from)
}

/// Prometheus' own checker of its files.
#[track_caller]
pub fn promtool() -> Option<PathBuf> {
    needed("promtool", on_the_search_path("promtool"))
}

/// A browser without a window.
#[track_caller]
pub fn chromium() -> Option<PathBuf> {
    needed("chromium", on_the_search_path("chromium"))
}

/// What reads the text of a PDF.
#[track_caller]
pub fn pdftotext() -> Option<PathBuf> {
    needed("pdftotext", on_the_search_path("pdftotext"))
}

/// `docker-compose`, of any version.
#[track_caller]
pub fn docker_compose() -> Option<PathBuf> {
    needed("docker-compose", on_the_search_path("docker-compose"))
}

/// The whole stack, to kill its servers and start them again.
#[track_caller]
pub fn stack() -> Option<Stack> {
    let found = variable("CODEBANK_TEST_XTASK").zip(variable("CODEBANK_TEST_STACK"));
    needed("a stack started by cargo xtask", found)
        .map(|(program, folder)| Stack::new(program.into(), folder.into()))
}

/// The value, or a test recorded as skipped under its own name.
#[track_caller]
fn needed<T>(what: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let skipped = format!("{}: needs {what}", name_of_this_test(Location::caller()));
        let strict = env::var("CI").is_ok_and(|value| value == "true");
        assert!(!strict, "{skipped}, and continuous integration skips nothing");
        record(&skipped);
    }
    found
}

/// The test runner names each test's thread after the test, except when it runs them one by one on its own thread.
fn name_of_this_test(place: &Location) -> String {
    let thread = std::thread::current();
    match thread.name() {
        Some(name) if name != "main" => format!("{name} ({})", place.file()),
        _ => format!("{}:{}", place.file(), place.line()),
    }
}

/// Written past the runner, which shows nothing of a test that passes; and to the file whose lines `cargo xtask test` repeats at its end.
fn record(skipped: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {skipped}");
    let Some(file) = variable("CODEBANK_TEST_SKIPPED") else {
        return;
    };
    let appended = OpenOptions::new().create(true).append(true).open(&file);
    // One write: tests of several programs append at the same time.
    let written = appended.and_then(|mut file| file.write_all(format!("{skipped}\n").as_bytes()));
    if let Err(error) = written {
        panic!("{skipped}, and this cannot be recorded in {file}: {error}");
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn on_the_search_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_test_goes_by_its_own_name() {
        let name = name_of_this_test(Location::caller());
        let by_thread = name.starts_with("require::tests::a_skipped_test_goes_by_its_own_name (");
        assert!(by_thread || name.contains("require.rs:"), "{name}");
    }

    #[test]
    fn what_is_there_is_not_skipped() {
        assert_eq!(needed("a value", Some(7)), Some(7));
    }
}
