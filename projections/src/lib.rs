//! The read side of the bank: events in, tables, GraphQL out.
//!
//! A worker takes batches off a `proto::feed::Feed`, folds them into row changes and writes these with its checkpoints in one
//! transaction; queries read the tables. It uses the vocabulary of `domain` (events, money, ids) and none of its rules: what a
//! read model needs to know is in the event. It never speaks to the write side.

pub mod projection;
pub mod store;

mod apply;
mod checkpoint;
mod fold;
mod recorded;
mod version;

mod account_balance;
mod activity;
mod card;
mod merchant_spend;
pub mod operations;
mod statement;

mod backoff;
pub mod health;
pub mod metrics;
pub mod worker;

pub mod kafka_feed;

pub mod rebuild;

pub mod graphql;
pub mod http;

pub use projection::{Projection, UnknownProjection};
pub use store::{ReadStore, StoreError};
pub use worker::Worker;
