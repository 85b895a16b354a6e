//! The contract of the event log: one committed sample of every event, equal to the byte to what the bank writes today, and
//! every sample of the past still readable. What is in the log is there for ever; so is the way to read it.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::account::{Event, Inconsistent, replay};
use domain::attempt::{self, CardNotRecognized};
use serde::Serialize;
use serde_json::Value;

mod samples;

/// Set to `1`, the samples are written anew; one that changes is kept under `older/`, since logs hold events like it.
const UPDATE: &str = "CODEBANK_UPDATE_CONTRACTS";

/// Fields that came after their event was first recorded, as `event.field`: the events before do without them.
const OPTIONAL_FIELDS: [&str; 0] = [];

fn catalogue() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/events")
}

/// The name and the JSON of one event of each kind.
fn samples() -> Vec<(&'static str, String)> {
    let mut samples: Vec<_> = samples::events()
        .iter()
        .map(|event| (event.name(), pretty(event)))
        .collect();
    samples.push((attempt::EVENT_NAME, pretty(&samples::attempt())));
    samples
}

fn pretty(event: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(event).expect("an event is JSON");
    format!("{json}\n")
}

#[test]
fn every_event_is_written_as_its_sample_says() {
    let update = std::env::var(UPDATE).is_ok_and(|value| value == "1");
    for (name, written) in samples() {
        let file = catalogue().join(format!("{name}.json"));
        let committed = fs::read_to_string(&file).unwrap_or_default();
        if update && committed != written {
            keep_older(name, &committed);
            fs::write(&file, &written).expect("the catalogue can be written");
        } else {
            assert_eq!(
                committed, written,
                "\n`{name}` is no longer written as docs/events/{name}.json says. Readers of the log rely on that file: \
                 fields are only ever added. If that is what you did, run this test once with {UPDATE}=1 and commit the files."
            );
        }
    }
}

fn keep_older(name: &str, committed: &str) {
    if committed.is_empty() {
        return;
    }
    let older = catalogue().join("older");
    fs::create_dir_all(&older).expect("the catalogue can be written");
    let number = json_files(&older).len() + 1;
    let file = older.join(format!("{name}-{number}.json"));
    fs::write(file, committed).expect("the catalogue can be written");
}

#[test]
fn every_sample_old_or_new_is_still_read() {
    let mut files = json_files(&catalogue());
    files.extend(json_files(&catalogue().join("older")));
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let name = value["type"].as_str().unwrap_or_default();
        let stem = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        assert_eq!(
            stem.split('-').next(),
            Some(name),
            "the file is named after its event"
        );
        if name == attempt::EVENT_NAME {
            read::<CardNotRecognized>(&text, &file);
        } else {
            assert_eq!(read::<Event>(&text, &file).name(), name);
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str, file: &Path) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| {
        panic!(
            "{} is no longer read, and neither are the events in the log: {error}",
            file.display()
        )
    })
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let files = entries.map(|entry| entry.expect("a folder entry").path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .collect()
}

#[test]
fn there_is_a_sample_of_every_event_and_of_nothing_else() {
    let names: BTreeSet<String> = samples().iter().map(|(name, _)| (*name).to_owned()).collect();
    let files = json_files(&catalogue());
    let stems = files
        .iter()
        .filter_map(|file| file.file_stem()?.to_str().map(str::to_owned));
    assert_eq!(names, stems.collect());

    // Serde names every kind of event that it would have read.
    let error = serde_json::from_str::<Event>(r#"{"type":"nonsense"}"#)
        .expect_err("no such event")
        .to_string();
    let known = error
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| *name != "nonsense");
    let mut known: BTreeSet<String> = known.map(str::to_owned).collect();
    known.insert(attempt::EVENT_NAME.to_owned());
    assert_eq!(names, known);
}

#[test]
fn a_field_added_later_does_not_stop_a_reader_of_today() {
    for event in samples::events() {
        let mut value = serde_json::to_value(&event).expect("JSON");
        value["added_later"] = Value::from("anything");
        assert_eq!(serde_json::from_value::<Event>(value).ok(), Some(event));
    }
    let mut value = serde_json::to_value(samples::attempt()).expect("JSON");
    value["added_later"] = Value::from(1);
    assert_eq!(
        serde_json::from_value::<CardNotRecognized>(value).ok(),
        Some(samples::attempt())
    );
}

#[test]
fn a_field_taken_away_or_damaged_stops_it() {
    for (name, json) in samples() {
        let sample: Value = serde_json::from_str(&json).expect("JSON");
        let fields = sample.as_object().expect("an object").keys();
        for field in fields.filter(|field| !OPTIONAL_FIELDS.contains(&format!("{name}.{field}").as_str())) {
            for damaged in [Value::Null, Value::from(-1), Value::from("")] {
                let mut event = sample.clone();
                event[field] = damaged;
                assert!(!is_read(&event), "{event}");
            }
            let mut event = sample.clone();
            event.as_object_mut().map(|fields| fields.remove(field));
            assert!(!is_read(&event), "{event}");
        }
    }
}

fn is_read(event: &Value) -> bool {
    serde_json::from_value::<Event>(event.clone()).is_ok()
        || serde_json::from_value::<CardNotRecognized>(event.clone()).is_ok()
}

#[test]
fn an_attempt_is_not_read_from_another_event() {
    for event in samples::events() {
        let value = serde_json::to_value(&event).expect("JSON");
        assert!(
            serde_json::from_value::<CardNotRecognized>(value).is_err(),
            "{}",
            event.name()
        );
    }
}

#[test]
fn the_samples_are_the_history_of_one_account() {
    let history = samples::events();
    let state = replay(&history).expect("they follow one another");
    assert!(state.account().is_some());
    let twice = history.iter().chain(&history);
    assert_eq!(
        replay(twice),
        Err(Inconsistent::Order {
            event: "account_opened"
        })
    );
}

#[test]
fn the_catalogue_explains_every_event_field_and_reason() {
    let readme = fs::read_to_string(catalogue().join("README.md")).expect("the catalogue has a README");
    for (name, json) in samples() {
        let heading = format!("### `{name}`\n");
        let section = readme
            .split_once(&heading)
            .unwrap_or_else(|| panic!("docs/events/README.md lacks {heading}"))
            .1;
        let section = section.split("\n### ").next().unwrap_or_default();
        let value: Value = serde_json::from_str(&json).expect("JSON");
        for field in value.as_object().expect("an object").keys() {
            let common = field == "type" || field == "occurred_at";
            assert!(
                common || section.contains(&format!("| `{field}` |")),
                "{name} lacks {field}"
            );
        }
    }
    for reason in domain::account::DeclineReason::LADDER {
        assert!(
            readme.contains(&format!("| `{reason}` |")),
            "docs/events/README.md lacks {reason}"
        );
    }
}
