//! Histories by SQL, where making them through the bank would take hours: rows of the shape of real purchases, each with ids of its
//! own, written through every index and constraint of the table.

use anyhow::{Context, Result};
use futures::future;
use sqlx::{Connection as _, Executor as _, PgConnection};

/// Connections that fill at a time.
const WRITERS: i64 = 2;
/// Rows of one history that are written in one transaction.
const ROWS_AT_ONCE: i64 = 25_000;
/// Real purchases whose words are repeated.
const SAMPLES: i64 = 1_000;
/// Events of each made-up account in the largest table that is asked for.
const EVENTS_PER_ACCOUNT: i64 = 100;
const ACCOUNTS_MAX: i64 = 200_000;

const COLUMNS: &str = "aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, request_id, \
                       request_fingerprint";
/// What each row has of its own beside its place: an authorization, and a request, whose id is a UUIDv7 as clients send them.
const OF_ITS_OWN: &str = "
    replace(payload::text, payload->>'authorization_id', gen_random_uuid()::text)::json,
    metadata,
    (
        overlay(
            lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') placing '-' from 9 for 0
        ) || '-7' || substr(gen_random_uuid()::text, 16)
    )::uuid,
    sha256(uuid_send(gen_random_uuid()))";

/// Continues accounts whose last event is a purchase until each has so many events.
pub(crate) async fn lengthen(database: &str, accounts: &[String], events: i64) -> Result<()> {
    let insert = format!(
        "insert into events ({COLUMNS})
        select aggregate_type, aggregate_id, sequence + further, event_type, event_version, {OF_ITS_OWN}
        from (
            select * from events where aggregate_type = 'card_account' and aggregate_id = $1
            order by sequence desc limit 1
        ) as last
        cross join generate_series(1, least($2 - sequence, $3)) as further"
    );
    let mut connection = PgConnection::connect(database).await?;
    connection.execute("set synchronous_commit = off").await?;
    for account in accounts {
        let mut is_short = true;
        while is_short {
            let inserted = sqlx::query(&insert)
                .bind(account)
                .bind(events)
                .bind(ROWS_AT_ONCE)
                .execute(&mut connection)
                .await
                .context("a history could not be written")?;
            is_short = inserted.rows_affected() > 0;
        }
    }
    connection.close().await?;
    Ok(())
}

/// A table to be filled with the events of accounts that stand between the real ones in its indexes.
pub(crate) struct Filling {
    database: String,
    accounts: i64,
    /// Events of each of them so far.
    passes: i64,
}

impl Filling {
    /// `largest` is what the table is to have in the end. There must be accounts that have bought.
    pub(crate) async fn prepare(database: &str, largest: u64) -> Result<Self> {
        let largest = i64::try_from(largest)?;
        let accounts = (largest / EVENTS_PER_ACCOUNT).clamp(1, ACCOUNTS_MAX);
        let mut connection = PgConnection::connect(database).await?;
        let samples = format!(
            "create unlogged table samples as
            select row_number() over () - 1 as number, event_type, event_version, payload, metadata
            from (select * from events where event_type = 'purchase_approved' limit {SAMPLES}) as real"
        );
        // A sibling differs from a real account in the random part of its id only: opened in the same moment, by another customer.
        let siblings = format!(
            "create unlogged table siblings as
            select row_number() over (order by id) as number, id
            from (
                select left(aggregate_id, 15) || substr(gen_random_uuid()::text, 16) as id
                from (select aggregate_id, row_number() over () as number from events where sequence = 1) as real
                join generate_series(0, {accounts} - 1) as of_it
                    on real.number = of_it % (select count(*) from events where sequence = 1) + 1
            ) as sibling"
        );
        for statement in [samples.as_str(), &siblings, "analyze samples", "analyze siblings"] {
            connection
                .execute(statement)
                .await
                .context("the accounts to fill with")?;
        }
        connection.close().await?;
        Ok(Self {
            database: database.to_owned(),
            accounts,
            passes: 0,
        })
    }

    /// Fills up until about so many events are made up, and says how many are. Each pass writes one more event of each account, in
    /// the order of their ids.
    pub(crate) async fn up_to(&mut self, events: u64) -> Result<u64> {
        let passes = i64::try_from(events)? / self.accounts;
        let share = |writer| write_share(&self.database, writer, self.passes + 1..=passes);
        future::try_join_all((0..WRITERS).map(share)).await?;
        self.passes = self.passes.max(passes);
        Ok((self.passes * self.accounts).cast_unsigned())
    }
}

async fn write_share(database: &str, writer: i64, passes: std::ops::RangeInclusive<i64>) -> Result<()> {
    let insert = format!(
        "insert into events ({COLUMNS})
        select 'card_account', id, $1, event_type, event_version, {OF_ITS_OWN}
        from (select * from siblings where number % {WRITERS} = $2 order by id) as sibling
        join samples on samples.number = (sibling.number + $1) % (select count(*) from samples)"
    );
    let mut connection = PgConnection::connect(database).await?;
    connection.execute("set synchronous_commit = off").await?;
    for pass in passes {
        sqlx::query(&insert)
            .bind(pass)
            .bind(writer)
            .execute(&mut connection)
            .await
            .context("the table could not be filled")?;
    }
    connection.close().await?;
    Ok(())
}

/// What filling left to do is done before the clock starts: the planner knows the table, and no checkpoint is due.
pub(crate) async fn settle(database: &str) -> Result<()> {
    let mut connection = PgConnection::connect(database).await?;
    for statement in ["vacuum analyze events", "checkpoint"] {
        connection.execute(statement).await?;
    }
    connection.close().await?;
    Ok(())
}
