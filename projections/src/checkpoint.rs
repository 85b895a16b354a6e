//! How far each read model is applied, per partition of the feed; written in the transaction that applies.

use std::collections::BTreeMap;

use crate::projection::Projection;
use crate::recorded::Poison;
use crate::store::{
    Dialect, How, Kind, ReadStore, Table, Tx, Writes, all, all_in, execute_in, keys_sql, to_json,
};

/// One read model's place in one partition.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) projection: String,
    pub(crate) feed_partition: i64,
    pub(crate) next_offset: i64,
    pub(crate) stopped_event_id: Option<String>,
    pub(crate) stopped_reason: Option<String>,
}

/// Where a partition stands for the read models that move together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) next_offset: i64,
    /// The read models at `next_offset`: these are applied to.
    pub(crate) current: Vec<Projection>,
    /// Read models that are behind, as a new one is before its first rebuild. They are left alone: to feed them from the
    /// beginning here would keep the others waiting.
    pub(crate) behind: Vec<Projection>,
}

/// The last event of what was applied: when it happened, and when it was applied. From one to the other is the delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastApplied {
    pub(crate) event_time_micros: i64,
    pub(crate) applied_at_micros: i64,
}

/// Where a partition goes on to, and the last event on the way, if there was any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) partition: i32,
    pub(crate) next_offset: i64,
    pub(crate) last: Option<LastApplied>,
}

const COLUMNS: &str = "projection, feed_partition, next_offset, stopped_event_id, stopped_reason";

/// How far each partition is applied.
pub(crate) type Positions = BTreeMap<i32, i64>;

/// The live positions.
pub(crate) async fn positions(store: &ReadStore) -> Result<Positions, sqlx::Error> {
    all!(store, (i64, i64), POSITIONS).map(keyed)
}

/// The live positions, in a transaction that keeps every worker out.
pub(crate) async fn positions_in(tx: &mut Tx) -> Result<Positions, sqlx::Error> {
    all_in!(tx, (i64, i64), POSITIONS).map(keyed)
}

const POSITIONS: &str =
    "select feed_partition, max(next_offset) from projection_checkpoint group by feed_partition";

fn keyed(rows: Vec<(i64, i64)>) -> Positions {
    rows.into_iter()
        .filter_map(|(partition, next_offset)| Some((i32::try_from(partition).ok()?, next_offset)))
        .collect()
}

/// Says that these read models are where the others are, as a rebuilt one is.
pub(crate) async fn level(
    tx: &mut Tx,
    projections: &[Projection],
    positions: &Positions,
) -> Result<(), sqlx::Error> {
    for projection in projections {
        for (partition, next_offset) in positions {
            execute_in!(
                tx,
                "insert into projection_checkpoint (projection, feed_partition, next_offset) values ($1, $2, $3)
                 on conflict (projection, feed_partition) do update set next_offset = excluded.next_offset",
                projection.name(),
                i64::from(*partition),
                next_offset
            )?;
        }
    }
    Ok(())
}

/// Locks one partition for these read models, so that two workers who both believe it theirs take turns.
pub(crate) async fn lock(
    tx: &mut Tx,
    projections: &[Projection],
    partition: i32,
) -> Result<Position, sqlx::Error> {
    let mut rows = lock_rows(tx, projections, partition).await?;
    if rows.len() < projections.len() {
        make(tx, projections, partition).await?;
        rows = lock_rows(tx, projections, partition).await?;
    }
    let next_offset = rows.iter().map(|row| row.next_offset).max().unwrap_or(0);
    let at = |projection: &Projection| {
        rows.iter()
            .any(|row| row.projection == projection.name() && row.next_offset == next_offset)
    };
    let (current, behind) = projections.iter().copied().partition(at);
    Ok(Position {
        next_offset,
        current,
        behind,
    })
}

