//! How far the embedded bank's event table goes, for `pipeline`. There is no search sink here, so no dead letters either.

use std::sync::Arc;

use async_trait::async_trait;
use command_api::event_store::sqlite::SqliteEventLog;
use projections::operations::upstream::{Ahead, Ends, Upstream};
use proto::feed::FeedUnavailable;

#[derive(Debug)]
pub(super) struct TableEnd(pub(super) Arc<SqliteEventLog>);

#[async_trait]
impl Upstream for TableEnd {
    async fn ahead(&self) -> Result<Ahead, FeedUnavailable> {
        let last = self.0.last_number().await;
        let last = last.map_err(|error| FeedUnavailable(Box::new(error)))?;
        Ok(Ahead {
            ends: Ends::Shared(last + 1),
            dead_letters: None,
        })
    }
}
