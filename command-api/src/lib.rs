//! The write side: gRPC in, events out.
//!
//! Read `execute` first: the only place where state changes. `event_store` keeps the events, `vault` keeps the card numbers,
//! `grpc` speaks to the callers, `relay` hands committed events on to Kafka. Nothing here reads a read model.

pub mod event_store;
pub mod execute;
pub mod grpc;
mod pool;
pub mod relay;
pub mod vault;