/// Moves several partitions on from where each of these read models is held to be, past whatever had stopped them. Whoever else
/// moves one of them on takes turns with this.
pub(crate) fn advance_level(
    writes: &mut Writes<'_>,
    projections: &[Projection],
    steps: impl Iterator<Item = (i64, Step)>,
) {
    let rows = steps.flat_map(|step| projections.iter().map(move |projection| (projection, step)));
    writes.add(&LEVEL, rows, |(projection, (before, step)), values| {
        values
            .text(projection.name())
            .integer(i64::from(step.partition))
            .integer(before)
            .integer(step.next_offset)
            .integer(step.last.map(|last| last.event_time_micros))
            .integer(step.last.map(|last| last.applied_at_micros));
    });
}

const LEVEL: Table = Table {
    name: "projection_checkpoint",
    columns: &[
        ("projection", Kind::Text),
        ("feed_partition", Kind::Integer),
        ("before", Kind::Integer),
        ("next_offset", Kind::Integer),
        ("event_time_micros", Kind::Integer),
        ("applied_at_micros", Kind::Integer),
    ],
    how: How::Change {
        set: "next_offset = new.next_offset, stopped_event_id = null, stopped_reason = null,
              event_time_micros = coalesce(new.event_time_micros, projection_checkpoint.event_time_micros),
              applied_at_micros = coalesce(new.applied_at_micros, projection_checkpoint.applied_at_micros)",
        only: "projection_checkpoint.projection = new.projection
               and projection_checkpoint.feed_partition = new.feed_partition
               and projection_checkpoint.next_offset = new.before",
    },
};

async fn lock_rows(tx: &mut Tx, projections: &[Projection], partition: i32) -> Result<Vec<Row>, sqlx::Error> {
    let sql = format!(
        "select {COLUMNS} from projection_checkpoint
         where feed_partition = $2 and projection in ({})
         order by projection{}",
        keys_sql(tx.dialect()),
        for_update(tx)
    );
    all_in!(tx, Row, &sql, names(projections)?, i64::from(partition))
}

/// SQLite's write transaction already holds the only lock there is.
fn for_update(tx: &Tx) -> &'static str {
    match tx.dialect() {
        Dialect::Postgres => " for update",
        Dialect::Sqlite => "",
    }
}

async fn make(tx: &mut Tx, projections: &[Projection], partition: i32) -> Result<(), sqlx::Error> {
    for projection in projections {
        execute_in!(
            tx,
            "insert into projection_checkpoint (projection, feed_partition, next_offset) values ($1, $2, 0)
             on conflict (projection, feed_partition) do nothing",
            projection.name(),
            i64::from(partition)
        )?;
    }
    Ok(())
}

/// Moves on: past whatever had stopped the partition, or up to the event that stops it now.
pub(crate) async fn advance(
    tx: &mut Tx,
    projections: &[Projection],
    step: Step,
    poison: Option<&Poison>,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "update projection_checkpoint set next_offset = $3, stopped_event_id = $4, stopped_reason = $5,
                event_time_micros = coalesce($6, event_time_micros),
                applied_at_micros = coalesce($7, applied_at_micros)
         where feed_partition = $2 and projection in ({})",
        keys_sql(tx.dialect())
    );
    // PostgreSQL keeps no NUL in a text, and a message that is no event may hold anything.
    let event_id = poison.map(|poison| poison.event_id.replace('\0', ""));
    let reason = poison.map(|poison| poison.reason.replace('\0', ""));
    execute_in!(
        tx,
        &sql,
        names(projections)?,
        i64::from(step.partition),
        step.next_offset,
        event_id,
        reason,
        step.last.map(|last| last.event_time_micros),
        step.last.map(|last| last.applied_at_micros)
    )?;
    Ok(())
}

fn names(projections: &[Projection]) -> Result<String, sqlx::Error> {
    let names: Vec<&str> = projections.iter().map(|projection| projection.name()).collect();
    to_json(&names)
}
