//! `codebank migrate`: the tables of this version, in every database of the full bank. Safe to repeat.

use anyhow::Context;
use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::vault::PostgresVaultStore;
use projections::ReadStore;

use super::Common;
use crate::settings::Check;
use crate::telemetry;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event log's PostgreSQL database.
    #[arg(long, env = "CODEBANK_DATABASE_URL")]
    database_url: Option<String>,
    /// The card vault's PostgreSQL database.
    #[arg(long, env = "CODEBANK_VAULT_DATABASE_URL")]
    vault_database_url: Option<String>,
    /// The read models' PostgreSQL database.
    #[arg(long, env = "CODEBANK_READ_DATABASE_URL")]
    read_database_url: Option<String>,
    #[command(flatten)]
    common: Common,
}

struct Settings {
    events: String,
    vault: String,
    read: String,
}

impl Args {
    fn check(&self) -> anyhow::Result<Option<Settings>> {
        let mut check = Check::default();
        let settings = Settings {
            events: check.postgres("CODEBANK_DATABASE_URL", self.database_url.as_deref()),
            vault: check.postgres("CODEBANK_VAULT_DATABASE_URL", self.vault_database_url.as_deref()),
            read: check.postgres("CODEBANK_READ_DATABASE_URL", self.read_database_url.as_deref()),
        };
        Ok(check.finish(settings, self.common.print_config)?)
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Some(settings) = args.check()? else {
        return Ok(());
    };
    telemetry::start_logging(args.common.log, telemetry::DEFAULT_FILTER);
    let events = postgres::connect(&settings.events, 1)
        .await
        .context("the event log's database")?;
    PostgresEventLog::migrate(&events)
        .await
        .context("the event log's tables")?;
    tracing::info!(
        database = super::shown(&settings.events),
        "the event log is up to date"
    );
    let vault = PostgresVaultStore::new(settings.vault.parse().context("CODEBANK_VAULT_DATABASE_URL")?, 1);
    vault.migrate().await.context("the vault's tables")?;
    tracing::info!(
        database = super::shown(&settings.vault),
        "the vault is up to date"
    );
    let read = ReadStore::open(&settings.read, 1)?;
    read.migrate().await.context("the read models' tables")?;
    tracing::info!(
        database = super::shown(&settings.read),
        "the read models are up to date"
    );
    Ok(())
}
