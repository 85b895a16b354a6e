//! What is started, measured and judged, part by part.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser as _;

use crate::authorize::Buyer;
use crate::bank::Bank;
use crate::batch::{self, BatchBuyer};
use crate::ceilings::Ceiling;
use crate::choice::Choice;
use crate::compare::{Comparison, Pair};
use crate::contender::{self, Contender, Side};
use crate::load::Caller;
use crate::stack::Stack;
use crate::{peer, read_side, twin, visible};

use super::chart::Point;
use super::figure::{Figure, Row, Verdict, grouped, milliseconds};
use super::{Args, Findings, Part, write_side};

const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
/// Clients of the curves; the bars are about one and about this many.
const CLIENTS: [usize; 5] = [1, 8, 32, 128, 512];
const MANY_CLIENTS: usize = 128;
const EMBEDDED_CLIENTS: usize = 32;
const VISIBLE_PER_SECOND: u32 = 1_000;
/// What the way to the reader takes by itself, far from the machine's limits.
const VISIBLE_ALONE_PER_SECOND: u32 = 100;
/// What the rows before have left to be written is written by then.
const QUIET_AFTER: Duration = Duration::from_secs(10);
const VISIBLE_ACCOUNTS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);
const TWIN_ACCOUNTS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_999);
const EMBEDDED_ACCOUNTS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_999);
/// Opening many accounts ends then, with as many as there are.
const MANY_OPENED_WITHIN: Duration = Duration::from_mins(3);

pub(super) async fn pair(args: &Args, found: &mut Findings) -> Result<()> {
    let pair = Pair::start(CONNECTIONS, args.accounts, peer::CONNECTIONS).await?;
    let mut even_per_s = None;
    for clients in CLIENTS {
        let compared = pair
            .compare(&args.load(), clients, args.rounds.get(), args.seed)
            .await?;
        found.points.push(Point::of(clients, &compared));
        match clients {
            1 => found.figures.push(one_in_flight(&compared)),
            MANY_CLIENTS => {
                found
                    .figures
                    .extend([authorize(&compared), against_the_peer(&compared)]);
                even_per_s = Some(compared.ours_per_s);
            }
            _ => {}
        }
    }
    let even_per_s = even_per_s.context("the rate of many accounts")?;
    let ours = pair.ours();
    let hot = rounds(args, ours, |seed| {
        Buyer::many(&ours.bank, Choice::Hot, MANY_CLIENTS, seed)
    })
    .await?;
    let of_even = hot.throughput_per_s / even_per_s * 100.0;
    found.figures.push(Figure {
        row: Row::HotCard,
        measured: format!("{}/s, {of_even:.0} %", grouped(hot.throughput_per_s)),
        verdict: Verdict::of(of_even >= 80.0, of_even >= 100.0, hot.errors),
        conditions: "on the same bank, the first of its accounts".to_owned(),
    });
    pair.settle().await?;
    let batches = rounds(args, ours, |seed| {
        BatchBuyer::many(&ours.bank, batch::SIZE.get(), batch::CLIENTS.get(), seed)
    })
    .await?;
    let per_s = batches.throughput_per_s;
    found.figures.push(Figure {
        row: Row::Batch,
        measured: format!(
            "{}/s, p99 {} per call",
            grouped(per_s),
            milliseconds(batches.p99_ms)
        ),
        verdict: Verdict::of(per_s >= 80_000.0, per_s >= 120_000.0, batches.errors),
        conditions: "on the same bank and accounts, evenly".to_owned(),
    });
    if args.wants(Part::Many) {
        many(args, found, &pair).await?;
    }
    Ok(())
}

/// On the pair's bank, with many more accounts.
async fn many(args: &Args, found: &mut Findings, pair: &Pair) -> Result<()> {
    let ours = pair.ours();
    let bank = Bank::open(&ours.address, CONNECTIONS, args.many_accounts, MANY_OPENED_WITHIN).await?;
    let ours = Contender {
        bank,
        address: ours.address.clone(),
        process: ours.process,
    };
    ours.warm().await?;
    pair.settle().await?;
    let buyers = |choice, seed| Buyer::many(&ours.bank, choice, MANY_CLIENTS, seed);
    let even = rounds(args, &ours, |seed| buyers(Choice::Even, seed)).await?;
    let zipf = rounds(args, &ours, |seed| buyers(Choice::Zipf(1.0), seed)).await?;
    let accounts = grouped(ours.bank.accounts.len() as f64);
    let of_even = zipf.throughput_per_s / even.throughput_per_s * 100.0;
    found.figures.push(Figure {
        row: Row::Zipf,
        measured: format!(
            "{}/s, {of_even:.0} % of {}/s",
            grouped(zipf.throughput_per_s),
            grouped(even.throughput_per_s)
        ),
        verdict: Verdict::of(of_even >= 80.0, false, zipf.errors + even.errors),
        conditions: format!("on the same bank, {accounts} accounts, both in the same run"),
    });
    pair.settle().await?;
    found.figures.push(write_side::memory(args, &ours).await?);
    Ok(())
}

pub(super) async fn visible(args: &Args, found: &mut Findings) -> Result<()> {
    tokio::time::sleep(QUIET_AFTER).await;
    let alone = visible_at(args, VISIBLE_ALONE_PER_SECOND, args.seconds, NonZeroUsize::MIN).await?;
    found.ceilings.push(Ceiling {
        errors: alone.errors,
        ..Ceiling::without_processor(
            format!("answer to GraphQL at {VISIBLE_ALONE_PER_SECOND}/s, when nothing queues"),
            alone.throughput_per_s,
            alone.p50_ms,
            alone.conditions.in_words(),
        )
    });
    // Until the broker's compiler has done its work.
    let row = visible_at(args, VISIBLE_PER_SECOND, args.seconds * 6, args.rounds).await?;
    let within = |p50: f64, p99: f64| {
        row.p50_ms.is_some_and(|found| found <= p50) && row.p99_ms.is_some_and(|found| found <= p99)
    };
    found.figures.push(Figure {
        row: Row::Visible,
        measured: format!(
            "p50 {}, p99 {}",
            milliseconds(row.p50_ms),
            milliseconds(row.p99_ms)
        ),
        verdict: Verdict::of(
            within(15.0, 60.0),
            within(15.0, 30.0),
            row.errors + row.warm_up_errors,
        ),
        conditions: row.conditions.in_words(),
    });
    Ok(())
}

