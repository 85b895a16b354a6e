//! The gRPC face of the write side.
//!
//! A call comes through `layer` (trace, deadline, the limit of calls in flight, metrics), is read by `parse`, which reports
//! every fault of a message at once, becomes a command for the write loop, and is answered by `reply`, which makes an answer
//! from the recorded event alone. `status` says what went wrong. No rule of the bank is here.

mod authorization;
mod call;
mod card_account;
mod clock;
mod coalescing;
mod decisions;
mod explain;
mod fingerprint;
mod history;
mod layer;
mod parse;
mod payment;
mod purchase;
mod reply;
mod server;
mod status;

use std::sync::Arc;

use crate::event_store::EventLog;
use crate::execute::Executor;
use crate::vault::Vault;

pub use coalescing::{Coalescing, accept};
pub use server::{ServeError, Settings, serve};

/// What the services stand on. Clones share everything.
#[derive(Debug, Clone)]
pub struct Services {
    pub executor: Executor,
    pub vault: Vault,
    pub log: Arc<dyn EventLog>,
}
