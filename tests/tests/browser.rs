//! The faces as a person uses them: in a real browser, against an embedded bank. The scenarios are in `tests/browser`; here each file of
//! them gets a bank of its own and is held to every one of its scenarios by name.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use test_support::require;
use tests::command;
use tests::embedded::{Banner, Home};
use tokio::process::Command;

/// Of all scenarios of a file, on a machine that does other work too.
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test]
async fn a_shopper_buys_and_is_declined() {
    check("shopping", 11).await;
}

#[tokio::test]
async fn a_cardholder_looks_after_cards_and_statements() {
    check("account", 8).await;
}

#[tokio::test]
async fn every_page_can_be_used_by_everybody() {
    check("every_page", 6).await;
}

/// With `CODEBANK_TEST_PICTURES` they are drawn into that folder, and kept.
#[tokio::test]
async fn the_pictures_of_the_readme_are_drawn() {
    check("pictures", 3).await;
}

async fn check(file: &str, scenarios: usize) {
    let Some(_) = command::binary() else { return };
    let Some(modules) = require::node_modules() else {
        return;
    };
    let Some(chromium) = require::chromium() else {
        return;
    };
    let Some(pdftotext) = require::pdftotext() else {
        return;
    };
    let mut home = Home::new();
    let bank = home.open().await;
    let passing = tempfile::tempdir().expect("a temporary folder");
    let folder = std::env::var_os("CODEBANK_TEST_PICTURES")
        .filter(|_| file == "pictures")
        .map_or_else(|| passing.path().to_owned(), PathBuf::from);
    let mut node = Command::new("node");
    node.arg(script(file))
        .env("CODEBANK_TEST_NODE_MODULES", modules)
        .env("CODEBANK_TEST_CHROMIUM", chromium)
        .env("CODEBANK_TEST_PDFTOTEXT", pdftotext)
        .env("CODEBANK_TEST_FACES", bank.banner.http_url())
        .env("CODEBANK_TEST_FOLDER", &folder)
        .env("CODEBANK_TEST_CARDS", cards(&bank.banner).to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, node.output()).await;
    let output = ended
        .unwrap_or_else(|_| panic!("{file} did not end within {PATIENCE:?}"))
        .expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let verdicts: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("a verdict a line"))
        .collect();
    let failed: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict["passed"] != true)
        .map(|verdict| {
            let text = |name: &str| verdict[name].as_str().unwrap_or_default();
            format!("{}\n{}", text("scenario"), text("why"))
        })
        .collect();
    assert!(failed.is_empty(), "{file}:\n{}", failed.join("\n\n"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(verdicts.len(), scenarios, "{file}: {said}{errors}");
}

fn script(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("browser/{file}.mjs"))
}

/// The demo cards as the banner prints them: number, expiry, code and account.
fn cards(banner: &Banner) -> Value {
    let card = |line: &&str| {
        let (number, rest) = line.trim().split_once("  ").expect("a number");
        let words: Vec<&str> = rest.split_whitespace().collect();
        let after = |label: &str| {
            let at = words.iter().position(|word| *word == label).expect("a label");
            words.get(at + 1).expect("a value").to_owned()
        };
        json!({
            "number": number.replace(' ', ""),
            "expiry": words.first().expect("an expiry"),
            "code": after("CVV"),
            "account": after("account"),
        })
    };
    banner.cards().iter().map(card).collect()
}
