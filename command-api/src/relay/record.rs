//! A recorded event as the Kafka record it becomes.

use proto::envelope::HEADER_TRACE;
use rdkafka::message::{Header, OwnedHeaders};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::event_store::{Recorded, envelope_of};

/// Why an event cannot be published as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(super) struct Damage(pub(super) String);

impl Damage {
    pub(super) fn because(reason: &impl ToString) -> Self {
        Self(reason.to_string())
    }
}

/// What is handed to the producer.
pub(super) struct Record<'a> {
    pub(super) topic: &'a str,
    /// Its id is the key: an account's events share a partition.
    pub(super) account: Uuid,
    /// Wiped after use: on the compatibility topic it holds a card number.
    pub(super) value: Zeroizing<String>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Record<'_> {
    pub(super) fn headers(&self) -> OwnedHeaders {
        let headers = OwnedHeaders::new_with_capacity(self.headers.len());
        self.headers.iter().fold(headers, |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        })
    }
}

/// An account's event as its readers get it.
pub(super) fn of_event<'a>(topic: &'a str, recorded: &Recorded) -> Result<Record<'a>, Damage> {
    let envelope = envelope_of(recorded).map_err(|error| Damage::because(&error))?;
    let value = envelope.to_json().map_err(|error| Damage::because(&error))?;
    let mut headers = envelope.headers().to_vec();
    headers.extend(
        recorded
            .metadata
            .trace()
            .map(|trace| (HEADER_TRACE, trace.to_string())),
    );
    Ok(Record {
        topic,
        account: recorded.stream_id,
        value: Zeroizing::new(value),
        headers,
    })
}

#[cfg(test)]
mod tests {
    use proto::envelope::{HEADER_CONTENT_TYPE, HEADER_ID};
    use rdkafka::message::Headers as _;

    use super::*;
    use crate::event_store::{ACCOUNT_STREAM, Metadata, Position};

    const CLOSED: &str = r#"{"type":"account_closed", "occurred_at":"2026-11-22T15:33:50.677Z"}"#;
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn recorded(payload: &str, traceparent: Option<&str>) -> Recorded {
        let at = "2026-11-22T15:33:50.677Z".parse().expect("a time");
        Recorded {
            stream_type: ACCOUNT_STREAM.into(),
            stream_id: Uuid::from_u128(7),
            sequence: 3,
            name: "account_closed".into(),
            version: "1".into(),
            payload: payload.to_owned(),
            metadata: Metadata {
                occurred_at: at,
                traceparent: traceparent.map(str::to_owned),
            },
            position: Position::default(),
            recorded_at: at,
            request: None,
        }
    }

    #[test]
    fn an_event_becomes_a_document_with_its_attributes_as_headers() {
        let record = of_event("events", &recorded(CLOSED, Some(TRACE))).expect("a record");
        assert_eq!((record.topic, record.account), ("events", Uuid::from_u128(7)));
        assert!(
            record
                .value
                .ends_with(&format!(r#""sequence":3,"data":{CLOSED}}}"#)),
            "{}",
            *record.value
        );
        let headers = record.headers();
        let value_of = |name: &str| {
            let header = headers.iter().find(|header| header.key == name)?;
            std::str::from_utf8(header.value?).ok()
        };
        assert_eq!(headers.count(), 8);
        assert_eq!(
            value_of(HEADER_ID),
            Some("00000000-0000-0000-0000-000000000007-3")
        );
        assert_eq!(
            value_of(HEADER_CONTENT_TYPE),
            Some("application/cloudevents+json; charset=UTF-8")
        );
        assert_eq!(value_of(HEADER_TRACE), Some(TRACE));
    }

    #[test]
    fn without_a_trace_there_is_no_header_of_one() {
        for traceparent in [None, Some("nonsense")] {
            let record = of_event("events", &recorded(CLOSED, traceparent)).expect("a record");
            assert_eq!(record.headers().count(), 7);
        }
    }

    #[test]
    fn a_damaged_event_becomes_nothing() {
        let damage = of_event("events", &recorded("{}", None))
            .err()
            .map(|damage| damage.to_string());
        let expected = "event 00000000-0000-0000-0000-000000000007-3 is damaged: missing field `type` at line 1 column 2";
        assert_eq!(damage.as_deref(), Some(expected));
    }
}
