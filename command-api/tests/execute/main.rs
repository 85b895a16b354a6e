//! The write loop under crowds, repeats, rivals and failures: every answer is true, and no limit is ever passed.

#![allow(clippy::expect_used, reason = "a test may fail loudly")]

mod crowds;
mod doubt;
mod failures;
mod repeats;
mod sabotage;
mod storm;
mod table;
mod witness;
