//! The read store: where the read models live, in PostgreSQL or in SQLite.
//!
//! The statements are one text for both, with ids as text, amounts as minor units, instants as microseconds and dates as ISO
//! text; what differs between the two is kept in here (`bulk`, `space`). It knows no read model.

mod bulk;
mod error;
mod indexes;
mod macros;
mod signal;
mod space;

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use connections::Connections;
use domain::AccountId;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub(crate) use bulk::{How, Kind, Table, Values, Writes, keys_sql, to_json, unfolded};
pub use error::StoreError;
pub(crate) use error::{Fault, fault};
pub(crate) use indexes::Indexes;
pub(crate) use macros::{all, all_in, execute, execute_in, optional};
pub(crate) use signal::News;
use signal::Signal;
pub(crate) use space::{Space, Swap};

use crate::version;

/// Connections of one process that reads, where nothing else is said.
pub const CONNECTIONS_MAX: u32 = 16;
/// Connections that write, beside those: were they of one pool, a crowd of readers would keep away the very events it waits for.
pub(crate) const WRITERS_MAX: u32 = 4;
/// How long a query waits for a free connection before it is answered with `UNAVAILABLE`.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a SQLite writer waits for another one.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What each connection keeps of the file in memory, in KiB.
const SQLITE_CACHE: &str = "-32768";
/// Pages in SQLite's write-ahead log before they are taken over into the file: a page that was changed again meanwhile is taken
/// over once.
const SQLITE_LOG_PAGES: &str = "16000";

/// A handle on the read models; clones share their connections and the news of what was applied.
#[derive(Debug, Clone)]
pub struct ReadStore {
    pub(crate) pool: Pool,
    writers: Pool,
    signal: Arc<Signal>,
}

#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Postgres(Connections),
    Sqlite(SqlitePool),
}

/// A transaction that may write.
#[derive(Debug)]
pub(crate) enum Tx {
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
}

/// Which database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Sqlite,
}

impl ReadStore {
    /// Opens `postgres://…` or `sqlite://FILE` (made if missing). Connects when it is first used, so that a database that is
    /// away at start is waited for by whoever can say so.
    pub fn open(url: &str, connections_max: u32) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(StoreError::Url)?;
            Ok(Self::in_postgres(&options, connections_max))
        } else if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(StoreError::Url)?;
            Ok(Self::in_sqlite(&options, connections_max))
        } else {
            Err(StoreError::Scheme)
        }
    }

    /// Opens a SQLite file, made if missing.
    pub fn open_file(path: &Path, connections_max: u32) -> Self {
        Self::in_sqlite(&SqliteConnectOptions::new().filename(path), connections_max)
    }

    fn in_postgres(options: &PgConnectOptions, connections_max: u32) -> Self {
        Self {
            pool: Pool::Postgres(postgres_pool(options.clone(), connections_max)),
            writers: Pool::Postgres(postgres_pool(options.clone(), WRITERS_MAX)),
            signal: Arc::default(),
        }
    }

    /// The file has one writer at a time, so one connection: two would each read anew what the other wrote.
    fn in_sqlite(options: &SqliteConnectOptions, connections_max: u32) -> Self {
        Self {
            pool: Pool::Sqlite(sqlite_pool(options.clone(), connections_max)),
            writers: Pool::Sqlite(sqlite_pool(options.clone(), 1)),
            signal: Arc::default(),
        }
    }

    /// Brings the tables to this version's form.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // An older program goes on working on tables that a newer one has expanded.
        match &self.pool {
            Pool::Postgres(pool) => {
                sqlx::migrate!("migrations/postgres")
                    .set_ignore_missing(true)
                    .run(&**pool)
                    .await
            }
            Pool::Sqlite(pool) => {
                sqlx::migrate!("migrations/sqlite")
                    .set_ignore_missing(true)
                    .run(pool)
                    .await
            }
        }
        .map_err(|error| match error {
            sqlx::migrate::MigrateError::Execute(error) => StoreError::from(error),
            other => StoreError::Migration(other),
        })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(execute!(self, "select 1").map(|_| ())?)
    }

    /// Closes the connections, after what is under way.
    pub async fn close(&self) {
        for pool in [&self.pool, &self.writers] {
            match pool {
                Pool::Postgres(pool) => pool.close().await,
                Pool::Sqlite(pool) => pool.close().await,
            }
        }
    }

    /// Tells who waits for these accounts, in this process, that they moved on.
    pub(crate) fn announce(&self, versions: impl IntoIterator<Item = (AccountId, i64)>) {
        self.signal.applied(versions);
    }

    /// Looks, on behalf of all who wait, whether another process moved their accounts on; one question to the database within the
    /// interval, however many wait.
    pub(crate) async fn look(&self, interval: Duration) -> Result<(), sqlx::Error> {
        if let Some(accounts) = self.signal.due(interval) {
            self.announce(version::of(self, &accounts).await?);
        }
        Ok(())
    }

    /// News of an account from now on.
    pub(crate) fn news(&self, account: AccountId) -> News {
        self.signal.subscribe(account)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self.pool {
            Pool::Postgres(_) => Dialect::Postgres,
            Pool::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// A transaction that writes. In SQLite it takes the only write lock at once: one that read first and wrote later would
    /// be refused when another writer came in between.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(match &self.writers {
            Pool::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            Pool::Sqlite(pool) => Tx::Sqlite(pool.begin_with("begin immediate").await?),
        })
    }
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(tx) => tx.commit().await,
            Self::Sqlite(tx) => tx.commit().await,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }
}

const SESSION: [(&str, &str); 8] = [
    // The read models' commits need not wait for the disk: offsets and rows are in one transaction, so what a crash takes back is
    // read from the feed again.
    ("synchronous_commit", "off"),
    // Every table is read through an index. A plan made while the table was small must not be kept when it is not.
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    // An index is for single rows; to go through all of it must not seem as cheap while the table is small.
    ("cpu_index_tuple_cost", "10"),
    // Nor does a plan depend on the parameters: made anew each time, it costs more than it brings.
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
];

fn postgres_pool(options: PgConnectOptions, connections_max: u32) -> Connections {
    let pool = connections::options(connections_max, ACQUIRE_TIMEOUT);
    Connections::of(pool.connect_lazy_with(options.options(SESSION)))
}

/// `synchronous=normal` for the same reason.
fn sqlite_pool(options: SqliteConnectOptions, connections_max: u32) -> SqlitePool {
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(SQLITE_BUSY_TIMEOUT)
        .pragma("cache_size", SQLITE_CACHE)
        .pragma("wal_autocheckpoint", SQLITE_LOG_PAGES)
        // What a statement of many rows would put back if it failed half-way: in memory, not in a temporary file.
        .pragma("temp_store", "memory");
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // There is no server that could have gone.
        .test_before_acquire(false)
        .connect_lazy_with(options)
}
