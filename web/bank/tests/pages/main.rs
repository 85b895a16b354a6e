//! The cardholder's pages, asked for over HTTP, before a bank that is a stub: it answers GraphQL with set pieces, notes what
//! was asked, and takes commands by gRPC.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail loudly, in its helpers too"
)]

mod bank;
mod browser;
mod cards;
mod facade;
mod files;
mod live;
mod operations;
mod scope;
mod search;
mod shown;
