//! The laws of the house as tests: who may depend on whom, and what every file looks like.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

mod direction;
mod documents;
mod house;
mod rust_files;
