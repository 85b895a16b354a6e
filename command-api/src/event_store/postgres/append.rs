//! Appending to PostgreSQL: one statement for all rows; where it is refused, what stands in the way is looked up and left out.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use connections::Connections;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::super::batch::{Batch, NewRow, Place, ROUNDS, Stream};
use super::super::{ACCOUNT_STREAM, Append, Outcome, Position, StoreError};
use super::doubt::Doubt;
use super::read;
use super::stream_id::StreamId;
use super::tails::{TableIdentity, Tails};

/// Nothing is inserted unless every stream is exactly as long as its appends suppose, so that no gap can come about, not even
/// where a writer remembers events that the database lost. That a stream is not shorter is looked for, or known of this very table
/// (`tails`); that it is not longer is what the primary key says. The lock, taken once and before the first row, is for those who
/// have to know that this has come to its end (`doubt`). The lists are of one length; unfolded in `from`, each would be kept as rows
/// of its own first.
pub(super) const INSERT: &str = "
with inserted as (
    insert into events (
        aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, request_id,
        request_fingerprint
    )
    select
        aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json, request_id,
        request_fingerprint
    from (
        select
            unnest($1::text[]) as aggregate_type, unnest($2::text[]) as aggregate_id,
            unnest($3::bigint[]) as sequence, unnest($4::text[]) as event_type, unnest($5::text[]) as event_version,
            unnest($6::text[]) as payload, unnest($7::text[]) as metadata, unnest($8::uuid[]) as request_id,
            unnest($9::bytea[]) as request_fingerprint
    ) as new
    where (select pg_advisory_xact_lock_shared($13::bigint)) is not null
    and ($14::timestamptz is null or pg_postmaster_start_time() = $14)
    and ($15::bigint is null or pg_relation_filenode('events')::bigint = $15)
    and not exists (
        select from unnest($10::text[], $11::text[], $12::bigint[])
            as expected (aggregate_type, aggregate_id, sequence)
        where expected.sequence > 0 and not exists (
            select from events
            where aggregate_type = expected.aggregate_type
                and aggregate_id = expected.aggregate_id
                and sequence = expected.sequence
        )
    )
    returning position, recorded_at
)
select
    pg_current_xact_id_if_assigned()::text::bigint as transaction_id,
    pg_postmaster_start_time() as server_started_at,
    pg_relation_filenode('events')::bigint as file_node,
    coalesce(array_agg(position), '{}') as positions,
    coalesce(array_agg(recorded_at), '{}') as recorded_at
from inserted";

pub(super) const LAST_SEQUENCES: &str = "
select stream.index, last.sequence
from unnest($1::text[], $2::text[]) with ordinality as stream (aggregate_type, aggregate_id, index)
cross join lateral (
    select sequence from events
    where aggregate_type = stream.aggregate_type and aggregate_id = stream.aggregate_id
    order by sequence desc
    limit 1
) as last";

/// The constraints whose violation says that another writer was faster.
const STREAM_SEQUENCE: &str = "events_stream_sequence";
const REQUEST_ID: &str = "events_request_id";
/// PostgreSQL ended the transaction because two of them waited for each other.
const DEADLOCK_DETECTED: &str = "40P01";

/// See `EventLog::append`.
pub(super) async fn append(
    pool: &Connections,
    doubt: &Doubt,
    tails: &Tails,
    appends: Vec<Append>,
) -> Result<Vec<Outcome>, StoreError> {
    let mut batch = Batch::new(appends);
    for _ in 0..ROUNDS {
        let pending = batch.pending();
        if pending.is_empty() {
            break;
        }
        let expected = batch.expected(&pending);
        if let Some(places) = insert(pool, doubt, tails, &batch.rows(&pending), &expected).await? {
            batch.record(&pending, places);
            break;
        }
        let answered = read::find_requests(pool, &batch.requests(&pending)).await?;
        let last_sequences = last_sequences(pool, &expected).await?;
        batch.refuse(&pending, answered, &last_sequences);
    }
    Ok(batch.finish())
}

