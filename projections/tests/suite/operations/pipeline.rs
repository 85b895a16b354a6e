//! `pipeline`: where every read model is, how late, and what is said of the feed.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::account::DeclineReason;
use projections::graphql::Settings;
use projections::operations::upstream::{Ahead, Ends, Upstream};
use proto::feed::FeedUnavailable;
use serde_json::{Value, json};

use super::switched_on;
use crate::support::api::Api;
use crate::support::events::{self, account, approved, card, declined, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::{Historian, write};
use crate::support::running::start;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    the_pipeline_says_where_every_read_model_is,
    every_stage_says_how_late_it_is_and_what_waits,
    a_checkpoint_of_an_older_program_has_no_delay,
);

/// The log as an upstream, with some dead letters beside it.
#[derive(Debug)]
struct Known(Log);

#[async_trait]
impl Upstream for Known {
    async fn ahead(&self) -> Result<Ahead, FeedUnavailable> {
        Ok(Ahead {
            ends: Ends::ByPartition((0..).zip(self.0.ends()).collect()),
            dead_letters: Some(4),
        })
    }
}

fn beside(log: &Log) -> Settings {
    Settings {
        upstream: Some(Arc::new(Known(log.clone()))),
        ..switched_on()
    }
}

async fn ask(api: &Api) -> Value {
    let query = "{ pipeline { latestPurchaseAt stoppedCount deadLetterCount
                   stages { projection waitingCount appliedAt delayMillis }
                   places { projection partition nextOffset stopped { eventId reason } } } }";
    api.data(query, json!({})).await["pipeline"].clone()
}

fn stages(pipeline: &Value) -> &Vec<Value> {
    pipeline["stages"].as_array().unwrap()
}

async fn the_pipeline_says_where_every_read_model_is(test: TestStore) {
    let log = Log::default();
    let shop = || merchant("livraria-01", "Livraria");
    let reason = DeclineReason::OverLimit;
    let purchases = [
        approved(
            "2026-11-20T12:00:00Z",
            card(1),
            reais(100),
            shop(),
            "Dom Casmurro",
        ),
        declined("2026-11-20T13:00:00.5Z", card(1), reais(100), shop(), reason),
    ];
    write(&log, account(1), &events::active_account(card(1), purchases));
    // The next event of the account is missing.
    log.append(account(1), 7, &events::closed("2026-11-21T12:00:00Z"));
    let running = start(&test.store, log.feed(100));
    running.stopped(1).await;
    running.stop().await;
    let api = Api::with(&test.store, switched_on());
    let pipeline = ask(&api).await;
    assert_eq!(pipeline["latestPurchaseAt"], "2026-11-20T13:00:00.500+00:00");
    assert_eq!(pipeline["stoppedCount"], 5);
    let places: BTreeMap<&str, &Value> = pipeline["places"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|place| place["nextOffset"] != 0)
        .map(|place| (place["projection"].as_str().unwrap(), place))
        .collect();
    assert_eq!(places.len(), 5, "{pipeline}");
    for place in places.values() {
        assert_eq!(place["nextOffset"], 5);
        assert_eq!(place["stopped"]["eventId"], format!("{}-7", account(1)));
    }
    assert_eq!(pipeline["deadLetterCount"], Value::Null);
    for stage in stages(&pipeline) {
        assert_eq!(stage["waitingCount"], Value::Null);
    }
    // Where the feed says how far it goes, the event that stops it is seen to wait.
    let pipeline = ask(&Api::with(&test.store, beside(&log))).await;
    for stage in stages(&pipeline) {
        assert_eq!(stage["waitingCount"], 1, "{pipeline}");
    }
}

async fn every_stage_says_how_late_it_is_and_what_waits(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(20_261_125, 12));
    let before = Utc::now();
    historian.write(&log, 300);
    let running = start(&test.store, log.feed(100));
    test.drained(&log.ends()).await;
    running.stop().await;
    let pipeline = ask(&Api::with(&test.store, beside(&log))).await;
    assert_eq!(pipeline["deadLetterCount"], 4);
    assert_eq!(stages(&pipeline).len(), 5, "{pipeline}");
    for stage in stages(&pipeline) {
        let applied_at: DateTime<Utc> = serde_json::from_value(stage["appliedAt"].clone()).unwrap();
        assert!(
            before.timestamp_millis() <= applied_at.timestamp_millis() && applied_at <= Utc::now(),
            "{stage}"
        );
        assert!(stage["delayMillis"].as_i64().unwrap() >= 0, "{stage}");
        assert_eq!(stage["waitingCount"], 0, "{stage}");
    }
    // What comes after that is not applied by anybody.
    historian.write(&log, 20);
    let waiting: i64 = log.ends().iter().sum::<i64>() - test.texts(APPLIED).await[0].parse::<i64>().unwrap();
    assert!(waiting > 0);
    let pipeline = ask(&Api::with(&test.store, beside(&log))).await;
    for stage in stages(&pipeline) {
        assert_eq!(stage["waitingCount"], waiting, "{stage}");
    }
}

const APPLIED: &str = "select cast(cast(sum(next_offset) as bigint) as text) from projection_checkpoint where projection = 'card'";

async fn a_checkpoint_of_an_older_program_has_no_delay(test: TestStore) {
    test.execute(
        "insert into projection_checkpoint (projection, feed_partition, next_offset) values ('card', 3, 7)",
    )
    .await;
    let pipeline = ask(&Api::with(&test.store, switched_on())).await;
    let expected =
        json!([{ "projection": "card", "waitingCount": null, "appliedAt": null, "delayMillis": null }]);
    assert_eq!(pipeline["stages"], expected);
}
