//! Several processes of the write side on the same few accounts at once, one of them killed and started again in the middle: each
//! account's history is what the rules make of it, and every answer of every process is what the history says.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

mod clients;
mod model;
mod offices;
mod plan;

use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use test_support::{eventually, holds, require};
use tests::bank::{Bank, Servers};
use tests::command;
use tests::teller::Teller;

use clients::{Branch, CLIENTS};
use offices::Office;
use plan::{Account, ERRANDS};

const OFFICES: usize = 3;
const ACCOUNTS: usize = 3;
/// An office that is killed and one that is being started serve nobody; a busy machine.
const WITHIN: Duration = Duration::from_mins(1);
/// Another run is drawn each time; this replays one, as far as processes that race can be replayed.
const SEED_VARIABLE: &str = "CODEBANK_TEST_SEED";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rival_processes_keep_one_history() {
    if command::binary().is_none() {
        return;
    }
    let Some(postgres) = require::postgres() else {
        return;
    };
    let seed = seed();
    println!("{SEED_VARIABLE}={seed}"); // shown when the test fails
    let mut random = StdRng::seed_from_u64(seed);
    let kafka = "no relay runs here".to_owned();
    let bank = Bank::open(&Servers { postgres, kafka }, "rivals").await;
    let mut offices: Vec<Office> = (0..OFFICES).map(|number| Office::of(&bank, number)).collect();
    for office in &mut offices {
        office.start();
    }
    for office in &mut offices {
        office.when_ready().await;
    }
    let tellers: Vec<Teller> = offices.iter().map(Office::teller).collect();
    let mut accounts = Vec::new();
    for _ in 0..ACCOUNTS {
        accounts.push(Account::open(&tellers[0]).await);
    }
    let errands = plan::draw(&accounts, CLIENTS * ERRANDS, &mut random);
    let branch = Branch::new(&tellers, &accounts, &errands);

    let third = ERRANDS / 3;
    let killed = async {
        eventually("half of the first third is done", WITHIN, async || {
            holds(branch.done.load(Ordering::Relaxed) > CLIENTS * third / 2)
        })
        .await;
        offices[1].kill();
    };
    let (mut heard, ()) = tokio::join!(branch.run(0..third), killed);
    let restarted = async {
        offices[1].start();
        offices[1].when_ready().await;
    };
    let (second, ()) = tokio::join!(branch.run(third..2 * third), restarted);
    heard.extend(second);
    heard.extend(branch.run(2 * third..ERRANDS).await);

    for (index, account) in accounts.iter().enumerate() {
        let history = account.history(&tellers).await;
        model::check(index, account, &history, &errands, &heard);
    }
    model::was_worth_it(&heard);
    for office in &mut offices {
        office.stop(WITHIN).await;
    }
}

fn seed() -> u64 {
    let given = std::env::var(SEED_VARIABLE).ok();
    given.map_or_else(rand::random, |text| text.parse().expect("a seed is a number"))
}
