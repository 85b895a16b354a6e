//! The relay on a real event log and a real broker: each test has a database and topics of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests and their helpers may fail loudly"
)]

mod bank;
mod damage;
mod neighbours;
mod order;
mod payments;
mod seat;
mod topics;
