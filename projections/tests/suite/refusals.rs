//! What bad queries get: an error with a stable code, and nothing of the inside.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use projections::ReadStore;
use projections::graphql::Settings;
use serde_json::{Value, json};

use crate::support::api::{Api, only_code, settings};
use crate::support::events::{self, account, approved, card, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::write;
use crate::support::running::start;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    every_error_has_its_code,
    a_query_that_asks_for_too_much_is_refused
);

/// The API over one account with one purchase.
async fn given(test: &TestStore) -> Api {
    let log = Log::default();
    let shop = merchant("livraria-01", "Livraria");
    let purchase = approved("2026-11-20T12:00:00Z", card(1), reais(100), shop, "Dom Casmurro");
    write(&log, account(1), &events::active_account(card(1), [purchase]));
    let running = start(&test.store, log.feed(100));
    test.reaches(account(1), 4).await;
    running.stop().await;
    Api::new(&test.store)
}

async fn every_error_has_its_code(test: TestStore) {
    let api = given(&test).await;
    let (known, unknown) = (account(1).to_string(), account(2).to_string());
    let cases = [
        ("{ account(id: \"42\") { id } }".to_owned(), "BAD_USER_INPUT"),
        (
            "{ account(id: \"00000000-0000-0000-0000-000000000000\") { id } }".to_owned(),
            "BAD_USER_INPUT",
        ),
        (format!("{{ account(id: \"{unknown}\") {{ id }} }}"), "NOT_FOUND"),
        (
            format!("{{ cards(accountId: \"{unknown}\") {{ accountVersion }} }}"),
            "NOT_FOUND",
        ),
        (
            format!("{{ statement(accountId: \"{unknown}\") {{ accountVersion }} }}"),
            "NOT_FOUND",
        ),
        (
            format!("{{ statements(accountId: \"{unknown}\") {{ accountVersion }} }}"),
            "NOT_FOUND",
        ),
        (
            format!("{{ activity(accountId: \"{unknown}\") {{ accountVersion }} }}"),
            "NOT_FOUND",
        ),
        (
            format!("{{ merchants(accountId: \"{unknown}\") {{ accountVersion }} }}"),
            "NOT_FOUND",
        ),
        (
            format!("{{ activity(accountId: \"{known}\", first: 1, last: 1) {{ accountVersion }} }}"),
            "BAD_USER_INPUT",
        ),
        (
            format!("{{ activity(accountId: \"{known}\", first: -1) {{ accountVersion }} }}"),
            "BAD_USER_INPUT",
        ),
        (
            format!("{{ activity(accountId: \"{known}\", after: \"42\") {{ accountVersion }} }}"),
            "BAD_USER_INPUT",
        ),
        (
            format!("{{ activity(accountId: \"{known}\", first: 201) {{ accountVersion }} }}"),
            "LIMIT_EXCEEDED",
        ),
        (
            format!("{{ account(id: \"{known}\", atLeastVersion: -1) {{ id }} }}"),
            "BAD_USER_INPUT",
        ),
        (
            format!("{{ account(id: \"{known}\", atLeastVersion: \"x\") {{ id }} }}"),
            "BAD_USER_INPUT",
        ),
        (
            format!(
                "{{ activity(accountId: \"{known}\", filter: {{ search: \"{}\" }}) {{ accountVersion }} }}",
                "x".repeat(101)
            ),
            "BAD_USER_INPUT",
        ),
        ("{ nothing }".to_owned(), "BAD_USER_INPUT"),
        ("{ account }".to_owned(), "BAD_USER_INPUT"),
        ("{ account(".to_owned(), "BAD_USER_INPUT"),
        (String::new(), "BAD_USER_INPUT"),
        ("mutation { account }".to_owned(), "BAD_USER_INPUT"),
    ];
    for (query, code) in cases {
        let answer = api.ask(&query, json!({})).await;
        let codes: Vec<&Value> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["extensions"]["code"])
            .collect();
        assert!(
            !codes.is_empty() && codes.iter().all(|found| *found == code),
            "{query}: {answer}"
        );
    }
}