/// Inserts all rows, or, with `None`, nothing.
async fn insert(
    pool: &Connections,
    doubt: &Doubt,
    tails: &Tails,
    rows: &[NewRow<'_>],
    expected: &[(Stream, u64)],
) -> Result<Option<Vec<Place>>, StoreError> {
    let (looked_for, table) = tails.unknown(expected);
    let metadata = rows
        .iter()
        .map(NewRow::metadata)
        .collect::<Result<Vec<String>, _>>()?;
    let inserted = sqlx::query(INSERT)
        .bind(column(rows, |row| row.stream.0))
        .bind(column(rows, |row| StreamId(row.stream.1)))
        .bind(column(rows, |row| row.key.sequence.cast_signed()))
        .bind(column(rows, |row| row.event.name))
        .bind(column(rows, |row| row.event.version))
        .bind(column(rows, |row| row.event.payload.as_str()))
        .bind(metadata)
        .bind(column(rows, |row| {
            row.key.request.map(|request| request.id.as_uuid())
        }))
        .bind(column(rows, |row| {
            row.key
                .request
                .as_ref()
                .map(|request| request.fingerprint.as_slice())
        }))
        .bind(column(&looked_for, |((stream_type, _), _)| *stream_type))
        .bind(column(&looked_for, |((_, id), _)| StreamId(*id)))
        .bind(column(&looked_for, |(_, last)| last.cast_signed()))
        .bind(doubt.lock)
        .bind(table.map(|table| table.server_started_at))
        .bind(table.map(|table| table.file_node))
        .fetch_one(pool)
        .await
        .and_then(|inserted| Ok((places(&inserted)?, table_of(&inserted)?)));
    match inserted {
        // They come back in the order in which the rows went in.
        Ok((places, table)) if places.len() == rows.len() => {
            // The stream of an attempt gets no second event: it would only take another one's place.
            let accounts = rows.iter().filter(|row| row.stream.0 == ACCOUNT_STREAM);
            tails.recorded(table, accounts.map(|row| (row.stream, row.key.sequence)));
            Ok(Some(places))
        }
        Ok((_, table)) => {
            tails.recorded(table, []);
            Ok(None)
        }
        Err(error) if another_writer_was_faster(&error) => Ok(None),
        Err(error) => {
            doubt.arose();
            Err(StoreError::Unavailable(error))
        }
    }
}

fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Where the rows of one insert came to stand: one transaction, and for each row its number and its time.
fn places(inserted: &PgRow) -> Result<Vec<Place>, sqlx::Error> {
    let transaction = inserted
        .try_get::<Option<i64>, _>("transaction_id")?
        .unwrap_or_default()
        .cast_unsigned();
    let numbers: Vec<i64> = inserted.try_get("positions")?;
    let times: Vec<DateTime<Utc>> = inserted.try_get("recorded_at")?;
    let places = numbers.into_iter().zip(times).map(|(number, recorded_at)| Place {
        position: Position { transaction, number },
        recorded_at,
    });
    Ok(places.collect())
}

fn table_of(inserted: &PgRow) -> Result<TableIdentity, sqlx::Error> {
    Ok(TableIdentity {
        server_started_at: inserted.try_get("server_started_at")?,
        file_node: inserted.try_get("file_node")?,
    })
}

fn another_writer_was_faster(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error
            .constraint()
            .is_some_and(|name| name == STREAM_SEQUENCE || name == REQUEST_ID)
            || error.code().is_some_and(|code| code == DEADLOCK_DETECTED)
    })
}

/// The last sequences of those streams that have any event.
async fn last_sequences(
    pool: &Connections,
    expected: &[(Stream, u64)],
) -> Result<HashMap<Stream, u64>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(LAST_SEQUENCES)
        .bind(column(expected, |((stream_type, _), _)| *stream_type))
        .bind(column(expected, |((_, id), _)| StreamId(*id)))
        .fetch_all(pool)
        .await
        .map_err(StoreError::Unavailable)?;
    let stream = |index: i64| {
        expected
            .get(usize::try_from(index.checked_sub(1)?).ok()?)
            .map(|(stream, _)| *stream)
    };
    Ok(rows
        .into_iter()
        .filter_map(|(index, last)| Some((stream(index)?, last.cast_unsigned())))
        .collect())
}
