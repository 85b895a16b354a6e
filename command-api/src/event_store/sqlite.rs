//! The event log in a SQLite file: sqlite-es's table, one writer, a few readers. What the embedded bank stands on.
//!
//! An append is one statement, durable when it returns (WAL with a full sync at each commit). Only one connection of the file
//! writes at a time, so that the order of the rows is the order of the commits.

mod append;
mod read;
mod snapshots;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use domain::RequestId;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Append, EventLog, Outcome, Position, Recorded, Snapshot, StoreError};

/// How long a writer waits for another process to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// Pages in the write-ahead log before they are taken over into the file: a page that was changed again meanwhile is taken over
/// once. A commit waits for it: the more of them, the rarer and the longer.
const LOG_PAGES: &str = "16000";
/// What the writer keeps of the file in memory, in KiB: its pages are all over it. A reader goes through it once.
const CACHE: &str = "-32768";

/// The log of one file.
#[derive(Debug)]
pub struct SqliteEventLog {
    writer: SqlitePool,
    readers: SqlitePool,
    appended: watch::Sender<()>,
}

/// Opens the log in a file of its own, creates and migrates it where needed.
pub async fn open(path: &Path) -> Result<SqliteEventLog, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("wal_autocheckpoint", LOG_PAGES);
    // Connections to a file do not break, so that none is ever tested or replaced.
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = pool()
        .max_connections(1)
        .connect_with(options.clone().pragma("cache_size", CACHE))
        .await?;
    let mut migrator = sqlx::migrate!("./migrations/sqlite");
    // An older program goes on working on a table that a newer one has expanded.
    migrator.set_ignore_missing(true).run(&writer).await?;
    let readers = pool()
        .max_connections(READERS)
        .connect_with(options.pragma("query_only", "on"))
        .await?;
    Ok(SqliteEventLog {
        writer,
        readers,
        appended: watch::Sender::new(()),
    })
}

impl SqliteEventLog {
    /// Changes whenever this process has appended something. Another process's appends do not show here.
    pub fn appended(&self) -> watch::Receiver<()> {
        self.appended.subscribe()
    }

    /// The number of the last event's position; zero where there is none.
    pub async fn last_number(&self) -> Result<i64, StoreError> {
        read::last_number(&self.readers).await
    }

    /// Waits for what is in progress and closes the file; every later call finds the log out of reach.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await; // last, because the last connection folds the WAL into the file
    }
}

#[async_trait]
impl EventLog for SqliteEventLog {
    async fn append(&self, appends: Vec<Append>) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = append::append(&self.writer, appends).await;
        self.appended.send_replace(());
        outcomes
    }

    async fn load(&self, stream_type: &str, streams: &[(Uuid, u64)]) -> Result<Vec<Recorded>, StoreError> {
        read::load(&self.readers, stream_type, streams).await
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<Recorded>, StoreError> {
        read::find_request(&self.readers, request_id).await
    }

    async fn read_committed(&self, after: Position, at_most: usize) -> Result<Vec<Recorded>, StoreError> {
        read::read_committed(&self.readers, after, at_most).await
    }

    async fn load_snapshots(&self, stream_type: &str, streams: &[Uuid]) -> Result<Vec<Snapshot>, StoreError> {
        snapshots::load(&self.readers, stream_type, streams).await
    }

    async fn store_snapshots(&self, stream_type: &str, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        snapshots::store(&self.writer, stream_type, snapshots).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.cargo/config.toml` says it to the crate that compiles SQLite.
    #[tokio::test]
    async fn sqlite_shares_nothing_between_connections() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = open(&folder.path().join("events.db"))
            .await
            .expect("the log opens");
        let options: Vec<String> = sqlx::query_scalar("pragma compile_options")
            .fetch_all(&log.readers)
            .await
            .expect("they can be asked for");
        assert!(
            options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"),
            "{options:?}"
        );
        assert!(
            !options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"),
            "{options:?}"
        );
    }
}
