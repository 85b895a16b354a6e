//! Measures the read side by itself, on an empty store:
//! `cargo run --release -p projections --example read_side -- URL [EVENTS] [BATCH]`, where the URL is `sqlite://FILE` or
//! `postgres://…`. Prints events per second when catching up and rebuilding from a feed in memory, and statements per second
//! through the router, without a network.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use projections::graphql::Settings;
use projections::rebuild::rebuild;
use projections::{Projection, ReadStore, Worker};
use proto::envelope::Envelope;
use proto::feed::{Batch, Delivery, Feed, FeedUnavailable};
use proto::partition::{PARTITIONS, of_account};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

const ACCOUNTS: usize = 2_000;
const IN_FLIGHT: usize = 64;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Log = Arc<Vec<Vec<Envelope>>>;

/// All partitions of a log, in turn.
#[derive(Debug)]
struct MemoryFeed {
    log: Log,
    at: Vec<usize>,
    turn: usize,
    events_max: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments
        .next()
        .ok_or("give a URL: sqlite://FILE or postgres://…")?;
    let events = arguments.next().map_or(Ok(200_000), |text| text.parse())?;
    let events_max = arguments.next().map_or(Ok(2_000), |text| text.parse())?;
    let store = ReadStore::open(&url, 16)?;
    store.migrate().await?;
    let log = Arc::new(log(events)?);

    let started = Instant::now();
    catch_up(&store, MemoryFeed::new(&log, events_max)).await;
    report(
        "catching up, all read models",
        "events",
        events,
        started.elapsed(),
    );

    let feed = Box::new(MemoryFeed::new(&log, events_max));
    let rebuilt = rebuild(&store, &Projection::ALL, feed, &CancellationToken::new()).await?;
    report("rebuilding all read models", "events", events, rebuilt.elapsed);

    let queries = 20_000;
    let started = Instant::now();
    ask(&store, queries).await?;
    report(
        "statements of 20 lines, 64 in flight",
        "queries",
        queries,
        started.elapsed(),
    );
    Ok(())
}

fn report(what: &str, unit: &str, count: usize, elapsed: Duration) {
    let per_second = count as u128 * 1_000_000 / elapsed.as_micros().max(1);
    println!("{what}: {count} {unit} in {elapsed:.1?}, {per_second} per second");
}

async fn catch_up(store: &ReadStore, feed: MemoryFeed) {
    let ends: Vec<i64> = feed
        .log
        .iter()
        .filter_map(|log| i64::try_from(log.len()).ok())
        .collect();
    let worker = Worker::new(store.clone());
    let (health, cancel) = (worker.health(), CancellationToken::new());
    let running = tokio::spawn(worker.run(feed, cancel.clone()));
    loop {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let report = health.report();
        let applied: i64 = report
            .partitions
            .iter()
            .map(|partition| partition.next_offset)
            .sum();
        if applied == ends.iter().sum::<i64>() {
            break;
        }
        if let Some((partition, stopped)) = report.stopped().next() {
            println!("partition {partition} stopped: {stopped:?}");
            break;
        }
    }
    cancel.cancel();
    let _ = running.await;
}

