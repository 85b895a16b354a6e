//! The feed from Kafka: most of it on librdkafka's own mock cluster, which is always there, and what depends on a broker's
//! ways also on a real one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests and their helpers may fail loudly"
)]

mod ahead;
mod batches;
mod group;
mod reader;
mod topic;
mod trouble;
