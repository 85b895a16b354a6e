//! Read your own write: what was applied late is waited for, and what does not come is said not to have come.

use std::time::{Duration, Instant};

use projections::Worker;
use projections::graphql::Settings;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::api::{Api, settings};
use crate::support::events::{self, account, approved, card, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::write;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    a_version_that_is_applied_late_is_waited_for,
    a_version_that_another_process_applies_is_seen_too,
    a_version_that_does_not_come_is_an_error_and_never_stale_data,
);

const QUERIES: [&str; 6] = [
    "query($id: ID!, $v: Version) { account(id: $id, atLeastVersion: $v) { accountVersion } }",
    "query($id: ID!, $v: Version) { cards(accountId: $id, atLeastVersion: $v) { accountVersion } }",
    "query($id: ID!, $v: Version) { activity(accountId: $id, atLeastVersion: $v) { accountVersion } }",
    "query($id: ID!, $v: Version) { statement(accountId: $id, atLeastVersion: $v) { accountVersion } }",
    "query($id: ID!, $v: Version) { statements(accountId: $id, atLeastVersion: $v) { accountVersion } }",
    "query($id: ID!, $v: Version) { merchants(accountId: $id, atLeastVersion: $v) { accountVersion } }",
];

fn purchase() -> domain::account::Event {
    approved(
        "2026-11-20T12:00:00Z",
        card(1),
        reais(100),
        merchant("livraria-01", "Livraria"),
        "Dom Casmurro",
    )
}

/// Every query asks for a version that is appended only afterwards.
async fn waits(test: &TestStore, api: &Api, worker: Worker) {
    let log = Log::default();
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(worker.run(log.feed(100), cancel.clone()));
    let history = events::active_account(card(1), []);
    // Even of an account that is not known at all yet.
    let variables = |version: u64| json!({ "id": account(1).to_string(), "v": version });
    let first = api.data(QUERIES[0], variables(3));
    let (first, ()) = tokio::join!(first, async { write(&log, account(1), &history) });
    assert!(first["account"]["accountVersion"].as_u64() >= Some(3), "{first}");
    for (query, version) in QUERIES.iter().zip(4..) {
        let asked = api.data(query, variables(version));
        let late = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            log.append(account(1), version, &purchase());
        };
        let (answer, ()) = tokio::join!(asked, late);
        let shown = answer.as_object().unwrap().values().next().unwrap();
        assert_eq!(shown["accountVersion"], json!(version), "{query}");
    }
    test.reaches(account(1), 9).await;
    cancel.cancel();
    worker.await.unwrap();
}

async fn a_version_that_is_applied_late_is_waited_for(test: TestStore) {
    // So long between looks that only the news of the worker can have woken it.
    let deaf = Settings {
        look_interval: Duration::from_mins(1),
        version_wait_max: Duration::from_secs(20),
        ..settings()
    };
    waits(
        &test,
        &Api::with(&test.store, deaf),
        Worker::new(test.store.clone()),
    )
    .await;
}

async fn a_version_that_another_process_applies_is_seen_too(test: TestStore) {
    let patient = Settings {
        version_wait_max: Duration::from_secs(20),
        ..settings()
    };
    waits(
        &test,
        &Api::with(&test.store, patient),
        Worker::new(test.another()),
    )
    .await;
}

async fn a_version_that_does_not_come_is_an_error_and_never_stale_data(test: TestStore) {
    let log = Log::default();
    write(&log, account(1), &events::active_account(card(1), [purchase()]));
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(100), cancel.clone()));
    test.reaches(account(1), 4).await;
    let hasty = Settings {
        version_wait_max: Duration::from_millis(120),
        ..settings()
    };
    let api = Api::with(&test.store, hasty);
    for query in QUERIES {
        let asked_at = Instant::now();
        let answer = api
            .ask(query, json!({ "id": account(1).to_string(), "v": "5" }))
            .await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "VERSION_NOT_YET_VISIBLE", "{answer}");
        assert_eq!(
            (&extensions["versionSeen"], &extensions["versionWanted"]),
            (&json!(4), &json!(5))
        );
        assert!(
            answer["data"]
                .as_object()
                .is_none_or(|data| data.values().all(serde_json::Value::is_null))
        );
        assert!(asked_at.elapsed() >= Duration::from_millis(120));
    }
    let unknown = json!({ "id": account(2).to_string(), "v": 1 });
    let answer = api.ask(QUERIES[0], unknown).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["versionSeen"], 0,
        "it may just have been opened"
    );
    cancel.cancel();
    worker.await.unwrap();
}
