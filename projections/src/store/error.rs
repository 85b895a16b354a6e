//! What can go wrong with the read store, and whether trying again can help.

use thiserror::Error;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the read store's URL cannot be read")]
    Url(#[source] sqlx::Error),
    #[error("the read store's URL must begin with postgres:// or sqlite://")]
    Scheme,
    /// Out of reach, or too busy; the same call may be tried again.
    #[error("the read store is out of reach")]
    Unavailable(#[source] sqlx::Error),
    #[error("the read store refused a statement")]
    Database(#[source] sqlx::Error),
    #[error("another rebuild of the same read models is under way")]
    RebuildUnderWay,
    #[error("the read store cannot be brought to this version")]
    Migration(#[source] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match fault(&error) {
            Fault::Away => Self::Unavailable(error),
            Fault::Data | Fault::Other => Self::Database(error),
        }
    }
}

/// What a database error says about the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The database is away, or too busy for now.
    Away,
    /// These values will never be accepted: a constraint, or a value out of range.
    Data,
    Other,
}

pub(crate) fn fault(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Fault::Away,
        sqlx::Error::Database(error) => database_fault(error.as_ref()),
        _ => Fault::Other,
    }
}

fn database_fault(error: &dyn sqlx::error::DatabaseError) -> Fault {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // Extended result codes keep the primary one in the low byte: 5 busy, 6 locked, 10 I/O, 13 full, 14 cannot open,
        // 18 too big, 19 constraint.
        return match code.parse::<i32>().map(|code| code & 0xff) {
            Ok(5 | 6 | 10 | 13 | 14) => Fault::Away,
            Ok(18 | 19) => Fault::Data,
            _ => Fault::Other,
        };
    }
    match code.get(..2) {
        // Connection, serialization and deadlock, resources, a lock not to be had in time, operator intervention, system.
        Some("08" | "40" | "53" | "55" | "57" | "58") => Fault::Away,
        // Data exception, constraint.
        Some("22" | "23") => Fault::Data,
        _ => Fault::Other,
    }
}
