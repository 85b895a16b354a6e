//! What the write side's pools of PostgreSQL connections have in common.

use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// A connection that was idle for longer is tried out before it is used: the server may have been restarted.
const TRUSTED_WHILE_IDLE: Duration = Duration::from_secs(1);

/// Every query here goes through an index, whatever its parameters.
const PLANS: [(&str, &str); 3] = [
    // A plan made while the table was small must not be kept when it is not.
    ("enable_seqscan", "off"),
    // Made anew for each batch, it costs as much as a few rows.
    ("plan_cache_mode", "force_generic_plan"),
    // Where a plan has no index after all, it is not to be compiled on top of that.
    ("jit", "off"),
];

/// These connections, with the plans that suit them.
pub(crate) fn planned(connections: PgConnectOptions) -> PgConnectOptions {
    connections.options(PLANS)
}

/// A pool that does not ask before each statement whether the server is there.
pub(crate) fn options(connections_max: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_WHILE_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}
