//! Rows that nobody of this bank wrote like that.

use domain::account::{AccountClosed, Event};

use super::given::{Given, append, event, new_id, time};
use crate::event_store::{ACCOUNT_STREAM, Append, NewEvent, StoreError, envelope_of};

fn closed() -> NewEvent {
    let closed = Event::AccountClosed(AccountClosed { occurred_at: time() });
    NewEvent {
        name: closed.name(),
        ..event(&serde_json::to_string(&closed).expect("writes"))
    }
}

pub(super) async fn a_damaged_event_is_found_when_it_is_opened_and_takes_no_other_along(given: &Given) {
    let cases = [
        ("payload = '{}'", "missing field `type` at line 1 column 2"),
        (
            "event_type = 'account_opened'",
            "stored as account_opened, but the payload is a account_closed",
        ),
        (
            "payload = '\"a text\"', metadata = '[]'",
            "invalid type: string \"a text\", expected ",
        ),
    ];
    let (whole, damaged) = (new_id(), cases.map(|_| new_id()));
    for stream in [whole].into_iter().chain(damaged) {
        given
            .recorded(Append {
                events: vec![closed()],
                ..append(stream, 1, 1)
            })
            .await;
    }
    for (stream, (change, _)) in damaged.iter().zip(cases) {
        given
            .execute(&format!(
                "update events set {change} where aggregate_id = '{stream}'"
            ))
            .await
            .expect("changes");
    }
    let wanted: Vec<_> = [whole]
        .into_iter()
        .chain(damaged)
        .map(|stream| (stream, 0))
        .collect();
    let loaded = given
        .log
        .load(ACCOUNT_STREAM, &wanted)
        .await
        .expect("the log is there");
    assert_eq!(loaded.len(), 1 + damaged.len());
    assert_eq!(given.read_all().await.len(), 1 + damaged.len());
    for recorded in &loaded {
        let case = damaged.iter().position(|stream| *stream == recorded.stream_id);
        let Some((_, expected)) = case.map(|index| cases[index]) else {
            assert!(recorded.account_event().is_ok());
            assert!(envelope_of(recorded).is_ok());
            continue;
        };
        let errors = [
            recorded.account_event().map(|_| ()),
            envelope_of(recorded).map(|_| ()),
        ];
        for error in errors {
            let Err(StoreError::Damaged { event_id, reason }) = error else {
                panic!("{expected} was not found")
            };
            assert_eq!(event_id, recorded.event_id());
            assert!(reason.starts_with(expected), "{reason}");
        }
    }

    // Metadata only repeats what the payload says: a row without is as good.
    given
        .execute(&format!(
            "update events set metadata = '{{}}' where aggregate_id = '{whole}'"
        ))
        .await
        .expect("changes");
    let recorded = given.load(whole).await.pop().expect("it is there");
    assert_eq!(recorded.metadata.occurred_at, time());
    assert_eq!(envelope_of(&recorded).expect("an envelope").time, time());
}

pub(super) async fn rows_that_cannot_be_events_are_not_let_in(given: &Given) {
    let id = new_id();
    let shouted = new_id().to_string().to_uppercase();
    let braced = new_id().braced().to_string();
    let row = |id: &str, sequence: i64, payload: &str, metadata: &str, request: &str| {
        format!(
            "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
             request_id, request_fingerprint) \
             values ('card_account', '{id}', {sequence}, 'a', '1', '{payload}', '{metadata}', {request})"
        )
    };
    let id = id.to_string();
    let cases = [
        row("42", 1, "{}", "{}", "null, null"),
        row(&shouted, 1, "{}", "{}", "null, null"),
        row(&braced, 1, "{}", "{}", "null, null"),
        row(&id, 0, "{}", "{}", "null, null"),
        row(&id, -1, "{}", "{}", "null, null"),
        row(&id, 1, "{", "{}", "null, null"),
        row(&id, 1, "{}", "", "null, null"),
        row(&id, 1, "{}", "{}", &format!("'{id}', null")),
    ];
    for case in cases {
        assert!(given.execute(&case).await.is_err(), "{case}");
    }
    given
        .execute(&row(&id, 1, "{}", "{}", "null, null"))
        .await
        .expect("this one could be");
}
