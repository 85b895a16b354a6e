//! The timeline of an account: every purchase, approved or declined with its reason, and whatever else happened to it.

pub(crate) mod apply;
pub(crate) mod graphql;
pub(crate) mod query;
pub(crate) mod subscription;
