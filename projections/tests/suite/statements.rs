//! Statements, merchants, cards and the account through GraphQL.

use domain::account::{DeclineReason, Event};
use projections::Worker;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::api::{Api, only_code};
use crate::support::events::{self, account, approved, card, declined, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::write;
use crate::support::running;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    an_account_shows_its_credit,
    cards_are_shown_without_their_numbers,
    a_statement_has_what_is_charged_in_its_cycle_and_nothing_else,
    an_empty_cycle_is_an_empty_statement_and_an_impossible_one_is_none,
    lines_are_paged_filtered_and_agree_with_the_total,
    past_statements_are_listed,
    what_is_asked_together_is_answered_as_if_asked_alone,
    merchants_are_summed_by_cycle_or_altogether,
);

/// Applies an account's history; gives the API over it.
async fn given(test: &TestStore, history: Vec<Event>) -> Api {
    let log = Log::default();
    write(&log, account(1), &history);
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(test.store.clone()).run(log.feed(100), cancel.clone()));
    test.reaches(account(1), history.len() as u64).await;
    cancel.cancel();
    worker.await.unwrap();
    Api::new(&test.store)
}

fn id() -> Value {
    json!({ "id": account(1).to_string() })
}

fn bought(when: &str, amount: i64, shop: (&str, &str), what: &str) -> Event {
    approved(when, card(1), reais(amount), merchant(shop.0, shop.1), what)
}

const BOOKS: (&str, &str) = ("livraria-01", "Livraria");
const CAFE: (&str, &str) = ("cafe-01", "Café");

/// Two cycles: 2026-11 closes on the 25th.
fn shopping() -> Vec<Event> {
    events::active_account(
        card(1),
        [
            bought("2026-11-20T12:00:00Z", 4_990, BOOKS, "Dom Casmurro"),
            declined(
                "2026-11-20T12:01:00Z",
                card(1),
                reais(9_999),
                merchant(BOOKS.0, BOOKS.1),
                DeclineReason::OverLimit,
            ),
            bought("2026-11-21T12:00:00Z", 1_250, CAFE, "ESPRESSO 100%"),
            bought(
                "2026-11-25T02:59:00Z",
                10,
                CAFE,
                "the last of the 24th in Brasília",
            ),
            bought("2026-11-25T03:00:00Z", 3_000, BOOKS, "the first of the 25th"),
        ],
    )
}

async fn an_account_shows_its_credit(test: TestStore) {
    let mut history = shopping();
    history.push(events::limit_changed("2026-11-26T12:00:00Z", 5_000));
    history.push(events::closed("2026-11-27T12:00:00Z"));
    let api = given(&test, history).await;
    let query = "query($id: ID!) { account(id: $id) { id accountVersion status currency closingDay openedAt
        creditLimit { minorUnits decimal currency } outstanding { minorUnits } available { decimal } } }";
    let expected = json!({
        "id": account(1).to_string(), "accountVersion": 10, "status": "CLOSED", "currency": "BRL", "closingDay": 25,
        "openedAt": "2026-11-01T12:00:00+00:00",
        "creditLimit": { "minorUnits": "5000", "decimal": "50.00", "currency": "BRL" },
        "outstanding": { "minorUnits": "9250" },
        "available": { "decimal": "0.00" },
    });
    assert_eq!(api.data(query, id()).await["account"], expected);
}

async fn cards_are_shown_without_their_numbers(test: TestStore) {
    let history = events::active_account(
        card(1),
        [
            events::issued("2026-11-02T12:00:00Z", card(2)),
            events::blocked("2026-11-03T12:00:00Z", card(1)),
            events::unblocked("2026-11-04T12:00:00Z", card(1)),
            events::blocked("2026-11-05T12:00:00Z", card(1)),
            events::cancelled("2026-11-05T12:00:00Z", card(2)),
        ],
    );
    let api = given(&test, history).await;
    let query = "query($id: ID!) { cards(accountId: $id) { accountVersion nodes { id lastFour expiryMonth expiryYear status } } }";
    let shown = |n, status| json!({ "id": card(n).to_string(), "lastFour": "1111", "expiryMonth": 11, "expiryYear": 2030, "status": status });
    let expected = json!({ "accountVersion": 8, "nodes": [shown(1, "BLOCKED"), shown(2, "CANCELLED")] });
    assert_eq!(api.data(query, id()).await["cards"], expected);
}

const STATEMENT: &str = "query($id: ID!, $cycle: String) { statement(accountId: $id, cycle: $cycle) {
    accountVersion cycle status opensOn closesOn dueOn total { decimal } lineCount
    lines { nodes { version description amount { minorUnits } merchant { id name mcc } card { status } } } } }";

