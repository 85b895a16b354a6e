//! The dashboard Health, over a real Elasticsearch: what each panel draws is what the history and its gaps make.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use test_support::require;

use crate::drawing::Easel;
use crate::history::{BEGIN, Published, history};
use crate::index::Index;
use crate::kibana::Window;

/// The whole history and some days after it.
const UNTIL: &str = "2027-01-01T00:00:00Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_panel_draws_what_the_history_makes() {
    let server = require!(elasticsearch);
    let node_modules = require!(node_modules);
    let history = history();
    let index = Index::of(&server, "health", &history).await;
    let easel = Easel {
        node_modules,
        index: &index,
    };
    let window = Window::new(BEGIN, UNTIL);
    kinds(&easel, window, &history).await;
    rate(&easel, window, &history).await;
    delay(&easel, window, &history).await;
    now(&easel, window, &history).await;
    let empty = Window::new("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z");
    for panel in ["event-kinds", "indexing-delay", "health-now"] {
        easel.draw(panel, empty).await;
    }
    let rates = easel.draw("events-per-second", empty).await.rows;
    assert!(
        !rates.is_empty() && rates.iter().all(|row| row["per_second"] == 0),
        "{rates:?}"
    );
    gaps(&easel, window, &history).await;
    index.remove().await;
}

async fn kinds(easel: &Easel<'_>, window: Window, history: &[Published]) {
    let drawn: BTreeMap<String, u64> = easel
        .draw("event-kinds", window)
        .await
        .rows
        .iter()
        .map(|row| {
            (
                row["key"].as_str().unwrap().to_owned(),
                row["doc_count"].as_u64().unwrap(),
            )
        })
        .collect();
    let mut made = BTreeMap::<String, u64>::new();
    for published in history {
        let data: Value = serde_json::from_str(published.envelope.data.get()).unwrap();
        *made.entry(data["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(drawn, made);
}

async fn rate(easel: &Easel<'_>, window: Window, history: &[Published]) {
    let rows = easel.draw("events-per-second", window).await.rows;
    // The whole window is drawn, also where it is quiet: from three in the morning to midnight it touches 122 days.
    assert_eq!(rows.len(), 122);
    // Kibana divides so long a window into days of 24 hours.
    let seconds = 86_400.0;
    let events: f64 = rows
        .iter()
        .map(|row| row["per_second"].as_f64().unwrap() * seconds)
        .sum();
    assert!((events - history.len() as f64).abs() < 1e-3, "{events}");
    assert!(rows.iter().all(|row| row["width"] == 86_400_000), "{}", rows[0]);
}

/// Milliseconds from decision to index, of documents: the index keeps whole milliseconds.
fn delay_of(published: &Published) -> i64 {
    published.ingested.timestamp_millis() - published.decided.timestamp_millis()
}

async fn delay(easel: &Easel<'_>, window: Window, history: &[Published]) {
    let mut made = BTreeMap::<i64, (i64, i64)>::new();
    for published in history {
        let day = published.envelope.time.timestamp_millis().div_euclid(86_400_000) * 86_400_000;
        let (sum, count) = made.entry(day).or_default();
        *sum += delay_of(published);
        *count += 1;
    }
    let rows = easel.draw("indexing-delay", window).await.rows;
    assert_eq!(rows.len(), made.len());
    for row in rows {
        let (sum, count) = made[&row["key"].as_i64().unwrap()];
        let mean_seconds = sum as f64 / count as f64 / 1_000.0;
        let drawn = row["delay_seconds"].as_f64().unwrap();
        assert!((drawn - mean_seconds).abs() < 0.001, "{drawn} {mean_seconds}");
    }
}

async fn now(easel: &Easel<'_>, window: Window, history: &[Published]) {
    let row = easel.draw("health-now", window).await.rows.remove(0);
    assert_eq!(row["window"]["doc_count"], history.len());
    let mean = history.iter().map(delay_of).sum::<i64>() as f64 / history.len() as f64 / 1_000.0;
    assert!(
        (row["delay_seconds"].as_f64().unwrap() - mean).abs() < 0.001,
        "{row} {mean}"
    );
    let latest: DateTime<Utc> = history
        .iter()
        .map(|published| published.envelope.time)
        .max()
        .unwrap();
    assert_eq!(
        row["latest"]["value"].as_f64().unwrap() as i64,
        latest.timestamp_millis()
    );
    let empty = Window::new("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z");
    let row = easel.draw("health-now", empty).await.rows.remove(1);
    assert_eq!(row["text"], "–");
}

async fn gaps(easel: &Easel<'_>, window: Window, history: &[Published]) {
    assert_eq!(easel.draw("missing-events", window).await.rows[0]["missing"], 0);
    assert!(easel.draw("sequence-gaps", window).await.rows.is_empty());
    // Two events of one account and one of another are lost; none of them is its account's last.
    let of = |account: usize| {
        let id = history[2 * account].envelope.subject;
        let mut events = history
            .iter()
            .filter(move |published| published.envelope.subject == id);
        move || events.next().map(|published| published.envelope.clone()).unwrap()
    };
    let (mut first, mut second) = (of(0), of(1));
    let lost = [first(), first(), second()];
    for envelope in &lost {
        easel.index.forget(&envelope.id).await;
    }
    assert_eq!(easel.draw("missing-events", window).await.rows[0]["missing"], 3);
    let rows = easel.draw("sequence-gaps", window).await.rows;
    let found: Vec<(&str, i64)> = rows
        .iter()
        .filter(|row| row["column"] == "events missing")
        .map(|row| {
            (
                row["key"].as_str().unwrap(),
                row["missing"].as_f64().unwrap() as i64,
            )
        })
        .collect();
    let (one, other) = (lost[0].subject.to_string(), lost[2].subject.to_string());
    assert_eq!(found, [(one.as_str(), 2), (other.as_str(), 1)]);
}
