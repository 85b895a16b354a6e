//! `codebank command-api`: gRPC in, events into PostgreSQL.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use command_api::event_store::EventLog;
use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::execute::{self, Executor};
use command_api::grpc::{self, Services};
use command_api::vault::{self, PostgresVaultStore, Vault, VaultKeys};
use domain::RequestId;
use tokio::sync::watch;

use super::{Common, listen, reach, serve_http, shown, stop_on_signal};
use crate::operations::{self, Readiness};
use crate::settings::Check;
use crate::telemetry;

/// How often readiness is looked at while serving.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
const EVENT_LOG: &str = "event log";
const VAULT: &str = "vault";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event log's PostgreSQL database.
    #[arg(long, env = "CODEBANK_DATABASE_URL")]
    database_url: Option<String>,
    /// Connections to it, at most.
    #[arg(long, env = "CODEBANK_DATABASE_CONNECTIONS", default_value = "8")]
    database_connections: String,
    /// The card vault's PostgreSQL database.
    #[arg(long, env = "CODEBANK_VAULT_DATABASE_URL")]
    vault_database_url: Option<String>,
    /// The vault's keys: a JSON file that only its owner may read.
    #[arg(long, env = "CODEBANK_VAULT_KEYS_FILE", value_name = "FILE")]
    vault_keys_file: Option<PathBuf>,
    /// Where the gRPC services listen.
    #[arg(long, env = "CODEBANK_GRPC_ADDRESS", default_value = "127.0.0.1:50051")]
    grpc_address: String,
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    #[arg(long, env = "CODEBANK_OPS_ADDRESS", default_value = "127.0.0.1:9100")]
    ops_address: String,
    /// Committers; each owns a share of the accounts and has one batch in flight.
    #[arg(long, env = "CODEBANK_COMMITTERS", default_value = "1")]
    committers: String,
    /// Requests that may wait for one committer; past it callers are told to come back.
    #[arg(long, env = "CODEBANK_COMMAND_QUEUE_MAX", default_value = "4096")]
    command_queue_max: String,
    /// Account states kept in memory by one committer, at most.
    #[arg(long, env = "CODEBANK_HOT_ACCOUNTS_MAX", default_value = "100000")]
    hot_accounts_max: String,
    #[command(flatten)]
    common: Common,
}

struct Settings {
    database: String,
    connections: u32,
    vault: String,
    keys: PathBuf,
    grpc: SocketAddr,
    operations: SocketAddr,
    execute: execute::Settings,
}

impl Args {
    fn check(&self) -> anyhow::Result<Option<Settings>> {
        let mut check = Check::default();
        let defaults = execute::Settings::default();
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let settings = Settings {
            database: check.postgres("CODEBANK_DATABASE_URL", self.database_url.as_deref()),
            connections: check.count("CODEBANK_DATABASE_CONNECTIONS", &self.database_connections),
            vault: check.postgres("CODEBANK_VAULT_DATABASE_URL", self.vault_database_url.as_deref()),
            keys: check.file("CODEBANK_VAULT_KEYS_FILE", self.vault_keys_file.as_ref()),
            grpc: check.address("CODEBANK_GRPC_ADDRESS", &self.grpc_address),
            operations: check.address("CODEBANK_OPS_ADDRESS", &self.ops_address),
            execute: execute::Settings {
                committers: size(check.count("CODEBANK_COMMITTERS", &self.committers)),
                queue_max: size(check.count("CODEBANK_COMMAND_QUEUE_MAX", &self.command_queue_max)),
                hot_accounts_max: size(check.count("CODEBANK_HOT_ACCOUNTS_MAX", &self.hot_accounts_max)),
                ..defaults
            },
        };
        Ok(check.finish(settings, self.common.print_config)?)
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Some(settings) = args.check()? else {
        return Ok(());
    };
    let keys = VaultKeys::load(&settings.keys)?;
    telemetry::start_logging(args.common.log, telemetry::DEFAULT_FILTER);
    let metrics = telemetry::start_metrics()?;
    let stop = stop_on_signal()?;
    let readiness = Readiness::waiting_for(&[EVENT_LOG, VAULT]);
    let listener = listen("operations", settings.operations).await?;
    tracing::info!(address = %listener.local_addr()?, "operations");
    let server = tokio::spawn(serve_http(
        listener,
        operations::router(readiness.clone(), metrics),
        stop.clone(),
    ));
    let listener = listen("gRPC", settings.grpc).await?;

    let connect = async || {
        let pool = postgres::connect(&settings.database, settings.connections).await?;
        PostgresEventLog::migrate(&pool).await?;
        Ok::<_, sqlx::Error>(pool)
    };
    let store = PostgresVaultStore::new(
        settings.vault.parse().context("CODEBANK_VAULT_DATABASE_URL")?,
        settings.connections,
    );
    let migrate_vault = async || store.migrate().await;
    let pool = reach(EVENT_LOG, &shown(&settings.database), &readiness, &stop, connect).await;
    let vault = reach(VAULT, &shown(&settings.vault), &readiness, &stop, migrate_vault).await;
    if let (Some(pool), Some(())) = (pool, vault) {
        let log: Arc<dyn EventLog> = Arc::new(PostgresEventLog::new(pool));
        let services = Services {
            executor: Executor::start(Arc::clone(&log), &settings.execute),
            vault: Vault::new(store, &keys, &vault::Settings::default()),
            log,
        };
        tracing::info!(address = %listener.local_addr()?, "gRPC");
        let (is_ready, ready) = watch::channel(true);
        tokio::spawn(watch_neighbours(services.clone(), readiness, is_ready));
        grpc::serve(
            listener,
            services,
            &grpc::Settings::default(),
            ready,
            stop.clone().cancelled_owned(),
        )
        .await?;
    }
    stop.cancel();
    server.await.context("the operations server")?
}

/// Asks the databases from time to time whether they are there, as long as the server is.
async fn watch_neighbours(services: Services, readiness: Readiness, is_ready: watch::Sender<bool>) {
    let nobody = RequestId::new(uuid::Uuid::nil());
    while !is_ready.is_closed() {
        let log = services.executor.find_request(nobody).await;
        readiness.report(EVENT_LOG, log.map(|_| ()).map_err(|error| explain(&error)));
        readiness.report(
            VAULT,
            services.vault.check().await.map_err(|error| explain(&error)),
        );
        is_ready.send_replace(readiness.is_ready());
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// An error with what caused it, on one line.
fn explain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
