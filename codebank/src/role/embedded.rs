//! `codebank up`: the whole bank in one process, its data in SQLite files of one folder. The projections read the event table
//! itself instead of Kafka; everything else is the same code as in full mode.

mod banner;
mod demo;
mod pages;
mod shop;
mod table_end;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use command_api::event_store::EventLog;
use command_api::event_store::sqlite;
use command_api::event_store::table_feed::TableFeed;
use command_api::execute::{self, Executor};
use command_api::grpc::{self, Services};
use command_api::vault::{self, SqliteVaultStore, Vault, VaultKeys};
use projections::{ReadStore, Worker, graphql, http};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::{Common, listen, serve_http, stop_on_signal};
use crate::operations::{self, Readiness};
use crate::settings::Check;
use crate::telemetry;
use banner::Addresses;
use table_end::TableEnd;

pub(crate) const DEFAULT_DATA: &str = "codebank-data";
const DEFAULT_GRPC_PORT: u16 = 50_051;
const DEFAULT_HTTP_PORT: u16 = 8_080;
const READ_CONNECTIONS: u32 = 8;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the bank's data; made if it is missing.
    #[arg(long, env = "CODEBANK_DATA", value_name = "DIR", default_value = DEFAULT_DATA)]
    data: PathBuf,
    /// Where the gRPC services listen.
    #[arg(
        long = "grpc",
        env = "CODEBANK_GRPC_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:50051"
    )]
    grpc_address: String,
    /// Where GraphQL, GraphiQL, `/livez`, `/readyz` and `/metrics` are served.
    #[arg(
        long = "http",
        env = "CODEBANK_HTTP_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    http_address: String,
    /// Serve the REST routes of the bank before this one, WHICH TAKE WHOLE CARD NUMBERS IN ADDRESSES, for its old clients.
    #[arg(long, env = "CODEBANK_LEGACY_REST", value_name = "BOOL", default_value_t = false, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    legacy_rest: bool,
    #[command(flatten)]
    common: Common,
}

/// The vault of an embedded bank that was started before.
pub(crate) async fn open_vault(data: &Path) -> anyhow::Result<Vault> {
    let keys = VaultKeys::load(&keys_file(data))?;
    let store = SqliteVaultStore::open(&data.join("vault.db")).await?;
    Ok(Vault::new(store, &keys, &vault::Settings::default()))
}

fn keys_file(data: &Path) -> PathBuf {
    data.join("vault-keys.json")
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut check = Check::default();
    check.plain("CODEBANK_DATA", args.data.display());
    let grpc_address = check.address("CODEBANK_GRPC_ADDRESS", &args.grpc_address);
    let http_address = check.address("CODEBANK_HTTP_ADDRESS", &args.http_address);
    check.plain("CODEBANK_LEGACY_REST", args.legacy_rest);
    if check.finish((), args.common.print_config)?.is_none() {
        return Ok(());
    }
    telemetry::start_logging(args.common.log, "warn");
    let metrics = telemetry::start_metrics()?;
    let stop = stop_on_signal()?;

    std::fs::create_dir_all(&args.data)
        .with_context(|| format!("the folder {} cannot be made", args.data.display()))?;
    let grpc_listener = listen("gRPC", grpc_address).await?;
    let http_listener = listen("HTTP", http_address).await?;
    let addresses = Addresses {
        grpc: grpc_listener.local_addr()?,
        http: http_listener.local_addr()?,
    };

    let events = sqlite::open(&args.data.join("events.db"))
        .await
        .context("the event log")?;
    let events = Arc::new(events);
    let services = write_side(&args.data, Arc::clone(&events)).await?;
    let bank_stop = stop.clone();
    let bank = tokio::spawn(async move {
        // Everything it needs is in this process: it is ready for as long as it runs.
        let (_is_ready, ready) = watch::channel(true);
        grpc::serve(
            grpc_listener,
            services,
            &grpc::Settings::default(),
            ready,
            bank_stop.cancelled_owned(),
        )
        .await
    });
    let (worker, routes) = read_side(&args.data, Arc::clone(&events), metrics, &stop).await?;

    let channel = Channel::from_shared(format!("http://{}", addresses.grpc))?
        .connect()
        .await
        .context("the bank's own gRPC")?;
    let cards = demo::open(channel.clone()).await.context("the demo accounts")?;
    let store = shop::open(&args.data, channel.clone(), &stop).await?;
    let pages = pages::settings(&args.data, addresses.http, channel, &cards, &stop)?;
    let pages = pages::router(bank_pages::Settings {
        legacy_rest: args.legacy_rest,
        ..pages
    });
    let routes = routes.merge(store.pages.router()).merge(pages);
    let front = tokio::spawn(serve_http(http_listener, routes, stop.clone()));
    println!("{}", banner::render(&addresses, &args.data, &cards));

    // Callers first, then the readers, then the files.
    let served = bank.await.context("the gRPC server")?;
    stop.cancel();
    worker.await.context("the projections")?;
    front.await.context("the HTTP server")??;
    store.close().await?;
    events.close().await;
    println!(
        "codebank is closed; everything is kept in {}",
        args.data.display()
    );
    Ok(served?)
}

async fn write_side(data: &Path, events: Arc<sqlite::SqliteEventLog>) -> anyhow::Result<Services> {
    let keys = keys_file(data);
    if !keys.exists() {
        VaultKeys::generate(&keys)?;
    }
    let vault = open_vault(data).await.context("the card vault")?;
    let log: Arc<dyn EventLog> = events;
    // SQLite has one writer: a second committer would only wait for it.
    let settings = execute::Settings {
        committers: 1,
        ..execute::Settings::default()
    };
    Ok(Services {
        executor: Executor::start(Arc::clone(&log), &settings),
        vault,
        log,
    })
}

type Task<T> = tokio::task::JoinHandle<T>;

async fn read_side(
    data: &Path,
    events: Arc<sqlite::SqliteEventLog>,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
    stop: &CancellationToken,
) -> anyhow::Result<(Task<()>, Router)> {
    let store = ReadStore::open_file(&data.join("read-models.db"), READ_CONNECTIONS);
    store.migrate().await.context("the read models")?;
    let readiness = Readiness::waiting_for(&[super::projections::WORKER]);
    let worker = Worker::new(store.clone());
    tokio::spawn(super::projections::report(
        worker.health(),
        readiness.clone(),
        stop.clone(),
        None,
    ));
    let graphql = graphql::Settings {
        explorer: true,
        operations: true,
        upstream: Some(Arc::new(TableEnd(Arc::clone(&events)))),
        ..graphql::Settings::default()
    };
    let router = http::router(&store, graphql).merge(operations::router(readiness, metrics));
    let worker_stop = stop.clone();
    let worker = tokio::spawn(async move {
        worker.run(TableFeed::new(events), worker_stop).await;
        store.close().await;
    });
    Ok((worker, router))
}
