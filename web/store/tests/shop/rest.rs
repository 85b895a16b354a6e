//! The REST API: the routes and payloads that old shop fronts rely on, and what bad input gets.

use axum::http::{StatusCode, header};
use proto::codebank::v1::DeclineReason;
use serde_json::{Value, json};

use crate::bank::Mood;
use crate::browser::{Browser, Page};
use crate::opened::{Shop, on_both_databases};

on_both_databases!(
    a_product_is_made_and_found,
    an_order_has_the_payload_clients_rely_on,
    what_the_bank_does_not_say_is_accepted_and_can_be_asked_for,
    a_key_makes_a_repeat_the_same_order,
);

fn body(page: &Page) -> Value {
    serde_json::from_str(&page.text).unwrap_or_else(|error| panic!("{error}: {}", page.text))
}

#[track_caller]
fn problem(page: &Page, status: StatusCode) -> Value {
    assert_eq!(page.status, status, "{}", page.text);
    assert_eq!(page.headers[header::CONTENT_TYPE], "application/problem+json");
    let problem = body(page);
    assert_eq!(problem["status"], status.as_u16());
    problem
}

async fn product_id(client: &mut Browser, slug: &str) -> String {
    let page = client.get(&format!("/products/{slug}")).await;
    body(&page)["id"].as_str().unwrap().to_owned()
}

fn order(product: &str, quantity: i64) -> Value {
    json!({
        "credit_card": { "number": "4111111111111111", "name": "M DE ASSIS", "expiration_month": 12,
            "expiration_year": 2035, "cvv": "012" },
        "items": [{ "quantity": quantity, "product_id": product }]
    })
}

async fn a_product_is_made_and_found(shop: Shop) {
    let mut client = shop.visitor();
    let new = r#"{"name":"Pão de queijo","description":"Assado na hora.","image_url":"https://example.com/pao.png","price":4.5}"#;
    let page = client.json("/products", new, &[]).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.text);
    let made = body(&page);
    assert_eq!(made["slug"], "pao-de-queijo");
    assert_eq!(made["image_url"], "https://example.com/pao.png");
    page.says("\"price\":4.50");
    assert_eq!(
        body(&client.json("/products", new, &[]).await)["slug"],
        "pao-de-queijo-2"
    );

    assert_eq!(body(&client.get("/products/pao-de-queijo").await), made);
    let all = body(&client.get("/products").await);
    assert_eq!(all.as_array().unwrap().len(), 38);
    // The pages have it too, with a picture of the shop's own.
    let page = client.get("/shop/products/pao-de-queijo").await;
    page.says("/shop/pictures/pao-de-queijo.svg");
    page.says_nothing_of("example.com");
    let picture = client.get("/shop/pictures/pao-de-queijo.svg").await;
    assert_eq!(picture.headers[header::CONTENT_TYPE], "image/svg+xml");
}

async fn an_order_has_the_payload_clients_rely_on(shop: Shop) {
    let mut client = shop.visitor();
    let product = product_id(&mut client, "trena").await;
    let page = client.json("/orders", &order(&product, 3).to_string(), &[]).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.text);
    let made = body(&page);
    assert_eq!(made["status"], "approved");
    page.says("\"total\":98.70");
    page.says("\"price\":32.90");
    let card = json!({ "expiration_month": 12, "expiration_year": 2035, "number": "************1111" });
    assert_eq!(made["credit_card"], card);
    let item = &made["items"][0];
    assert_eq!(
        (&item["quantity"], &item["product_id"], &item["order_id"]),
        (&json!(3), &json!(product), &made["id"])
    );
    assert!(item["id"].is_string() && made["created_at"].as_str().unwrap().ends_with('Z'));
    let asked = shop.bank.asked();
    assert_eq!(json!(asked[0].request_id), made["id"]);
    let Some(proto::codebank::v1::authorize_request::Card::Credentials(card)) = asked[0].card.clone() else {
        panic!("{asked:?}");
    };
    assert_eq!(card.security_code, "012", "a leading zero is kept");

    shop.bank.feels(Mood::Declines(DeclineReason::OverLimit));
    let page = client.json("/orders", &order(&product, 1).to_string(), &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        body(&page),
        json!({ "message": "card declined: above what is left of the limit" })
    );
}

