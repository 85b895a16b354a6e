//! The operators' page.

use axum::http::StatusCode;

use crate::browser::anybody;

#[tokio::test]
async fn the_operators_see_what_was_decided_and_what_has_stopped() {
    let mut browser = anybody().await;
    let page = browser.get("/operations?window=week").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&[
        "1,500",
        "R$74,850.00",
        "75.0%",
        "above the available limit",
        "Livraria",
        "p99",
        "R$189.01",
        "1,400",
        "A read model has stopped",
        "1 · a-9: an unknown event",
        "heat-5",
        // How late a read model is, what waits for it, and what it does not say.
        "0.042 s",
        ">12<",
        "<code>unfed</code>",
        ">–<",
        "Dead letters</dt><dd>3</dd>",
        "The search index lacks events",
    ]);
    page.hides(&[" style="]);
    let asked = browser.heard.asked.lock().unwrap();
    assert_eq!(asked[0]["width"], "DAY");
}

#[tokio::test]
async fn the_delay_is_written_as_its_reader_does() {
    let mut browser = anybody().await.reading("pt");
    let page = browser.get("/operations").await;
    page.shows(&["0,042 s", "À espera", "Mensagens não indexadas"]);
    page.hides(&["Waiting", "Delay"]);
}

#[tokio::test]
async fn a_window_that_is_none_is_refused() {
    let mut browser = anybody().await.reading("pt");
    let page = browser.get("/operations?window=century").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    page.shows(&["Este endereço não está certo"]);
}
