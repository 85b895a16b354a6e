//! Where the shop keeps what it sells and what was ordered: SQLite by default, PostgreSQL by its URL.
//!
//! The statements are one text for both, with ids as text, amounts as minor units and instants as microseconds. It knows no bank.

mod carts;
mod macros;
mod orders;
mod products;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use thiserror::Error;

pub(crate) use carts::CartLine;
use macros::{all, execute, execute_in, optional, optional_in, rows_in};
pub(crate) use orders::{FromCart, Settled};

/// Connections of one process, where nothing else is said.
pub const CONNECTIONS_MAX: u32 = 8;
/// How long a page waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a SQLite writer waits for another one.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A handle on the shop's database; clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
}

#[derive(Debug, Clone)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// A transaction that may write.
#[derive(Debug)]
enum Tx {
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
}

#[derive(Debug, Error)]
pub enum DatabaseError {
    #[error("the shop's database URL cannot be read")]
    Url(#[source] sqlx::Error),
    #[error("the shop's database URL must begin with postgres:// or sqlite://")]
    Scheme,
    #[error("the shop's database cannot be brought to this version")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error("the shop's database failed")]
    Failed(#[from] sqlx::Error),
    /// Somebody wrote what this program never writes.
    #[error("the shop's database holds a row that cannot be read: {0}")]
    Damaged(&'static str),
}

impl Database {
    /// Opens `postgres://…` or `sqlite://FILE` (made if missing). Connects when it is first used, so that a database that is away
    /// at start is waited for by whoever can say so.
    pub fn open(url: &str, connections_max: u32) -> Result<Self, DatabaseError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(DatabaseError::Url)?;
            let pool = PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_lazy_with(options);
            Ok(Self {
                pool: Pool::Postgres(pool),
            })
        } else if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(DatabaseError::Url)?;
            Ok(Self::sqlite(options, connections_max))
        } else {
            Err(DatabaseError::Scheme)
        }
    }

    /// Opens a SQLite file, made if missing.
    pub fn open_file(path: &Path) -> Self {
        Self::sqlite(SqliteConnectOptions::new().filename(path), CONNECTIONS_MAX)
    }

    /// `synchronous=full`: an order must be on the disk before the bank is asked, or a power cut could lose an order that was charged.
    fn sqlite(options: SqliteConnectOptions, connections_max: u32) -> Self {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(SQLITE_BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options);
        Self {
            pool: Pool::Sqlite(pool),
        }
    }

    /// Brings the tables to this version's form. An older program goes on working on tables that a newer one has expanded.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        match &self.pool {
            Pool::Postgres(pool) => {
                sqlx::migrate!("migrations/postgres")
                    .set_ignore_missing(true)
                    .run(pool)
                    .await
            }
            Pool::Sqlite(pool) => {
                sqlx::migrate!("migrations/sqlite")
                    .set_ignore_missing(true)
                    .run(pool)
                    .await
            }
        }
        .map_err(DatabaseError::Migration)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        execute!(self, "select 1")?;
        Ok(())
    }

    /// Closes the connections, after what is under way.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Postgres(pool) => pool.close().await,
            Pool::Sqlite(pool) => pool.close().await,
        }
    }

    /// A transaction that writes. In SQLite it takes the only write lock at once: one that read first and wrote later would be
    /// refused when another writer came in between.
    async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(match &self.pool {
            Pool::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            Pool::Sqlite(pool) => Tx::Sqlite(pool.begin_with("begin immediate").await?),
        })
    }
}

impl Tx {
    async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(tx) => tx.commit().await,
            Self::Sqlite(tx) => tx.commit().await,
        }
    }
}

fn now_micros() -> i64 {
    Utc::now().timestamp_micros()
}

fn instant(micros: i64) -> Result<DateTime<Utc>, DatabaseError> {
    DateTime::from_timestamp_micros(micros).ok_or(DatabaseError::Damaged("an instant"))
}
