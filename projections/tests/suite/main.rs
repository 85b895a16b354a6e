//! The read side from outside: events in through a feed, answers out through GraphQL; on SQLite always, on PostgreSQL where
//! there is one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail loudly, and so may what they share"
)]

mod support;

mod histories;
mod operations;
mod plans;
mod poison;
mod rebuild;
mod refusals;
mod schema;
mod socket;
mod statements;
mod timeline;
mod visible;
mod worker;
