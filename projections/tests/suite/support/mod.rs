//! What these tests share: an event log in memory, stores, histories, and a second implementation of every read model.

pub(crate) mod api;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod history;
pub(crate) mod naive;
pub(crate) mod running;
pub(crate) mod stores;
