//! The search index: Kafka Connect with the project's sink, and Elasticsearch, as `xtask` provides them.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Stack, workspace};

const SINK: &str = "infra/connect/elasticsearch-sink.json";
/// The worker refuses while it takes its place in its group, or while its tasks are still ending.
const TRIES: usize = 300;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

pub(crate) struct Mirror {
    http: reqwest::Client,
    connector: String,
    index: String,
    config: Value,
}

impl Mirror {
    /// Starts both servers where they do not run yet; with them come the templates and the connector.
    pub(super) async fn of(stack: &mut Stack) -> Result<Self> {
        if stack.server("CODEBANK_TEST_CONNECT_URL").is_err() {
            stack.add_servers("connect,elasticsearch").await?;
        }
        let text = std::fs::read_to_string(workspace().join(SINK)).context(SINK)?;
        let Value::Object(mut file) = serde_json::from_str(&text).context(SINK)? else {
            bail!("{SINK} is no object");
        };
        let name = file.get("name").and_then(Value::as_str).context(SINK)?;
        let connect = stack.server("CODEBANK_TEST_CONNECT_URL")?;
        let elasticsearch = stack.server("CODEBANK_TEST_ELASTICSEARCH_URL")?;
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            connector: format!("{connect}/connectors/{name}"),
            index: format!("{elasticsearch}/{}", proto::ACCOUNT_EVENTS_TOPIC),
            config: file.remove("config").context(SINK)?,
        })
    }

    /// From the first event on, with so many tasks and no document.
    pub(super) async fn start_over(&self, tasks: NonZeroUsize) -> Result<()> {
        let connector = |path| format!("{}/{path}", self.connector);
        let mut config = self.config.clone();
        config["tasks.max"] = json!(tasks.to_string());
        self.ask(Method::PUT, connector("stop"), None).await?;
        self.ask(Method::DELETE, connector("offsets"), None).await?;
        self.ask(Method::DELETE, self.index.clone(), None).await?;
        self.ask(Method::PUT, connector("config"), Some(&config)).await?;
        self.ask(Method::PUT, connector("resume"), None).await?;
        Ok(())
    }

    /// Documents written, whether a search would find them yet or not.
    pub(super) async fn indexed(&self) -> Result<u64> {
        let url = format!("{}/_stats/indexing", self.index);
        let answer: Value = self.http.get(url).send().await?.json().await?;
        let total = &answer["_all"]["primaries"]["indexing"]["index_total"];
        total.as_u64().context("no documents")
    }

    /// Each event is a document, and nothing else is.
    pub(super) async fn holds(&self, events: u64) -> Result<()> {
        self.ask(Method::POST, format!("{}/_refresh", self.index), None)
            .await?;
        let answer = self
            .ask(Method::GET, format!("{}/_count", self.index), None)
            .await?;
        ensure!(
            answer["count"] == events,
            "of {events} events {} are documents",
            answer["count"]
        );
        Ok(())
    }

    /// Until it is granted. What shall be removed and is not there is as good.
    async fn ask(&self, method: Method, url: String, body: Option<&Value>) -> Result<Value> {
        let mut refusal = None;
        for _ in 0..TRIES {
            let request = self.http.request(method.clone(), &url);
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let response = request.send().await.with_context(|| url.clone())?;
            let status = response.status();
            let is_gone = method == Method::DELETE && status == StatusCode::NOT_FOUND;
            let text = response.text().await.unwrap_or_default();
            if status.is_success() || is_gone {
                return Ok(serde_json::from_str(&text).unwrap_or_default());
            }
            refusal = Some(format!("{status}: {text}"));
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        bail!("{method} {url}: {}", refusal.unwrap_or_default())
    }
}
