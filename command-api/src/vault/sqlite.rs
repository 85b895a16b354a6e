//! The vault's rows in a SQLite file of their own, readable by the owner alone.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor as _, SqlitePool};

use super::store::{
    CHECK, CardRow, INSERT, Lookup, SELECT_BY_CARD, SELECT_BY_NUMBER, SELECT_BY_REQUEST, SELECT_BY_TOKEN,
    StoredCard, VaultStore, VaultStoreError,
};

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Readers beside the one writer that SQLite allows.
const CONNECTIONS_MAX: u32 = 4;

/// The vault's rows in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteVaultStore {
    pool: SqlitePool,
}

impl SqliteVaultStore {
    /// Opens the file, or makes it, and brings its tables up to date.
    pub async fn open(path: &Path) -> Result<Self, MigrateError> {
        create_private(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // A number that was given out must survive the power going out, as the event does that follows it.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .connect_with(options)
            .await?;
        let mut migrator = sqlx::migrate!("migrations/vault-sqlite");
        // An older program goes on working on a table that a newer one has expanded.
        migrator.set_ignore_missing(true).run(&pool).await?;
        Ok(Self { pool })
    }
}

/// SQLite would make the file readable by all; the files it makes beside it copy this one's mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

#[async_trait]
impl VaultStore for SqliteVaultStore {
    async fn insert(&self, card: &StoredCard) -> Result<bool, VaultStoreError> {
        let row = CardRow::from(card);
        let done = sqlx::query(INSERT)
            .bind(row.number_index)
            .bind(row.request_id)
            .bind(row.account_id)
            .bind(row.card_id)
            .bind(row.card_token)
            .bind(row.number_ciphertext)
            .bind(row.nonce)
            .bind(row.key_version)
            .bind(row.last_four)
            .bind(row.expiry_month)
            .bind(row.expiry_year)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn find(&self, lookup: Lookup<'_>) -> Result<Option<StoredCard>, VaultStoreError> {
        let query = match lookup {
            Lookup::Number(index) => sqlx::query_as(SELECT_BY_NUMBER).bind(index.0.to_vec()),
            Lookup::Token(token) => sqlx::query_as(SELECT_BY_TOKEN).bind(token.expose()),
            Lookup::Card(card_id) => sqlx::query_as(SELECT_BY_CARD).bind(card_id.as_uuid()),
            Lookup::Request(request_id) => sqlx::query_as(SELECT_BY_REQUEST).bind(request_id.as_uuid()),
        };
        let row: Option<CardRow> = query.fetch_optional(&self.pool).await?;
        row.map(StoredCard::try_from).transpose()
    }

    async fn check(&self) -> Result<(), VaultStoreError> {
        self.pool.execute(CHECK).await?;
        Ok(())
    }
}
