//! What an account is allowed and what it owes.

pub(crate) mod apply;
pub(crate) mod graphql;
pub(crate) mod query;
