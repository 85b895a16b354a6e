//! Events as the bank publishes them, made from the committed samples, so that they have every field there is.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use domain::account::{DeclineReason, EVENT_VERSION};
use proto::envelope::Envelope;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::topic::Record;

pub(crate) const ACCOUNT: &str = "01939c5e-7a6b-7c00-8000-00000000beef";

/// Every sample of the catalogue and of the envelope, and edge values on an account of their own.
pub(crate) fn of_each_kind() -> Vec<Record> {
    let account = Uuid::now_v7();
    let catalogue = samples("docs/events");
    assert!(catalogue.len() >= 10, "the catalogue has every kind of event");
    let data = (1..).zip(&catalogue);
    let kinds = data.map(|(sequence, data)| record(account, sequence, data));
    let envelopes = samples("proto/samples")
        .into_iter()
        .map(|sample| Envelope::from_json(sample.to_string().as_bytes()).expect("a sample is an envelope"));
    kinds
        .chain(envelopes.map(|envelope| Record::of(&envelope)))
        .chain(edges())
        .collect()
}

/// A decline of each reason, the largest amount, and text that needs escaping; all on [`ACCOUNT`].
fn edges() -> impl Iterator<Item = Record> {
    let declines = DeclineReason::LADDER.map(|reason| {
        let mut data = sample("purchase_declined");
        data["reason"] = json!(reason);
        data["amount"]["minor_units"] = json!(4_990);
        data
    });
    let mut largest = sample("purchase_approved");
    largest["amount"]["minor_units"] = json!(i64::MAX);
    largest["description"] = json!("Dom Casmurro \"1899\" \\ é 漢字");
    // A clock gives nanoseconds, and sometimes none.
    largest["occurred_at"] = json!("2026-11-22T15:33:50.677291015Z");
    let mut on_the_second = sample("account_closed");
    on_the_second["occurred_at"] = json!("2026-11-22T15:33:50Z");

    let account = ACCOUNT.parse().expect("an id");
    let events = declines.into_iter().chain([largest, on_the_second]);
    (1..)
        .zip(events)
        .map(move |(sequence, data)| record(account, sequence, &data))
}

/// Purchases on some accounts, each an event of its own.
pub(crate) fn purchases(count: usize) -> Vec<Record> {
    let accounts: [Uuid; 7] = std::array::from_fn(|_| Uuid::now_v7());
    let data = sample("purchase_approved");
    (1..)
        .flat_map(|sequence| accounts.map(|account| (account, sequence)))
        .take(count)
        .map(|(account, sequence)| record(account, sequence, &data))
        .collect()
}

fn record(account: Uuid, sequence: u64, data: &Value) -> Record {
    let name = data["type"].as_str().expect("an event has a type");
    let time: DateTime<Utc> = "2026-11-22T15:33:50.677Z".parse().expect("a time");
    let data = to_raw_value(data).expect("a value is JSON");
    Record::of(&Envelope::new(account, sequence, name, EVENT_VERSION, time, data))
}

fn sample(name: &str) -> Value {
    read(&repository().join(format!("docs/events/{name}.json")))
}

fn samples(folder: &str) -> Vec<Value> {
    let files = fs::read_dir(repository().join(folder)).expect("the samples are there");
    let paths = files.map(|file| file.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| read(&path))
        .collect()
}

/// A JSON file, as it is committed.
pub(crate) fn read(path: &PathBuf) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
