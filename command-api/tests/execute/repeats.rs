//! The same request again: the first answer, for ever, and nothing recorded twice.

use std::sync::Arc;

use command_api::execute::ExecuteError;
use domain::AuthorizationId;
use domain::account::{BlockCard, Command, Rejection};
use domain::attempt::CardNotRecognized;
use domain::text::Description;
use futures::future::join_all;
use proto::trace::TraceContext;
use uuid::Uuid;

use crate::table::{Table, brl, key, merchant, now, purchase, request};

#[tokio::test]
async fn a_repeat_gets_the_first_answer() {
    let table = Table::set().await;
    let card = table.account(100).await;
    let asked = purchase(card, 60);
    let first = table.bank.execute(asked.clone()).await.expect("recorded");
    table.bank.execute(purchase(card, 40)).await.expect("recorded");
    for bank in [table.bank.clone(), table.rival()] {
        let again = bank.execute(asked.clone()).await.expect("found");
        assert!(again.replayed && !first.replayed);
        assert_eq!(
            (again.event.event_id(), again.event.payload),
            (first.event.event_id(), first.event.payload.clone())
        );
    }
    assert_eq!(table.tally(card.0).await, (100, 0));
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let table = Table::set().await;
    let card = table.account(100).await;
    let asked = purchase(card, 60);
    let first = table.bank.execute(asked.clone()).await.expect("recorded");
    let mut other = purchase(card, 10);
    other.key = asked.key;
    other.key.fingerprint = [8; 32];
    let refused = table.bank.execute(other).await.expect_err("refused");
    let ExecuteError::RequestIdReused { first: found } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(found.event_id(), first.event.event_id());
    assert_eq!(table.tally(card.0).await, (60, 0));
}

/// The repeats arrive together with the first and with others that are decided on top of them.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_in_a_crowd_charge_once() {
    let table = Table::set().await;
    let card = table.account(1_000).await;
    let asked: Vec<_> = (0..20).map(|_| purchase(card, 10)).collect();
    let crowd = (0..5).flat_map(|_| asked.iter().cloned());
    let answers = join_all(crowd.map(|request| table.bank.execute(request))).await;
    let fresh = answers
        .iter()
        .filter(|answer| answer.as_ref().is_ok_and(|answer| !answer.replayed))
        .count();
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(fresh, 20);
    assert_eq!(table.tally(card.0).await, (200, 0));
}

#[tokio::test]
async fn a_repeat_of_what_its_own_success_now_forbids_is_still_answered() {
    let table = Table::set().await;
    let (account_id, card_id) = table.account(100).await;
    let block = request(account_id, Command::BlockCard(BlockCard { at: now(), card_id }));
    let first = table.bank.execute(block.clone()).await.expect("blocked");
    let again = table.bank.execute(block.clone()).await.expect("the first answer");
    assert!(again.replayed);
    assert_eq!(again.event.event_id(), first.event.event_id());
    let other = request(account_id, Arc::unwrap_or_clone(block.command));
    let refused = table.bank.execute(other).await.expect_err("refused");
    assert!(
        matches!(refused, ExecuteError::Rejected(Rejection::CardAlreadyBlocked)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_attempt_with_an_unknown_number_is_kept_under_its_request_id() {
    let table = Table::set().await;
    let card = table.account(100).await;
    let (key, trace) = (key(), TraceContext::start());
    let attempt = CardNotRecognized {
        occurred_at: now(),
        authorization_id: AuthorizationId::new(Uuid::now_v7()),
        amount: brl(10),
        merchant: merchant(),
        description: Description::parse("Dom Casmurro").expect("a description"),
    };
    let first = table
        .bank
        .record_attempt(attempt.clone(), key, trace, None)
        .await
        .expect("recorded");
    let again = table
        .bank
        .record_attempt(attempt, key, trace, None)
        .await
        .expect("found");
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.event.payload, first.event.payload);
    // The card was issued in between: the answer stays what it was.
    let mut known = purchase(card, 10);
    known.key = key;
    let later = table.bank.execute(known).await.expect("found");
    assert_eq!(later.event.event_id(), first.event.event_id());
    assert_eq!(table.tally(card.0).await, (0, 0));
}
