//! A recorded event as it is handed on: the envelope put around the payload, which stays as it is, byte for byte.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use proto::envelope::Envelope;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ACCOUNT_STREAM, Recorded, StoreError};

/// What every account event's payload has, whatever its kind.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    name: Cow<'a, str>,
    occurred_at: DateTime<Utc>,
}

/// The envelope of an account's event. A damaged one is refused here, before it reaches any reader.
///
/// Only the head of the payload is looked at: what hands events on must not have to know every kind of event there is, or
/// it would have to be released before each new one.
pub fn envelope_of(recorded: &Recorded) -> Result<Envelope, StoreError> {
    let damaged = |reason: String| StoreError::Damaged {
        event_id: recorded.event_id(),
        reason,
    };
    if recorded.stream_type != ACCOUNT_STREAM {
        return Err(damaged(format!(
            "a {} where an account's event was expected",
            recorded.stream_type
        )));
    }
    let head: Head<'_> =
        serde_json::from_str(&recorded.payload).map_err(|error| damaged(error.to_string()))?;
    if head.name != recorded.name {
        return Err(damaged(format!(
            "stored as {}, but the payload is a {}",
            recorded.name, head.name
        )));
    }
    let data = RawValue::from_string(recorded.payload.clone()).map_err(|error| damaged(error.to_string()))?;
    Ok(Envelope::new(
        recorded.stream_id,
        recorded.sequence,
        &recorded.name,
        &recorded.version,
        head.occurred_at,
        data,
    ))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::event_store::{Metadata, Position};

    fn recorded(stream_type: &str, name: &str, payload: &str) -> Recorded {
        let at: DateTime<Utc> = "2026-11-22T15:33:50.677291015Z".parse().expect("a time");
        Recorded {
            stream_type: stream_type.to_owned().into(),
            stream_id: Uuid::from_u128(7),
            sequence: 3,
            name: name.to_owned().into(),
            version: "1".into(),
            payload: payload.to_owned(),
            metadata: Metadata {
                occurred_at: at,
                traceparent: None,
            },
            position: Position::default(),
            recorded_at: at,
            request: None,
        }
    }

    #[test]
    fn the_payload_is_handed_on_byte_for_byte() {
        let payload =
            r#"{"type":"a_kind_of_tomorrow", "occurred_at":"2026-11-22T15:33:50.677291015Z","é":[1.10]}"#;
        let envelope =
            envelope_of(&recorded(ACCOUNT_STREAM, "a_kind_of_tomorrow", payload)).expect("an envelope");
        assert_eq!(envelope.data.get(), payload);
        assert_eq!(envelope.id, "00000000-0000-0000-0000-000000000007-3");
        assert_eq!(envelope.event_type, "codebank.account.a_kind_of_tomorrow.v1");
        assert_eq!(envelope.time.to_rfc3339(), "2026-11-22T15:33:50.677291015+00:00");
    }

    #[test]
    fn what_is_damaged_or_not_an_accounts_is_refused_by_its_id() {
        let good = r#"{"type":"account_closed","occurred_at":"2026-11-22T15:33:50Z"}"#;
        let cases = [
            (
                "card_attempt",
                "account_closed",
                good,
                "a card_attempt where an account's event was expected",
            ),
            (
                ACCOUNT_STREAM,
                "account_opened",
                good,
                "stored as account_opened, but the payload is a account_closed",
            ),
            (
                ACCOUNT_STREAM,
                "account_closed",
                "{}",
                "missing field `type` at line 1 column 2",
            ),
            (
                ACCOUNT_STREAM,
                "account_closed",
                "",
                "EOF while parsing a value at line 1 column 0",
            ),
            (
                ACCOUNT_STREAM,
                "account_closed",
                r#"{"type":"account_closed"}"#,
                "missing field `occurred_at` at line 1 column 25",
            ),
        ];
        for (stream_type, name, payload, expected) in cases {
            let Err(StoreError::Damaged { event_id, reason }) =
                envelope_of(&recorded(stream_type, name, payload))
            else {
                panic!("{payload} was not refused");
            };
            assert_eq!(event_id, "00000000-0000-0000-0000-000000000007-3");
            assert_eq!(reason, expected);
        }
    }
}
