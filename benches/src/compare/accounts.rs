//! The same accounts on both sides: opened through the bank's own services, and their events copied into the peer's table, which has
//! the same form. Opening them through the peer too would take longer than a whole comparison.

use anyhow::{Context, Result};
use futures::TryStreamExt as _;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::stack::{BANK_EVENTS, BANK_VAULT, PEER_EVENTS, Stack};

const COLUMNS: &str = "aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata";

/// Both sides share the vault.
pub(super) async fn copy(stack: &Stack) -> Result<()> {
    let mut bank = PgConnection::connect(&stack.database_url(BANK_EVENTS)?)
        .await
        .context("the bank's events")?;
    let mut peer = PgConnection::connect(&stack.database_url(PEER_EVENTS)?)
        .await
        .context("the peer's events")?;
    let out = format!("copy (select {COLUMNS} from events) to stdout");
    let mut rows = bank.copy_out_raw(&out).await.context("the bank's events")?;
    let mut copy = peer
        .copy_in_raw(&format!("copy events ({COLUMNS}) from stdin"))
        .await
        .context("the peer's events")?;
    while let Some(bytes) = rows.try_next().await? {
        copy.send(bytes).await?;
    }
    copy.finish().await.context("the peer's events")?;
    Ok(())
}

/// What preparing left to do is done before the clock starts, on both sides: the planner knows the tables, and no checkpoint is due.
pub(super) async fn settle(stack: &Stack) -> Result<()> {
    for database in [BANK_EVENTS, BANK_VAULT, PEER_EVENTS] {
        let mut connection = PgConnection::connect(&stack.database_url(database)?).await?;
        connection.execute("analyze").await?;
        connection.close().await?;
    }
    stack.checkpoint().await
}
