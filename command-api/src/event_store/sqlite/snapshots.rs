//! Snapshots in SQLite: one row for each stream, which moves forward.

use chrono::SecondsFormat;
use domain::RequestId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::super::{Snapshot, StoreError};
use super::read::json;

const LOAD: &str = "
select stream_id, format, sequence, request_id, recorded_at, state
from json_each(?2) as wanted
cross join snapshots
where stream_type = ?1 and stream_id = wanted.value";

// `where true` tells SQLite that `on conflict` belongs to the insert.
const STORE: &str = "
insert into snapshots (stream_type, stream_id, format, sequence, request_id, recorded_at, state)
select ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
from json_each(?2)
where true
on conflict (stream_type, stream_id) do update set
    format = excluded.format,
    sequence = excluded.sequence,
    request_id = excluded.request_id,
    recorded_at = excluded.recorded_at,
    state = excluded.state
where excluded.sequence > snapshots.sequence or excluded.format <> snapshots.format";

/// See `EventLog::load_snapshots`.
pub(super) async fn load(
    pool: &SqlitePool,
    stream_type: &str,
    streams: &[Uuid],
) -> Result<Vec<Snapshot>, StoreError> {
    let rows = sqlx::query(LOAD)
        .bind(stream_type)
        .bind(json(&streams)?)
        .fetch_all(pool)
        .await
        .map_err(StoreError::Unavailable)?;
    let snapshots: Result<_, sqlx::Error> = rows.iter().map(snapshot).collect();
    snapshots.map_err(StoreError::Unavailable)
}

/// See `EventLog::store_snapshots`.
pub(super) async fn store(
    writer: &SqlitePool,
    stream_type: &str,
    snapshots: &[Snapshot],
) -> Result<(), StoreError> {
    let rows: Vec<_> = snapshots
        .iter()
        .map(|snapshot| {
            (
                snapshot.stream_id,
                snapshot.format,
                snapshot.sequence,
                snapshot.request_id,
                snapshot.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
                &snapshot.state,
            )
        })
        .collect();
    sqlx::query(STORE)
        .bind(stream_type)
        .bind(json(&rows)?)
        .execute(writer)
        .await
        .map_err(StoreError::Unavailable)?;
    Ok(())
}

fn snapshot(row: &SqliteRow) -> Result<Snapshot, sqlx::Error> {
    Ok(Snapshot {
        stream_id: row.try_get::<Hyphenated, _>("stream_id")?.into(),
        format: row.try_get("format")?,
        sequence: row.try_get::<i64, _>("sequence")?.cast_unsigned(),
        request_id: row
            .try_get::<Option<Hyphenated>, _>("request_id")?
            .map(|id| RequestId::new(id.into())),
        recorded_at: row.try_get("recorded_at")?,
        state: row.try_get("state")?,
    })
}
