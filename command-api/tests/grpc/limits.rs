//! What the server bounds, and what it says when a neighbour is away.

use std::time::Duration;

use command_api::grpc::Settings;
use command_api::vault::PostgresVaultStore;
use proto::codebank::v1;
use proto::codebank::v1::Decision;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::bank::{Bank, Card, VISA, check, new_id};
use crate::moody_log::Mood;

#[tokio::test]
async fn a_message_over_the_limit_is_refused() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let mut request = card.purchase(100);
    request.description = "m".repeat(64 * 1024);
    let status = bank.refusal(request).await;
    check(&status, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    assert!(
        status.get_details_retry_info().is_none(),
        "it would be too large again"
    );
}

#[tokio::test]
async fn past_the_calls_in_flight_one_is_told_to_come_back() {
    let bank = Bank::start_with(&Settings {
        in_flight_max: 1,
        ..Settings::default()
    })
    .await;
    let card = bank.card(10_000, VISA).await;
    bank.log.set(Mood::Slow);
    let begun = bank.log.appends() + 1;
    let (mut client, slow) = (bank.authorizations(), card.purchase(100));
    let waiting = tokio::spawn(async move { client.authorize(slow).await });
    bank.log.begun(begun).await;

    let refused = card.purchase(100);
    let status = bank.refusal(refused.clone()).await;
    check(&status, Code::ResourceExhausted, "TOO_MANY_IN_FLIGHT");
    assert!(
        status
            .get_details_retry_info()
            .expect("when")
            .retry_delay
            .is_some()
    );

    bank.log.set(Mood::Well);
    waiting.await.expect("no panic").expect("the first one is served");
    assert_eq!(bank.authorize(refused).await.decision(), Decision::Approved);
}

/// The first request is being committed when its deadline passes, the second one still waits for its turn.
#[tokio::test]
async fn a_deadline_that_passes_says_so_and_the_request_id_tells_what_happened() {
    let call_time_max = Duration::from_secs(2);
    let bank = Bank::start_with(&Settings {
        call_time_max,
        ..Settings::default()
    })
    .await;
    let card = bank.card(10_000, VISA).await;
    bank.log.set(Mood::Slow);
    let (committing, queued) = (card.purchase(100), card.purchase(200));
    let begun = bank.log.appends() + 1;
    let (mut client, request) = (bank.authorizations(), committing.clone());
    let first = tokio::spawn(async move { client.authorize(request).await });
    bank.log.begun(begun).await;
    let status = bank.refusal(queued.clone()).await;
    check(&status, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    let status = first.await.expect("no panic").expect_err("it waits as well");
    check(&status, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");

    bank.log.set(Mood::Well);
    let repeat = bank
        .authorizations()
        .authorize(committing.clone())
        .await
        .expect("an answer");
    assert!(
        repeat.metadata().contains_key(proto::REPLAYED_HEADER),
        "it had happened"
    );
    let asked = v1::GetOutcomeRequest {
        request_id: queued.request_id.clone(),
    };
    let status = bank
        .authorizations()
        .get_outcome(asked)
        .await
        .expect_err("it had not happened");
    check(&status, Code::NotFound, "OUTCOME_NOT_FOUND");
    let late = bank.authorizations().authorize(queued).await.expect("an answer");
    assert!(!late.metadata().contains_key(proto::REPLAYED_HEADER));
}

#[tokio::test]
async fn while_the_log_is_away_callers_are_told_to_come_back_and_it_recovers() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    bank.log.set(Mood::Away);
    let request = card.purchase(100);
    let status = bank.refusal(request.clone()).await;
    check(&status, Code::Unavailable, "OUTCOME_UNKNOWN");
    assert!(status.get_details_retry_info().is_some());
    let asked = v1::GetOutcomeRequest {
        request_id: request.request_id.clone(),
    };
    let status = bank.authorizations().get_outcome(asked).await.expect_err("away");
    check(&status, Code::Unavailable, "OUT_OF_REACH");
    assert!(status.get_details_retry_info().is_some());

    bank.log.set(Mood::Well);
    assert_eq!(bank.authorize(request).await.decision(), Decision::Approved);
    let purchases = bank
        .events()
        .await
        .iter()
        .filter(|event| event.name == "purchase_approved")
        .count();
    assert_eq!(purchases, 1);
}

#[tokio::test]
async fn while_the_vault_is_away_nothing_is_recorded_and_callers_are_told_to_come_back() {
    let options = "postgres://nobody@127.0.0.1:1/nowhere"
        .parse()
        .expect("a URL, if of nothing");
    let store = PostgresVaultStore::new(options, 1);
    let folder = tempfile::tempdir().expect("a folder");
    let bank = Bank::start_on(folder, store, &Settings::default()).await;
    let account_id = bank.open_account(10_000).await;
    let card = Card {
        account_id,
        id: new_id(),
        token: "tok_of_some_card".to_owned(),
        credentials: v1::CardCredentials {
            number: VISA.to_owned(),
            expiry_month: 12,
            expiry_year: 2050,
            security_code: "123".to_owned(),
        },
    };
    for request in [card.purchase(100), card.purchase_by_token(100)] {
        let status = bank.refusal(request).await;
        check(&status, Code::Unavailable, "OUT_OF_REACH");
        assert!(status.get_details_retry_info().is_some());
    }
    assert_eq!(bank.events().await.len(), 1, "the account alone");
}

#[tokio::test]
async fn the_callers_trace_goes_into_the_event() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let mut request = Request::new(card.purchase(100));
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    request
        .metadata_mut()
        .insert("traceparent", traceparent.parse().expect("a value"));
    bank.authorizations().authorize(request).await.expect("an answer");
    let events = bank.events().await;
    let trace = events
        .last()
        .expect("the purchase")
        .metadata
        .trace()
        .expect("a trace");
    assert_eq!(trace.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
}
