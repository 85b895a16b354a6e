//! Whose pages are shown: the chosen cardholder's, and nobody else's.

use axum::http::StatusCode;

use crate::bank::{MINE, OTHERS};
use crate::browser::{anybody, cardholder};

const PAGES: [&str; 7] = [
    "/statements",
    "/statements/2026-12",
    "/statements/2026-12.csv",
    "/statements/2026-12.pdf",
    "/activity",
    "/activity/6",
    "/cards",
];

#[tokio::test]
async fn nobody_sees_anything_before_choosing() {
    let mut browser = anybody().await;
    for path in PAGES {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        assert!(
            page.location().starts_with("/sign-in?back="),
            "{}",
            page.location()
        );
    }
    assert!(
        browser.heard.asked.lock().unwrap().is_empty(),
        "the bank was asked"
    );
}

#[tokio::test]
async fn every_question_is_about_the_chosen_account() {
    let mut browser = cardholder().await;
    for path in PAGES {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        page.hides(&[OTHERS, "Holder two"]);
    }
    let asked = browser.heard.asked.lock().unwrap();
    assert!(asked.len() > PAGES.len());
    for variables in asked.iter() {
        assert_eq!(variables["account"], MINE);
    }
}

#[tokio::test]
async fn a_link_to_another_account_offers_a_change_and_shows_nothing() {
    let mut browser = cardholder().await;
    for path in ["/statements", "/activity", "/cards", "/statements/2026-12.csv"] {
        let page = browser.get(&format!("{path}?account={OTHERS}&version=3")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        page.shows(&["another cardholder", "Holder two", "Change to"]);
        assert_eq!(page.field("account"), OTHERS);
    }
    let unknown = browser
        .get("/statements?account=0190f000-0000-7000-8000-00000000ffff")
        .await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN);
    unknown.hides(&["Change to"]);
    assert!(
        browser.heard.asked.lock().unwrap().is_empty(),
        "the bank was asked"
    );
}

#[tokio::test]
async fn a_link_to_the_own_account_waits_for_its_version() {
    let mut browser = cardholder().await;
    let page = browser
        .get(&format!("/statements?account={MINE}&version=7"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(browser.heard.asked.lock().unwrap()[0]["version"], 7);

    let early = browser
        .get(&format!("/statements?account={MINE}&version=8"))
        .await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    early.shows(&["on its way here", "version=8", "Try again"]);
    for version in ["x", "-1", "9007199254740992"] {
        let page = browser.get(&format!("/statements?version={version}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{version}");
    }
}

#[tokio::test]
async fn only_offered_accounts_can_be_chosen() {
    let mut browser = anybody().await;
    let csrf = browser.get("/sign-in").await.field("csrf");
    let strange = [
        ("csrf", csrf.as_str()),
        ("account", "0190f000-0000-7000-8000-00000000ffff"),
    ];
    assert_eq!(
        browser.post("/sign-in", &strange).await.status,
        StatusCode::FORBIDDEN
    );
    let without_token = [("account", MINE)];
    assert_eq!(
        browser.post("/sign-in", &without_token).await.status,
        StatusCode::FORBIDDEN
    );
    let elsewhere = [
        ("csrf", csrf.as_str()),
        ("account", MINE),
        ("back", "//evil.example"),
    ];
    assert_eq!(
        browser.post("/sign-in", &elsewhere).await.location(),
        "/statements"
    );
}

#[tokio::test]
async fn who_leaves_is_nobody_again() {
    let mut browser = cardholder().await;
    let csrf = browser.get("/sign-in").await.field("csrf");
    assert_eq!(
        browser.post("/sign-out", &[("csrf", &csrf)]).await.location(),
        "/"
    );
    assert_eq!(browser.get("/statements").await.status, StatusCode::SEE_OTHER);
}
