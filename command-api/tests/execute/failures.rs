//! The log fails, a history is damaged, a caller is late, the queue is full: nothing is half done, and the rest is served.

use command_api::event_store::{Append, EventLog, Metadata, NewEvent, RequestKey};
use command_api::execute::{ExecuteError, Settings};
use domain::RequestId;
use futures::future::join_all;
use tokio::time::Instant;
use uuid::Uuid;

use crate::table::{Fault, Table, is_approved, now, purchase};

/// Requests at once, in each of five rounds.
const CROWD: usize = 30;

#[tokio::test]
async fn after_a_failed_append_the_caller_is_told_so_and_the_state_is_forgotten() {
    let table = Table::set().await;
    let card = table.account(100).await;
    table.log.next_append(Fault::Before);
    let lost = table.bank.execute(purchase(card, 60)).await;
    assert!(matches!(lost, Err(ExecuteError::OutcomeUnknown)), "{lost:?}");
    let next = table.bank.execute(purchase(card, 100)).await;
    assert!(is_approved(&next), "the lost purchase left no trace: {next:?}");
    assert_eq!(table.tally(card.0).await, (100, 0));
}

#[tokio::test]
async fn when_the_answer_is_lost_the_repeat_finds_what_was_recorded() {
    let table = Table::set().await;
    let card = table.account(100).await;
    let asked = purchase(card, 60);
    table.log.next_append(Fault::After);
    let lost = table.bank.execute(asked.clone()).await;
    assert!(matches!(lost, Err(ExecuteError::OutcomeUnknown)), "{lost:?}");
    let found = table
        .bank
        .find_request(asked.key.id)
        .await
        .expect("reads")
        .expect("it is recorded");
    let again = table.bank.execute(asked).await.expect("answered");
    assert!(again.replayed);
    assert_eq!(again.event.event_id(), found.event_id());
    assert_eq!(table.tally(card.0).await, (60, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_fails_in_a_crowd_leaves_every_caller_with_a_true_answer() {
    let table = Table::set().await;
    let card = table.account(10_000).await;
    let mut asked = Vec::new();
    let mut answers = Vec::new();
    for (round, fault) in [
        Fault::Before,
        Fault::None,
        Fault::After,
        Fault::None,
        Fault::Before,
    ]
    .into_iter()
    .enumerate()
    {
        let crowd: Vec<_> = (0..CROWD).map(|_| purchase(card, 1)).collect();
        table.log.next_append(fault);
        answers.extend(join_all(crowd.iter().cloned().map(|request| table.bank.execute(request))).await);
        asked.extend(crowd);
        assert_eq!(answers.len(), (round + 1) * CROWD);
    }
    for (request, answer) in asked.into_iter().zip(&answers) {
        let recorded = table.bank.find_request(request.key.id).await.expect("reads");
        match answer {
            Ok(answer) => assert_eq!(
                recorded.map(|event| event.event_id()),
                Some(answer.event.event_id())
            ),
            Err(ExecuteError::OutcomeUnknown) => {}
            Err(other) => panic!("{other:?}"),
        }
        table
            .bank
            .execute(request)
            .await
            .expect("a repeat is always answered");
    }
    assert_eq!(table.tally(card.0).await, (150, 0));
}

#[tokio::test]
async fn a_damaged_account_stops_alone() {
    let table = Table::set().await;
    let (damaged, whole) = (table.account(100).await, table.account(100).await);
    let event = |name, payload: &str| NewEvent {
        name,
        version: "1",
        payload: payload.to_owned(),
        metadata: Metadata {
            occurred_at: now(),
            traceparent: None,
        },
    };
    let append = Append {
        stream_type: "card_account",
        stream_id: damaged.0.as_uuid(),
        first_sequence: 4,
        events: vec![event("account_gilded", r#"{"type":"account_gilded"}"#)],
        request: Some(RequestKey {
            id: RequestId::new(Uuid::now_v7()),
            fingerprint: [0; 32],
        }),
    };
    table.log.append(vec![append]).await.expect("recorded");
    let fresh = table.rival();
    let (stopped, served) = tokio::join!(
        fresh.execute(purchase(damaged, 1)),
        fresh.execute(purchase(whole, 1))
    );
    let Err(ExecuteError::Damaged { event_id }) = stopped else {
        panic!("{stopped:?}")
    };
    assert_eq!(event_id, format!("{}-4", damaged.0));
    assert!(is_approved(&served));
}

#[tokio::test]
async fn a_request_whose_deadline_has_passed_is_not_decided() {
    let table = Table::set().await;
    let card = table.account(100).await;
    let mut late = purchase(card, 10);
    late.deadline = Some(Instant::now());
    let answer = table.bank.execute(late).await;
    assert!(
        matches!(answer, Err(ExecuteError::DeadlineExceeded)),
        "{answer:?}"
    );
    assert_eq!(table.tally(card.0).await, (0, 0));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_serves_who_waits() {
    let table = Table::set_with(&Settings {
        committers: 1,
        queue_max: 2,
        ..Settings::default()
    })
    .await;
    let card = table.account(100).await;
    table.log.next_append(Fault::Gate);
    let bank = table.bank.clone();
    let held = tokio::spawn(async move { bank.execute(purchase(card, 1)).await });
    table.log.gate_is_taken().await;
    let waiting = join_all((0..5).map(|_| table.bank.execute(purchase(card, 1))));
    let opened = async {
        tokio::task::yield_now().await;
        table.log.open_gate();
    };
    let (answers, ()) = tokio::join!(waiting, opened);
    let refused = answers
        .iter()
        .filter(|answer| matches!(answer, Err(ExecuteError::Overloaded)))
        .count();
    assert_eq!(refused, 3, "{answers:?}");
    assert!(is_approved(&held.await.expect("no panic")));
    assert_eq!(table.tally(card.0).await, (3, 0));
}

/// The one that fails stands at the gate when the other has long been answered.
#[tokio::test]
async fn of_two_batches_the_one_that_fails_takes_only_its_own_accounts_along() {
    let table = Table::where_two_go_beside().await;
    let cards = join_all((0..3).map(|_| table.account(100))).await;
    table.log.next_append(Fault::GateBefore);
    let start = |card, amount| {
        let bank = table.bank.clone();
        tokio::spawn(async move { bank.execute(purchase(card, amount)).await })
    };
    let lost = start(cards[0], 60);
    table.log.gate_is_taken().await;
    let behind = start(cards[0], 60);
    let beside = join_all(
        cards[1..]
            .iter()
            .map(|card| table.bank.execute(purchase(*card, 60))),
    )
    .await;
    assert!(beside.iter().all(is_approved), "{beside:?}");
    assert!(!behind.is_finished(), "it was decided on what is not durable");
    table.log.open_gate();
    let lost = lost.await.expect("no panic");
    assert!(matches!(lost, Err(ExecuteError::OutcomeUnknown)), "{lost:?}");
    let behind = behind.await.expect("no panic");
    assert!(
        is_approved(&behind),
        "the lost purchase left no trace: {behind:?}"
    );
    for card in cards {
        assert_eq!(table.tally(card.0).await, (60, 0));
    }
}
