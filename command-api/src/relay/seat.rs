//! The one place of the working relay: a database connection that holds an advisory lock, and what is remembered through it.
//!
//! Progress is written on the very connection that holds the lock, so a relay that has lost its place cannot write any. Until
//! it notices, two relays may publish side by side. That repeats events but reorders none: each of them writes an account's
//! events in order and began at a place before which everything was acknowledged, so a reader that drops repeats sees every
//! event for the first time in its order.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions as _, Connection, Row};
use thiserror::Error;
use tokio::time::timeout;
use uuid::Uuid;

use crate::event_store::Position;

use super::held::HeldAccount;

/// How long one statement may take before the connection counts as lost.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the place could not be had or kept.
#[derive(Debug, Error)]
pub(super) enum SeatError {
    #[error("the event log's database at {database} is out of reach")]
    Lost {
        database: String,
        #[source]
        source: sqlx::Error,
    },
    #[error("the event log's database at {database} did not answer in {STATEMENT_TIMEOUT:?}")]
    Silent { database: String },
}

#[derive(Debug)]
pub(super) struct Seat {
    connection: PgConnection,
    topic: String,
    /// Where the database is, for messages.
    database: String,
}

impl Seat {
    pub(super) async fn connect(options: &PgConnectOptions, topic: &str) -> Result<Self, SeatError> {
        let name = options.get_database().unwrap_or("(default database)");
        let database = format!("{}:{}/{name}", options.get_host(), options.get_port());
        let options = options.clone().application_name("codebank-relay").options([
            // Losing the last progress in a crash only repeats events; the write path need not wait for this in its log.
            ("synchronous_commit", "off"),
            // The server notices within seconds that this machine is gone, and gives the place to another relay.
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
        ]);
        match timeout(STATEMENT_TIMEOUT, options.connect()).await {
            Ok(Ok(connection)) => Ok(Self {
                connection,
                topic: topic.to_owned(),
                database,
            }),
            Ok(Err(source)) => Err(SeatError::Lost { database, source }),
            Err(_elapsed) => Err(SeatError::Silent { database }),
        }
    }

    /// Takes the place if no other relay has it. Asking again, rather than waiting in the database, shows that it is alive.
    pub(super) async fn try_take(&mut self) -> Result<bool, SeatError> {
        let lock = sqlx::query_scalar(
            "select pg_try_advisory_lock(hashtextextended('codebank relay to ' || $1, 0))",
        );
        let answer = timeout(
            STATEMENT_TIMEOUT,
            lock.bind(&self.topic).fetch_one(&mut self.connection),
        )
        .await;
        self.known(answer)
    }

    /// Makes sure that the connection, and with it the place, is still there.
    pub(super) async fn confirm(&mut self) -> Result<(), SeatError> {
        let answer = timeout(STATEMENT_TIMEOUT, self.connection.ping()).await;
        self.known(answer)
    }

    /// Up to where everything is published; the beginning when nothing is.
    pub(super) async fn progress(&mut self) -> Result<Position, SeatError> {
        let select = sqlx::query("select transaction_id, position from relay_progress where topic = $1")
            .bind(&self.topic);
        let select = select.try_map(|row: PgRow| position(row.try_get(0)?, row.try_get(1)?));
        let answer = timeout(STATEMENT_TIMEOUT, select.fetch_optional(&mut self.connection)).await;
        Ok(self.known(answer)?.unwrap_or_default())
    }

    /// Remembers that everything up to `position` is published, but for the accounts held back. They are remembered first:
    /// once progress has passed an event that was not published, that row is all that tells.
    pub(super) async fn store(&mut self, position: Position, held: &[HeldAccount]) -> Result<(), SeatError> {
        let answer = timeout(
            STATEMENT_TIMEOUT,
            store(&mut self.connection, &self.topic, position, held),
        )
        .await;
        self.known(answer)
    }

    /// The accounts held back, by the relay before this one or by itself before a restart.
    pub(super) async fn held(&mut self) -> Result<Vec<HeldAccount>, SeatError> {
        let select = sqlx::query(
            "select account_id, sequence, reason from relay_held_accounts where topic = $1 order by held_at",
        );
        let select = select.bind(&self.topic).try_map(|row: PgRow| {
            let sequence = unsigned(row.try_get(1)?)?;
            Ok(HeldAccount {
                account_id: row.try_get(0)?,
                sequence,
                reason: row.try_get(2)?,
            })
        });
        let answer = timeout(STATEMENT_TIMEOUT, select.fetch_all(&mut self.connection)).await;
        self.known(answer)
    }

    /// Forgets that an account was held back: all its events up to the progress are published now.
    pub(super) async fn release(&mut self, account_id: Uuid) -> Result<(), SeatError> {
        let delete = sqlx::query("delete from relay_held_accounts where topic = $1 and account_id = $2");
        let delete = delete.bind(&self.topic).bind(account_id);
        let answer = timeout(STATEMENT_TIMEOUT, delete.execute(&mut self.connection)).await;
        self.known(answer).map(|_| ())
    }

    /// Forgets everything: the next relay begins at the log's beginning.
    pub(super) async fn start_over(&mut self) -> Result<(), SeatError> {
        let answer = timeout(STATEMENT_TIMEOUT, start_over(&mut self.connection, &self.topic)).await;
        self.known(answer)
    }

    /// Gives the place back.
    pub(super) async fn leave(self) {
        // When the connection is broken the place is free already.
        let _ = timeout(STATEMENT_TIMEOUT, self.connection.close()).await;
    }

    fn known<T>(&self, answer: Result<sqlx::Result<T>, tokio::time::error::Elapsed>) -> Result<T, SeatError> {
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(SeatError::Lost {
                database: self.database.clone(),
                source,
            }),
            Err(_elapsed) => Err(SeatError::Silent {
                database: self.database.clone(),
            }),
        }
    }
}

async fn store(
    connection: &mut PgConnection,
    topic: &str,
    position: Position,
    held: &[HeldAccount],
) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    for account in held {
        let upsert = sqlx::query(
            "insert into relay_held_accounts (topic, account_id, sequence, reason) values ($1, $2, $3, $4) \
             on conflict (topic, account_id) do update set sequence = excluded.sequence, reason = excluded.reason",
        );
        let sequence = signed(account.sequence)?;
        upsert
            .bind(topic)
            .bind(account.account_id)
            .bind(sequence)
            .bind(&account.reason)
            .execute(&mut *transaction)
            .await?;
    }
    let upsert = sqlx::query(
        "insert into relay_progress (topic, transaction_id, position) values ($1, $2, $3) on conflict (topic) do update \
         set transaction_id = excluded.transaction_id, position = excluded.position, stored_at = now()",
    );
    let transaction_id = signed(position.transaction)?;
    upsert
        .bind(topic)
        .bind(transaction_id)
        .bind(position.number)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

async fn start_over(connection: &mut PgConnection, topic: &str) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    for statement in [
        "delete from relay_progress where topic = $1",
        "delete from relay_held_accounts where topic = $1",
    ] {
        sqlx::query(statement)
            .bind(topic)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

fn position(transaction: i64, number: i64) -> sqlx::Result<Position> {
    Ok(Position {
        transaction: unsigned(transaction)?,
        number,
    })
}

fn unsigned(number: i64) -> sqlx::Result<u64> {
    u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn signed(number: u64) -> sqlx::Result<i64> {
    i64::try_from(number).map_err(|error| sqlx::Error::Encode(error.into()))
}
