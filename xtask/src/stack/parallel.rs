//! All servers at once, in chains: what does not need another starts beside it; Connect comes after Kafka, and goes before it.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::{Stack, lifecycle};
use crate::server::Server;
use crate::system::registry::Registry;

const CHAINS: [&[Server]; 3] = [
    &[Server::Elasticsearch],
    &[Server::Kafka, Server::Connect],
    &[Server::Postgres],
];

/// How one server's start or stop went, and how long it took.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) server: Server,
    pub(crate) result: Result<()>,
    pub(crate) took: Duration,
}

/// Gets what the wanted servers are made of, and returns those that can be had. About the others something is said, and that is all.
pub(crate) fn fetch_all(registry: &Registry, wanted: &[Server]) -> Vec<Server> {
    let mut had = Vec::new();
    for server in wanted {
        match server.recipe().fetch(registry) {
            Ok(()) => had.push(*server),
            Err(error) => println!("  {:<14} NOT TO BE HAD: {error:#}", server.title()),
        }
    }
    had
}

/// Starts the wanted servers. One that fails does not keep the others from starting, except those that need it.
pub(crate) fn start_all(stack: &Stack, wanted: &[Server], tied: bool) -> Vec<Outcome> {
    in_chains(|chain| {
        let mut outcomes = Vec::new();
        for (place, server) in chain
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, server)| wanted.contains(server))
        {
            if stack.running(server) {
                println!("  {:<14} runs already", server.title());
                continue;
            }
            let missing = chain[..place].iter().find(|needed| !stack.running(**needed));
            let outcome = timed(server, || match missing {
                Some(needed) => Err(anyhow!("it needs {}, which does not run", needed.title())),
                None => lifecycle::start(stack, server, tied),
            });
            tell(stack, &outcome);
            outcomes.push(outcome);
        }
        outcomes
    })
}

pub(crate) fn stop_all(stack: &Stack) -> Vec<Outcome> {
    in_chains(|chain| {
        let running = chain
            .iter()
            .rev()
            .copied()
            .filter(|server| stack.running(*server));
        running
            .map(|server| timed(server, || lifecycle::stop(stack, server)))
            .collect()
    })
}

fn in_chains(work: impl Fn(&[Server]) -> Vec<Outcome> + Sync) -> Vec<Outcome> {
    let work = &work;
    let mut outcomes: Vec<Outcome> = thread::scope(|scope| {
        let threads = CHAINS.map(|chain| scope.spawn(move || work(chain)));
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default())
            .collect()
    });
    outcomes.sort_by_key(|outcome| outcome.server);
    outcomes
}

fn timed(server: Server, work: impl FnOnce() -> Result<()>) -> Outcome {
    let begin = Instant::now();
    let result = work();
    Outcome {
        server,
        result,
        took: begin.elapsed(),
    }
}

fn tell(stack: &Stack, outcome: &Outcome) {
    let Outcome { server, result, took } = outcome;
    let address = format!("127.0.0.1:{}", server.port(stack));
    match result {
        Ok(()) => println!(
            "  {:<14} {address:<16} ready after {took:.1?}; log: {}",
            server.title(),
            stack.log(*server).display()
        ),
        Err(error) => println!("  {:<14} NOT STARTED: {error:#}", server.title()),
    }
}
