//! The gRPC services over the wire: the real server on a loopback port, on a SQLite log and vault, driven with the generated
//! clients. Every row of "what bad input gets" is here.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

mod bank;
mod batches;
mod cards;
mod contracts;
mod declines;
mod histories;
mod limits;
mod moody_log;
mod payments;
mod refusals;
mod repeats;