async fn a_query_that_asks_for_too_much_is_refused(test: TestStore) {
    let api = given(&test).await;
    let known = account(1).to_string();
    let page = |name: usize| {
        format!(
            "p{name}: activity(accountId: \"{known}\", first: 200) {{ nodes {{ id merchant {{ name }} amount {{ decimal }} }} }}"
        )
    };
    let wide = format!("{{ {} }}", (0..20).map(page).collect::<String>());
    assert_eq!(api.code(&wide, json!({})).await, "LIMIT_EXCEEDED");
    let deep = format!(
        "{{ __schema {{ types {{ {} name {} }} }} }}",
        "fields { type { ".repeat(10),
        "} }".repeat(10)
    );
    assert_eq!(api.code(&deep, json!({})).await, "LIMIT_EXCEEDED");
    let bottomless = format!("{} {}", "{ account ".repeat(100), "}".repeat(100));
    assert_eq!(api.code(&bottomless, json!({})).await, "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn what_is_no_graphql_request_is_told_so() {
    let test = TestStore::sqlite().await;
    let api = Api::new(&test.store);
    let (status, answer) = api.post("{".to_owned()).await;
    assert_eq!(
        (status, only_code(&answer).as_str()),
        (StatusCode::BAD_REQUEST, "BAD_USER_INPUT")
    );
    let (status, answer) = api.post(json!({ "query": "x".repeat(70_000) }).to_string()).await;
    assert_eq!(
        (status, only_code(&answer).as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "LIMIT_EXCEEDED")
    );
    let (status, _) = api.post(json!([{ "query": "{ __typename }" }]).to_string()).await;
    assert!(status.is_client_error(), "no batches");
    let form = Request::post("/graphql")
        .header("content-type", "text/plain")
        .body(Body::from("{}"))
        .unwrap();
    let (status, answer) = api.send(form).await;
    assert_eq!(
        (status, only_code(&answer).as_str()),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT")
    );
}

#[tokio::test]
async fn the_explorer_and_introspection_are_there_only_when_switched_on() {
    let test = TestStore::sqlite().await;
    let introspection = "{ __schema { queryType { name } } }";
    for explorer in [true, false] {
        let api = Api::with(
            &test.store,
            Settings {
                explorer,
                ..settings()
            },
        );
        let answer = api.ask(introspection, json!({})).await;
        assert_eq!(
            answer["data"]["__schema"]["queryType"]["name"] == "Query",
            explorer,
            "{answer}"
        );
        for path in ["/graphiql", "/graphiql/explorer.js", "/graphiql/explorer.css"] {
            let (status, body) = api.send(Request::get(path).body(Body::empty()).unwrap()).await;
            assert_eq!(status == StatusCode::OK, explorer, "{path}");
            let elsewhere = body
                .as_str()
                .unwrap_or_default()
                .replace("https://github.com/enisdenjo", "");
            assert!(
                !elsewhere.contains("https://"),
                "{path} asks nobody else for anything"
            );
        }
    }
}

#[tokio::test]
async fn a_database_out_of_reach_is_unavailable_and_says_nothing_of_the_inside() {
    let store = ReadStore::open("postgres://nobody:secret@127.0.0.1:1/read", 1).unwrap();
    let api = Api::new(&store);
    let answer = api
        .ask(
            "query($id: ID!) { account(id: $id) { id } }",
            json!({ "id": account(1).to_string() }),
        )
        .await;
    assert_eq!(only_code(&answer), "UNAVAILABLE");
    assert!(!answer.to_string().contains("127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_internal_and_says_nothing_of_the_inside() {
    let test = TestStore::sqlite().await;
    let api = given(&test).await;
    test.execute("update account_balance set currency = 'XXX'").await;
    let answer = api
        .ask(
            "query($id: ID!) { account(id: $id) { id } }",
            json!({ "id": account(1).to_string() }),
        )
        .await;
    assert_eq!(only_code(&answer), "INTERNAL");
    assert!(!answer.to_string().contains("XXX"), "{answer}");
    test.execute("drop table card").await;
    let answer = api
        .ask(
            "query($id: ID!) { cards(accountId: $id) { accountVersion } }",
            json!({ "id": account(1).to_string() }),
        )
        .await;
    assert_eq!(only_code(&answer), "INTERNAL");
    assert!(!answer.to_string().contains("no such table"), "{answer}");
}