async fn a_statement_has_what_is_charged_in_its_cycle_and_nothing_else(test: TestStore) {
    let api = given(&test, shopping()).await;
    let variables = json!({ "id": account(1).to_string(), "cycle": "2026-11" });
    let line = |version: i64, description: &str, amount: &str, shop: (&str, &str)| {
        json!({ "version": version, "description": description, "amount": { "minorUnits": amount },
                "merchant": { "id": shop.0, "name": shop.1, "mcc": "5942" }, "card": { "status": "ACTIVE" } })
    };
    let expected = json!({
        "accountVersion": 8, "cycle": "2026-11", "status": "OPEN", "opensOn": "2026-10-25", "closesOn": "2026-11-25",
        "dueOn": "2026-12-02", "total": { "decimal": "62.50" }, "lineCount": 3,
        "lines": { "nodes": [
            line(4, "Dom Casmurro", "4990", BOOKS),
            line(6, "ESPRESSO 100%", "1250", CAFE),
            line(7, "the last of the 24th in Brasília", "10", CAFE),
        ] },
    });
    assert_eq!(api.data(STATEMENT, variables).await["statement"], expected);
    // The clock of these tests is in 2026-11, but a purchase of the next cycle is there already: that one is open now.
    let open = api.data(STATEMENT, id()).await;
    assert_eq!(open["statement"]["cycle"], "2026-12");
    assert_eq!(open["statement"]["total"]["decimal"], "30.00");
}

async fn an_empty_cycle_is_an_empty_statement_and_an_impossible_one_is_none(test: TestStore) {
    let api = given(&test, events::active_account(card(1), [])).await;
    let empty = json!({
        "accountVersion": 3, "cycle": "2026-11", "status": "OPEN", "opensOn": "2026-10-25", "closesOn": "2026-11-25",
        "dueOn": "2026-12-02", "total": { "decimal": "0.00" }, "lineCount": 0, "lines": { "nodes": [] },
    });
    assert_eq!(api.data(STATEMENT, id()).await["statement"], empty);
    for (cycle, code) in [
        ("2026-10", "NOT_FOUND"), // closed before the account was opened
        ("2026-12", "NOT_FOUND"), // has not begun
        ("9999-12", "NOT_FOUND"),
        ("2026-13", "BAD_USER_INPUT"),
        ("2026-1", "BAD_USER_INPUT"),
        ("", "BAD_USER_INPUT"),
        ("novembro", "BAD_USER_INPUT"),
        ("20260-1", "BAD_USER_INPUT"),
    ] {
        let variables = json!({ "id": account(1).to_string(), "cycle": cycle });
        assert_eq!(api.code(STATEMENT, variables).await, code, "{cycle:?}");
    }
}

