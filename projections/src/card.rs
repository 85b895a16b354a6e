//! The cards of an account, as far as they may be shown: last four digits, expiry, status.

pub(crate) mod apply;
pub(crate) mod graphql;
pub(crate) mod query;