async fn ask(store: &ReadStore, queries: usize) -> Result<(), Failure> {
    let router = projections::http::router(store, Settings::default());
    let query =
        "query($id: ID!) { statement(accountId: $id, cycle: \"2026-12\") { accountVersion total { decimal }
        lines(first: 20) { nodes { occurredAt description amount { minorUnits } merchant { name } } } } }";
    let tasks = (0..IN_FLIGHT).map(|task| {
        let router = router.clone();
        tokio::spawn(async move {
            for index in 0..queries / IN_FLIGHT {
                let id = account((task * 7_919 + index) % ACCOUNTS);
                let body = json!({ "query": query, "variables": { "id": id } }).to_string();
                let request = Request::post("/graphql").header("content-type", "application/json");
                let response = router.clone().oneshot(request.body(Body::from(body))?).await?;
                let answer = to_bytes(response.into_body(), usize::MAX).await?;
                if answer.len() < 1_000 {
                    return Err(String::from_utf8_lossy(&answer).into_owned().into());
                }
            }
            Ok::<(), Failure>(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(())
}

fn account(index: usize) -> Uuid {
    Uuid::from_u128(0x0193_9c5e_7a6b_7c00_8000_0000_0000_0000 + index as u128)
}

/// Accounts of an opening, a card and purchases, one in ten declined; the accounts take turns.
fn log(events: usize) -> Result<Vec<Vec<Envelope>>, Failure> {
    let mut log: Vec<Vec<Envelope>> = vec![Vec::new(); usize::try_from(PARTITIONS)?];
    for index in 0..events {
        let (round, account) = (index / ACCOUNTS + 1, account(index % ACCOUNTS));
        let (name, data) = event(round, account);
        let time = "2026-11-26T12:00:00Z".parse()?;
        let data = serde_json::value::to_raw_value(&data)?;
        let envelope = Envelope::new(account, round as u64, name, "1", time, data);
        log[usize::try_from(of_account(account))?].push(envelope);
    }
    Ok(log)
}

fn event(round: usize, card: Uuid) -> (&'static str, serde_json::Value) {
    let at = "2026-11-26T12:00:00Z";
    let money = |minor_units: i64| json!({ "minor_units": minor_units, "currency": "BRL" });
    let purchase = |name: &'static str, more: (&str, serde_json::Value)| {
        let mut data = json!({
            "type": name, "occurred_at": at, "authorization_id": Uuid::from_u128(round as u128), "card_id": card,
            "card_last_four": "1111", "amount": money(4_990), "description": "Dom Casmurro",
            "merchant": { "id": format!("shop-{}", round % 7), "name": "Livraria", "mcc": "5942" },
        });
        data[more.0] = more.1;
        (name, data)
    };
    let cycle = json!({ "opens_on": "2026-11-25", "closes_on": "2026-12-25", "due_on": "2027-01-01" });
    match round {
        1 => (
            "account_opened",
            json!({ "type": "account_opened", "occurred_at": at, "credit_limit": money(1_000_000), "closing_day": 25 }),
        ),
        2 => (
            "card_issued",
            json!({ "type": "card_issued", "occurred_at": at, "card_id": card, "card_last_four": "1111",
                    "expiry": { "year": 2030, "month": 11 } }),
        ),
        round if round % 10 == 0 => purchase("purchase_declined", ("reason", json!("over_limit"))),
        _ => purchase("purchase_approved", ("billing_cycle", cycle)),
    }
}

impl MemoryFeed {
    fn new(log: &Log, events_max: usize) -> Self {
        Self {
            log: Arc::clone(log),
            at: vec![0; log.len()],
            turn: 0,
            events_max,
        }
    }

    fn read(&self, partition: usize) -> Option<Batch> {
        let from = self.at[partition];
        let rest = self.log[partition].get(from..).filter(|rest| !rest.is_empty())?;
        let deliveries: Vec<Delivery> = rest
            .iter()
            .take(self.events_max)
            .zip(i64::try_from(from).ok()?..)
            .map(|(event, offset)| Delivery {
                offset,
                event: Ok(event.clone()),
                trace: None,
            })
            .collect();
        let from = i64::try_from(from).ok()?;
        let next = from + i64::try_from(deliveries.len()).ok()?;
        Some(Batch {
            partition: i32::try_from(partition).ok()?,
            from,
            next,
            deliveries,
        })
    }
}

#[async_trait]
impl Feed for MemoryFeed {
    async fn next_batch(&mut self) -> Result<Batch, FeedUnavailable> {
        for _ in 0..self.log.len() {
            self.turn = (self.turn + 1) % self.log.len();
            if let Some(batch) = self.read(self.turn) {
                self.at[self.turn] += batch.deliveries.len();
                return Ok(batch);
            }
        }
        std::future::pending().await
    }

    async fn seek(&mut self, partition: i32, offset: i64) -> Result<(), FeedUnavailable> {
        if let (Ok(partition), Ok(offset)) = (usize::try_from(partition), usize::try_from(offset)) {
            self.at[partition] = offset;
        }
        Ok(())
    }

    async fn stop(&mut self, _partition: i32) -> Result<(), FeedUnavailable> {
        Ok(())
    }

    async fn acknowledge(&mut self, _partition: i32, _next: i64) -> Result<(), FeedUnavailable> {
        Ok(())
    }
}
