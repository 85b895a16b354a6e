//! A row of either database on its way to being an event.

use chrono::{DateTime, Utc};
use domain::RequestId;
use serde::Deserialize;
use uuid::Uuid;

use super::{Metadata, Position, Recorded, RequestKey, StoreError};

/// The columns as the databases give them.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) stream_type: String,
    pub(super) stream_id: String,
    pub(super) sequence: i64,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) payload: String,
    pub(super) metadata: String,
    pub(super) position: Position,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) request_id: Option<Uuid>,
    pub(super) fingerprint: Option<Vec<u8>>,
}

impl Row {
    /// The event. Neither the payload nor the metadata can make this fail: one damaged event must not take the others of the
    /// same query along, so it is found when it is opened. What is refused here cannot pass the constraints of the tables.
    pub(super) fn into_recorded(self) -> Result<Recorded, StoreError> {
        let event_id = format!("{}-{}", self.stream_id, self.sequence);
        let damaged = |reason: &str| StoreError::Damaged {
            event_id: event_id.clone(),
            reason: reason.to_owned(),
        };
        Ok(Recorded {
            stream_id: self
                .stream_id
                .parse()
                .map_err(|_| damaged("its stream is not named by a UUID"))?,
            sequence: u64::try_from(self.sequence).map_err(|_| damaged("its sequence is negative"))?,
            request: match (self.request_id, self.fingerprint) {
                (None, None) => None,
                (Some(id), Some(fingerprint)) => Some(RequestKey {
                    id: RequestId::new(id),
                    fingerprint: fingerprint
                        .try_into()
                        .map_err(|_| damaged("its request's fingerprint is not of 32 bytes"))?,
                }),
                (Some(_), None) | (None, Some(_)) => {
                    return Err(damaged("half of its request key is missing"));
                }
            },
            metadata: read_metadata(&self.metadata, &self.payload, self.recorded_at),
            stream_type: self.stream_type.into(),
            name: self.name.into(),
            version: self.version.into(),
            payload: self.payload,
            position: self.position,
            recorded_at: self.recorded_at,
        })
    }
}

/// The metadata, which repeats what is in the payload, so that the event is whole without it. A row that cqrs-es wrote has
/// none of ours; the time is then taken from the payload, and where that has none either (it is damaged, which whoever opens
/// it will find) from the row.
fn read_metadata(metadata: &str, payload: &str, recorded_at: DateTime<Utc>) -> Metadata {
    #[derive(Deserialize)]
    struct Payload {
        occurred_at: DateTime<Utc>,
    }
    #[derive(Default, Deserialize)]
    struct Trace {
        traceparent: Option<String>,
    }
    serde_json::from_str(metadata).unwrap_or_else(|_| Metadata {
        occurred_at: serde_json::from_str::<Payload>(payload)
            .map_or(recorded_at, |payload| payload.occurred_at),
        traceparent: serde_json::from_str::<Trace>(metadata)
            .unwrap_or_default()
            .traceparent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn metadata_is_read_leniently_because_the_payload_is_the_truth() {
        let recorded_at = time("2026-01-01T00:00:00Z");
        let payload = r#"{"occurred_at":"2026-01-02T00:00:00.123456789Z"}"#;
        let of_payload = time("2026-01-02T00:00:00.123456789Z");
        let ours = r#"{"occurred_at":"2026-01-03T00:00:00Z","traceparent":"00-a"}"#;
        let cases = [
            (ours, payload, time("2026-01-03T00:00:00Z"), Some("00-a")),
            ("{}", payload, of_payload, None),
            (r#"{"traceparent":"00-a"}"#, payload, of_payload, Some("00-a")),
            ("[1]", payload, of_payload, None),
            ("not json", payload, of_payload, None),
            (r#"{"occurred_at":"yesterday"}"#, "{}", recorded_at, None),
        ];
        for (metadata, payload, occurred_at, traceparent) in cases {
            let expected = Metadata {
                occurred_at,
                traceparent: traceparent.map(str::to_owned),
            };
            assert_eq!(
                read_metadata(metadata, payload, recorded_at),
                expected,
                "{metadata}"
            );
        }
    }

    #[test]
    fn what_no_constraint_would_have_let_in_is_refused() {
        let row = || Row {
            stream_type: "card_account".to_owned(),
            stream_id: Uuid::from_u128(7).to_string(),
            sequence: 1,
            name: "account_closed".to_owned(),
            version: "1".to_owned(),
            payload: "{}".to_owned(),
            metadata: "{}".to_owned(),
            position: Position::default(),
            recorded_at: time("2026-01-01T00:00:00Z"),
            request_id: None,
            fingerprint: None,
        };
        assert!(row().into_recorded().is_ok());
        let id = Some(Uuid::from_u128(8));
        for damaged in [
            Row {
                stream_id: "seven".to_owned(),
                ..row()
            },
            Row {
                sequence: -1,
                ..row()
            },
            Row {
                request_id: id,
                ..row()
            },
            Row {
                fingerprint: Some(vec![0; 32]),
                ..row()
            },
            Row {
                request_id: id,
                fingerprint: Some(vec![0; 31]),
                ..row()
            },
        ] {
            assert!(matches!(damaged.into_recorded(), Err(StoreError::Damaged { .. })));
        }
    }
}
