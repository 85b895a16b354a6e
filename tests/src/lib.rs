//! What the tests of the whole house share: the bank's roles as processes, those who call it, a look into each neighbour, and
//! a search for card numbers.
//!
//! Nothing here holds the bank to a rule: it starts, calls and looks. What must be so is said in `tests/tests/`.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

pub mod address;
pub use test_support::proxy;

pub mod bank;
pub mod command;
pub mod embedded;
pub mod operations;

pub mod graph;
pub mod teller;

pub mod search;
pub mod topic;

pub mod luhn;
pub mod scan;
