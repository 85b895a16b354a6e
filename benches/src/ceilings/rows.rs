//! Rows into the events table, one transaction after another on one connection: by COPY, and by the bank's own insert.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::event_store::{
    ACCOUNT_STREAM, Append, EventLog, Metadata, NewEvent, Outcome, RequestKey, sqlite,
};
use domain::account::{EVENT_VERSION, Event, Merchant, PurchaseApproved};
use domain::calendar::{BillingCycle, ClosingDay, business_date};
use domain::card::LastFour;
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AuthorizationId, CardId, Money, RequestId};
use proto::trace::TraceContext;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::copy::Copy;
use super::{Args, BATCHES, Ceiling};
use crate::bank::CURRENCY;
use crate::front::now;
use crate::stack::Stack;
use crate::statistics::median;

const CONDITIONS: &str = "the events table with its indexes, new; one connection, one transaction at a time, durable; making the \
                          rows is not in it";

/// Enough for one of them to go from an append straight to the next.
const CONNECTIONS: u32 = 4;

/// As many as the embedded bank is asked for at once.
const SQLITE_BATCH: usize = 32;

/// Rows as the bank would have decided them.
struct Rows {
    random: StdRng,
    /// The accounts and how many events each has.
    accounts: Vec<(Uuid, u64)>,
    purchase: PurchaseApproved,
}

/// What a batch took, one after another.
struct Timed {
    rows: usize,
    seconds: Vec<f64>,
}

pub(super) async fn measure(stack: &Stack, args: &Args) -> Result<Vec<Ceiling>> {
    let mut found = Vec::new();
    for size in BATCHES {
        let database = stack.new_database(&format!("copied_{size}")).await?;
        // Makes the table.
        drop(log(&database).await?);
        let mut connection = PgConnection::connect(&database).await?;
        let mut timed = Timed::new(size);
        let mut rows = Rows::new(args)?;
        while timed.is_within(args.seconds) {
            let copy = Copy::of(&rows.batch(size)?)?;
            let begin = Instant::now();
            copy.send(&mut connection).await?;
            timed.seconds.push(begin.elapsed().as_secs_f64());
        }
        connection.close().await?;
        found.push(timed.ceiling("COPY BINARY")?);
    }
    for size in BATCHES {
        let log = log(&stack.new_database(&format!("inserted_{size}")).await?).await?;
        let timed = append(&log, args, size).await?;
        found.push(timed.ceiling("the bank's own insert (UNNEST)")?);
    }
    let log = sqlite::open(&stack.folder().join("inserted.db")).await?;
    let timed = append(&log, args, SQLITE_BATCH).await?;
    log.close().await;
    found.push(timed.ceiling("the bank's own insert, SQLite with synchronous=FULL")?);
    Ok(found)
}

/// The bank's own insert, without the write loop before it.
async fn append(log: &impl EventLog, args: &Args, size: usize) -> Result<Timed> {
    let mut timed = Timed::new(size);
    let mut rows = Rows::new(args)?;
    while timed.is_within(args.seconds) {
        let appends = rows.batch(size)?;
        let begin = Instant::now();
        let outcomes = log.append(appends).await?;
        timed.seconds.push(begin.elapsed().as_secs_f64());
        let is_recorded = |outcome| matches!(outcome, &Outcome::Recorded(_));
        ensure!(outcomes.iter().all(is_recorded), "rows were not recorded");
    }
    Ok(timed)
}

/// Appends one after the other use one connection.
async fn log(database: &str) -> Result<PostgresEventLog> {
    let pool = postgres::connect(database, CONNECTIONS).await?;
    PostgresEventLog::migrate(&pool).await?;
    Ok(PostgresEventLog::new(pool))
}

impl Rows {
    fn new(args: &Args) -> Result<Self> {
        let mut random = StdRng::seed_from_u64(args.seed);
        let at = now();
        let closing_day = ClosingDay::try_new(28)?;
        Ok(Self {
            accounts: (0..args.accounts.get()).map(|_| (Uuid::now_v7(), 0)).collect(),
            purchase: PurchaseApproved {
                occurred_at: at,
                authorization_id: AuthorizationId::new(Uuid::now_v7()),
                card_id: CardId::new(Uuid::now_v7()),
                card_last_four: LastFour::parse(&format!("{:04}", random.random_range(0..10_000)))?,
                amount: Money::new(1, CURRENCY.parse()?),
                merchant: Merchant {
                    id: MerchantId::parse("bench-1")?,
                    name: MerchantName::parse("Livraria 1")?,
                    mcc: MerchantCategoryCode::parse("5942")?,
                },
                description: Description::parse("Dom Casmurro")?,
                billing_cycle: BillingCycle::containing(business_date(at), closing_day),
            },
            random,
        })
    }

    fn batch(&mut self, size: usize) -> Result<Vec<Append>> {
        (0..size).map(|_| self.next()).collect()
    }

    /// The next purchase of an account chosen at random.
    fn next(&mut self) -> Result<Append> {
        let chosen = self.random.random_range(0..self.accounts.len());
        let (stream_id, events) = &mut self.accounts[chosen];
        *events += 1;
        let occurred_at = now();
        let event = Event::PurchaseApproved(PurchaseApproved {
            occurred_at,
            authorization_id: AuthorizationId::new(Uuid::now_v7()),
            card_id: CardId::new(*stream_id),
            amount: Money::new(
                self.random.random_range(1..=50_000),
                self.purchase.amount.currency(),
            ),
            ..self.purchase.clone()
        });
        let payload = serde_json::to_string(&event)?;
        Ok(Append {
            stream_type: ACCOUNT_STREAM,
            stream_id: *stream_id,
            first_sequence: *events,
            events: vec![NewEvent {
                name: event.name(),
                version: EVENT_VERSION,
                payload,
                metadata: Metadata {
                    occurred_at,
                    traceparent: Some(TraceContext::start().to_string()),
                },
            }],
            request: Some(RequestKey {
                id: RequestId::new(Uuid::now_v7()),
                fingerprint: self.random.random(),
            }),
        })
    }
}

impl Timed {
    fn new(rows: usize) -> Self {
        Self {
            rows,
            seconds: Vec::new(),
        }
    }

    fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }

    fn is_within(&self, limit: Duration) -> bool {
        self.total() < limit.as_secs_f64()
    }

    fn ceiling(&self, how: &str) -> Result<Ceiling> {
        let per_s = (self.rows * self.seconds.len()) as f64 / self.total();
        let p50_ms = median(&self.seconds).context("no batch")? * 1e3;
        let name = format!("{how}, {} rows per transaction", self.rows);
        Ok(Ceiling::without_processor(
            name,
            per_s,
            Some(p50_ms),
            CONDITIONS.to_owned(),
        ))
    }
}
