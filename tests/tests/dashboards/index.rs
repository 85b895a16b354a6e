//! An index of a test's own, made by the shipped templates and filled with a history.

use std::fmt::Write;
use std::fs;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::bundle::infra;
use crate::history::Published;

pub(crate) struct Index {
    server: String,
    pub(crate) name: String,
    http: Client,
}

impl Index {
    /// Installs the templates, makes the index and fills it.
    pub(crate) async fn of(server: &str, test: &str, history: &[Published]) -> Self {
        let index = Self {
            server: server.to_owned(),
            name: format!("codebank.account.events.dashboards.{test}.{}", std::process::id()),
            http: Client::new(),
        };
        for (kind, file) in [
            ("_component_template", "component-template"),
            ("_index_template", "index-template"),
        ] {
            let template = fs::read_to_string(infra().join(format!("elasticsearch/{file}.json"))).unwrap();
            let template = serde_json::from_str(&template).unwrap();
            index
                .ask(Method::PUT, &format!("{kind}/codebank-events"), Some(&template))
                .await;
        }
        let mut lines = String::new();
        for published in history {
            let create = json!({ "create": { "_index": index.name, "_id": published.envelope.id } });
            writeln!(lines, "{create}\n{}", published.document()).unwrap();
        }
        let url = format!("{server}/_bulk?refresh=true");
        let request = index
            .http
            .post(url)
            .header("content-type", "application/x-ndjson")
            .body(lines);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["errors"], false, "{}", answer["items"][0]);
        index
    }

    /// What a search answers.
    pub(crate) async fn search(&self, body: &Value) -> Value {
        self.ask(Method::POST, &format!("{}/_search", self.name), Some(body))
            .await
    }

    pub(crate) async fn forget(&self, id: &str) {
        self.ask(
            Method::DELETE,
            &format!("{}/_doc/{id}?refresh=true", self.name),
            None,
        )
        .await;
    }

    pub(crate) async fn remove(self) {
        self.ask(Method::DELETE, &self.name, None).await;
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let mut request = self.http.request(method, format!("{}/{path}", self.server));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let (status, answer) = (
            response.status(),
            response.json::<Value>().await.unwrap_or_default(),
        );
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }
}
