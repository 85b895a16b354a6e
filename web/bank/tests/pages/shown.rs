//! What the pages show, in both languages, and what bad addresses get.

use axum::http::{StatusCode, header};

use crate::bank::MINE;
use crate::browser::{anybody, cardholder};

#[tokio::test]
async fn the_statement_shows_lines_sums_and_days() {
    let mut browser = cardholder().await;
    browser.get("/statements").await.shows(&[
        "Statement of December 2026",
        "R$128.40",
        "R$49.90",
        "Dom Casmurro &#60;b&#62;",
        "Dec 10, 2026",
        "Dec 17, 2026",
        "Nov 10, 2026 – Dec 9, 2026",
        // A UTC moment of the next day is still the 25th at the bank.
        "Nov 25, 2026, 22:30",
        "R$4,871.60",
        "/activity/6",
        "/statements?older=older%2Bcursor",
        "/statements/2026-11",
        "sse-connect=\"/live?after=7\"",
    ]);
}

#[tokio::test]
async fn the_statement_is_in_portuguese_for_who_reads_it() {
    let mut browser = cardholder().await.reading("pt-BR,pt;q=0.9,en;q=0.5");
    browser.get("/statements").await.shows(&[
        "<html lang=\"pt-BR\">",
        "Fatura de dezembro de 2026",
        "R$ 128,40",
        "10/12/2026",
        "25/11/2026 22:30",
        "Titular one",
    ]);
}

#[tokio::test]
async fn search_store_and_page_reach_the_bank() {
    let mut browser = cardholder().await;
    let page = browser
        .get("/statements/2026-12?search=caf%C3%A9&merchant=m-1&older=abc")
        .await;
    page.shows(&[
        "value=\"café\"",
        "<option value=\"m-1\" selected>",
        "merchant=m-1&#38;older=",
    ]);
    page.hides(&["sse-connect"]);
    let asked = browser.heard.asked.lock().unwrap();
    assert_eq!(asked[0]["filter"]["search"], "café");
    assert_eq!(asked[0]["filter"]["merchantId"], "m-1");
    assert_eq!(asked[0]["before"], "abc");
    assert_eq!(asked[0]["last"], 20);
}

#[tokio::test]
async fn lines_that_came_since_are_marked() {
    let mut browser = cardholder().await;
    let page = browser.get("/statements?seen=5").await;
    assert_eq!(page.text().matches("class=\"new-line\"").count(), 1);
}

#[tokio::test]
async fn declines_are_on_the_timeline_with_reason_and_not_on_the_statement() {
    let mut browser = cardholder().await;
    browser.get("/activity").await.shows(&[
        "Declined",
        "not charged",
        "above the available limit",
        "R$9,000.00",
    ]);
    browser.get("/activity?show=declined").await;
    {
        let asked = browser.heard.asked.lock().unwrap();
        assert_eq!(
            asked[1]["filter"]["kinds"],
            serde_json::json!(["PURCHASE_DECLINED"])
        );
    }
    browser.get("/statements").await.hides(&["R$9,000.00"]);
}

#[tokio::test]
async fn a_line_says_why() {
    let mut browser = cardholder().await;
    let page = browser.get("/activity/6").await;
    page.shows(&[
        "Approved and charged",
        "/statements/2026-12",
        "decision-6",
        &format!("{MINE}-6"),
        "5942",
        "R$49.90",
    ]);
    for path in ["/activity/8", "/activity/0", "/activity/-1", "/activity/x"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn bad_addresses_get_designed_pages() {
    let mut browser = cardholder().await;
    let long = format!("/statements?search={}", "a".repeat(101));
    for (path, status) in [
        ("/statements/2019-01", StatusCode::NOT_FOUND),
        ("/statements/2026-13", StatusCode::BAD_REQUEST),
        ("/statements/banana", StatusCode::NOT_FOUND),
        ("/statements/2026-12.xls", StatusCode::NOT_FOUND),
        ("/statements/2019-01.pdf", StatusCode::NOT_FOUND),
        ("/statements?older=nonsense", StatusCode::BAD_REQUEST),
        ("/statements?seen=x", StatusCode::BAD_REQUEST),
        ("/activity?show=everything", StatusCode::BAD_REQUEST),
        (&long, StatusCode::BAD_REQUEST),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, status, "{path}");
        page.shows(&["class=\"problem\"", "<h1>", "class=\"button\""]);
    }
    let page = browser.post("/statements", &[]).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    let oversized = "a".repeat(70_000);
    let page = browser.post("/cards/block", &[("card_id", &oversized)]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    page.shows(&["class=\"problem\""]);
}

#[tokio::test]
async fn every_page_is_guarded_and_small() {
    let mut browser = cardholder().await;
    for path in [
        "/",
        "/sign-in",
        "/statements",
        "/activity",
        "/activity/6",
        "/cards",
        "/statements/2019-01",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        page.hides(&["<script>", " style=", "<style", "onclick=", "https://", "http://"]);
        assert!(page.bytes.len() < 30_000, "{path}: {} bytes", page.bytes.len());
    }
}

#[tokio::test]
async fn a_newcomer_is_offered_the_cardholders() {
    let mut browser = anybody().await;
    browser.get("/").await.shows(&["Holder one", "Holder two", MINE]);
}
