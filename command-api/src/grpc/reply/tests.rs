//! The answer to each kind of event.

use super::*;
use crate::event_store::{ACCOUNT_STREAM, Metadata, Position, StoreError};
use uuid::Uuid;

const ACCOUNT: &str = "01939c5e-7a6b-7c00-8000-000000000001";

fn at() -> DateTime<Utc> {
    "2026-11-22T15:33:50.677Z".parse().expect("a time")
}

fn recorded(stream_type: &str, name: &str, payload: &str) -> Recorded {
    Recorded {
        stream_type: stream_type.to_owned().into(),
        stream_id: ACCOUNT.parse().expect("an id"),
        sequence: 42,
        name: name.to_owned().into(),
        version: "1".into(),
        payload: payload.to_owned(),
        metadata: Metadata {
            occurred_at: at(),
            traceparent: None,
        },
        position: Position {
            transaction: 7,
            number: 9,
        },
        recorded_at: at(),
        request: None,
    }
}

fn declined(reason: DeclineReason) -> Recorded {
    let payload = format!(
        r#"{{"type":"purchase_declined","occurred_at":"2026-11-22T15:33:50.677Z","authorization_id":"{}","card_id":"{}",
            "card_last_four":"1111","amount":{{"minor_units":4990,"currency":"BRL"}},
            "merchant":{{"id":"livraria-01","name":"Livraria","mcc":"5942"}},"description":"Dom Casmurro","reason":"{reason}"}}"#,
        Uuid::from_u128(0xa1),
        Uuid::from_u128(0xc1),
    );
    recorded(ACCOUNT_STREAM, "purchase_declined", &payload)
}

fn attempt() -> Recorded {
    let payload = format!(
        r#"{{"type":"card_not_recognized","occurred_at":"2026-11-22T15:33:50.677Z","authorization_id":"{}",
            "amount":{{"minor_units":4990,"currency":"BRL"}},
            "merchant":{{"id":"livraria-01","name":"Livraria","mcc":"5942"}},"description":"Dom Casmurro"}}"#,
        Uuid::from_u128(0xa1),
    );
    recorded(attempt::STREAM_TYPE, attempt::EVENT_NAME, &payload)
}

fn told(event: &Recorded) -> Decision {
    let fact = event.fact().expect("it can be read");
    decision(event, &fact).expect("a decision")
}

#[test]
fn each_reason_is_told_as_the_merchant_may_know_it() {
    use v1::DeclineReason as Told;
    let expected = [
        (DeclineReason::CardNotFound, Told::CardNotRecognized),
        (DeclineReason::ExpiryMismatch, Told::CardNotRecognized),
        (DeclineReason::SecurityCodeMismatch, Told::CardNotRecognized),
        (DeclineReason::AccountClosed, Told::AccountClosed),
        (DeclineReason::CardCancelled, Told::CardCancelled),
        (DeclineReason::CardNotActivated, Told::CardNotActivated),
        (DeclineReason::CardBlocked, Told::CardBlocked),
        (DeclineReason::CardExpired, Told::CardExpired),
        (DeclineReason::OverLimit, Told::OverLimit),
    ];
    assert_eq!(expected.map(|(reason, _)| reason), DeclineReason::LADDER);
    for (reason, told_as) in expected {
        let decision = told(&declined(reason));
        assert_eq!(decision.precise_reason, reason.code());
        let authorization = decision.authorization;
        assert_eq!(authorization.decision(), v1::Decision::Declined);
        assert_eq!(authorization.decline_reason(), told_as);
        let account = (authorization.account_id.as_str(), authorization.account_version);
        let hidden = told_as == Told::CardNotRecognized;
        assert_eq!(account, if hidden { ("", 0) } else { (ACCOUNT, 42) }, "{reason}");
    }
}

#[test]
fn who_does_not_hold_the_card_cannot_tell_why() {
    let unknown_number = told(&attempt()).authorization;
    for reason in [
        DeclineReason::CardNotFound,
        DeclineReason::ExpiryMismatch,
        DeclineReason::SecurityCodeMismatch,
    ] {
        assert_eq!(told(&declined(reason)).authorization, unknown_number, "{reason}");
    }
}

#[test]
fn what_is_not_a_decision_is_none_and_what_is_damaged_is_said() {
    let payload = r#"{"type":"account_closed","occurred_at":"2026-11-22T15:33:50.677Z"}"#;
    let closed = recorded(ACCOUNT_STREAM, "account_closed", payload);
    let fact = closed.fact().expect("it can be read");
    assert!(decision(&closed, &fact).is_none());
    for damaged in [
        recorded(ACCOUNT_STREAM, "purchase_declined", "{}"),
        recorded(attempt::STREAM_TYPE, attempt::EVENT_NAME, payload),
    ] {
        assert!(
            matches!(damaged.fact(), Err(StoreError::Damaged { .. })),
            "{damaged:?}"
        );
    }
}

#[test]
fn an_auditor_reads_the_event_as_it_is_stored() {
    let event = attempt();
    let payload = event.payload.clone();
    let read = recorded_event(event);
    assert_eq!(read.event_id, format!("{ACCOUNT}-42"));
    assert_eq!((read.position.as_str(), read.request_id.as_str()), ("7.9", ""));
    assert_eq!(read.data_json, payload);
    assert_eq!(
        read.recorded_at,
        Some(prost_types::Timestamp {
            seconds: 1_795_361_630,
            nanos: 677_000_000
        })
    );
}
