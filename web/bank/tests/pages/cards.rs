//! Blocking and unblocking: by gRPC, for the chosen account, once per form.

use axum::http::StatusCode;

use crate::bank::MINE;
use crate::browser::cardholder;

#[tokio::test]
async fn a_form_sent_twice_carries_one_request_id() {
    let mut browser = cardholder().await;
    let page = browser.get("/cards").await;
    page.shows(&["Block card", "Unblock card", "R$4,871.60", "•••• 1111"]);
    let (csrf, request_id) = (page.field("csrf"), page.field("request_id"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("card_id", "card-a"),
        ("request_id", &request_id),
    ];
    for _ in 0..2 {
        let done = browser.post("/cards/block", &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        assert_eq!(done.location(), "/cards?version=7");
    }
    let command = (request_id.clone(), MINE.to_owned(), "card-a".to_owned());
    assert_eq!(
        *browser.heard.commands.lock().unwrap(),
        [command.clone(), command]
    );
}

#[tokio::test]
async fn each_form_has_a_request_id_of_its_own() {
    let mut browser = cardholder().await;
    let first = browser.get("/cards").await.field("request_id");
    let second = browser.get("/cards").await.field("request_id");
    assert_ne!(first, second);
}

#[tokio::test]
async fn nothing_is_commanded_without_the_token_or_for_a_strange_card() {
    let mut browser = cardholder().await;
    let csrf = browser.get("/cards").await.field("csrf");
    let without = [("card_id", "card-a"), ("request_id", "r")];
    let refused = browser.post("/cards/unblock", &without).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    refused.shows(&["This form has expired"]);
    let strange = [
        ("csrf", csrf.as_str()),
        ("card_id", "others"),
        ("request_id", "r"),
    ];
    let refused = browser.post("/cards/block", &strange).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    refused.shows(&["no such card", "/cards"]);
    assert!(browser.heard.commands.lock().unwrap().is_empty());
}
