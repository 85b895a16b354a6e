//! The read models over the same history, asked through GraphQL.

use std::time::Duration;

use async_trait::async_trait;
use projections::graphql::Settings;
use projections::{ReadStore, Worker, http};
use proto::envelope::Envelope;
use proto::feed::{Batch, Delivery, Feed, FeedUnavailable};
use proto::partition::{PARTITIONS, of_account};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::eventually;
use tokio_util::sync::CancellationToken;

use crate::history::Published;
use crate::kibana::Window;

const QUERY: &str = "query($since: DateTime!, $until: DateTime!, $width: BucketWidth!) {
  operations(since: $since, until: $until) {
    totals { approved { ...volume } declined { ...volume } }
    overTime(width: $width) { start approved { ...volume } declined { ...volume } }
    hoursOfWeek { weekday hour approved { count } declined { count } }
    declineReasons { reason count amount { minorUnits } }
    topMerchants { merchant { id name } count amount { minorUnits } }
    topDescriptions { description count amount { minorUnits } }
    descriptions(first: 20) { description count averageAmount { minorUnits } }
    amountPercentiles { percent amount { minorUnits } }
  }
}
fragment volume on Volume { count amount { minorUnits } }";

pub(crate) struct ReadModels {
    url: String,
    stop: CancellationToken,
    _folder: TempDir,
}

/// Everything from the beginning, once.
struct Whole {
    partitions: Vec<Vec<Envelope>>,
    at: Vec<usize>,
}

#[async_trait]
impl Feed for Whole {
    async fn next_batch(&mut self) -> Result<Batch, FeedUnavailable> {
        let next = (0..self.partitions.len()).find(|&number| self.at[number] < self.partitions[number].len());
        let Some(number) = next else {
            return std::future::pending().await;
        };
        let from = std::mem::replace(&mut self.at[number], self.partitions[number].len());
        let deliveries: Vec<Delivery> = (from..self.partitions[number].len())
            .map(|offset| Delivery {
                offset: i64::try_from(offset).unwrap(),
                event: Ok(self.partitions[number][offset].clone()),
                trace: None,
            })
            .collect();
        Ok(Batch {
            partition: i32::try_from(number).unwrap(),
            from: i64::try_from(from).unwrap(),
            next: i64::try_from(self.partitions[number].len()).unwrap(),
            deliveries,
        })
    }

    async fn seek(&mut self, partition: i32, offset: i64) -> Result<(), FeedUnavailable> {
        self.at[usize::try_from(partition).unwrap()] = usize::try_from(offset).unwrap();
        Ok(())
    }

    async fn stop(&mut self, partition: i32) -> Result<(), FeedUnavailable> {
        panic!("partition {partition} stopped")
    }

    async fn acknowledge(&mut self, _partition: i32, _next: i64) -> Result<(), FeedUnavailable> {
        Ok(())
    }
}

impl ReadModels {
    /// Applies a history and serves it.
    pub(crate) async fn of(history: &[Published]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = ReadStore::open_file(&folder.path().join("read.db"), 4);
        store.migrate().await.unwrap();
        let mut partitions = vec![Vec::new(); usize::try_from(PARTITIONS).unwrap()];
        for Published { envelope, .. } in history {
            partitions[usize::try_from(of_account(envelope.subject)).unwrap()].push(envelope.clone());
        }
        let at = vec![0; partitions.len()];
        let stop = CancellationToken::new();
        tokio::spawn(Worker::new(store.clone()).run(Whole { partitions, at }, stop.clone()));
        let settings = Settings {
            operations: true,
            ..Settings::default()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/graphql", listener.local_addr().unwrap());
        let router = http::router(&store, settings);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let models = Self {
            url,
            stop,
            _folder: folder,
        };
        models.when_applied(history.len()).await;
        models
    }

    async fn when_applied(&self, events: usize) {
        eventually("the history is applied", Duration::from_mins(1), async || {
            let answer = self
                .ask("{ pipeline { places { projection nextOffset } } }", json!({}))
                .await;
            let places = answer["pipeline"]["places"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let applied: u64 = places
                .iter()
                .filter(|place| place["projection"] == "activity")
                .filter_map(|place| place["nextOffset"].as_u64())
                .sum();
            if applied == events as u64 {
                Ok(())
            } else {
                Err(applied)
            }
        })
        .await;
    }

    pub(crate) async fn operations(&self, window: Window, width: &str) -> Value {
        let variables = json!({ "since": window.since, "until": window.until, "width": width });
        self.ask(QUERY, variables).await["operations"].clone()
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let answer = reqwest::Client::new()
            .post(&self.url)
            .json(&body)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }
}

impl Drop for ReadModels {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
