//! What a purchase costs where nothing but the processor is in the way: to decide it, to move the state on, to write the event down and
//! to read it again. Run with `cargo bench -p benches`; as a test each is run for a moment.

#![expect(
    clippy::expect_used,
    reason = "what is measured is prepared here, and is known to be sound"
)]

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Utc};
use criterion::{BatchSize, Criterion};
use domain::account::{
    ActivateCard, AuthorizePurchase, Command, Event, IssueCard, Merchant, OpenAccount, Presented,
    SecurityCodeCheck, State, decide, evolve, replay,
};
use domain::calendar::ClosingDay;
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AuthorizationId, CardId, Currency, Money};
use uuid::Uuid;

/// A cold account of some age.
const HISTORY_EVENTS: usize = 1_000;
const CARD: CardId = CardId::new(Uuid::from_u128(1));

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_764_000_000_123).expect("a time")
}

fn expiry() -> Expiry {
    Expiry::try_new(12, 2099).expect("a month")
}

fn last_four() -> LastFour {
    LastFour::parse("1111").expect("four digits")
}

fn next(state: &State, command: Command) -> (State, Event) {
    let mut events = decide(state, command).expect("nothing is wrong with it");
    let event = events.pop().expect("a decision is recorded");
    (
        evolve(state.clone(), &event).expect("it follows from the state"),
        event,
    )
}

/// An account with an active card and more to spend than anyone does, and what made it.
fn account() -> (State, Vec<Event>) {
    let commands = [
        Command::OpenAccount(OpenAccount {
            at: at(),
            credit_limit: Money::new(1_000_000_000_000, Currency::Brl),
            closing_day: ClosingDay::try_new(28).expect("a day"),
        }),
        Command::IssueCard(IssueCard {
            at: at(),
            card_id: CARD,
            last_four: last_four(),
            expiry: expiry(),
        }),
        Command::ActivateCard(ActivateCard {
            at: at(),
            card_id: CARD,
        }),
    ];
    commands
        .into_iter()
        .fold((State::default(), Vec::new()), |(state, mut events), command| {
            let (state, event) = next(&state, command);
            events.push(event);
            (state, events)
        })
}

fn purchase() -> Command {
    Command::AuthorizePurchase(AuthorizePurchase {
        at: at(),
        authorization_id: AuthorizationId::new(Uuid::from_u128(2)),
        card_id: CARD,
        card_last_four: last_four(),
        presented: Presented::Credentials {
            expiry: expiry(),
            security_code: SecurityCodeCheck::Match,
        },
        amount: Money::new(4_990, Currency::Brl),
        merchant: Merchant {
            id: MerchantId::parse("bench-1").expect("an id"),
            name: MerchantName::parse("Livraria 1").expect("a name"),
            mcc: MerchantCategoryCode::parse("5942").expect("a code"),
        },
        description: Description::parse("Dom Casmurro").expect("a text"),
    })
}

fn rules(criterion: &mut Criterion) {
    let (state, mut history) = account();
    let (_, approved) = next(&state, purchase());
    criterion.bench_function("decide a purchase", |bencher| {
        bencher.iter_batched(
            purchase,
            |command| decide(black_box(&state), command),
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("evolve by a purchase", |bencher| {
        bencher.iter_batched(
            || state.clone(),
            |state| evolve(state, black_box(&approved)),
            BatchSize::SmallInput,
        );
    });
    history.resize(HISTORY_EVENTS, approved);
    criterion.bench_function("replay 1,000 events", |bencher| {
        bencher.iter(|| replay(black_box(&history)));
    });
}

fn form(criterion: &mut Criterion) {
    let (state, _) = account();
    let (_, approved) = next(&state, purchase());
    let text = serde_json::to_string(&approved).expect("an event is JSON");
    criterion.bench_function("write an event", |bencher| {
        bencher.iter(|| serde_json::to_string(black_box(&approved)));
    });
    criterion.bench_function("read an event", |bencher| {
        bencher.iter(|| serde_json::from_str::<Event>(black_box(&text)));
    });
}

fn main() {
    // Cargo says so when it measures. Otherwise it tests, with arguments of the test runner that are not criterion's.
    let mut criterion = if std::env::args().any(|argument| argument == "--bench") {
        Criterion::default().configure_from_args()
    } else {
        Criterion::default()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(1))
            .measurement_time(Duration::from_millis(1))
    };
    rules(&mut criterion);
    form(&mut criterion);
    criterion.final_summary();
}
