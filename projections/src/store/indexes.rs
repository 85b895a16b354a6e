//! Indexes off a table while it is filled, and on again: made at the end, one costs a fraction of what it costs row by row.

use sqlx::postgres::PgPool;
use sqlx::{Executor as _, Row as _};

/// For the sorting, on the one connection that makes them.
const SORTING: &str = "set local maintenance_work_mem = '256MB'";

/// In what words each goes, and in what words it comes back.
const TAKE_OFF: &str = "
select
    format('alter table %s drop constraint %I', conrelid::regclass, conname) as off,
    format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as on
from pg_constraint
where conrelid = any($1::text[]::regclass[]) and contype in ('p', 'u')
union all
select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
from pg_index
where indrelid = any($1::text[]::regclass[])
    and not exists (select from pg_constraint where conindid = indexrelid)";

/// Indexes that were taken off: the statements that make them.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Vec<String>);

pub(super) async fn take_off(pool: &PgPool, tables: &[&str]) -> Result<Indexes, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let mut indexes = Indexes::default();
    for index in sqlx::query(TAKE_OFF).bind(tables).fetch_all(&mut *tx).await? {
        tx.execute(index.try_get::<&str, _>("off")?).await?;
        indexes.0.push(index.try_get("on")?);
    }
    tx.commit().await?;
    Ok(indexes)
}

pub(super) async fn put_on(pool: &PgPool, indexes: &Indexes) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    tx.execute(SORTING).await?;
    for index in &indexes.0 {
        tx.execute(index.as_str()).await?;
    }
    tx.commit().await
}
