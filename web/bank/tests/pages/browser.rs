//! As much of a browser as the tests need: it keeps cookies, reads hidden fields and sends forms.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bank_pages::{Holder, SearchIndex, Settings};
use look::Key;
use tower::ServiceExt as _;

use crate::bank::{self, Heard, MINE, OTHERS};

pub(crate) struct Browser {
    routes: Router,
    pub(crate) heard: Heard,
    cookies: BTreeMap<String, String>,
    language: &'static str,
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    pub(crate) fn text(&self) -> String {
        // The space of amounts does not break; the tests write a plain one.
        String::from_utf8_lossy(&self.bytes).replace('\u{a0}', " ")
    }

    #[track_caller]
    pub(crate) fn shows(&self, words: &[&str]) {
        let text = self.text();
        for word in words {
            assert!(text.contains(word), "{word} is missing:\n{text}");
        }
    }

    #[track_caller]
    pub(crate) fn hides(&self, words: &[&str]) {
        let text = self.text();
        for word in words {
            assert!(!text.contains(word), "{word} is shown:\n{text}");
        }
    }

    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The first hidden field of that name.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        let text = self.text();
        let mark = format!("name=\"{name}\" value=\"");
        let after = text.split(&mark).nth(1).expect("the field is there");
        after.split('"').next().unwrap().to_owned()
    }
}

/// A browser of someone who has chosen nobody.
pub(crate) async fn anybody() -> Browser {
    before(None).await
}

/// An old client of the statement service before this one: a browser before pages that serve its routes too.
pub(crate) async fn old_client() -> Browser {
    with(|settings| settings.legacy_rest = true).await
}

/// The same, before pages that ask a search index too.
pub(crate) async fn before(search: Option<SearchIndex>) -> Browser {
    with(|settings| settings.search = search).await
}

/// The same, before pages with other settings.
pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Browser {
    let stub = bank::start().await;
    let holder = |account: &str, name: &str| Holder {
        account_id: account.to_owned(),
        label: (format!("Holder {name}"), format!("Titular {name}")),
        cards: Vec::new(),
    };
    let holders = vec![holder(MINE, "one"), holder(OTHERS, "two")];
    let mut settings = Settings {
        operations: true,
        ..Settings::new(&stub.graphql, stub.commands, Key::from(&[7; 64]), holders)
    };
    change(&mut settings);
    Browser {
        routes: bank_pages::router(settings),
        heard: stub.heard,
        cookies: BTreeMap::new(),
        language: "en",
    }
}

/// A browser of the first cardholder.
pub(crate) async fn cardholder() -> Browser {
    let mut browser = anybody().await;
    let csrf = browser.get("/sign-in").await.field("csrf");
    let chosen = browser
        .post("/sign-in", &[("csrf", csrf.as_str()), ("account", MINE)])
        .await;
    assert_eq!(chosen.status, StatusCode::SEE_OTHER);
    browser
}

impl Browser {
    pub(crate) fn reading(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.ask(request).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        self.ask(request).await
    }

    /// Sends a body as JSON.
    pub(crate) async fn post_json(&mut self, path: &str, body: &str) -> Page {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        self.ask(request).await
    }

    /// The answer before its body, which may never end.
    pub(crate) async fn open(&mut self, mut request: Request<Body>) -> axum::response::Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let headers = request.headers_mut();
        headers.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, self.language.parse().unwrap());
        let response = self.routes.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    async fn ask(&mut self, request: Request<Body>) -> Page {
        let (parts, body) = self.open(request).await.into_parts();
        let body = axum::body::to_bytes(body, 1 << 22).await.unwrap();
        Page {
            status: parts.status,
            headers: parts.headers,
            bytes: body.to_vec(),
        }
    }
}
