//! The way into Elasticsearch: the committed connector and templates, on a topic and an index of a test's own.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::{eventually, require};

/// A worker that is just rebalancing takes its time.
const PATIENCE: Duration = Duration::from_secs(90);
/// As many documents as one answer may have.
const DOCUMENTS_MAX: usize = 10_000;

/// The connector of one bank, and the index it fills. Both are called after the topic.
#[derive(Debug, Clone)]
pub struct Search {
    connect: String,
    elasticsearch: String,
    name: String,
    http: reqwest::Client,
}

/// A document as it is found.
#[derive(Debug, Clone)]
pub struct Document {
    pub id: String,
    /// How often it was written.
    pub version: u64,
    pub source: Value,
}

impl Search {
    /// Nothing, and a loud word from `require`, where Connect or Elasticsearch is missing.
    #[track_caller]
    pub fn find(topic: &str) -> Option<Self> {
        Some(Self {
            connect: require::connect()?,
            elasticsearch: require::elasticsearch()?,
            name: topic.to_owned(),
            http: reqwest::Client::new(),
        })
    }

    /// Installs the templates and starts the connector. The topic must be there.
    pub async fn start(&self) {
        for (path, file) in [
            (
                "_component_template/codebank-events",
                "elasticsearch/component-template.json",
            ),
            (
                "_index_template/codebank-events",
                "elasticsearch/index-template.json",
            ),
        ] {
            let url = format!("{}/{path}", self.elasticsearch);
            let (status, answer) = self.request(Method::PUT, url, Some(infra(file))).await;
            assert_eq!(status, 200, "{path}: {answer}");
        }
        let mut connector = infra("connect/elasticsearch-sink.json");
        connector["name"] = json!(self.name);
        connector["config"]["topics"] = json!(self.name);
        connector["config"]["errors.deadletterqueue.topic.name"] = json!(format!("{}.dlq", self.name));
        let url = format!("{}/connectors", self.connect);
        eventually("the connector is created", PATIENCE, async || {
            match self
                .request(Method::POST, url.clone(), Some(connector.clone()))
                .await
            {
                (StatusCode::CREATED, _) => Ok(()),
                // The worker is still taking its place in its group.
                (status, answer) => Err(format!("{status}: {answer}")),
            }
        })
        .await;
    }

    /// Of the connector and its task, or what the worker says instead.
    pub async fn states(&self) -> String {
        let url = format!("{}/connectors/{}/status", self.connect, self.name);
        let (status, answer) = self.try_request(Method::GET, url, None).await.unwrap_or_default();
        format!("{status}: {answer}")
    }

    /// How many documents there are by now.
    pub async fn count(&self) -> Result<usize, String> {
        let refreshed = format!("{}/{}/_refresh", self.elasticsearch, self.name);
        self.try_request(Method::POST, refreshed, None).await?;
        let url = format!("{}/{}/_count", self.elasticsearch, self.name);
        let (status, answer) = self.try_request(Method::GET, url, None).await?;
        let count = answer["count"]
            .as_u64()
            .and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| format!("{status}: {answer}"))
    }

    /// Waits until there are as many documents, no more and no less.
    pub async fn when_complete(&self, documents: usize, within: Duration) {
        eventually("every event is a document", within, async || {
            match self.count().await {
                Ok(count) if count == documents => Ok(()),
                found => Err(format!(
                    "{found:?} of {documents}; connector {}",
                    self.states().await
                )),
            }
        })
        .await;
    }

    /// The documents of one account, in order.
    pub async fn of_account(&self, account: &str) -> Vec<Document> {
        self.documents(json!({"term": {"subject": account}})).await
    }

    /// The documents that match.
    pub async fn documents(&self, query: Value) -> Vec<Document> {
        let url = format!("{}/{}/_search", self.elasticsearch, self.name);
        let body = json!({"size": DOCUMENTS_MAX, "version": true, "sort": ["sequence"], "query": query});
        let (status, answer) = self.request(Method::POST, url, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        let hits = answer["hits"]["hits"].as_array().into_iter().flatten();
        let document = |hit: &Value| Document {
            id: hit["_id"].as_str().unwrap_or_default().to_owned(),
            version: hit["_version"].as_u64().unwrap_or_default(),
            source: hit["_source"].clone(),
        };
        hits.map(document).collect()
    }

    /// Leaves worker and index as they were found. A failed test leaves its own behind, to be looked at.
    pub async fn remove(&self) {
        for url in [
            format!("{}/connectors/{}", self.connect, self.name),
            format!("{}/{}", self.elasticsearch, self.name),
        ] {
            eventually(&format!("{url} is deleted"), PATIENCE, async || {
                match self.try_request(Method::DELETE, url.clone(), None).await? {
                    (StatusCode::OK | StatusCode::NO_CONTENT, _) => Ok(()),
                    (status, answer) => Err(format!("{status}: {answer}")),
                }
            })
            .await;
        }
    }

    async fn request(&self, method: Method, url: String, body: Option<Value>) -> (StatusCode, Value) {
        let answered = self.try_request(method, url, body).await;
        answered.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_request(
        &self,
        method: Method,
        url: String,
        body: Option<Value>,
    ) -> Result<(StatusCode, Value), String> {
        let mut request = self.http.request(method, &url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| format!("{url}: {error:?}"))?;
        // Some answers have no body.
        Ok((response.status(), response.json().await.unwrap_or_default()))
    }
}

/// A file of `infra/`, as it is committed.
fn infra(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
