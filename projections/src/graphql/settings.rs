//! What an operator may set of the GraphQL API, with the values it has otherwise.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::operations::upstream::Upstream;

#[derive(Debug, Clone)]
pub struct Settings {
    /// `GraphiQL` at `/graphiql`, and introspection.
    pub explorer: bool,
    /// `operations` and `pipeline`, which look across accounts and are for staff.
    pub operations: bool,
    /// Whoever can tell `pipeline` how far the feed goes; without one, what waits is not known.
    pub upstream: Option<Arc<dyn Upstream>>,
    /// How long a query waits for the version it asks for (`atLeastVersion`).
    pub version_wait_max: Duration,
    /// How often those who wait look by themselves, for what another process applied.
    pub look_interval: Duration,
    /// The same for subscriptions, of which there are many and which can wait longer.
    pub subscription_look_interval: Duration,
    /// How deep a query may nest.
    pub depth_max: usize,
    /// What a query may cost: a field costs one, a list as much as it may hold.
    pub complexity_max: usize,
    /// The longest body of a request, and message of a socket.
    pub body_bytes_max: usize,
    /// Subscriptions at a time, over all sockets of this process.
    pub subscriptions_max: usize,
    /// The clock that decides which cycle is open.
    pub now: fn() -> DateTime<Utc>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            explorer: false,
            operations: false,
            upstream: None,
            version_wait_max: Duration::from_secs(2),
            look_interval: Duration::from_millis(50),
            subscription_look_interval: Duration::from_millis(250),
            depth_max: 12,
            complexity_max: 5_000,
            body_bytes_max: 64 * 1024,
            subscriptions_max: 1_000,
            now: Utc::now,
        }
    }
}
