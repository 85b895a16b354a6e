//! The canary: after purchases with known card numbers and security codes, nothing outside the vault holds one of them, in any form:
//! not the databases and their files, not the topic, not the search index, not a log, not an answer.
//!
//! The numbers are documented test numbers and numbers made while the test runs. What belongs to this test alone is searched for
//! all of them; what other tests share (the servers' own folders) is searched for the second kind, which nobody else can have
//! written.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

mod embedded;
mod full;
mod holder;
mod watch;
