//! What is true about credit cards and money at this bank.
//!
//! Pure and synchronous: no I/O, no clock, no randomness. What a decision needs to know (the time, new ids) comes in
//! the command. It is deliberately not aware of gRPC, databases, Kafka or GraphQL.

pub mod account;
pub mod attempt;
pub mod calendar;
pub mod card;
pub mod ids;
pub mod money;
pub mod text;

pub use ids::{AccountId, AuthorizationId, CardId, RequestId};
pub use money::{Currency, Money};
