//! Snapshots in PostgreSQL: one row for each stream, which moves forward.

use connections::Connections;
use domain::RequestId;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::super::{Snapshot, StoreError};

pub(super) const LOAD: &str = "
select stream_id, format, sequence, request_id, recorded_at, state::text
from snapshots
where stream_type = $1 and stream_id = any($2::uuid[])";

pub(super) const STORE: &str = "
insert into snapshots (stream_type, stream_id, format, sequence, request_id, recorded_at, state)
select $1::text, stream_id, format, sequence, request_id, recorded_at, state::json
from unnest($2::uuid[], $3::integer[], $4::bigint[], $5::uuid[], $6::timestamptz[], $7::text[])
    as new (stream_id, format, sequence, request_id, recorded_at, state)
on conflict (stream_type, stream_id) do update set
    format = excluded.format,
    sequence = excluded.sequence,
    request_id = excluded.request_id,
    recorded_at = excluded.recorded_at,
    state = excluded.state
where excluded.sequence > snapshots.sequence or excluded.format <> snapshots.format";

/// See `EventLog::load_snapshots`.
pub(super) async fn load(
    pool: &Connections,
    stream_type: &str,
    streams: &[Uuid],
) -> Result<Vec<Snapshot>, StoreError> {
    let rows = sqlx::query(LOAD)
        .bind(stream_type)
        .bind(streams)
        .fetch_all(pool)
        .await
        .map_err(StoreError::Unavailable)?;
    let snapshots: Result<_, sqlx::Error> = rows.iter().map(snapshot).collect();
    snapshots.map_err(StoreError::Unavailable)
}

/// See `EventLog::store_snapshots`.
pub(super) async fn store(
    pool: &Connections,
    stream_type: &str,
    snapshots: &[Snapshot],
) -> Result<(), StoreError> {
    let mut snapshots: Vec<&Snapshot> = snapshots.iter().collect();
    // In the same order whoever writes, so that two writers do not wait for each other.
    snapshots.sort_unstable_by_key(|snapshot| snapshot.stream_id);
    let all = || snapshots.iter();
    sqlx::query(STORE)
        .bind(stream_type)
        .bind(all().map(|snapshot| snapshot.stream_id).collect::<Vec<_>>())
        .bind(all().map(|snapshot| snapshot.format).collect::<Vec<_>>())
        .bind(
            all()
                .map(|snapshot| snapshot.sequence.cast_signed())
                .collect::<Vec<_>>(),
        )
        .bind(
            all()
                .map(|snapshot| snapshot.request_id.map(RequestId::as_uuid))
                .collect::<Vec<_>>(),
        )
        .bind(all().map(|snapshot| snapshot.recorded_at).collect::<Vec<_>>())
        .bind(all().map(|snapshot| snapshot.state.as_str()).collect::<Vec<_>>())
        .execute(pool)
        .await
        .map_err(StoreError::Unavailable)?;
    Ok(())
}

fn snapshot(row: &PgRow) -> Result<Snapshot, sqlx::Error> {
    Ok(Snapshot {
        stream_id: row.try_get("stream_id")?,
        format: row.try_get("format")?,
        sequence: row.try_get::<i64, _>("sequence")?.cast_unsigned(),
        request_id: row.try_get::<Option<Uuid>, _>("request_id")?.map(RequestId::new),
        recorded_at: row.try_get("recorded_at")?,
        state: row.try_get("state")?,
    })
}
