//! The timeline as a Relay connection.

use domain::account::{DeclineReason, Event};
use projections::Worker;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::api::Api;
use crate::support::events::{self, account, approved, card, declined, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::write;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    the_timeline_is_walked_in_both_directions,
    the_timeline_is_filtered,
    every_decline_reason_is_told_precisely,
);

async fn given(test: &TestStore, history: &[Event]) -> Api {
    let log = Log::default();
    write(&log, account(1), history);
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(100), cancel.clone()));
    test.reaches(account(1), history.len() as u64).await;
    cancel.cancel();
    worker.await.unwrap();
    Api::new(&test.store)
}

fn purchases(count: usize) -> Vec<Event> {
    let one = |minute: usize| {
        let when = format!("2026-11-20T12:{minute:02}:00Z");
        approved(
            &when,
            card(1),
            reais(100),
            merchant("livraria-01", "Livraria"),
            "Dom Casmurro",
        )
    };
    events::active_account(card(1), (0..count).map(one))
}

const TIMELINE: &str =
    "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: ActivityFilter) {
    activity(accountId: $id, first: $first, after: $after, last: $last, before: $before, filter: $filter) {
        accountVersion edges { cursor node { version } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

struct Timeline {
    versions: Vec<i64>,
    cursors: Vec<String>,
    next: bool,
    previous: bool,
}

async fn page(api: &Api, arguments: Value) -> Timeline {
    let mut variables = json!({ "id": account(1).to_string() });
    variables
        .as_object_mut()
        .unwrap()
        .extend(arguments.as_object().unwrap().clone());
    let answer = api.data(TIMELINE, variables).await["activity"].clone();
    let edges = answer["edges"].as_array().unwrap();
    let cursors: Vec<String> = edges
        .iter()
        .map(|edge| edge["cursor"].as_str().unwrap().to_owned())
        .collect();
    let info = &answer["pageInfo"];
    assert_eq!(info["startCursor"].as_str(), cursors.first().map(String::as_str));
    assert_eq!(info["endCursor"].as_str(), cursors.last().map(String::as_str));
    Timeline {
        versions: edges
            .iter()
            .map(|edge| edge["node"]["version"].as_i64().unwrap())
            .collect(),
        cursors,
        next: info["hasNextPage"].as_bool().unwrap(),
        previous: info["hasPreviousPage"].as_bool().unwrap(),
    }
}

async fn the_timeline_is_walked_in_both_directions(test: TestStore) {
    let api = given(&test, &purchases(7)).await;
    let newest = page(&api, json!({ "first": 4 })).await;
    assert_eq!(
        (newest.versions, newest.next, newest.previous),
        (vec![10, 9, 8, 7], true, false)
    );
    let older = page(&api, json!({ "first": 4, "after": newest.cursors[3] })).await;
    assert_eq!(
        (older.versions, older.next, older.previous),
        (vec![6, 5, 4, 3], true, true)
    );
    let oldest = page(&api, json!({ "first": 4, "after": older.cursors[3] })).await;
    assert_eq!((oldest.versions, oldest.next), (vec![2, 1], false));
    let nothing = page(&api, json!({ "first": 4, "after": oldest.cursors[1] })).await;
    assert_eq!((nothing.versions, nothing.next), (vec![], false));

    let last = page(&api, json!({ "last": 3 })).await;
    assert_eq!(
        (last.versions, last.next, last.previous),
        (vec![3, 2, 1], false, true)
    );
    let before = page(&api, json!({ "last": 3, "before": last.cursors[0] })).await;
    assert_eq!(
        (before.versions, before.next, before.previous),
        (vec![6, 5, 4], true, true)
    );
    let between = page(
        &api,
        json!({ "first": 9, "after": newest.cursors[0], "before": last.cursors[0] }),
    )
    .await;
    assert_eq!(between.versions, [9, 8, 7, 6, 5, 4]);
    assert_eq!(
        page(&api, json!({ "first": 0 })).await.versions,
        Vec::<i64>::new()
    );
    assert_eq!(page(&api, json!({ "first": 200 })).await.versions.len(), 10);
    assert_eq!(page(&api, json!({})).await.versions.len(), 10);
}

async fn the_timeline_is_filtered(test: TestStore) {
    let shop = || merchant("mercado_77", "Mercado 100%");
    let history = events::active_account(
        card(1),
        [
            approved(
                "2026-11-20T12:00:00Z",
                card(1),
                reais(1),
                merchant("livraria-01", "Livraria"),
                "Ação",
            ),
            declined(
                "2026-11-20T13:00:00Z",
                card(1),
                reais(2),
                shop(),
                DeclineReason::CardBlocked,
            ),
            events::issued("2026-11-20T14:00:00Z", card(2)),
            declined(
                "2026-11-20T15:00:00Z",
                card(2),
                reais(2),
                shop(),
                DeclineReason::CardNotActivated,
            ),
        ],
    );
    let api = given(&test, &history).await;
    let every_kind = [
        "PURCHASE_APPROVED",
        "PURCHASE_DECLINED",
        "CARD_ISSUED",
        "CARD_ACTIVATED",
        "ACCOUNT_OPENED",
    ];
    for (filter, expected) in [
        (json!({ "kinds": ["PURCHASE_DECLINED"] }), vec![7, 5]),
        (
            json!({ "kinds": ["PURCHASE_DECLINED", "PURCHASE_APPROVED"] }),
            vec![7, 5, 4],
        ),
        (json!({ "kinds": every_kind }), vec![7, 6, 5, 4, 3, 2, 1]),
        (json!({ "kinds": ["CARD_BLOCKED"] }), vec![]),
        (json!({ "kinds": [] }), vec![7, 6, 5, 4, 3, 2, 1]),
        (json!({ "cardId": card(2).to_string() }), vec![7, 6]),
        (json!({ "merchantId": "mercado_77" }), vec![7, 5]),
        (json!({ "search": "AÇÃO" }), vec![4]),
        (json!({ "search": "mercado 100%" }), vec![7, 5]),
        (json!({ "search": "mercado_100" }), vec![]),
        (json!({ "since": "2026-11-20T13:00:00Z" }), vec![7, 6, 5]),
        (
            json!({ "since": "2026-11-20T13:00:00Z", "until": "2026-11-20T14:00:00Z" }),
            vec![5],
        ),
    ] {
        assert_eq!(
            page(&api, json!({ "filter": filter })).await.versions,
            expected,
            "{filter}"
        );
    }
    let walked = page(
        &api,
        json!({ "first": 1, "filter": { "kinds": ["PURCHASE_DECLINED"] } }),
    )
    .await;
    assert!(walked.next);
    let next =
        json!({ "first": 1, "after": walked.cursors[0], "filter": { "kinds": ["PURCHASE_DECLINED"] } });
    assert_eq!(page(&api, next).await.versions, [5]);
}

async fn every_decline_reason_is_told_precisely(test: TestStore) {
    let refused = |reason| {
        declined(
            "2026-11-20T12:00:00Z",
            card(1),
            reais(1),
            merchant("a", "A"),
            reason,
        )
    };
    let api = given(
        &test,
        &events::active_account(card(1), DeclineReason::LADDER.map(refused)),
    )
    .await;
    let query = "query($id: ID!) { activity(accountId: $id, last: 12) { nodes { kind declineReason cycle card { status } } } }";
    let answer = api.data(query, json!({ "id": account(1).to_string() })).await;
    let told: Vec<String> = answer["activity"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["kind"] == "PURCHASE_DECLINED")
        .inspect(|node| assert_eq!(node["card"], json!({ "status": "ACTIVE" })))
        .map(|node| node["declineReason"].as_str().unwrap().to_lowercase())
        .collect();
    let mut expected = DeclineReason::LADDER.map(|reason| reason.code().to_owned());
    expected.reverse();
    assert_eq!(told, expected);
}