const LINES: &str = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: StatementLineFilter) {
    statement(accountId: $id, cycle: \"2026-11\") { total { minorUnits }
        lines(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
            nodes { version } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

async fn lines_are_paged_filtered_and_agree_with_the_total(test: TestStore) {
    let api = given(&test, shopping()).await;
    let page = async |arguments: Value| {
        let mut variables = id();
        variables
            .as_object_mut()
            .unwrap()
            .extend(arguments.as_object().unwrap().clone());
        let lines = api.data(LINES, variables).await["statement"]["lines"].clone();
        let versions: Vec<i64> = lines["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["version"].as_i64().unwrap())
            .collect();
        (versions, lines["pageInfo"].clone())
    };
    let (versions, info) = page(json!({ "first": 2 })).await;
    assert_eq!((versions, &info["hasNextPage"]), (vec![4, 6], &json!(true)));
    let (versions, info) = page(json!({ "first": 2, "after": info["endCursor"] })).await;
    assert_eq!((versions, &info["hasNextPage"]), (vec![7], &json!(false)));
    let (versions, info) = page(json!({ "last": 1 })).await;
    assert_eq!((versions, &info["hasPreviousPage"]), (vec![7], &json!(true)));
    let (versions, info) = page(json!({ "last": 5, "before": info["startCursor"] })).await;
    assert_eq!((versions, &info["hasPreviousPage"]), (vec![4, 6], &json!(false)));
    for (filter, expected) in [
        (json!({ "search": "espresso" }), vec![6]),
        (json!({ "search": "CAFÉ" }), vec![6, 7]),
        (json!({ "search": "100%" }), vec![6]),
        (json!({ "search": "%" }), vec![6]),
        (json!({ "search": "_" }), vec![]),
        (json!({ "search": " " }), vec![4, 6, 7]),
        (json!({ "merchantId": "livraria-01" }), vec![4]),
        (
            json!({ "merchantId": "livraria-01", "search": "espresso" }),
            vec![],
        ),
    ] {
        assert_eq!(page(json!({ "filter": filter })).await.0, expected, "{filter}");
    }
}

/// It is read in few statements; what one caller asks for must not be seen by another.
async fn what_is_asked_together_is_answered_as_if_asked_alone(test: TestStore) {
    let log = Log::default();
    write(&log, account(1), &shopping());
    let mut more = shopping();
    more.push(bought("2026-11-26T12:00:00Z", 77, CAFE, "ESPRESSO"));
    write(&log, account(2), &more);
    let running = running::start(&test.store, log.feed(100));
    test.reaches(account(1), 8).await;
    test.reaches(account(2), 9).await;
    running.stop().await;
    let api = Api::new(&test.store);
    let mut asked = Vec::new();
    for account in [account(1), account(2)] {
        for cycle in ["2026-11", "2026-12"] {
            for page in [
                "(first: 10)",
                "(first: 1)",
                "(last: 1)",
                "(last: 2)",
                r#"(first: 10, filter: { merchantId: "cafe-01" })"#,
                r#"(first: 1, filter: { search: "espresso" })"#,
            ] {
                asked.push(format!(
                    r#"statement(accountId: "{account}", cycle: "{cycle}") {{ accountVersion cycle total {{ decimal }}
                    lines{page} {{ nodes {{ version }} pageInfo {{ hasPreviousPage hasNextPage }} }} }}"#
                ));
            }
        }
        asked.push(format!(r#"statement(accountId: "{account}") {{ cycle }}"#));
        asked.push(format!(
            r#"account(id: "{account}") {{ id outstanding {{ decimal }} }}"#
        ));
    }
    let mut together = vec![format!(r#"nobody: account(id: "{}") {{ id }}"#, account(3))];
    together.extend(
        asked
            .iter()
            .enumerate()
            .map(|(n, query)| format!("q{n}: {query}")),
    );
    let together = format!("{{ {} }}", together.join(" "));
    let answer = api.ask(&together, json!({})).await;
    for (n, query) in asked.iter().enumerate() {
        let alone = api.data(&format!("{{ q: {query} }}"), json!({})).await;
        assert_eq!(answer["data"][format!("q{n}")], alone["q"], "{query}");
        assert!(!alone["q"].is_null(), "{query}");
    }
    assert_eq!(only_code(&answer), "NOT_FOUND", "of whom there is none");
}

async fn past_statements_are_listed(test: TestStore) {
    let api = given(&test, shopping()).await;
    let query = "query($id: ID!) { statements(accountId: $id) { accountVersion nodes { cycle status total { decimal } } } }";
    let shown = |cycle, total| json!({ "cycle": cycle, "status": "OPEN", "total": { "decimal": total } });
    let expected =
        json!({ "accountVersion": 8, "nodes": [shown("2026-12", "30.00"), shown("2026-11", "62.50")] });
    assert_eq!(api.data(query, id()).await["statements"], expected);
}

async fn merchants_are_summed_by_cycle_or_altogether(test: TestStore) {
    let mut history = shopping();
    history.push(bought(
        "2026-11-26T12:00:00Z",
        1,
        ("cafe-01", "Café Novo"),
        "renamed",
    ));
    let api = given(&test, history).await;
    let query = "query($id: ID!, $cycle: String, $first: Int) { merchants(accountId: $id, cycle: $cycle, first: $first) {
        accountVersion hasMore nodes { merchant { id name } purchaseCount amount { minorUnits } lastPurchaseAt } } }";
    let ask = async |cycle: Option<&str>, first: Option<i32>| {
        let variables = json!({ "id": account(1).to_string(), "cycle": cycle, "first": first });
        api.data(query, variables).await["merchants"].clone()
    };
    let spent = |shop: (&str, &str), count: i64, amount: &str, last: &str| {
        json!({ "merchant": { "id": shop.0, "name": shop.1 }, "purchaseCount": count, "amount": { "minorUnits": amount },
                "lastPurchaseAt": last })
    };
    let all = [
        spent(BOOKS, 2, "7990", "2026-11-25T03:00:00+00:00"),
        spent(("cafe-01", "Café Novo"), 3, "1261", "2026-11-26T12:00:00+00:00"),
    ];
    assert_eq!(
        ask(None, None).await,
        json!({ "accountVersion": 9, "hasMore": false, "nodes": all })
    );
    let november = [
        spent(BOOKS, 1, "4990", "2026-11-20T12:00:00+00:00"),
        spent(CAFE, 2, "1260", "2026-11-25T02:59:00+00:00"),
    ];
    assert_eq!(ask(Some("2026-11"), None).await["nodes"], json!(november));
    assert_eq!(
        ask(None, Some(1)).await,
        json!({ "accountVersion": 9, "hasMore": true, "nodes": [all[0]] })
    );
    assert_eq!(
        ask(Some("2025-01"), None).await,
        json!({ "accountVersion": 9, "hasMore": false, "nodes": [] })
    );
}
