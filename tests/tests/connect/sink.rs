//! The project's connector on a topic and an index of a test's own.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Documents;
use crate::events::{read, repository};
use crate::stack::{Stack, eventually};
use crate::topic::{DeadLetter, Topic};

/// The committed address, which the worker fills in from its environment.
pub(crate) const PROJECTS_OWN_ADDRESS: (&str, &str) = ("connection.url", "${env:CODEBANK_ELASTICSEARCH_URL}");

pub(crate) struct Sink<'a> {
    stack: &'a Stack,
    pub(crate) topic: Topic,
}

/// Puts the committed connector to the worker, under another name, on another topic, with some options replaced.
pub(crate) async fn try_create(stack: &Stack, topic: &str, options: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut connector = infra("connect/elasticsearch-sink.json");
    let dead_letters = dead_letter_topic(topic);
    let own = [
        ("topics", topic),
        ("errors.deadletterqueue.topic.name", &dead_letters),
    ];
    for (option, value) in own.iter().chain(options) {
        connector["config"][option] = json!(value);
    }
    connector["name"] = json!(topic);
    stack.connect(Method::POST, "connectors", Some(&connector)).await
}

/// A file of `infra/`, as it is committed.
fn infra(file: &str) -> Value {
    read(&repository().join("infra").join(file))
}

fn dead_letter_topic(topic: &str) -> String {
    format!("{topic}.dlq")
}

impl<'a> Sink<'a> {
    /// Installs the templates, makes the topic, starts the connector.
    pub(crate) async fn start(stack: &'a Stack, options: &[(&str, &str)]) -> Self {
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
            let (status, answer) = stack.elasticsearch(Method::PUT, path, Some(&infra(file))).await;
            assert_eq!(status, 200, "{path}: {answer}");
        }
        let name = format!("codebank.account.events.test-{}", Uuid::now_v7());
        let topic = Topic::create(&stack.kafka, &name).await;
        eventually("the connector is created", async || {
            match try_create(stack, &name, options).await {
                (StatusCode::CREATED, _) => Ok(()),
                // The worker is taking in another test's connector.
                (StatusCode::CONFLICT, answer) => Err(answer),
                (status, answer) => panic!("{status}: {answer}"),
            }
        })
        .await;
        Self { stack, topic }
    }

    async fn connector(&self, method: Method, path: &str) -> (StatusCode, Value) {
        self.stack
            .connect(method, &format!("connectors/{}{path}", self.topic.name), None)
            .await
    }

    /// Of the connector and of its task.
    pub(crate) async fn states(&self) -> Vec<String> {
        let (_, status) = self.connector(Method::GET, "/status").await;
        let tasks = status["tasks"].as_array().into_iter().flatten();
        std::iter::once(&status["connector"])
            .chain(tasks)
            .filter_map(|part| part["state"].as_str().map(str::to_owned))
            .collect()
    }

    /// Stops the connector, forgets how far it had read, starts it again.
    pub(crate) async fn start_over(&self) {
        assert_eq!(self.connector(Method::PUT, "/stop").await.0, 204);
        eventually("the connector is stopped", async || {
            match self.connector(Method::DELETE, "/offsets").await {
                (StatusCode::OK, _) => Ok(()),
                seen => Err(seen),
            }
        })
        .await;
        assert_eq!(self.read().await, 0);
        assert_eq!(self.connector(Method::PUT, "/resume").await.0, 202);
    }

    /// How many records the connector has acknowledged to Kafka.
    async fn read(&self) -> u64 {
        let (_, offsets) = self.connector(Method::GET, "/offsets").await;
        let partitions = offsets["offsets"].as_array().into_iter().flatten();
        partitions
            .filter_map(|partition| partition["offset"]["kafka_offset"].as_u64())
            .sum()
    }

    pub(crate) async fn when_read(&self, records: u64) {
        eventually("all records are read", async || match self.read().await {
            read if read == records => Ok(()),
            read => Err(format!(
                "{read} of {records} read, connector {:?}",
                self.states().await
            )),
        })
        .await;
    }

    /// Everything in the index, once it holds so many documents.
    pub(crate) async fn documents_when(&self, count: usize) -> Documents {
        eventually("the index holds the documents", async || {
            match self.documents().await {
                documents if documents.len() == count => Ok(documents),
                documents => Err(format!(
                    "{} of {count}, connector {:?}",
                    documents.len(),
                    self.states().await
                )),
            }
        })
        .await
    }

    async fn documents(&self) -> Documents {
        let answer = self.search(&json!({"size": 10_000, "version": true})).await;
        let hits = answer["hits"]["hits"].as_array().into_iter().flatten();
        let document = |hit: &Value| {
            let id = hit["_id"].as_str().unwrap_or_default().to_owned();
            let mut source = hit["_source"].clone();
            // The one thing that the connector adds.
            let ingested = source
                .as_object_mut()
                .and_then(|fields| fields.remove("event.ingested"));
            let is_a_time = ingested
                .as_ref()
                .and_then(Value::as_str)
                .is_some_and(|time| time.ends_with('Z'));
            assert!(is_a_time, "{id}: {ingested:?}");
            (id, (source, hit["_version"].as_u64().unwrap_or_default()))
        };
        hits.map(document).collect()
    }

    pub(crate) async fn search(&self, query: &Value) -> Value {
        let index = &self.topic.name;
        // The first document makes the index.
        self.stack
            .elasticsearch(Method::POST, &format!("{index}/_refresh"), None)
            .await;
        self.stack
            .elasticsearch(Method::POST, &format!("{index}/_search"), Some(query))
            .await
            .1
    }

    /// The worker stores a dead letter before it acknowledges its record, so none comes after these.
    pub(crate) async fn dead_letters_when_all_is_read(&self, records: usize) -> Vec<DeadLetter> {
        self.when_read(u64::try_from(records).expect("a count")).await;
        self.topic
            .dead_letters(&dead_letter_topic(&self.topic.name))
            .await
    }

    /// Leaves the worker and the index to the other tests. A failed test leaves its own behind, to be looked at.
    pub(crate) async fn remove(self) {
        assert_eq!(self.connector(Method::DELETE, "").await.0, 204);
        assert_eq!(
            self.stack
                .elasticsearch(Method::DELETE, &self.topic.name, None)
                .await
                .0,
            200
        );
    }
}
