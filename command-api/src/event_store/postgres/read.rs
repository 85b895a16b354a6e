//! Reading events from PostgreSQL.

use std::collections::BTreeMap;

use connections::Connections;
use domain::RequestId;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::super::row::Row;
use super::super::{Position, Recorded, StoreError};

macro_rules! select {
    ($from:literal) => {
        concat!(
            "select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::text, metadata::text, \
             transaction_id::text::bigint as transaction_id, position, recorded_at, request_id, request_fingerprint from ",
            $from
        )
    };
}

// The order inside keeps the query in one piece: a walk through the index for each stream, never through the table.
pub(super) const LOAD: &str = select!(
    "unnest($2::text[], $3::bigint[]) as wanted (id, after)
cross join lateral (
    select * from events
    where aggregate_type = $1 and aggregate_id = wanted.id and sequence > wanted.after
    order by sequence
) as events"
);

pub(super) const FIND_REQUESTS: &str = select!("events where request_id = any($1::uuid[])");

pub(super) const READ_COMMITTED: &str = select!(
    "events
where (transaction_id, position) > ($1::text::xid8, $2) and transaction_id < pg_snapshot_xmin(pg_current_snapshot())
order by events.transaction_id, position
limit $3"
);

/// See `EventLog::load`.
pub(super) async fn load(
    pool: &Connections,
    stream_type: &str,
    streams: &[(Uuid, u64)],
) -> Result<Vec<Recorded>, StoreError> {
    let wanted: BTreeMap<Uuid, u64> = streams.iter().copied().collect(); // each stream once, in order
    let rows = sqlx::query(LOAD)
        .bind(stream_type)
        .bind(wanted.keys().map(Uuid::to_string).collect::<Vec<_>>())
        .bind(
            wanted
                .values()
                .map(|after| after.cast_signed())
                .collect::<Vec<_>>(),
        )
        .fetch_all(pool)
        .await;
    let mut events = events(&rows.map_err(StoreError::Unavailable)?)?;
    events.sort_by_key(|event| (event.stream_id, event.sequence)); // they are, but nothing in the query says so
    Ok(events)
}

/// See `EventLog::find_request`.
pub(super) async fn find_request(
    pool: &Connections,
    request_id: RequestId,
) -> Result<Option<Recorded>, StoreError> {
    Ok(find_requests(pool, &[request_id.as_uuid()]).await?.pop())
}

/// The events that answered some requests.
pub(super) async fn find_requests(
    pool: &Connections,
    request_ids: &[Uuid],
) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(FIND_REQUESTS).bind(request_ids).fetch_all(pool).await;
    events(&rows.map_err(StoreError::Unavailable)?)
}

/// See `EventLog::read_committed`.
pub(super) async fn read_committed(
    pool: &Connections,
    after: Position,
    at_most: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(READ_COMMITTED)
        .bind(after.transaction.to_string())
        .bind(after.number)
        .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await;
    events(&rows.map_err(StoreError::Unavailable)?)
}

/// Where a row stands; transaction ids are read as a bigint, which they will not outgrow.
pub(super) fn position(row: &PgRow) -> Result<Position, sqlx::Error> {
    let transaction: i64 = row.try_get("transaction_id")?;
    Ok(Position {
        transaction: transaction.cast_unsigned(),
        number: row.try_get("position")?,
    })
}

fn events(rows: &[PgRow]) -> Result<Vec<Recorded>, StoreError> {
    rows.iter()
        .map(|row| columns(row).map_err(StoreError::Unavailable)?.into_recorded())
        .collect()
}

fn columns(row: &PgRow) -> Result<Row, sqlx::Error> {
    Ok(Row {
        stream_type: row.try_get("aggregate_type")?,
        stream_id: row.try_get("aggregate_id")?,
        sequence: row.try_get("sequence")?,
        name: row.try_get("event_type")?,
        version: row.try_get("event_version")?,
        payload: row.try_get("payload")?,
        metadata: row.try_get("metadata")?,
        position: position(row)?,
        recorded_at: row.try_get("recorded_at")?,
        request_id: row.try_get("request_id")?,
        fingerprint: row.try_get("request_fingerprint")?,
    })
}
