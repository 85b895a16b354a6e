//! What tests share: where the real servers are, a database of one's own, programs that end with the test, and waiting.
//!
//! `cargo xtask test` starts the servers and says where they are in `CODEBANK_TEST_…` variables. Without it a test that needs one says
//! loudly that it was skipped. Nothing here knows the bank: no crate of it is a dependency.

mod database;
mod eventually;
mod program;
pub mod proxy;
pub mod require;
mod stack;

pub use database::{Database, database};
pub use eventually::{eventually, holds};
pub use program::{Program, Running, free_port};
pub use stack::Stack;

/// `let url = require!(postgres);` is the server's address; where it is not there, the test returns here, recorded as skipped.
#[macro_export]
macro_rules! require {
    ($server:ident) => {
        match $crate::require::$server() {
            Some(found) => found,
            None => return,
        }
    };
}
