//! The REST routes of the bank before this one: not there by default; and where they are, their payloads, whose cards they
//! answer for, and that no number is ever logged or told to who did not send it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;
use tracing::level_filters::LevelFilter;

use crate::bank::{MINE, NOBODYS, OTHERS, OTHERS_CARD, STRANGERS, VISA};
use crate::browser::{Browser, Page, anybody, old_client};

fn invoices_of(number: &str) -> String {
    format!("/credit-cards/{number}/invoices")
}

fn json(page: &Page) -> Value {
    serde_json::from_slice(&page.bytes).unwrap()
}

async fn register(client: &mut Browser, number: &str) -> Page {
    let body = json!({ "name": "M DE ASSIS", "number": number });
    client.post_json("/credit-cards", &body.to_string()).await
}

#[tokio::test]
async fn the_routes_are_not_there_unless_they_are_switched_on() {
    let mut browser = anybody().await;
    for path in ["/credit-cards", &invoices_of(VISA)] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        register(&mut browser, NOBODYS).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(browser.heard.asked.lock().unwrap().is_empty());
    assert!(browser.heard.commands.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_invoices_of_a_card_are_what_is_charged_to_it_newest_first() {
    let mut client = old_client().await;
    let page = client.get(&invoices_of(VISA)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer");
    assert!(!page.headers.contains_key(header::SET_COOKIE));
    let invoices = json(&page);
    let invoices = invoices.as_array().unwrap();
    let id = invoices[0]["id"].as_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 5);
    assert_eq!(
        invoices[0],
        json!({
            "id": id,
            "amount": 49.9,
            "payment_date": "2026-11-26T01:30:00.677Z",
            "credit_card_id": "card-a",
            "transaction_id": "decision-4",
            "store": format!("Livraria de {MINE}"),
            "description": "Dom Casmurro",
            "created_at": "2026-11-26T01:30:00.677Z",
        })
    );
    let decisions: Vec<&str> = invoices
        .iter()
        .map(|invoice| invoice["transaction_id"].as_str().unwrap())
        .collect();
    // Not the one of the other card, in between.
    assert_eq!(
        decisions,
        ["decision-4", "decision-3", "decision-1", "decision-2"]
    );
    // No float has these digits.
    page.shows(&[
        "\"amount\":49.90,",
        "\"amount\":0.05,",
        "\"amount\":9007199254740993.01,",
        "\"amount\":700,",
    ]);
    let again = client
        .get("/credit-cards/4111%201111%201111%201111/invoices")
        .await;
    assert_eq!(again.bytes, page.bytes);
}

#[tokio::test]
async fn only_cards_of_the_accounts_in_the_settings_are_answered_for() {
    let mut client = old_client().await;
    assert_eq!(client.get(&invoices_of(OTHERS_CARD)).await.status, StatusCode::OK);
    let asked = client.heard.asked.lock().unwrap().len();
    let long = invoices_of(&"4".repeat(100));
    let refused = [
        &invoices_of(STRANGERS),
        &invoices_of(NOBODYS),
        &invoices_of("4111111111111112"),
        &long,
        "/credit-cards/%FF/invoices",
        &format!("/credit-cards/{VISA}"),
        &format!("/credit-cards/{VISA}/invoices/1"),
    ];
    for path in refused {
        let page = client.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(page.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(json(&page)["detail"], "There is no such card here.");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    }
    assert_eq!(client.heard.asked.lock().unwrap().len(), asked);
    let page = client.post_json(&invoices_of(VISA), "{}").await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_list_masks_every_number() {
    let mut client = old_client().await;
    let page = client.get("/credit-cards").await;
    assert_eq!(page.status, StatusCode::OK);
    let card = |id: &str| json!({ "id": id, "number": "************1111" });
    assert_eq!(
        json(&page),
        json!([card("card-a"), card("card-b"), card("card-a"), card("card-b")])
    );
    let asked = client.heard.asked.lock().unwrap();
    let accounts: Vec<&Value> = asked.iter().map(|variables| &variables["account"]).collect();
    assert_eq!(accounts, [MINE, OTHERS]);
}

#[tokio::test]
async fn a_new_card_is_put_on_the_first_account_and_a_known_one_is_refused() {
    let mut client = old_client().await;
    let page = register(&mut client, NOBODYS).await;
    assert_eq!(page.status, StatusCode::CREATED);
    assert_eq!(json(&page), json!({ "number": NOBODYS }));
    {
        let commands = client.heard.commands.lock().unwrap();
        let (request_id, account, number) = &commands[0];
        assert_eq!(uuid::Uuid::parse_str(request_id).unwrap().get_version_num(), 7);
        assert_eq!((account.as_str(), number.as_str()), (MINE, NOBODYS));
        // It was waited until the list shows it.
        let asked = client.heard.asked.lock().unwrap();
        assert_eq!(asked[0], json!({ "account": MINE, "version": 7 }));
    }
    for number in [VISA, STRANGERS] {
        let page = register(&mut client, number).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(page.headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(json(&page), json!({ "message": "the card is known already" }));
    }
    assert_eq!(client.heard.commands.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_card_is_refused_and_nothing_is_commanded() {
    let mut client = old_client().await;
    for (body, status) in [
        ("", StatusCode::BAD_REQUEST),
        ("{\"name\":", StatusCode::BAD_REQUEST),
        ("{}", StatusCode::UNPROCESSABLE_ENTITY),
        ("[]", StatusCode::UNPROCESSABLE_ENTITY),
        (
            r#"{"name":"M","number":4242424242424242}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            r#"{"name":" ","number":"4242424242424242"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            r#"{"name":"M","number":"4242424242424241"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let page = client.post_json("/credit-cards", body).await;
        assert_eq!(page.status, status, "{body}");
        page.hides(&["424242"]);
    }
    let long = format!(r#"{{"name":"{}","number":"{NOBODYS}"}}"#, "a".repeat(10_000));
    let page = client.post_json("/credit-cards", &long).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    // As a page of another site could send it.
    let form = client.post("/credit-cards", &[("number", NOBODYS)]).await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(client.heard.commands.lock().unwrap().is_empty());
}

/// Where log lines go.
#[derive(Debug, Default, Clone)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_number_is_in_a_log_line_however_talkative_and_the_start_warns() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    async {
        let mut client = old_client().await;
        for number in [VISA, OTHERS_CARD, STRANGERS, NOBODYS, "4111111111111112", "0"] {
            for path in [invoices_of(number), format!("/credit-cards/{number}")] {
                client.get(&path).await;
                client.post_json(&path, "{}").await;
            }
            register(&mut client, number).await;
        }
    }
    .with_subscriber(subscriber)
    .await;
    let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(said.contains("THE OLD REST ROUTES ARE ON"), "{said}");
    assert!(said.contains("the bank has no answer"), "{said}");
    for number in [VISA, OTHERS_CARD, STRANGERS, NOBODYS, "4111111111111112"] {
        assert!(!said.contains(number), "{said}");
    }
}
