//! What is published: every event of every account, in order, whole; repeated after a crash, never skipped.

use std::collections::HashMap;
use std::time::Duration;

use command_api::event_store::{ACCOUNT_STREAM, EventLog as _, NewEvent, Position, envelope_of};
use command_api::relay::{Role, Settings};
use proto::envelope::{Envelope, HEADER_ID, HEADER_TRACE};
use proto::partition::of_account;
use test_support::require;
use uuid::Uuid;

use super::bank::{Bank, Running, SOON, Seen, TRACE, limit_changed};

/// Each account's sequences in the order they stand in the topic.
pub(crate) fn sequences(seen: &[Seen]) -> HashMap<Uuid, Vec<u64>> {
    let mut sequences: HashMap<Uuid, Vec<u64>> = HashMap::new();
    for message in seen {
        let envelope = Envelope::from_json(message.value.as_bytes()).expect("an event");
        assert_eq!(message.key, envelope.subject.to_string());
        assert_eq!(message.partition, of_account(envelope.subject));
        sequences
            .entry(envelope.subject)
            .or_default()
            .push(envelope.sequence);
    }
    sequences
}

/// What a reader that drops repeats has seen: 1, 2, 3, … `last`.
pub(crate) fn assert_in_order(sequences: &[u64], last: u64) {
    let mut next = 1;
    for sequence in sequences {
        assert!(
            *sequence <= next,
            "{sequence} stands before {next}: {sequences:?}"
        );
        next = next.max(sequence + 1);
    }
    assert_eq!(next, last + 1, "{sequences:?}");
}

/// The sequences as soon as each of the accounts is published to its `last`, however often the events before it are repeated.
pub(crate) async fn published_to_the_end(
    bank: &Bank,
    accounts: &[Uuid],
    last: u64,
) -> HashMap<Uuid, Vec<u64>> {
    test_support::eventually("every account is published to its end", SOON, async || {
        let sequences = sequences(&bank.published(0).await);
        let done = accounts
            .iter()
            .all(|account| sequences.get(account).is_some_and(|seen| seen.contains(&last)));
        if done { Ok(sequences) } else { Err(sequences) }
    })
    .await
}

async fn append_from_many_writers(bank: &Bank, accounts: &[Uuid], events_each: u64) {
    let writers = accounts.iter().map(async |account| {
        for sequence in 1..=events_each {
            bank.append(*account, sequence, 1).await;
        }
    });
    futures::future::join_all(writers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_published_in_the_order_of_its_account() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let accounts: Vec<Uuid> = (0..25).map(|_| Uuid::now_v7()).collect();
    let relay = bank.start().await;
    append_from_many_writers(&bank, &accounts, 12).await;
    // Not an account's: stays in the bank.
    let attempt = NewEvent {
        name: "card_not_recognized",
        ..limit_changed(1)
    };
    bank.append_events("card_attempt", Uuid::now_v7(), 1, vec![attempt])
        .await;
    let seen = bank.published(300).await;
    relay.stop().await;

    assert_eq!(seen.len(), 300);
    let sequences = sequences(&seen);
    assert_eq!(sequences.len(), accounts.len());
    for account in &accounts {
        assert_eq!(sequences[account], (1..=12).collect::<Vec<u64>>());
    }
    let recorded = bank
        .log
        .load(ACCOUNT_STREAM, &[(accounts[0], 0)])
        .await
        .expect("the log can be read");
    let values: Vec<String> = recorded
        .iter()
        .map(|event| envelope_of(event).unwrap().to_json().unwrap())
        .collect();
    let of_account: Vec<&Seen> = seen
        .iter()
        .filter(|seen| seen.key == accounts[0].to_string())
        .collect();
    for ((message, value), recorded) in of_account.iter().zip(values).zip(recorded) {
        assert_eq!(message.value, value);
        let header = |name: &str| {
            message
                .headers
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(header(HEADER_ID), Some(recorded.event_id()));
        assert_eq!(header(HEADER_TRACE), Some(TRACE.to_owned()));
    }
    // A stop leaves the progress at the end, so that the next relay repeats nothing.
    let last = bank
        .log
        .read_committed(Position::default(), 1_000)
        .await
        .expect("the log can be read");
    let last = last.last().expect("not empty").position;
    assert_eq!(
        bank.stored_progress().await,
        Some((i64::try_from(last.transaction).unwrap(), last.number))
    );
    let relay = bank.start().await;
    bank.append(accounts[0], 13, 1).await;
    assert_eq!(bank.published(301).await.len(), 301);
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_the_progress_is_stored_repeats_and_skips_nothing() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let accounts: Vec<Uuid> = (0..6).map(|_| Uuid::now_v7()).collect();
    // This one publishes and never comes to storing its progress.
    let forgetful = Settings {
        progress_interval: Duration::from_hours(1),
        ..bank.settings()
    };
    for round in 0..3_u64 {
        let mut relay = Running::start(bank.relay(forgetful.clone()));
        relay
            .until("the relay works", |status| status.role == Role::Active)
            .await;
        for account in &accounts {
            bank.append(*account, round * 10 + 1, 10).await;
        }
        published_to_the_end(&bank, &accounts, round * 10 + 10).await;
        relay.kill().await;
    }
    let relay = bank.start().await;
    for account in &accounts {
        bank.append(*account, 31, 1).await;
    }
    let sequences = published_to_the_end(&bank, &accounts, 31).await;
    relay.stop().await;

    assert!(bank.stored_progress().await.is_some());
    for account in &accounts {
        assert_in_order(&sequences[account], 31);
        assert!(
            sequences[account].len() > 60,
            "it was repeated: {:?}",
            sequences[account]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_killed_at_any_moment_leaves_no_gap() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let accounts: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    let killing = async {
        for _ in 0..6 {
            let relay = bank.start().await;
            // Wherever it is by then: reading, publishing, or storing.
            tokio::time::sleep(Duration::from_millis(u64::from(rand_below(150)))).await;
            relay.kill().await;
        }
    };
    tokio::join!(append_from_many_writers(&bank, &accounts, 60), killing);
    let relay = bank.start().await;
    for account in &accounts {
        bank.append(*account, 61, 1).await;
    }
    let sequences = published_to_the_end(&bank, &accounts, 61).await;
    relay.stop().await;
    for account in &accounts {
        assert_in_order(&sequences[account], 61);
    }
}

/// Chance enough for the moment of a kill.
fn rand_below(bound: u8) -> u8 {
    Uuid::new_v4().as_bytes()[0] % bound
}
