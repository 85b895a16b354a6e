//! The operators' page over a real Elasticsearch, with the shipped mapping: what it shows of a history that can be reckoned by
//! hand.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use bank_pages::SearchIndex;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use test_support::require;

use crate::browser::before;

struct Index {
    http: Client,
    server: String,
    name: String,
}

impl Index {
    async fn of(server: &str, documents: &[Value]) -> Self {
        let index = Self {
            http: Client::new(),
            server: server.to_owned(),
            name: format!("codebank.account.events.pages.{}", std::process::id()),
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/elasticsearch");
        for kind in ["component", "index"] {
            let template = fs::read_to_string(folder.join(format!("{kind}-template.json"))).unwrap();
            index
                .ask(
                    Method::PUT,
                    &format!("_{kind}_template/codebank-events"),
                    template,
                )
                .await;
        }
        let lines: String = documents
            .iter()
            .flat_map(|document| {
                let create = json!({ "create": { "_index": index.name, "_id": document["id"] } });
                [
                    create.to_string(),
                    "\n".to_owned(),
                    document.to_string(),
                    "\n".to_owned(),
                ]
            })
            .collect();
        let answer = index.ask(Method::POST, "_bulk?refresh=true", lines).await;
        assert_eq!(answer["errors"], false, "{answer}");
        index
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Value {
        let request = self
            .http
            .request(method, format!("{}/{path}", self.server))
            .header("content-type", "application/json")
            .body(body);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }
}

/// A purchase so many minutes ago; declined, if it has a reason.
fn purchase(
    number: u64,
    at: DateTime<Utc>,
    store: (&str, &str),
    description: &str,
    minor_units: i64,
    reason: Option<&str>,
) -> Value {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let kind = if reason.is_some() {
        "purchase_declined"
    } else {
        "purchase_approved"
    };
    let mut data = json!({
        "type": kind, "occurred_at": at, "description": description,
        "amount": { "minor_units": minor_units, "currency": "BRL" },
        "merchant": { "id": store.0, "name": store.1, "mcc": "5942" },
    });
    if let Some(reason) = reason {
        data["reason"] = json!(reason);
    }
    json!({ "id": format!("a-{number}"), "type": kind, "time": at, "data": data })
}

fn history() -> Vec<Value> {
    let now = Utc::now();
    let ago = |minutes| now - Duration::minutes(minutes);
    let mut documents: Vec<Value> = (1..=99)
        .map(|number| {
            let minor_units = i64::try_from(number).unwrap() * 100;
            purchase(
                number,
                ago(90),
                ("livraria", "Livraria Velha"),
                "Livro",
                minor_units,
                None,
            )
        })
        .collect();
    documents.push(purchase(
        100,
        ago(30),
        ("livraria", "Livraria Nova"),
        "Livro",
        10_000,
        None,
    ));
    // Ten million reais: a sum that the index writes with an exponent.
    documents.push(purchase(
        101,
        ago(20),
        ("joalheria", "Joalheria"),
        "Diadema",
        1_000_000_001,
        None,
    ));
    documents.push(purchase(
        102,
        ago(10),
        ("livraria", "Livraria Nova"),
        "Livro",
        4_990,
        Some("over_limit"),
    ));
    documents.push(purchase(
        103,
        ago(10),
        ("livraria", "Livraria Nova"),
        "Livro",
        10,
        Some("card_blocked"),
    ));
    documents.push(purchase(
        104,
        ago(10),
        ("livraria", "Livraria Nova"),
        "Livro",
        20,
        Some("card_blocked"),
    ));
    // Long ago, and of another currency: not counted.
    documents.push(purchase(
        105,
        ago(60 * 24 * 40),
        ("padaria", "Padaria"),
        "Pão",
        77_777,
        None,
    ));
    let mut dollars = purchase(106, ago(5), ("padaria", "Padaria"), "Pão", 77_777, None);
    dollars["data"]["amount"]["currency"] = json!("USD");
    documents.push(dollars);
    // The sink says of some when they arrived; of these the last one took a second and a half.
    for (document, millis) in documents.iter_mut().zip([90_000_000, 1_500]) {
        let time: DateTime<Utc> = serde_json::from_value(document["time"].clone()).unwrap();
        let arrived = if millis == 1_500 { now } else { time };
        document["time"] =
            json!((arrived - Duration::milliseconds(millis)).to_rfc3339_opts(SecondsFormat::Millis, true));
        document["event"] = json!({ "ingested": arrived.to_rfc3339_opts(SecondsFormat::Millis, true) });
    }
    documents
}

#[tokio::test]
async fn the_search_index_answers_with_the_same_definitions() {
    let server = require!(elasticsearch);
    let index = Index::of(&server, &history()).await;
    let mut browser = before(Some(SearchIndex {
        url: server.clone(),
        index: index.name.clone(),
    }))
    .await;
    for window in ["", "?window=week", "?window=month"] {
        let page = browser.get(&format!("/operations{window}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        page.shows(&[
            // 1.00 + … + 100.00 and the diadem.
            "R$10,005,050.01",
            "R$50.20",
            "97.1%",
            "Livraria Nova",
            "100 purchases",
            "R$5,050.00",
            // The average of the books.
            "R$50.50",
            "The card was blocked",
            "2 purchases",
            // By nearest rank of 101 amounts: the 51st, 91st, 96th and 100th.
            "R$51.00",
            "R$91.00",
            "R$96.00",
            "R$100.00",
            "Search index",
            "<dt>Its delay</dt><dd>1.500 s</dd>",
            // The read models' health still comes from GraphQL.
            "A read model has stopped",
        ]);
        page.hides(&["Livraria Velha", "Padaria", "R$777.77", "≈"]);
    }
    index.ask(Method::DELETE, &index.name, String::new()).await;
}

#[tokio::test]
async fn a_search_index_that_is_away_is_said_to_be() {
    let mut browser = before(Some(SearchIndex::new("http://127.0.0.1:9"))).await;
    let page = browser.get("/operations").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    page.shows(&["class=\"problem\"", "Try again"]);
}