async fn visible_at(
    args: &Args,
    per_second: u32,
    warm_up: Duration,
    runs: NonZeroUsize,
) -> Result<crate::row::Row> {
    let asked = VisibleArgs::parse_from([
        "visible".to_owned(),
        "--stack".to_owned(),
        format!("--rate={per_second}"),
        format!("--runs={runs}"),
        // As long as two rounds of the others.
        format!("--seconds={}", (args.seconds * 2).as_secs_f64()),
        format!("--warm-up={}", warm_up.as_secs_f64()),
        format!("--accounts={}", args.accounts.min(VISIBLE_ACCOUNTS_MAX)),
        format!("--seed={}", args.seed),
    ]);
    visible::measure(asked.visible).await
}

#[derive(Debug, clap::Parser)]
struct VisibleArgs {
    #[command(flatten)]
    visible: visible::Args,
}

pub(super) async fn twin(args: &Args, found: &mut Findings) -> Result<()> {
    let asked = twin::Args {
        seconds: args.seconds,
        warm_up: args.warm_up,
        rounds: args.rounds,
        clients: NonZeroUsize::new(MANY_CLIENTS).unwrap_or(NonZeroUsize::MIN),
        accounts: args.accounts.min(TWIN_ACCOUNTS_MAX),
        connections: CONNECTIONS,
        seed: args.seed,
        json: false,
    };
    let twins = twin::measure(&asked).await?;
    found.figures.push(Figure {
        row: Row::RestTwin,
        measured: format!(
            "{:.2}×: {} against {}",
            twins.ratio,
            grouped(twins.grpc_per_processor_s),
            grouped(twins.rest_per_processor_s)
        ),
        verdict: Verdict::of(twins.ratio >= 2.0, false, twins.grpc.errors + twins.rest.errors),
        conditions: twins.conditions.in_words(),
    });
    Ok(())
}

pub(super) async fn embedded(args: &Args, found: &mut Findings) -> Result<()> {
    let mut stack = Stack::empty().await?;
    let server = stack.start_embedded().await?;
    let accounts = args.accounts.min(EMBEDDED_ACCOUNTS_MAX);
    let bank = Contender {
        bank: Bank::open(&server.address, CONNECTIONS, accounts, MANY_OPENED_WITHIN).await?,
        address: server.address,
        process: server.process,
    };
    bank.warm().await?;
    let side = rounds(args, &bank, |seed| {
        Buyer::many(&bank.bank, Choice::Even, EMBEDDED_CLIENTS, seed)
    })
    .await?;
    let per_s = side.throughput_per_s;
    found.figures.push(Figure {
        row: Row::Embedded,
        measured: format!("{}/s, p99 {}", grouped(per_s), milliseconds(side.p99_ms)),
        verdict: Verdict::of(per_s >= 10_000.0, per_s >= 20_000.0, side.errors),
        conditions: format!(
            "{} accounts, one process with the read models and the pages",
            grouped(bank.bank.accounts.len() as f64)
        ),
    });
    found
        .ceilings
        .push(read_side::embedded_read_models(&stack).await?);
    Ok(())
}

async fn rounds<C: Caller>(
    args: &Args,
    contender: &Contender,
    callers: impl Fn(u64) -> Vec<C>,
) -> Result<Side> {
    let seeds = (args.seed..).take(args.rounds.get());
    contender::rounds(contender.process, &args.load(), seeds, |seed| Ok(callers(seed))).await
}

fn authorize(compared: &Comparison) -> Figure {
    let per_s = compared.ours_per_s;
    let is_in_time = compared.ours.p99_ms.is_some_and(|p99| p99 <= 15.0);
    Figure {
        row: Row::Authorize,
        measured: format!("{}/s, p99 {}", grouped(per_s), milliseconds(compared.ours.p99_ms)),
        verdict: Verdict::of(
            per_s >= 25_000.0 && is_in_time,
            per_s >= 35_000.0,
            compared.ours.errors,
        ),
        conditions: compared.conditions.in_words(),
    }
}

fn against_the_peer(compared: &Comparison) -> Figure {
    Figure {
        row: Row::Peer,
        measured: format!(
            "{:.1}×, the peer {}/s",
            compared.ratio,
            grouped(compared.peer_per_s)
        ),
        verdict: Verdict::of(
            compared.ratio >= 8.0,
            compared.ratio >= 10.0,
            compared.ours.errors + compared.peer.errors,
        ),
        conditions: "the same rounds".to_owned(),
    }
}

fn one_in_flight(compared: &Comparison) -> Figure {
    let (ours, peer) = (compared.ours.p50_ms, compared.peer.p50_ms);
    let is_reached = ours
        .zip(peer)
        .is_some_and(|(ours, peer)| ours <= 1.0 && ours <= peer);
    Figure {
        row: Row::OneInFlight,
        measured: format!("p50 {}, the peer {}", milliseconds(ours), milliseconds(peer)),
        verdict: Verdict::of(is_reached, false, compared.ours.errors + compared.peer.errors),
        conditions: "in turns, on the same servers and accounts".to_owned(),
    }
}
