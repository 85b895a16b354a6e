//! The wires alone: the twins' faces with nothing behind them, under the load that the bank is measured with, those of a purchase
//! in turns.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use proto::codebank::v1::CardCredentials;

use super::{Args, Ceiling};
use crate::authorize::Buyer;
use crate::bank::{Account, Bank};
use crate::batch::{self, BatchBuyer};
use crate::choice::Choice;
use crate::contender::{self, Contender, Side, ratio};
use crate::load::Load;
use crate::read_side::Reader;
use crate::stack::Stack;
use crate::twin::{ECHO_ACCOUNT, RestBuyer};

/// Accounts that cannot be opened by then are done without.
const OPENED_WITHIN: Duration = Duration::from_secs(10);
const CONNECTIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
/// As many as ask for statements in the table.
const READERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

pub(super) async fn measure(stack: &mut Stack, args: &Args) -> Result<[Ceiling; 2]> {
    let grpc = stack.start_echo("grpc").await?;
    let rest = stack.start_echo("rest").await?;
    let bank = Bank::with_accounts(&grpc.address, CONNECTIONS, account()).await?;
    let load = Load::closed(args.warm_up, args.seconds);
    let clients = args.clients.get();
    let (mut over_grpc, mut over_rest) = (Vec::new(), Vec::new());
    for round in (args.seed..).take(args.rounds.get()) {
        let buyers = Buyer::many(&bank, Choice::Even, clients, round);
        over_grpc.push(contender::round(grpc.process, &load, buyers).await?);
        let buyers = RestBuyer::many(&rest.address, &bank.accounts, clients, round)?;
        over_rest.push(contender::round(rest.process, &load, buyers).await?);
    }
    for process in [grpc.process, rest.process] {
        stack.end(process)?;
    }
    let (grpc, rest) = (Side::of(&over_grpc)?, Side::of(&over_rest)?);
    let times = ratio(grpc.per_processor_s, rest.per_processor_s);
    let under = under(args);
    Ok([
        echo(
            "gRPC with nothing behind it",
            &grpc,
            format!(
                "{under}, in turns with REST, {CONNECTIONS} connections; {times} times the calls of REST per second of the server's processor time"
            ),
        ),
        echo(
            "REST with nothing behind it",
            &rest,
            format!("{under}, in turns with gRPC, HTTP/1.1 with keep-alive, JSON, a connection for each"),
        ),
    ])
}

fn echo(name: &str, side: &Side, conditions: String) -> Ceiling {
    Ceiling {
        name: name.to_owned(),
        per_s: side.throughput_per_s,
        p50_ms: side.p50_ms,
        server_micros: Some((1e7 / side.per_processor_s).round() / 10.0),
        load_micros: Some(side.load_micros_per_answer),
        errors: side.errors,
        conditions,
    }
}

/// Purchases as the bank decides them, over gRPC, with the card found and the code compared, but in memory alone: one in each call, and
/// many.
pub(super) async fn in_memory(stack: &mut Stack, args: &Args) -> Result<[Ceiling; 2]> {
    let server = stack.start_command_api().await?;
    let opened = Bank::open(&server.address, CONNECTIONS, args.accounts, OPENED_WITHIN).await?;
    stack.end(server.process)?;
    let twin = stack.start_twin_in_memory().await?;
    let twin = Contender {
        bank: Bank::with_accounts(&twin.address, CONNECTIONS, opened.accounts).await?,
        address: twin.address,
        process: twin.process,
    };
    twin.warm().await?;
    let load = Load::closed(args.warm_up, args.seconds);
    let seeds = || (args.seed..).take(args.rounds.get());
    let unary = contender::rounds(twin.process, &load, seeds(), |seed| {
        Ok(Buyer::many(&twin.bank, Choice::Even, args.clients.get(), seed))
    })
    .await?;
    let batches = contender::rounds(twin.process, &load, seeds(), |seed| {
        Ok(BatchBuyer::many(
            &twin.bank,
            batch::SIZE.get(),
            batch::CLIENTS.get(),
            seed,
        ))
    })
    .await?;
    stack.end(twin.process)?;
    let all_of_it = format!(
        "{CONNECTIONS} connections, {} accounts; the card recognized, the code compared, the request fingerprinted, decided by the \
         rules, the event written as JSON",
        twin.bank.accounts.len()
    );
    Ok([
        echo(
            "gRPC with purchases that are decided in memory alone",
            &unary,
            format!("{}, {all_of_it}", under(args)),
        ),
        echo(
            "the same, many purchases in each call",
            &batches,
            format!(
                "{} purchases per call, {} calls in flight, {} rounds of {} s, {all_of_it}; the rate and the processor time are those of a \
                 purchase, the latency that of a call",
                batch::SIZE,
                batch::CLIENTS,
                args.rounds,
                args.seconds.as_secs_f64()
            ),
        ),
    ])
}

/// The conditions over the wires of a purchase.
fn under(args: &Args) -> String {
    format!(
        "{} calls in flight, {} rounds of {} s, a message and an answer as of `Authorize`, server and load on the same cores",
        args.clients,
        args.rounds,
        args.seconds.as_secs_f64()
    )
}

/// Pages of a statement from an engine that has nothing to look up.
pub(super) async fn page(stack: &mut Stack, args: &Args) -> Result<Ceiling> {
    let face = stack.start_echo("graphql").await?;
    let load = Load::closed(args.warm_up, args.seconds);
    let url = format!("{}/graphql", face.address);
    let seeds = (args.seed..).take(args.rounds.get());
    let measured = contender::rounds(face.process, &load, seeds, |seed| {
        Reader::many(&url, &account(), READERS, seed)
    })
    .await?;
    stack.end(face.process)?;
    Ok(echo(
        "GraphQL with nothing behind it, a page of 20 lines",
        &measured,
        format!(
            "{READERS} queries in flight, {} rounds of {} s, the query and the answer of the statement page, server and load on the \
             same cores, HTTP/1.1 with keep-alive, a connection for each",
            args.rounds,
            args.seconds.as_secs_f64()
        ),
    ))
}

/// The one that every purchase is said to be of, with a card number from the ranges for tests.
fn account() -> Arc<[Account]> {
    Arc::new([Account {
        id: ECHO_ACCOUNT.to_string(),
        version: 1,
        card: CardCredentials {
            number: "4111111111111111".to_owned(),
            expiry_month: 12,
            expiry_year: 2099,
            security_code: "042".to_owned(),
        },
    }])
}
