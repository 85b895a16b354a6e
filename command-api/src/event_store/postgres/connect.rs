//! Connections to PostgreSQL as the event log wants them.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgPool};

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is tried out before it is used: the server may have been restarted.
const TRUSTED_WHILE_IDLE: Duration = Duration::from_secs(1);

const SESSION: [(&str, &str); 6] = [
    // Durable means durable, whatever the server's configuration says.
    ("synchronous_commit", "on"),
    // A transaction left open holds up every reader of the log.
    ("idle_in_transaction_session_timeout", "10s"),
    // What is done for a client that is gone is given up: until it ends, nobody knows what became of it.
    ("client_connection_check_interval", "500ms"),
    // Every query of the log goes through an index. A plan made while the table was small must not be kept when it is not.
    ("enable_seqscan", "off"),
    // The plan does not depend on the parameters; made anew for each batch, it costs as much as a few rows.
    ("plan_cache_mode", "force_generic_plan"),
    // Where a plan has no index after all, it is not to be compiled on top of that.
    ("jit", "off"),
];

/// A pool for the event log. Fails at once, with the server's own reason, where the database cannot be reached.
pub async fn connect(url: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    let mut options = url.parse::<PgConnectOptions>()?.options(SESSION);
    if options.get_application_name().is_none() {
        options = options.application_name("codebank");
    }
    // The pool would hide a refused connection behind a timeout.
    options.connect().await?.close().await?;
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_WHILE_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
}
