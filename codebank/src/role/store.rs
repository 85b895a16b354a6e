//! `codebank store`: a shop. It is no part of the bank; it runs from the same binary so that there is a customer to try the bank with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use store::{CONNECTIONS_MAX, Database, Settings as StoreSettings, Store};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::{Common, listen, reach, serve_http, shown, stop_on_signal};
use crate::operations::{self, Readiness};
use crate::settings::Check;
use crate::telemetry;

const DATABASE: &str = "database";
/// The shop signs with a key of its own, and cookies know no ports: beside the bank's pages it needs a cookie of its own.
const SESSION_COOKIE: &str = "store-session";
/// How often readiness is looked at while serving.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a connection to the bank may take; the deadline of a call goes on above it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the shop's data: its database, unless there is a URL, and its key. Made if it is missing.
    #[arg(
        long,
        env = "CODEBANK_STORE_DATA",
        value_name = "DIR",
        default_value = "codebank-store-data"
    )]
    data: PathBuf,
    /// The shop's database, PostgreSQL or SQLite; without it, a file in the folder.
    #[arg(long, env = "CODEBANK_STORE_DATABASE_URL")]
    database_url: Option<String>,
    /// The key that signs cookies and forms, made if it is missing; shops that share a database share it.
    #[arg(long, env = "CODEBANK_STORE_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The bank's gRPC services.
    #[arg(
        long,
        env = "CODEBANK_BANK_GRPC_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:50051"
    )]
    bank_grpc_url: String,
    /// Where the shop, `/livez`, `/readyz` and `/metrics` are served.
    #[arg(long, env = "CODEBANK_STORE_ADDRESS", default_value = "127.0.0.1:8090")]
    address: String,
    /// Where cardholders see their statements.
    #[arg(
        long,
        env = "CODEBANK_STORE_STATEMENT_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8085/statements"
    )]
    statement_url: String,
    /// Whether the shop's public address is https: cookies are sent over nothing else then.
    #[arg(long, env = "CODEBANK_STORE_SECURE", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    secure: bool,
    #[command(flatten)]
    common: Common,
}

struct Settings {
    database: String,
    bank: String,
    address: SocketAddr,
    statement_url: String,
}

impl Args {
    fn check(&self) -> anyhow::Result<Option<Settings>> {
        let mut check = Check::default();
        check.plain("CODEBANK_STORE_DATA", self.data.display());
        check.plain("CODEBANK_STORE_KEY_FILE", self.key_file().display());
        check.plain("CODEBANK_STORE_SECURE", self.secure);
        let database = match &self.database_url {
            Some(url) => check.database("CODEBANK_STORE_DATABASE_URL", url),
            None => file_url(&self.data),
        };
        let settings = Settings {
            database,
            bank: check.server("CODEBANK_BANK_GRPC_URL", &self.bank_grpc_url),
            address: check.address("CODEBANK_STORE_ADDRESS", &self.address),
            statement_url: check.server("CODEBANK_STORE_STATEMENT_URL", &self.statement_url),
        };
        Ok(check.finish(settings, self.common.print_config)?)
    }

    fn key_file(&self) -> PathBuf {
        self.key_file
            .clone()
            .unwrap_or_else(|| self.data.join("store.key"))
    }
}

fn file_url(data: &Path) -> String {
    format!("sqlite://{}", data.join("store.db").display())
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Some(settings) = args.check()? else {
        return Ok(());
    };
    telemetry::start_logging(args.common.log, telemetry::DEFAULT_FILTER);
    let metrics = telemetry::start_metrics()?;
    let stop = stop_on_signal()?;
    std::fs::create_dir_all(&args.data)
        .with_context(|| format!("the folder {} cannot be made", args.data.display()))?;
    let key = look::load_or_make_key(&args.key_file())
        .with_context(|| format!("the shop's key, {}", args.key_file().display()))?;
    let bank = Channel::from_shared(settings.bank.clone())
        .with_context(|| format!("{} is not an address", settings.bank))?
        .connect_timeout(CONNECT_TIMEOUT)
        .connect_lazy();
    let database = Database::open(&settings.database, CONNECTIONS_MAX)?;
    let store = Store::new(
        database,
        StoreSettings {
            statement_url: settings.statement_url,
            secure: args.secure,
            session_cookie: SESSION_COOKIE,
            ..StoreSettings::new(bank, key)
        },
    );
    let readiness = Readiness::waiting_for(&[DATABASE]);
    let listener = listen("store", settings.address).await?;
    tracing::info!(address = %listener.local_addr()?, "store");
    let routes = store
        .router()
        .route(
            "/",
            axum::routing::get(async || axum::response::Redirect::to("/shop")),
        )
        .merge(look::router())
        .merge(operations::router(readiness.clone(), metrics))
        .fallback_service(look::fallback(store.look()));
    let server = tokio::spawn(serve_http(listener, routes, stop.clone()));

    let prepare = async || store.prepare().await;
    if let Some(()) = reach(DATABASE, &shown(&settings.database), &readiness, &stop, prepare).await {
        tokio::spawn(watch_database(store.clone(), readiness, stop.clone()));
        store.reconcile(stop.clone()).await;
    }
    stop.cancel();
    let outcome = server.await.context("the HTTP server")?;
    store.close().await;
    outcome
}

/// Asks the database from time to time whether it is there. The bank is not asked: without it the shop still shows its goods, and keeps
/// what is ordered.
async fn watch_database(store: Store, readiness: Readiness, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let state = store.check().await;
        readiness.report(DATABASE, state.map_err(|error| error.to_string()));
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
    }
}
