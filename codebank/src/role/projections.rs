//! `codebank projections`: events from Kafka into read models, served by GraphQL.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use projections::health::{Health, Report};
use projections::kafka_feed::{self, KafkaFeed, KafkaUpstream};
use projections::{ReadStore, Worker, graphql, http};
use proto::partition::PARTITIONS;
use tokio_util::sync::CancellationToken;

use super::{Common, listen, reach, serve_http, shown, stop_on_signal};
use crate::operations::{self, Readiness};
use crate::settings::Check;
use crate::telemetry;

const READ_MODELS: &str = "read models";
const TOPIC: &str = "topic";
pub(super) const WORKER: &str = "projections";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The read models' PostgreSQL database.
    #[arg(long, env = "CODEBANK_READ_DATABASE_URL")]
    read_database_url: Option<String>,
    /// Connections to it, at most.
    #[arg(long, env = "CODEBANK_READ_DATABASE_CONNECTIONS", default_value = "16")]
    read_database_connections: String,
    /// Kafka's bootstrap servers, host:port with commas.
    #[arg(long, env = "CODEBANK_KAFKA_BROKERS")]
    kafka_brokers: Option<String>,
    /// The topic of account events.
    #[arg(long, env = "CODEBANK_TOPIC", default_value = proto::ACCOUNT_EVENTS_TOPIC)]
    topic: String,
    /// The consumer group whose members share the topic's partitions.
    #[arg(long, env = "CODEBANK_GROUP_ID", default_value = "codebank-projections")]
    group_id: String,
    /// Where GraphQL, `/livez`, `/readyz` and `/metrics` are served.
    #[arg(long, env = "CODEBANK_HTTP_ADDRESS", default_value = "127.0.0.1:8080")]
    http_address: String,
    /// Serve GraphiQL at /graphiql, and allow introspection.
    #[arg(long, env = "CODEBANK_GRAPHIQL", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    graphiql: bool,
    /// Answer `operations` and `pipeline`, which look across all accounts. For staff: keep such a process off public networks.
    #[arg(long, env = "CODEBANK_OPERATIONS", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    operations: bool,
    #[command(flatten)]
    common: Common,
}

struct Settings {
    database: String,
    connections: u32,
    feed: kafka_feed::Settings,
    http: SocketAddr,
    graphql: graphql::Settings,
}

impl Args {
    fn check(&self) -> anyhow::Result<Option<Settings>> {
        let mut check = Check::default();
        let database = check.postgres("CODEBANK_READ_DATABASE_URL", self.read_database_url.as_deref());
        let connections = check.count(
            "CODEBANK_READ_DATABASE_CONNECTIONS",
            &self.read_database_connections,
        );
        let brokers = check.brokers("CODEBANK_KAFKA_BROKERS", self.kafka_brokers.as_deref());
        check.plain("CODEBANK_TOPIC", &self.topic);
        check.plain("CODEBANK_GROUP_ID", &self.group_id);
        let mut feed = kafka_feed::Settings::new(brokers);
        feed.topic.clone_from(&self.topic);
        feed.group_id.clone_from(&self.group_id);
        let http = check.address("CODEBANK_HTTP_ADDRESS", &self.http_address);
        check.plain("CODEBANK_GRAPHIQL", self.graphiql);
        check.plain("CODEBANK_OPERATIONS", self.operations);
        let graphql = graphql::Settings {
            explorer: self.graphiql,
            operations: self.operations,
            upstream: Some(Arc::new(KafkaUpstream::new(&feed))),
            ..graphql::Settings::default()
        };
        Ok(check.finish(
            Settings {
                database,
                connections,
                feed,
                http,
                graphql,
            },
            self.common.print_config,
        )?)
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Some(settings) = args.check()? else {
        return Ok(());
    };
    telemetry::start_logging(args.common.log, telemetry::DEFAULT_FILTER);
    let metrics = telemetry::start_metrics()?;
    let stop = stop_on_signal()?;
    let readiness = Readiness::waiting_for(&[READ_MODELS, TOPIC, WORKER]);
    let store = ReadStore::open(&settings.database, settings.connections)?;
    let listener = listen("GraphQL", settings.http).await?;
    tracing::info!(address = %listener.local_addr()?, "GraphQL");
    let router = http::router(&store, settings.graphql).merge(operations::router(readiness.clone(), metrics));
    let server = tokio::spawn(serve_http(listener, router, stop.clone()));

    let migrate = async || store.migrate().await;
    let address = shown(&settings.database);
    let migrated = reach(READ_MODELS, &address, &readiness, &stop, migrate).await;
    let ask = async || topic_is_there(&settings.feed).await;
    let topic = reach(TOPIC, &settings.feed.brokers, &readiness, &stop, ask).await;
    if let (Some(()), Some(())) = (migrated, topic) {
        let feed = KafkaFeed::group(&settings.feed)?;
        let worker = Worker::new(store.clone());
        let kafka = Some(settings.feed.clone());
        tokio::spawn(report(worker.health(), readiness, stop.clone(), kafka));
        worker.run(feed, stop.clone()).await;
    }
    stop.cancel();
    let outcome = server.await.context("the HTTP server")?;
    store.close().await;
    outcome
}

/// Asks Kafka for the topic. Without it there is nothing to read yet, as with a relay that was never started.
async fn topic_is_there(feed: &kafka_feed::Settings) -> io::Result<()> {
    if kafka_feed::topic_ready(feed).await.map_err(io::Error::other)? {
        return Ok(());
    }
    let missing = format!("there is no topic {} of {PARTITIONS} partitions yet", feed.topic);
    Err(io::Error::other(missing))
}

/// Keeps the readiness as the worker sees itself.
pub(super) async fn report(
    health: Health,
    readiness: Readiness,
    stop: CancellationToken,
    kafka: Option<kafka_feed::Settings>,
) {
    while !stop.is_cancelled() {
        let report = health.report();
        readiness.report(WORKER, state(&report, kafka.as_ref()).await);
        let stopped = report.stopped().map(|(partition, stopped)| {
            format!(
                "partition {partition} stopped at {}: {}",
                stopped.event_id, stopped.reason
            )
        });
        readiness.note(stopped.collect());
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(REPORT_INTERVAL) => {}
        }
    }
}

/// A worker hears of Kafka's return with the next event only, and there may be none for hours: so Kafka itself is asked.
async fn state(report: &Report, kafka: Option<&kafka_feed::Settings>) -> Result<(), String> {
    match (&report.store_error, &report.feed_error, kafka) {
        (Some(error), _, _) | (None, Some(error), None) => Err(error.clone()),
        (None, Some(_), Some(kafka)) => topic_is_there(kafka)
            .await
            .map_err(|error| format!("{}: {error}", kafka.brokers)),
        (None, None, _) => Ok(()),
    }
}

const REPORT_INTERVAL: std::time::Duration = std::time::Duration::from_millis(250);
