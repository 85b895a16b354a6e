//! What auditors read.

use std::fmt::Debug;

use proto::codebank::v1;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status, Streaming};

use crate::bank::{Bank, NOBODYS, VISA, check, faults, new_id};
use crate::moody_log::Mood;

async fn all<T: Debug>(stream: Streaming<T>) -> Vec<T> {
    stream
        .collect::<Result<_, Status>>()
        .await
        .expect("a whole stream")
}

async fn account_events(bank: &Bank, account_id: &str, from_sequence: u64) -> Vec<v1::RecordedEvent> {
    let request = v1::AccountEventsRequest {
        account_id: account_id.to_owned(),
        from_sequence,
    };
    let stream = bank
        .histories()
        .account_events(request)
        .await
        .expect("a stream")
        .into_inner();
    all(stream)
        .await
        .into_iter()
        .filter_map(|response| response.event)
        .collect()
}

async fn all_events(bank: &Bank, after_position: &str) -> Vec<v1::RecordedEvent> {
    let request = v1::AllEventsRequest {
        after_position: after_position.to_owned(),
    };
    let stream = bank
        .histories()
        .all_events(request)
        .await
        .expect("a stream")
        .into_inner();
    all(stream)
        .await
        .into_iter()
        .filter_map(|response| response.event)
        .collect()
}

#[tokio::test]
async fn an_accounts_events_are_read_in_order_as_they_are_stored() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let purchase = card.purchase(100);
    bank.authorize(purchase.clone()).await;
    let stored = bank.events().await;

    let read = account_events(&bank, &card.account_id, 0).await;
    let types: Vec<&str> = read.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(
        types,
        [
            "account_opened",
            "card_issued",
            "card_activated",
            "purchase_approved"
        ]
    );
    for (read, stored) in read.iter().zip(&stored) {
        assert_eq!(read.data_json, stored.payload);
        assert_eq!(read.event_id, stored.event_id());
        assert_eq!(read.position, stored.position.to_string());
    }
    assert_eq!(read[3].request_id, purchase.request_id);
    assert_eq!(account_events(&bank, &card.account_id, 1).await, read);
    assert_eq!(account_events(&bank, &card.account_id, 3).await, read[2..]);
    assert!(account_events(&bank, &card.account_id, 5).await.is_empty());
    assert!(account_events(&bank, &card.account_id, u64::MAX).await.is_empty());
}

#[tokio::test]
async fn all_events_are_read_from_any_position_attempts_too() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let nobodys = card.changed(|credentials| NOBODYS.clone_into(&mut credentials.number));
    let attempt = nobodys.purchase(100);
    bank.authorize(attempt.clone()).await;
    bank.authorize(card.purchase(100)).await;

    let read = all_events(&bank, "").await;
    let ids: Vec<&str> = read.iter().map(|event| event.event_id.as_str()).collect();
    let stored: Vec<String> = bank
        .events()
        .await
        .iter()
        .map(command_api::event_store::Recorded::event_id)
        .collect();
    assert_eq!(ids, stored);
    let attempted = read
        .iter()
        .find(|event| event.stream_type == "card_attempt")
        .expect("it is there");
    assert_eq!(attempted.stream_id, attempt.request_id);
    for (index, event) in read.iter().enumerate() {
        assert_eq!(all_events(&bank, &event.position).await, read[index + 1..]);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let bank = Bank::start().await;
    let request = v1::AccountEventsRequest {
        account_id: new_id(),
        from_sequence: 0,
    };
    let status = bank
        .histories()
        .account_events(request)
        .await
        .expect_err("refused");
    check(&status, Code::NotFound, "ACCOUNT_NOT_FOUND");
    let status = bank
        .histories()
        .account_events(v1::AccountEventsRequest::default())
        .await
        .expect_err("refused");
    check(&status, Code::InvalidArgument, "INVALID_FIELDS");
    for position in ["x", "1", "1.-1"] {
        let request = v1::AllEventsRequest {
            after_position: position.to_owned(),
        };
        let status = bank.histories().all_events(request).await.expect_err("refused");
        check(&status, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(faults(&status), ["after_position"]);
    }
    bank.log.set(Mood::Away);
    let mut stream = bank
        .histories()
        .all_events(v1::AllEventsRequest::default())
        .await
        .expect("a stream")
        .into_inner();
    check(
        &stream.message().await.expect_err("away"),
        Code::Unavailable,
        "OUT_OF_REACH",
    );
}

#[tokio::test]
async fn a_place_is_free_again_when_its_reader_leaves() {
    let settings = command_api::grpc::Settings {
        history_streams_max: 1,
        ..Default::default()
    };
    let bank = Bank::start_with(&settings).await;
    bank.card(10_000, VISA).await;
    bank.log.set(Mood::Slow);
    let request = v1::AllEventsRequest::default;
    let reading = bank.histories().all_events(request()).await.expect("a stream");
    let status = bank
        .histories()
        .all_events(request())
        .await
        .expect_err("no place");
    check(&status, Code::ResourceExhausted, "TOO_MANY_IN_FLIGHT");
    drop(reading);
    bank.log.set(Mood::Well);
    let mut again = bank.histories().all_events(request()).await;
    while again.is_err() {
        tokio::task::yield_now().await;
        again = bank.histories().all_events(request()).await;
    }
    assert_eq!(all(again.expect("a place").into_inner()).await.len(), 3);
}
