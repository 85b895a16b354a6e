//! The shop as its visitors and clients meet it, with a stub in the bank's place and, for what touches the database, on both databases.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, in its helpers too")]

mod bank;
mod browser;
mod opened;

mod declines;
mod forms;
mod orders;
mod rest;
mod secrets;
mod silence;
