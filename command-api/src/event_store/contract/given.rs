//! A log to try, and things to put into it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::RequestId;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{PgPool, SqlitePool};
use tempfile::TempDir;
use test_support::Database;
use uuid::Uuid;

use crate::event_store::postgres::{self, PostgresEventLog};
use crate::event_store::sqlite::{self, SqliteEventLog};
use crate::event_store::{
    ACCOUNT_STREAM, Append, EventLog, Metadata, NewEvent, Outcome, Position, Recorded, RequestKey,
};

const FILE: &str = "events.db";
/// Enough for the concurrent cases to be concurrent.
const CONNECTIONS: u32 = 8;

/// An empty log, and a way around it into its database.
pub(super) struct Given {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) database: Behind,
}

pub(super) enum Behind {
    Sqlite {
        log: Arc<SqliteEventLog>,
        pool: SqlitePool,
        folder: TempDir,
    },
    Postgres {
        log: Arc<PostgresEventLog>,
        pool: PgPool,
        database: Database,
    },
}

impl Given {
    pub(super) async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join(FILE);
        let log = Arc::new(sqlite::open(&file).await.expect("the log opens"));
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file))
            .await
            .expect("connects");
        Self {
            log: Arc::clone(&log) as _,
            database: Behind::Sqlite { log, pool, folder },
        }
    }

    pub(super) async fn postgres(server: &str) -> Self {
        let migrate = async |pool| PostgresEventLog::migrate(&pool).await;
        let database = test_support::database(server, "event_log", migrate).await;
        let pool = postgres::connect(&database.url(), CONNECTIONS)
            .await
            .expect("connects");
        let log = Arc::new(PostgresEventLog::new(pool.clone()));
        Self {
            log: Arc::clone(&log) as _,
            database: Behind::Postgres { log, pool, database },
        }
    }

    /// What a new process would open on the same database.
    pub(super) async fn again(&self) -> Arc<dyn EventLog> {
        match &self.database {
            Behind::Sqlite { folder, .. } => Arc::new(
                sqlite::open(&folder.path().join(FILE))
                    .await
                    .expect("the file opens again"),
            ),
            Behind::Postgres { database, .. } => {
                let pool = postgres::connect(&database.url(), CONNECTIONS)
                    .await
                    .expect("connects again");
                Arc::new(PostgresEventLog::new(pool))
            }
        }
    }

    /// Closes the log; every call it has not answered by then is left alone.
    pub(super) async fn close(&self) {
        match &self.database {
            Behind::Sqlite { log, .. } => log.close().await,
            Behind::Postgres { log, .. } => log.close().await,
        }
    }

    /// Runs a statement past the log.
    pub(super) async fn execute(&self, statement: &str) -> Result<(), sqlx::Error> {
        match &self.database {
            Behind::Sqlite { pool, .. } => sqlx::query(statement).execute(pool).await.map(|_| ()),
            Behind::Postgres { pool, .. } => sqlx::query(statement).execute(pool).await.map(|_| ()),
        }
    }

    /// The outcomes of one call.
    pub(super) async fn append(&self, appends: &[Append]) -> Vec<Outcome> {
        let outcomes = self.log.append(appends.to_vec()).await.expect("the log is there");
        assert_eq!(outcomes.len(), appends.len());
        outcomes
    }

    /// Appends what must be recorded.
    pub(super) async fn recorded(&self, append: Append) -> Vec<Recorded> {
        match self.append(&[append]).await.pop() {
            Some(Outcome::Recorded(events)) => events,
            other => panic!("not recorded: {other:?}"),
        }
    }

    pub(super) async fn load(&self, stream: Uuid) -> Vec<Recorded> {
        self.log
            .load(ACCOUNT_STREAM, &[(stream, 0)])
            .await
            .expect("the log is there")
    }

    /// Everything, in the order of commits. Another test's transaction in the same cluster may hold this up for a moment.
    pub(super) async fn read_all(&self) -> Vec<Recorded> {
        let count = "select count(*) from events";
        let count: i64 = match &self.database {
            Behind::Sqlite { pool, .. } => sqlx::query_scalar(count).fetch_one(pool).await,
            Behind::Postgres { pool, .. } => sqlx::query_scalar(count).fetch_one(pool).await,
        }
        .expect("counts");
        test_support::eventually("every event can be read", Duration::from_secs(20), async || {
            let all = self
                .log
                .read_committed(Position::default(), usize::MAX)
                .await
                .expect("the log is there");
            if i64::try_from(all.len()) == Ok(count) {
                Ok(all)
            } else {
                Err(all.len())
            }
        })
        .await
    }
}

pub(super) fn new_id() -> Uuid {
    Uuid::now_v7()
}

pub(super) fn time() -> DateTime<Utc> {
    "2026-11-22T15:33:50.677291015Z".parse().expect("a time")
}

pub(super) fn event(payload: &str) -> NewEvent {
    NewEvent {
        name: "something_happened",
        version: "1",
        payload: payload.to_owned(),
        metadata: Metadata {
            occurred_at: time(),
            traceparent: None,
        },
    }
}

/// An append of so many events that answers no request.
pub(super) fn append(stream_id: Uuid, first_sequence: u64, count: u64) -> Append {
    let payload = |index: u64| {
        format!(
            r#"{{"stream":"{stream_id}","sequence":{}}}"#,
            first_sequence + index
        )
    };
    Append {
        stream_type: ACCOUNT_STREAM,
        stream_id,
        first_sequence,
        events: (0..count).map(|index| event(&payload(index))).collect(),
        request: None,
    }
}

pub(super) fn key(id: Uuid) -> RequestKey {
    RequestKey {
        id: RequestId::new(id),
        fingerprint: [7; 32],
    }
}

/// An append of one event that answers a request.
pub(super) fn answer(request: Uuid, stream_id: Uuid, sequence: u64) -> Append {
    Append {
        request: Some(key(request)),
        ..append(stream_id, sequence, 1)
    }
}

/// A word for each outcome; for a repeat the event's id is part of it.
pub(super) fn words(outcomes: &[Outcome]) -> Vec<String> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Recorded(events) => format!("recorded {}", events.len()),
        Outcome::Stale => "stale".to_owned(),
        Outcome::Repeated(first) => format!("repeated {}", first.event_id()),
    };
    outcomes.iter().map(word).collect()
}

pub(super) fn sequences(events: &[Recorded]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

/// Two readings of the same events, field by field.
#[track_caller]
pub(super) fn assert_same(left: &[Recorded], right: &[Recorded]) {
    assert_eq!(format!("{left:#?}"), format!("{right:#?}"));
}
