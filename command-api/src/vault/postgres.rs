//! The vault's rows in PostgreSQL, in a schema of their own, so that they can share a database with the event log or not.

use std::time::Duration;

use async_trait::async_trait;
use connections::Connections;
use sqlx::Executor as _;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnectOptions;

use crate::pool;

use super::store::{
    CHECK, CardRow, INSERT, Lookup, SELECT_BY_CARD, SELECT_BY_NUMBER, SELECT_BY_REQUEST, SELECT_BY_TOKEN,
    StoredCard, VaultStore, VaultStoreError,
};

/// The schema of the vault's tables, its migrations included.
const SCHEMA: &str = "vault";

/// How long a call waits for a connection before it says that the vault is out of reach.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// The vault's rows in PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresVaultStore {
    pool: Connections,
}

impl PostgresVaultStore {
    /// Prepares for a database that need not be there yet: each call connects as it needs to.
    ///
    /// `options` must not be the event log's own pool: the connections of this one look for tables in the vault's schema.
    pub fn new(options: PgConnectOptions, connections_max: u32) -> Self {
        let options = pool::planned(options.options([("search_path", SCHEMA)]));
        let pool = connections::options(connections_max, ACQUIRE_TIMEOUT).connect_lazy_with(options);
        Self {
            pool: Connections::of(pool),
        }
    }

    /// Makes the schema and brings its tables up to date. Safe to run from several processes at once.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut connection = self.pool.acquire().await?;
        // Two processes that create a schema at once collide even with "if not exists"; the second one finds it made.
        let created = connection.execute("create schema if not exists vault").await;
        if let Err(error) = created
            && !error
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
        {
            return Err(error.into());
        }
        let mut migrator = sqlx::migrate!("migrations/vault-postgres");
        // An older program goes on working on a table that a newer one has expanded.
        migrator.set_ignore_missing(true).run(&mut *connection).await
    }
}

#[async_trait]
impl VaultStore for PostgresVaultStore {
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
