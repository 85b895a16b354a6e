//! Alert rules and the Grafana dashboard, held to the metrics that the roles expose and to Prometheus' own checker.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use test_support::require;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// Every word of a text that begins as the bank's metrics do; without what Prometheus adds to a histogram's name.
fn metrics_in(text: &str) -> BTreeSet<String> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with("codebank_"))
        .map(|word| word.strip_suffix("_bucket").unwrap_or(word).to_owned())
        .collect()
}

/// The names in product code, where they are texts.
fn exposed() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for room in ["command-api/src", "projections/src", "codebank/src"] {
        collect(&root().join(room), &mut names);
    }
    names
}

fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let texts = source.split('"').skip(1).step_by(2);
            names.extend(
                texts
                    .filter(|text| text.starts_with("codebank_"))
                    .map(str::to_owned),
            );
        }
    }
}

#[test]
fn every_metric_that_is_watched_is_exposed_and_documented() {
    let exposed = exposed();
    let documented = metrics_in(&read("docs/OPERATING.md"));
    for file in [
        "infra/prometheus/alerts.yml",
        "infra/prometheus/alerts.test.yml",
        "infra/grafana/codebank.json",
    ] {
        let watched = metrics_in(&read(file));
        assert!(watched.len() >= 8, "{file}: {watched:?}");
        for metric in watched {
            assert!(exposed.contains(&metric), "{file}: no role exposes {metric}");
            assert!(
                documented.contains(&metric),
                "{file}: docs/OPERATING.md does not know {metric}"
            );
        }
    }
}

#[test]
fn rules_and_settings_are_what_prometheus_takes_and_every_alert_fires() {
    let promtool = require!(promtool);
    for arguments in [
        &["check", "config", "prometheus.yml"][..],
        &["check", "rules", "alerts.yml"],
        &["test", "rules", "alerts.test.yml"],
    ] {
        let output = Command::new(&promtool)
            .args(arguments)
            .current_dir(root().join("infra/prometheus"))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&said)
        );
    }
    // An alert without a test that it fires is one that may never.
    let (rules, tried) = (
        read("infra/prometheus/alerts.yml"),
        read("infra/prometheus/alerts.test.yml"),
    );
    for alert in rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        assert!(
            tried.contains(&format!("alertname=\"{alert}\"")),
            "{alert} is not tried"
        );
    }
}

#[test]
fn the_grafana_dashboard_is_whole() {
    let dashboard: Value = serde_json::from_str(&read("infra/grafana/codebank.json")).unwrap();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let number = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        let (x, y, w, h) = (number("x"), number("y"), number("w"), number("h"));
        assert!(x + w <= 24, "{panel}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{panel} lies on another");
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        for target in panel["targets"].as_array().unwrap() {
            assert!(
                !metrics_in(target["expr"].as_str().unwrap()).is_empty(),
                "{target}"
            );
        }
    }
    assert!(ids.len() >= 10);
}
