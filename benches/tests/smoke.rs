//! Each bench, run for a second against an embedded bank, so that it cannot rot. No timing is asserted.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use test_support::{Program, Running, require};

const OPEN_WITHIN: Duration = Duration::from_mins(1);

/// An embedded bank of a test's own, with its addresses.
struct Bank {
    grpc: String,
    graphql: String,
    _running: Running,
    _folder: TempDir,
}

impl Bank {
    async fn open(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data").display().to_string();
        let mut running = Program::new(program, folder.path().join("log"))
            .args(["--data", &data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .start();
        running.says("Ctrl-C closes the bank", OPEN_WITHIN).await;
        let said = running.said();
        let address = |name: &str| {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_else(|| panic!("the banner names no {name}:\n{said}"))
                .trim()
                .to_owned()
        };
        Self {
            grpc: address("gRPC "),
            graphql: address("GraphQL "),
            _running: running,
            _folder: folder,
        }
    }

    /// The one row that a bench printed.
    fn measured(&self, bench: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_benches"))
            .args(bench)
            .args([
                "--json",
                "--warm-up",
                "0.5",
                "--accounts",
                "20",
                "--grpc",
                &self.grpc,
            ])
            .stdin(Stdio::null())
            .output()
            .expect("the bench runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", output.status);
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }
}

fn assert_measured_without_error(row: &Value, name: &str) {
    assert_eq!(row["name"], name, "{row}");
    assert_eq!(row["errors"], 0, "{row}");
    assert_eq!(row["warm_up_errors"], 0, "{row}");
    for figure in [
        "throughput_per_s",
        "p50_ms",
        "p99_ms",
        "p999_ms",
        "max_ms",
        "samples",
    ] {
        assert!(
            row[figure].as_f64().is_some_and(|figure| figure > 0.0),
            "{figure}: {row}"
        );
    }
    for condition in [
        "clients",
        "connections",
        "accounts",
        "seconds",
        "seed",
        "cores",
        "mode",
        "load_average_at_start",
    ] {
        assert!(row["conditions"].get(condition).is_some(), "{condition}: {row}");
    }
}

#[tokio::test]
async fn authorize_measures_a_running_bank() {
    let bank = Bank::open(&require!(bank)).await;
    let row = bank.measured(&["authorize", "--seconds", "1", "--clients", "4"]);
    assert_measured_without_error(&row, "authorize");
    assert_eq!(row["conditions"]["clients"], 4);
    assert_eq!(row["conditions"]["mode"], "closed_loop");

    let row = bank.measured(&["authorize", "--seconds", "1", "--rate", "20"]);
    assert_measured_without_error(&row, "authorize");
    assert_eq!(
        (&row["samples"], &row["conditions"]["rate"]),
        (&20.into(), &20.into())
    );
    assert_eq!(row["conditions"]["mode"], "open_loop");
}

#[tokio::test]
async fn authorize_chooses_accounts_and_measures_again() {
    let bank = Bank::open(&require!(bank)).await;
    for (choice, said) in [(&["--hot"][..], "one for all"), (&["--zipf", "1.0"], "Zipf 1")] {
        let bench = [&["authorize", "--seconds", "0.5", "--runs", "2"], choice].concat();
        let row = bank.measured(&bench);
        assert_measured_without_error(&row, "authorize");
        assert_eq!(row["conditions"]["accounts_chosen"], said);
        let rates = row["runs"]["throughput_per_s"].as_array().map(Vec::len);
        assert_eq!(rates, Some(2), "{row}");
    }
}

#[tokio::test]
async fn batch_measures_a_running_bank() {
    let bank = Bank::open(&require!(bank)).await;
    let row = bank.measured(&["batch", "--seconds", "1", "--clients", "2", "--size", "16"]);
    assert_measured_without_error(&row, "batch");
    assert_eq!(row["conditions"]["purchases_per_call"], 16);
}

#[tokio::test]
async fn visible_measures_a_running_bank() {
    let bank = Bank::open(&require!(bank)).await;
    for look in [
        &["--graphql", bank.graphql.as_str()][..],
        &["--graphql", &bank.graphql, "--poll"],
    ] {
        let bench = [&["visible", "--seconds", "1", "--rate", "20"], look].concat();
        let row = bank.measured(&bench);
        assert_measured_without_error(&row, "visible");
        assert_eq!(row["samples"], 20);
    }
}

#[tokio::test]
async fn visible_may_follow_a_share_of_the_purchases() {
    let bank = Bank::open(&require!(bank)).await;
    let bench = [
        "visible",
        "--seconds",
        "1",
        "--rate",
        "40",
        "--sample-every",
        "4",
        "--graphql",
    ];
    let row = bank.measured(&[&bench[..], &[&bank.graphql]].concat());
    assert_measured_without_error(&row, "visible");
    // About ten; which ones are measured depends on the order in which purchases of the warm-up were answered.
    let samples = row["samples"].as_u64().unwrap_or_default();
    assert!((1..40).contains(&samples), "{row}");
}

/// What a bench that starts its own servers printed.
fn measured_alone(bench: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_benches"))
        .args(bench)
        .args(["--json", "--seconds", "0.5", "--warm-up", "0.2"])
        .args(["--rounds", "1", "--clients", "4", "--accounts", "20"])
        .stdin(Stdio::null())
        .output()
        .expect("the bench runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn assert_compared(found: &Value, figures: &[&str], sides: [&str; 2]) {
    for figure in figures {
        assert!(
            found[figure].as_f64().is_some_and(|figure| figure > 0.0),
            "{figure}: {found}"
        );
    }
    for side in sides {
        assert_eq!(found[side]["errors"], 0, "{found}");
    }
}

#[test]
fn compare_measures_the_bank_and_the_peer() {
    require!(postgres);
    let found = measured_alone(&["compare"]);
    assert_compared(&found, &["ours_per_s", "peer_per_s", "ratio"], ["ours", "peer"]);
}

#[test]
fn rest_twin_measures_both_faces() {
    require!(postgres);
    let found = measured_alone(&["rest-twin"]);
    let figures = ["grpc_per_processor_s", "rest_per_processor_s", "ratio"];
    assert_compared(&found, &figures, ["grpc", "rest"]);
}

/// The rows of a bench that fills a log of its own.
fn measured_on_a_full_log(bench: &[&str]) -> Vec<Value> {
    let read_side = ["read-side", "--events", "700", "--seconds", "0.5", "--only"];
    rows_of(&[&read_side[..], bench].concat())
}

/// All that a bench printed.
fn rows_of(bench: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_benches"))
        .args(bench)
        .arg("--json")
        .stdin(Stdio::null())
        .output()
        .expect("the bench runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .expect("JSON objects")
}

/// 31 accounts, opened, with a card issued and activated, and 20 purchases each.
fn assert_all_passed(row: &Value, name: &str) {
    assert_eq!(
        (&row["name"], &row["events"]),
        (&name.into(), &713.into()),
        "{row}"
    );
    for figure in ["throughput_per_s", "seconds"] {
        assert!(
            row[figure].as_f64().is_some_and(|figure| figure > 0.0),
            "{figure}: {row}"
        );
    }
}

#[test]
fn read_side_measures_every_reader_of_a_full_log() {
    require!(postgres);
    require!(kafka);
    let rows = measured_on_a_full_log(&["relay,catch-up,statements,rebuild", "--clients", "4"]);
    let [relay, catch_up, statements, rebuild] = &rows[..] else {
        panic!("not four rows: {rows:?}");
    };
    assert_all_passed(relay, "relay");
    assert_all_passed(catch_up, "catch-up");
    assert_measured_without_error(statements, "statements");
    assert_all_passed(rebuild, "rebuild");
}

#[test]
fn read_side_measures_the_search_index_from_its_first_document_each_time() {
    require!(postgres);
    require!(kafka);
    require!(connect);
    require!(elasticsearch);
    let rows = measured_on_a_full_log(&["mirror", "--tasks", "1,2"]);
    let [one, two] = &rows[..] else {
        panic!("not two rows: {rows:?}");
    };
    assert_all_passed(one, "mirror");
    assert_all_passed(two, "mirror");
    assert_eq!((&one["tasks"], &two["tasks"]), (&1.into(), &2.into()));
}

#[test]
fn history_measures_long_accounts_against_short_ones() {
    require!(postgres);
    let bench = [
        "--events",
        "300",
        "--accounts",
        "2",
        "--rounds",
        "2",
        "--hot",
        "3",
    ];
    let rows = rows_of(&[&["history"], &bench[..]].concat());
    let [found] = &rows[..] else {
        panic!("not one row: {rows:?}");
    };
    assert_eq!(
        (&found["name"], &found["long_events"], &found["short_events"]),
        (&"history".into(), &300.into(), &10.into())
    );
    for (state, samples) in [("cold", 4), ("hot", 12)] {
        assert!(
            found[state]["ratio"].as_f64().is_some_and(|ratio| ratio > 0.0),
            "{found}"
        );
        assert_eq!(found[state]["samples"], samples, "{found}");
    }
}

#[test]
fn growth_measures_a_full_table_against_an_empty_one() {
    require!(postgres);
    let bench = [
        "growth",
        "--events",
        "1500,3000",
        "--accounts",
        "20",
        "--clients",
        "4",
    ];
    let further = ["--seconds", "0.5", "--warm-up", "0.1", "--rounds", "1"];
    let rows = rows_of(&[&bench[..], &further].concat());
    let sizes: Vec<&Value> = rows.iter().map(|row| &row["events"]).collect();
    assert_eq!(sizes, [1_500, 3_000]);
    for row in &rows {
        assert_compared(row, &["ratio"], ["grown", "empty"]);
    }
}

#[test]
fn memory_is_read_at_equal_steps() {
    require!(postgres);
    let rows = rows_of(&[
        "memory",
        "--decisions",
        "2048",
        "--every",
        "1024",
        "--accounts",
        "20",
    ]);
    let [found] = &rows[..] else {
        panic!("not one row: {rows:?}");
    };
    let samples = found["samples"].as_array().expect("samples");
    let decisions: Vec<&Value> = samples.iter().map(|sample| &sample["decisions"]).collect();
    assert_eq!(decisions, [0, 1_024, 2_048]);
    let is_some = |sample: &Value| sample["mebibytes"].as_f64().is_some_and(|size| size > 0.0);
    assert!(samples.iter().all(is_some), "{found}");
}

#[test]
fn ceilings_measure_each_part_alone() {
    require!(postgres);
    let bench = [
        "ceilings",
        "--seconds",
        "0.3",
        "--warm-up",
        "0.1",
        "--rounds",
        "1",
    ];
    let rows = rows_of(&[&bench[..], &["--clients", "4", "--accounts", "20"]].concat());
    // COPY and insert with two sizes each, SQLite, the disk, three wires, decisions in memory in two ways.
    assert_eq!(rows.len(), 11, "{rows:?}");
    for row in &rows {
        assert!(row["per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{row}");
        assert!(row["p50_ms"].as_f64().is_some_and(|p50| p50 > 0.0), "{row}");
        assert_eq!(row["errors"], 0, "{row}");
    }
}

/// Without Kafka: what goes through it has its own bench.
#[test]
fn report_writes_the_figures_and_the_picture() {
    require!(postgres);
    let docs = tempfile::tempdir().expect("a folder");
    let path = docs.path().join("PERFORMANCE.md");
    let before = "# Performance\n\n<!-- figures: begin -->\nold\n<!-- figures: end -->\n\nafter\n";
    std::fs::write(&path, before).expect("written");
    std::fs::create_dir(docs.path().join("images")).expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_benches"))
        .args(["report", "--json", "--seconds", "0.3", "--warm-up", "0.1"])
        .args(["--rounds", "1", "--accounts", "400", "--many-accounts", "800"])
        .args(["--history-events", "300", "--grown-events", "1000"])
        .args(["--memory-decisions", "512", "--only"])
        .args(["pair,many,twin,embedded,history,growth,ceilings", "--docs"])
        .arg(docs.path())
        .stdin(Stdio::null())
        .output()
        .expect("the bench runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    let rows: Vec<Value> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .expect("JSON objects");
    let missing: Vec<&Value> = rows
        .iter()
        .filter(|row| row["measured"].is_null())
        .map(|row| &row["name"])
        .collect();
    assert_eq!(
        missing,
        [
            "answer to GraphQL, 1,000/s, through Kafka",
            "relay, event table to the broker's acknowledgement",
            "every read model catching up from Kafka",
            "GraphQL statement of 20 lines, 64 in flight",
            "rebuild of every read model from 2,000,000 events",
            "search index from Kafka, one task",
        ]
    );
    let text = std::fs::read_to_string(&path).expect("the document");
    assert!(
        text.contains("| one call in flight |") && text.ends_with("\nafter\n"),
        "{text}"
    );
    assert!(text.contains("| 8 KiB to the disk (fdatasync) |"), "{text}");
    assert!(
        !text.contains("old") && !text.contains("there were errors"),
        "{text}"
    );
    let picture = std::fs::read_to_string(docs.path().join("images/performance.svg"));
    assert!(picture.expect("the picture").contains("<circle"));
}

#[test]
fn a_bank_that_is_not_there_is_said_and_fails() {
    let port = test_support::free_port();
    let output = Command::new(env!("CARGO_BIN_EXE_benches"))
        .args([
            "authorize",
            "--seconds",
            "1",
            "--json",
            "--grpc",
            &format!("127.0.0.1:{port}"),
        ])
        .output()
        .expect("the bench runs");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no bank answers at"), "{said}");
}
