//! The main job on the real stack: purchases from the gRPC call to the statement and the search index, while every process of the
//! bank and every server but Elasticsearch is killed and comes back.
//!
//! One test, alone in its program: it takes servers away that other tests share, and test programs run one after another.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

mod clients;
mod customers;
mod disruption;
mod findings;
mod log;
mod plan;
mod told;
mod visible;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use test_support::require;
use tests::bank::{Bank, Role, Servers};
use tests::search::Search;
use tests::topic;

use clients::{Answer, Pace, Tally};
use customers::Customer;
use findings::Findings;
use log::Log;
use plan::Purchase;

const ACCOUNTS: usize = 50;
const PURCHASES: usize = 5_000;
const CLIENTS: usize = 32;
/// From the last answer until everything is visible everywhere.
const VISIBLE_WITHIN: Duration = Duration::from_mins(2);
/// Another history is drawn for every run; this replays one.
const SEED_VARIABLE: &str = "CODEBANK_TEST_SEED";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_purchase_is_decided_once_and_seen_once_whatever_is_killed() {
    let Some(servers) = Servers::find() else { return };
    let Some(stack) = require::stack() else { return };
    let mut bank = Bank::open(&servers, "end-to-end").await;
    let Some(search) = Search::find(&bank.topic) else {
        return;
    };
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let mut clock = Clock::start(seed);

    // The relay makes the topic, which the connector reads.
    bank.start_all(&Role::ALL).await;
    search.start().await;
    clock.lap("the bank opens");
    let customers = customers::welcome(&bank.teller(), ACCOUNTS, &mut random).await;
    clock.lap("accounts and cards");

    let purchases = Arc::new(plan::draw(&customers, PURCHASES, &mut random));
    let pace = Pace::new();
    let tally = Arc::new(Tally::default());
    let bank_url = bank.grpc_url();
    let bought = clients::buy(&bank_url, CLIENTS, &purchases, &pace, &tally);
    let disrupted = disruption::strike(&mut bank, &stack, &pace, PURCHASES);
    let (answers, blows) = tokio::join!(bought, disrupted);
    let buying = clock.lap("purchases under blows");

    let log = log::read(&bank.teller()).await;
    let mut findings = Findings::of(seed);
    check_the_log(&log, &customers, &purchases, &answers, &mut findings);
    clock.lap("answers against the log");
    search.when_complete(log.account_events(), VISIBLE_WITHIN).await;
    clock.lap("the search index catches up");
    check_what_is_visible(&bank, &search, &log, &mut findings).await;
    let records = topic::records(&servers.kafka, &bank.topic).await;
    visible::in_the_topic(&log, &records, &mut findings);
    let letters = topic::records(&servers.kafka, &bank.dead_letters()).await;
    findings.equal("dead letters", &letters.len(), &0);
    clock.lap("what is visible against it");

    findings.verdict();
    search.remove().await;
    for role in Role::ALL {
        let status = bank.stop(role).await;
        assert!(status.success(), "{} ended with {status}", role.name());
    }
    bank.close().await;
    clock.report(&tally.summary(PURCHASES, buying), &blows);
}

fn check_the_log(
    log: &Log,
    customers: &[Customer],
    purchases: &[Purchase],
    answers: &[Answer],
    findings: &mut Findings,
) {
    let requests: BTreeMap<&str, &Purchase> = purchases
        .iter()
        .map(|purchase| (purchase.request.request_id.as_str(), purchase))
        .collect();
    findings.equal("accounts in the log", &log.accounts.len(), &customers.len());
    let decided = log.decisions() + log.attempts.len();
    let before: usize = customers.iter().map(|customer| customer.purchases_before).sum();
    findings.equal("decisions in the log", &decided, &(PURCHASES + before));
    findings.equal("answers to clients", &answers.len(), &PURCHASES);
    for account in log.accounts.values() {
        account.check(findings);
    }
    log.check_reasons(findings);
    for answer in answers {
        let purchase = requests[answer.request_id.as_str()];
        told::check(answer, purchase, log, findings);
    }
}

async fn check_what_is_visible(bank: &Bank, search: &Search, log: &Log, findings: &mut Findings) {
    let graph = bank.graph();
    for account in log.accounts.values() {
        let version = account.events.len() as u64;
        let shown = graph.shown(&account.id, version, VISIBLE_WITHIN).await;
        visible::in_graphql(account, &shown, findings);
        visible::in_search(account, &search.of_account(&account.id).await, findings);
    }
}

fn seed() -> u64 {
    let given = std::env::var(SEED_VARIABLE).ok();
    given.map_or_else(rand::random, |text| text.parse().expect("a seed is a number"))
}

/// What took how long.
struct Clock {
    seed: u64,
    begin: Instant,
    last: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn start(seed: u64) -> Self {
        let now = Instant::now();
        Self {
            seed,
            begin: now,
            last: now,
            laps: Vec::new(),
        }
    }

    fn lap(&mut self, name: &'static str) -> Duration {
        let took = self.last.elapsed();
        self.last = Instant::now();
        self.laps.push((name, took));
        took
    }

    /// Written past the test runner, which shows nothing of a test that passes.
    fn report(&self, summary: &str, blows: &[disruption::Blow]) {
        use std::fmt::Write as _;
        let mut text = format!(
            "\nend to end: {PURCHASES} purchases on {ACCOUNTS} accounts by {CLIENTS} clients, {SEED_VARIABLE}={}\n",
            self.seed
        );
        for (name, took) in &self.laps {
            let _ = writeln!(text, "  {name:<28} {took:>8.1?}");
        }
        let _ = writeln!(text, "  {:<28} {:>8.1?}", "altogether", self.begin.elapsed());
        for blow in blows {
            let _ = writeln!(text, "  killed {:<21} {:>8.1?} until ready", blow.what, blow.took);
        }
        let _ = write!(text, "{summary}");
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}
