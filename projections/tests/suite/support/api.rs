//! GraphQL as a front end meets it: through HTTP, without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use projections::ReadStore;
use projections::graphql::Settings;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::events;

pub(crate) struct Api {
    router: Router,
}

/// Settings with a clock that stands at a time within the cycle 2026-11.
pub(crate) fn settings() -> Settings {
    Settings {
        explorer: true,
        now: || events::at("2026-11-22T15:00:00Z"),
        ..Settings::default()
    }
}

impl Api {
    pub(crate) fn new(store: &ReadStore) -> Self {
        Self::with(store, settings())
    }

    pub(crate) fn with(store: &ReadStore, settings: Settings) -> Self {
        Self {
            router: projections::http::router(store, settings),
        }
    }

    pub(crate) async fn post(&self, body: String) -> (StatusCode, Value) {
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .body(Body::from(body));
        self.send(request.unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (
            status,
            serde_json::from_slice(&body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into())),
        )
    }

    /// The whole answer to a query.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let (status, answer) = self
            .post(json!({ "query": query, "variables": variables }).to_string())
            .await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// The code of the only error of an answer.
    pub(crate) async fn code(&self, query: &str, variables: Value) -> String {
        let answer = self.ask(query, variables).await;
        only_code(&answer)
    }
}

pub(crate) fn only_code(answer: &Value) -> String {
    let errors = answer["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no error in {answer}"));
    assert_eq!(errors.len(), 1, "{answer}");
    errors[0]["extensions"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("no code in {answer}"))
        .to_owned()
}
