//! How far the read models are: what every worker has applied, and where one had to stop. It does not know how far the event
//! log is; that is the relay's and the broker's to say.

use crate::graphql::Failure;
use crate::store::{ReadStore, all, optional};

/// One read model's place in one partition.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Place {
    pub(crate) projection: String,
    pub(crate) feed_partition: i64,
    pub(crate) next_offset: i64,
    pub(crate) stopped_event_id: Option<String>,
    pub(crate) stopped_reason: Option<String>,
}

/// Every place, by partition and name.
pub(crate) async fn places(store: &ReadStore) -> Result<Vec<Place>, Failure> {
    Ok(all!(
        store,
        Place,
        "select projection, feed_partition, next_offset, stopped_event_id, stopped_reason
         from projection_checkpoint order by feed_partition, projection"
    )?)
}

/// The latest purchase that is applied.
pub(crate) async fn latest_purchase_micros(store: &ReadStore) -> Result<Option<i64>, Failure> {
    let row = optional!(
        store,
        (i64,),
        "select occurred_at_micros from activity where authorization_id is not null
         order by occurred_at_micros desc limit 1"
    )?;
    Ok(row.map(|(micros,)| micros))
}
