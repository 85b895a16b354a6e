//! Statements by billing cycle: what is charged, and nothing else.

pub(crate) mod apply;
pub(crate) mod graphql;
pub(crate) mod line;
pub(crate) mod query;
