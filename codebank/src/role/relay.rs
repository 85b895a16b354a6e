//! `codebank relay`: committed events from PostgreSQL to Kafka.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::relay::{self, CardNumbers, CardNumbersUnavailable, Relay, Status};
use command_api::vault::{self, PostgresVaultStore, Vault, VaultKeys};
use domain::CardId;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{Common, listen, reach, serve_http, shown, stop_on_signal};
use crate::operations::{self, Readiness};
use crate::settings::Check;
use crate::telemetry;

const RELAY: &str = "relay";
const EVENT_LOG: &str = "event log";
/// One reads the log, one stores progress; the seat has a connection of its own.
const CONNECTIONS: u32 = 3;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event log's PostgreSQL database, reached directly (the relay holds a lock on its connection).
    #[arg(long, env = "CODEBANK_DATABASE_URL")]
    database_url: Option<String>,
    /// Kafka's bootstrap servers, host:port with commas.
    #[arg(long, env = "CODEBANK_KAFKA_BROKERS")]
    kafka_brokers: Option<String>,
    /// The topic of account events; made if it is missing.
    #[arg(long, env = "CODEBANK_TOPIC", default_value = proto::ACCOUNT_EVENTS_TOPIC)]
    topic: String,
    /// Copies of each partition, for topics that are made.
    #[arg(long, env = "CODEBANK_TOPIC_REPLICATION", default_value = "1")]
    topic_replication: String,
    /// Also publish approved purchases to the topic `payments`, WITH WHOLE CARD NUMBERS, for consumers of the bank before this.
    #[arg(long, env = "CODEBANK_PAYMENTS_TOPIC", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    payments_topic: bool,
    /// The card vault's PostgreSQL database; only for the topic `payments`.
    #[arg(long, env = "CODEBANK_VAULT_DATABASE_URL")]
    vault_database_url: Option<String>,
    /// The vault's keys; only for the topic `payments`.
    #[arg(long, env = "CODEBANK_VAULT_KEYS_FILE", value_name = "FILE")]
    vault_keys_file: Option<PathBuf>,
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    #[arg(long, env = "CODEBANK_OPS_ADDRESS", default_value = "127.0.0.1:9101")]
    ops_address: String,
    #[command(flatten)]
    common: Common,
}

struct Settings {
    database: String,
    relay: relay::Settings,
    vault: Option<(String, PathBuf)>,
    operations: SocketAddr,
}

impl Args {
    fn check(&self) -> anyhow::Result<Option<Settings>> {
        let mut check = Check::default();
        let database = check.postgres("CODEBANK_DATABASE_URL", self.database_url.as_deref());
        let mut relay =
            relay::Settings::new(check.brokers("CODEBANK_KAFKA_BROKERS", self.kafka_brokers.as_deref()));
        check.plain("CODEBANK_TOPIC", &self.topic);
        relay.topic.clone_from(&self.topic);
        let replication = check.count("CODEBANK_TOPIC_REPLICATION", &self.topic_replication);
        relay.replication_factor = i32::try_from(replication).unwrap_or(i32::MAX);
        check.plain("CODEBANK_PAYMENTS_TOPIC", self.payments_topic);
        let vault = self.payments_topic.then(|| {
            let url = check.postgres("CODEBANK_VAULT_DATABASE_URL", self.vault_database_url.as_deref());
            (
                url,
                check.file("CODEBANK_VAULT_KEYS_FILE", self.vault_keys_file.as_ref()),
            )
        });
        let operations = check.address("CODEBANK_OPS_ADDRESS", &self.ops_address);
        Ok(check.finish(
            Settings {
                database,
                relay,
                vault,
                operations,
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
    let readiness = Readiness::waiting_for(&[EVENT_LOG, RELAY]);
    let listener = listen("operations", settings.operations).await?;
    tracing::info!(address = %listener.local_addr()?, "operations");
    let server = tokio::spawn(serve_http(
        listener,
        operations::router(readiness.clone(), metrics),
        stop.clone(),
    ));

    let address = shown(&settings.database);
    let connect = async || postgres::connect(&settings.database, CONNECTIONS).await;
    if let Some(pool) = reach(EVENT_LOG, &address, &readiness, &stop, connect).await {
        let log = Arc::new(PostgresEventLog::new(pool));
        let options = settings.database.parse().context("CODEBANK_DATABASE_URL")?;
        let mut relay = Relay::new(log, options, settings.relay);
        if let Some((url, keys)) = settings.vault {
            let store =
                PostgresVaultStore::new(url.parse().context("CODEBANK_VAULT_DATABASE_URL")?, CONNECTIONS);
            let vault = Vault::new(store, &VaultKeys::load(&keys)?, &vault::Settings::default());
            relay = relay.with_payments(Arc::new(VaultNumbers(vault)));
        }
        tokio::spawn(report(relay.status(), readiness, stop.clone()));
        relay.run(stop.clone()).await;
    }
    server.await.context("the operations server")?
}

/// The vault as the relay's compatibility topic needs it: one number at a time.
#[derive(Debug)]
struct VaultNumbers(Vault);

#[async_trait]
impl CardNumbers for VaultNumbers {
    async fn number_of(&self, card_id: CardId) -> Result<Option<Zeroizing<String>>, CardNumbersUnavailable> {
        let number = self
            .0
            .number_of(card_id)
            .await
            .map_err(|error| CardNumbersUnavailable(error.into()))?;
        Ok(number.map(|number| Zeroizing::new(number.expose().to_owned())))
    }
}

/// Keeps the readiness as the relay sees itself.
async fn report(
    mut status: tokio::sync::watch::Receiver<Status>,
    readiness: Readiness,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let state = {
            let status = status.borrow_and_update();
            match &status.last_error {
                _ if status.is_ready() => Ok(()),
                Some(error) => Err(error.clone()),
                None => Err("starting".to_owned()),
            }
        };
        readiness.report(RELAY, state);
        if status.changed().await.is_err() {
            break;
        }
    }
}
