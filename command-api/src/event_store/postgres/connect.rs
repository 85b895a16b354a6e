//! Connections to PostgreSQL as the event log wants them.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgPool};

use crate::pool;

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

const SESSION: [(&str, &str); 3] = [
    // Durable means durable, whatever the server's configuration says.
    ("synchronous_commit", "on"),
    // A transaction left open holds up every reader of the log.
    ("idle_in_transaction_session_timeout", "10s"),
    // What is done for a client that is gone is given up: until it ends, nobody knows what became of it.
    ("client_connection_check_interval", "500ms"),
];

/// A pool for the event log. Fails at once, with the server's own reason, where the database cannot be reached.
pub async fn connect(url: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    let mut options = pool::planned(url.parse::<PgConnectOptions>()?.options(SESSION));
    if options.get_application_name().is_none() {
        options = options.application_name("codebank");
    }
    // The pool would hide a refused connection behind a timeout.
    options.connect().await?.close().await?;
    connections::options(max_connections, ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
}
