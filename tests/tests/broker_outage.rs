//! A broker that is away for longer than anyone's patience: purchases are decided all the same, the read side goes on showing what
//! it has, and everything catches up within seconds of its return, however much the clients complained meanwhile.
//!
//! One test, alone in its program: it takes away a broker that other tests share, and test programs run one after another.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use test_support::{Stack, eventually, require};
use tests::bank::{Bank, Role, Servers};
use tests::teller::{Card, Teller, decision, purchase};

/// Long enough for a Kafka client to have complained some dozens of times.
const OUTAGE: Duration = Duration::from_secs(40);
/// From the broker's being back until all that happened meanwhile is shown. A group's session of ten seconds is in it.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(25);
const CALM: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_long_outage_of_the_broker_is_over_when_the_broker_is_back() {
    let Some(servers) = Servers::find() else { return };
    let Some(stack) = require::stack() else { return };
    let mut bank = Bank::open(&servers, "broker-outage").await;
    bank.start_all(&Role::ALL).await;
    let teller = bank.teller();
    let account = teller.open_account(1_000_000, 10).await;
    let card = teller.active_card(&account).await;
    buy(&teller, &card).await;
    let graph = bank.graph();
    let before = graph.shown(&account, 4, SOON).await.activity;

    let restored = Restored(&stack);
    on_the_side(&stack, |stack| stack.kill("kafka")).await;
    let away_since = Instant::now();
    for _ in 0..20 {
        buy(&teller, &card).await;
    }
    // A relay with nothing to publish does not notice; this one has.
    for role in [Role::Relay, Role::Projections] {
        says_that_kafka_is_away(&bank, role, &servers.kafka).await;
    }
    assert_eq!(
        graph.shown(&account, 4, SOON).await.activity,
        before,
        "what is there is shown"
    );
    // The length of the outage is what is tested here.
    tokio::time::sleep(OUTAGE.saturating_sub(away_since.elapsed())).await;
    on_the_side(&stack, |stack| stack.start("kafka")).await;
    drop(restored);

    let back_since = Instant::now();
    let shown = graph.shown(&account, 24, CAUGHT_UP_WITHIN).await;
    let caught_up = back_since.elapsed();
    assert_eq!(shown.activity.len(), 24);
    for role in Role::ALL {
        bank.when_ready(role).await;
    }
    bank.close().await;
    let text = format!("broker outage: caught up {caught_up:.1?} after its return\n");
    // Past the test runner, which shows nothing of a test that passes.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
}

async fn buy(teller: &Teller, card: &Card) {
    let request = purchase(card.typed_in(), 1_000, "Dom Casmurro");
    let answer = teller.authorize(&request, CALM).await;
    let authorization = decision(answer.expect("purchases need no broker"));
    assert_eq!(authorization.account_id, card.account_id);
}

async fn says_that_kafka_is_away(bank: &Bank, role: Role, broker: &str) {
    let operations = bank.operations(role);
    let what = format!("{} says that {broker} is away", role.name());
    eventually(&what, SOON, async || match operations.get("/readyz").await {
        Some((StatusCode::SERVICE_UNAVAILABLE, why)) if why.contains(broker) => Ok(()),
        found => Err(found),
    })
    .await;
}

/// The stack's commands wait for what they do.
async fn on_the_side(stack: &Stack, work: impl FnOnce(&Stack) + Send + 'static) {
    let stack = stack.clone();
    let done = tokio::task::spawn_blocking(move || work(&stack));
    done.await.expect("the server is where it should be");
}

/// A failed test leaves the broker to the others as it found it.
struct Restored<'a>(&'a Stack);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let stack = self.0.clone();
            // On a thread of its own, where it may fail without ending the program.
            let _ = std::thread::spawn(move || stack.start("kafka")).join();
        }
    }
}
