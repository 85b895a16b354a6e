//! Where the real servers are, and the few HTTP requests that tests make of them.

use std::fmt::Debug;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use test_support::require;

/// How long anything may take: generous, because the machine may be busy and only a failure waits for it.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Stack {
    pub(crate) kafka: String,
    pub(crate) connect: String,
    pub(crate) elasticsearch: String,
    http: reqwest::Client,
}

impl Stack {
    /// Nothing, and a loud word from `require`, where one of the three servers is missing.
    pub(crate) fn find() -> Option<Self> {
        Some(Self {
            kafka: require::kafka()?,
            connect: require::connect()?,
            elasticsearch: require::elasticsearch()?,
            http: reqwest::Client::new(),
        })
    }

    pub(crate) async fn connect(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        self.request(method, format!("{}/{path}", self.connect), body)
            .await
    }

    pub(crate) async fn elasticsearch(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        self.request(method, format!("{}/{path}", self.elasticsearch), body)
            .await
    }

    async fn request(&self, method: Method, url: String, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{url}: {error:?}"));
        let status = response.status();
        // Some answers have no body.
        (status, response.json().await.unwrap_or(Value::Null))
    }
}

/// Looks until there is an answer; fails with what was seen last.
pub(crate) async fn eventually<T, E: Debug>(what: &str, look: impl AsyncFnMut() -> Result<T, E>) -> T {
    test_support::eventually(what, PATIENCE, look).await
}
