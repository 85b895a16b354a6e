//! Appending to SQLite: one statement for all rows; where it is refused, what stands in the way is looked up and left out.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use sqlx::{Row as _, SqlitePool};
use uuid::Uuid;

use super::super::batch::{Batch, NewRow, Place, ROUNDS, Stream};
use super::super::{Append, Outcome, Position, StoreError};
use super::read;

/// Nothing is inserted unless every stream is exactly as long as its appends suppose, so that no gap can come about. That it
/// is not longer is what the primary key says.
const INSERT: &str = "
insert into events (
    aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, request_id,
    request_fingerprint, recorded_at
)
select
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    unhex(value ->> 8), ?3
from json_each(?1)
where not exists (
    select 1 from json_each(?2) as expected
    where expected.value ->> 2 > 0 and not exists (
        select 1 from events
        where aggregate_type = expected.value ->> 0
            and aggregate_id = expected.value ->> 1
            and sequence = expected.value ->> 2
    )
)";

const LAST_SEQUENCES: &str = "
select
    stream.key,
    (
        select max(sequence) from events
        where aggregate_type = stream.value ->> 0 and aggregate_id = stream.value ->> 1
    )
from json_each(?1) as stream";

/// See `EventLog::append`.
pub(super) async fn append(writer: &SqlitePool, appends: Vec<Append>) -> Result<Vec<Outcome>, StoreError> {
    let mut batch = Batch::new(appends);
    for _ in 0..ROUNDS {
        let pending = batch.pending();
        if pending.is_empty() {
            break;
        }
        let expected = batch.expected(&pending);
        if let Some(places) = insert(writer, &batch.rows(&pending), &expected).await? {
            batch.record(&pending, places);
            break;
        }
        let answered = read::find_requests(writer, &batch.requests(&pending)).await?;
        let last_sequences = last_sequences(writer, &expected).await?;
        batch.refuse(&pending, answered, &last_sequences);
    }
    Ok(batch.finish())
}

/// Inserts all rows, or, with `None`, nothing.
async fn insert(
    writer: &SqlitePool,
    rows: &[NewRow<'_>],
    expected: &[(Stream, u64)],
) -> Result<Option<Vec<Place>>, StoreError> {
    // To the microsecond, which is what is stored: the event is the same whether it was just appended or is read.
    let recorded_at = Utc::now().trunc_subsecs(6);
    let inserted = sqlx::query(INSERT)
        .bind(rows_json(rows)?)
        .bind(expected_json(expected)?)
        .bind(recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true))
        .execute(writer)
        .await;
    match inserted {
        Ok(done) if done.rows_affected() == rows.len() as u64 => {
            Ok(Some(places(done.last_insert_rowid(), rows.len(), recorded_at)))
        }
        Ok(_) => Ok(None),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
        Err(error) => Err(StoreError::Unavailable(error)),
    }
}

/// The rows of one statement get consecutive rowids, in their order.
fn places(last: i64, count: usize, recorded_at: DateTime<Utc>) -> Vec<Place> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    (last - count + 1..=last)
        .map(|number| Place {
            position: Position {
                transaction: 0,
                number,
            },
            recorded_at,
        })
        .collect()
}

/// The rows as a JSON array of arrays: text inside of it comes out of SQLite as it went in.
fn rows_json(rows: &[NewRow<'_>]) -> Result<String, StoreError> {
    let rows = rows
        .iter()
        .map(|row| {
            Ok((
                row.stream.0,
                row.stream.1,
                row.key.sequence,
                row.event.name,
                row.event.version,
                &row.event.payload,
                row.metadata()?,
                row.key.request.map(|request| request.id),
                row.key.request.map(|request| hex::encode(request.fingerprint)),
            ))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    read::json(&rows)
}

fn expected_json(expected: &[(Stream, u64)]) -> Result<String, StoreError> {
    let expected: Vec<(&str, Uuid, u64)> = expected
        .iter()
        .map(|((stream_type, stream_id), last)| (*stream_type, *stream_id, *last))
        .collect();
    read::json(&expected)
}

/// The last sequences of those streams that have any event.
async fn last_sequences(
    writer: &SqlitePool,
    expected: &[(Stream, u64)],
) -> Result<HashMap<Stream, u64>, StoreError> {
    let streams: Vec<Stream> = expected.iter().map(|(stream, _)| *stream).collect();
    let rows = sqlx::query(LAST_SEQUENCES)
        .bind(read::json(&streams)?)
        .fetch_all(writer)
        .await
        .map_err(StoreError::Unavailable)?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let index: i64 = row.try_get(0).map_err(StoreError::Unavailable)?;
        let last: Option<i64> = row.try_get(1).map_err(StoreError::Unavailable)?;
        let stream = usize::try_from(index).ok().and_then(|index| streams.get(index));
        if let (Some(stream), Some(last)) = (stream, last) {
            found.insert(*stream, u64::try_from(last).unwrap_or_default());
        }
    }
    Ok(found)
}
