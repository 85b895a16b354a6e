//! The envelope every event travels in: a `CloudEvents` 1.0 JSON document (structured mode), whose attributes are repeated in
//! the Kafka headers for readers that do not want to open it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;
use uuid::Uuid;

/// Who published the event (`CloudEvents` `source`).
pub const SOURCE: &str = "codebank";
/// The media type of the whole document.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=UTF-8";

/// Header names. `HEADER_ID` is also the document id in Elasticsearch.
pub const HEADER_ID: &str = "ce_id";
pub const HEADER_SOURCE: &str = "ce_source";
pub const HEADER_SPEC_VERSION: &str = "ce_specversion";
pub const HEADER_SUBJECT: &str = "ce_subject";
pub const HEADER_TIME: &str = "ce_time";
pub const HEADER_TYPE: &str = "ce_type";
pub const HEADER_CONTENT_TYPE: &str = "content-type";
pub const HEADER_TRACE: &str = "traceparent";

const SPEC_VERSION: &str = "1.0";
const TYPE_PREFIX: &str = "codebank.account.";

/// An event on its way. `data` is byte for byte what the bank recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    specversion: String,
    /// Unique and the same everywhere, for ever: `<account id>-<sequence>`.
    pub id: String,
    pub source: String,
    /// `codebank.account.<event name>.v<version>`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The account id, also the Kafka key.
    pub subject: Uuid,
    #[serde(serialize_with = "write_time")]
    pub time: DateTime<Utc>,
    datacontenttype: String,
    /// 1 for the account's first event, without gaps.
    pub sequence: u64,
    pub data: Box<RawValue>,
}

/// A document that is not one of this bank's events.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    #[error("not a CloudEvents JSON document: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{attribute} is {found:?}, expected {expected:?}")]
    Attribute {
        attribute: &'static str,
        found: String,
        expected: String,
    },
}

impl Envelope {
    /// The envelope of the event called `name`, as recorded at `sequence` of an account.
    pub fn new(
        account: Uuid,
        sequence: u64,
        name: &str,
        version: &str,
        time: DateTime<Utc>,
        data: Box<RawValue>,
    ) -> Self {
        Self {
            specversion: SPEC_VERSION.to_owned(),
            id: event_id(account, sequence),
            source: SOURCE.to_owned(),
            event_type: format!("{TYPE_PREFIX}{name}.v{version}"),
            subject: account,
            time,
            datacontenttype: "application/json".to_owned(),
            sequence,
            data,
        }
    }

    /// Reads a document and checks that its attributes agree with one another.
    pub fn from_json(document: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_slice(document)?;
        let expect = |attribute, found: &str, expected: &str| {
            if found == expected {
                return Ok(());
            }
            Err(EnvelopeError::Attribute {
                attribute,
                found: found.to_owned(),
                expected: expected.to_owned(),
            })
        };
        expect("specversion", &envelope.specversion, SPEC_VERSION)?;
        expect("source", &envelope.source, SOURCE)?;
        expect("datacontenttype", &envelope.datacontenttype, "application/json")?;
        expect("id", &envelope.id, &event_id(envelope.subject, envelope.sequence))?;
        Ok(envelope)
    }

    /// The document as it is published.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The attributes as Kafka headers, in the naming of the `CloudEvents` Kafka binding.
    pub fn headers(&self) -> [(&'static str, String); 7] {
        [
            (HEADER_CONTENT_TYPE, CONTENT_TYPE.to_owned()),
            (HEADER_SPEC_VERSION, self.specversion.clone()),
            (HEADER_ID, self.id.clone()),
            (HEADER_SOURCE, self.source.clone()),
            (HEADER_TYPE, self.event_type.clone()),
            (HEADER_SUBJECT, self.subject.to_string()),
            (HEADER_TIME, format_time(self.time)),
        ]
    }
}

/// The id of an account's event, everywhere.
pub fn event_id(account: Uuid, sequence: u64) -> String {
    format!("{account}-{sequence}")
}

fn format_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn write_time<S: serde::Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_time(*time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../samples/purchase_declined.json");

    #[test]
    fn the_golden_sample_is_read_and_written_byte_for_byte() {
        let envelope = Envelope::from_json(SAMPLE.as_bytes()).expect("the sample is an event");
        assert_eq!(envelope.sequence, 42);
        assert_eq!(envelope.event_type, "codebank.account.purchase_declined.v1");
        assert_eq!(envelope.to_json().expect("writes"), SAMPLE.trim_end());
        let rebuilt = Envelope::new(
            envelope.subject,
            42,
            "purchase_declined",
            "1",
            envelope.time,
            envelope.data.clone(),
        );
        assert_eq!(rebuilt.to_json().expect("writes"), SAMPLE.trim_end());
    }

    #[test]
    fn a_document_whose_attributes_disagree_is_refused() {
        let cases = [
            (
                "\"specversion\":\"1.0\"",
                "\"specversion\":\"0.3\"",
                "specversion is \"0.3\", expected \"1.0\"",
            ),
            (
                "\"source\":\"codebank\"",
                "\"source\":\"elsewhere\"",
                "source is \"elsewhere\", expected \"codebank\"",
            ),
            (
                "\"sequence\":42",
                "\"sequence\":43",
                "id is \"01939c5e-7a6b-7c00-8000-000000000001-42\", expected \"01939c5e-7a6b-7c00-8000-000000000001-43\"",
            ),
        ];
        for (from, to, message) in cases {
            let error = Envelope::from_json(SAMPLE.replace(from, to).as_bytes()).expect_err("refused");
            assert_eq!(error.to_string(), message);
        }
        assert!(Envelope::from_json(b"{}").is_err());
        assert!(Envelope::from_json(b"not json").is_err());
    }

    #[test]
    fn the_headers_repeat_the_attributes() {
        let envelope = Envelope::from_json(SAMPLE.as_bytes()).expect("the sample is an event");
        let headers = envelope.headers();
        assert!(headers.contains(&(HEADER_ID, "01939c5e-7a6b-7c00-8000-000000000001-42".to_owned())));
        assert!(headers.contains(&(HEADER_TIME, "2026-11-22T15:33:50.677Z".to_owned())));
    }
}