async fn what_the_bank_does_not_say_is_accepted_and_can_be_asked_for(shop: Shop) {
    let mut client = shop.visitor();
    let product = product_id(&mut client, "trena").await;
    shop.bank.feels(Mood::Down);
    let page = client.json("/orders", &order(&product, 1).to_string(), &[]).await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.text);
    assert_eq!(body(&page)["status"], "pending");
    let place = page.headers[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(body(&client.get(&place).await)["status"], "pending");
    assert_eq!(shop.bank.asked().len(), 1);
}

async fn a_key_makes_a_repeat_the_same_order(shop: Shop) {
    let mut client = shop.visitor();
    let product = product_id(&mut client, "trena").await;
    let key = [("idempotency-key", "0195f0aa-0000-7000-8000-00000000abcd")];
    let first = client
        .json("/orders", &order(&product, 1).to_string(), &key)
        .await;
    let again = client
        .json("/orders", &order(&product, 1).to_string(), &key)
        .await;
    assert_eq!((first.status, &first.text), (StatusCode::CREATED, &again.text));
    let other = client
        .json("/orders", &order(&product, 2).to_string(), &key)
        .await;
    problem(&other, StatusCode::CONFLICT);
    let nonsense = [("idempotency-key", "again")];
    let page = client
        .json("/orders", &order(&product, 1).to_string(), &nonsense)
        .await;
    problem(&page, StatusCode::BAD_REQUEST);
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (1, 1));
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named() {
    let shop = Shop::on_sqlite().await;
    let mut client = shop.visitor();
    let wrong = json!({
        "credit_card": { "number": "4111111111111112", "name": " ", "expiration_month": 1, "expiration_year": 2020,
            "cvv": "1" },
        "items": [{ "quantity": 0, "product_id": "nothing" }]
    });
    let page = client.json("/orders", &wrong.to_string(), &[]).await;
    let named: Vec<String> = problem(&page, StatusCode::BAD_REQUEST)["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        named,
        [
            "/credit_card/name",
            "/items/0/product_id",
            "/items/0/quantity",
            "/credit_card/number",
            "/credit_card/expiration_month",
            "/credit_card/cvv",
        ]
    );
    page.says_nothing_of("4111111111111112");

    for price in ["0", "-1", "0.001", "1e3", "\"1\"", "null", "99999999999999"] {
        let new = format!(r#"{{"name":"x","description":"","image_url":"","price":{price}}}"#);
        let page = client.json("/products", &new, &[]).await;
        assert_eq!(
            problem(&page, StatusCode::BAD_REQUEST)["errors"][0]["pointer"],
            "/price",
            "{price}"
        );
    }
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (0, 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem() {
    let shop = Shop::on_sqlite().await;
    let mut client = shop.visitor();
    for broken in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"credit_card":{"number":4111111111111111}}"#,
        r#"{"credit_card":"4111111111111111","items":[]}"#,
    ] {
        let page = client.json("/orders", broken, &[]).await;
        problem(&page, StatusCode::BAD_REQUEST);
        page.says_nothing_of("4111111111111111");
    }
    let empty = json!({ "credit_card": order("", 1)["credit_card"], "items": [] });
    let page = client.json("/orders", &empty.to_string(), &[]).await;
    assert_eq!(
        problem(&page, StatusCode::BAD_REQUEST)["errors"][0]["pointer"],
        "/items"
    );
    let page = client.json("/orders", &"x".repeat(100_000), &[]).await;
    problem(&page, StatusCode::PAYLOAD_TOO_LARGE);
    // A form of another site cannot send JSON.
    let page = client.post("/orders", &[("a", "b")]).await;
    problem(&page, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    problem(&client.get("/products/nothing").await, StatusCode::NOT_FOUND);
    problem(&client.get("/orders/nothing").await, StatusCode::NOT_FOUND);
    problem(&client.get("/orders").await, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (0, 0));
}

#[tokio::test]
async fn an_order_of_the_pages_is_not_shown() {
    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    visitor.add("trena", "1").await;
    let (path, _) = visitor.pay_and_look().await;
    let page = visitor.get(&path.replace("/shop", "")).await;
    problem(&page, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_description_names_every_route() {
    let shop = Shop::on_sqlite().await;
    let description = body(&shop.visitor().get("/openapi.json").await);
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let routes: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        routes,
        ["/orders", "/orders/{id}", "/products", "/products/{slug}"]
    );
    // Every reference leads somewhere.
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
}
