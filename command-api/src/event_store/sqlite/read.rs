//! Reading events from SQLite.

use std::collections::BTreeMap;

use domain::RequestId;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};
use uuid::Uuid;

use super::super::row::Row;
use super::super::{Position, Recorded, StoreError};

macro_rules! select {
    ($from:literal) => {
        concat!(
            "select aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
             events.rowid as position, recorded_at, request_id, request_fingerprint from ",
            $from
        )
    };
}

// `cross join` is SQLite's way to say: in this order, never the table first.
const LOAD: &str = select!(
    "json_each(?2) as wanted
cross join events
where aggregate_type = ?1 and aggregate_id = wanted.value ->> 0 and sequence > wanted.value ->> 1
order by aggregate_id, sequence"
);

const FIND_REQUESTS: &str =
    select!("json_each(?1) as wanted cross join events where request_id = wanted.value");

const READ_COMMITTED: &str = select!("events where rowid > ?1 order by rowid limit ?2");

/// See `EventLog::load`.
pub(super) async fn load(
    pool: &SqlitePool,
    stream_type: &str,
    streams: &[(Uuid, u64)],
) -> Result<Vec<Recorded>, StoreError> {
    let wanted: BTreeMap<Uuid, u64> = streams.iter().copied().collect(); // each stream once
    let wanted: Vec<(Uuid, u64)> = wanted.into_iter().collect();
    let rows = sqlx::query(LOAD)
        .bind(stream_type)
        .bind(json(&wanted)?)
        .fetch_all(pool)
        .await;
    events(&rows.map_err(StoreError::Unavailable)?)
}

/// See `EventLog::find_request`.
pub(super) async fn find_request(
    pool: &SqlitePool,
    request_id: RequestId,
) -> Result<Option<Recorded>, StoreError> {
    Ok(find_requests(pool, &[request_id.as_uuid()]).await?.pop())
}

/// The events that answered some requests.
pub(super) async fn find_requests(
    pool: &SqlitePool,
    request_ids: &[Uuid],
) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(FIND_REQUESTS)
        .bind(json(&request_ids)?)
        .fetch_all(pool)
        .await;
    events(&rows.map_err(StoreError::Unavailable)?)
}

/// See `EventLog::read_committed`.
pub(super) async fn read_committed(
    pool: &SqlitePool,
    after: Position,
    at_most: usize,
) -> Result<Vec<Recorded>, StoreError> {
    if after.transaction > 0 {
        return Ok(Vec::new()); // every position of this log has transaction zero
    }
    let rows = sqlx::query(READ_COMMITTED)
        .bind(after.number)
        .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await;
    events(&rows.map_err(StoreError::Unavailable)?)
}

/// See `SqliteEventLog::last_number`.
pub(super) async fn last_number(pool: &SqlitePool) -> Result<i64, StoreError> {
    let last = sqlx::query_scalar("select coalesce(max(rowid), 0) from events");
    last.fetch_one(pool).await.map_err(StoreError::Unavailable)
}

/// A value as a parameter for `json_each`.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Unavailable(sqlx::Error::Encode(Box::new(error))))
}

fn events(rows: &[SqliteRow]) -> Result<Vec<Recorded>, StoreError> {
    rows.iter()
        .map(|row| columns(row).map_err(StoreError::Unavailable)?.into_recorded())
        .collect()
}

fn columns(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    Ok(Row {
        stream_type: row.try_get("aggregate_type")?,
        stream_id: row.try_get("aggregate_id")?,
        sequence: row.try_get("sequence")?,
        name: row.try_get("event_type")?,
        version: row.try_get("event_version")?,
        payload: row.try_get("payload")?,
        metadata: row.try_get("metadata")?,
        position: Position {
            transaction: 0,
            number: row.try_get("position")?,
        },
        recorded_at: row.try_get("recorded_at")?,
        request_id: row
            .try_get::<Option<uuid::fmt::Hyphenated>, _>("request_id")?
            .map(Uuid::from),
        fingerprint: row.try_get("request_fingerprint")?,
    })
}
