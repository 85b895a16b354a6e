//! An open page is told of the account's next event.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures::StreamExt as _;

use crate::bank::MINE;
use crate::browser::{Browser, anybody, cardholder};

/// What is said first.
async fn heard(browser: &mut Browser, request: Request<Body>) -> String {
    let response = browser.open(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
    let mut body = response.into_body().into_data_stream();
    let mut text = String::new();
    while !text.contains("event: changed") {
        text.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    text
}

fn follow(path: &str) -> Request<Body> {
    let request = Request::get(path).header(header::ACCEPT_ENCODING, "gzip");
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_page_is_told_what_comes_after_the_version_it_shows() {
    let mut browser = cardholder().await;
    let text = heard(&mut browser, follow("/live?after=7")).await;
    assert!(text.contains("id: 8"), "{text}");
    let asked = browser.heard.asked.lock().unwrap();
    assert_eq!(
        (&asked[0]["account"], &asked[0]["version"]),
        (&MINE.into(), &7.into())
    );
}

#[tokio::test]
async fn who_was_cut_off_goes_on_where_they_were() {
    let mut browser = cardholder().await;
    let mut request = follow("/live?after=7");
    request
        .headers_mut()
        .insert("last-event-id", "20".parse().unwrap());
    let text = heard(&mut browser, request).await;
    assert!(text.contains("id: 21"), "{text}");
}

#[tokio::test]
async fn nobody_follows_before_choosing() {
    let mut browser = anybody().await;
    let response = browser.open(follow("/live?after=7")).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}
