//! What an account spent where.

pub(crate) mod apply;
pub(crate) mod graphql;
pub(crate) mod query;
