//! What the whole bank sees of its purchases, across accounts: how many, how much, where, and why not. It has no tables of its
//! own; it reads the timeline. Staff only: it is served where an operator switched it on.

pub(crate) mod graphql;
pub(crate) mod pipeline;
pub(crate) mod query;
pub mod upstream;
mod window;
