//! A Kafka message as the delivery it is.

use proto::envelope::{Envelope, HEADER_ID, HEADER_TRACE};
use proto::feed::{Delivery, Malformed};
use rdkafka::message::{Headers as _, Message};

/// Every message becomes a delivery; one that is no event becomes a malformed one.
pub(super) fn delivery(message: &impl Message) -> Delivery {
    let event = match message.payload() {
        Some(document) => {
            Envelope::from_json(document).map_err(|error| malformed(message, error.to_string()))
        }
        None => Err(malformed(message, "the message has no value".to_owned())),
    };
    let trace = header(message, HEADER_TRACE).and_then(|text| text.parse().ok());
    Delivery {
        offset: message.offset(),
        event,
        trace,
    }
}

/// Named by the event id in its header, or else by where it stands.
fn malformed(message: &impl Message, reason: String) -> Malformed {
    let named = header(message, HEADER_ID)
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    let place = || format!("{}/{}/{}", message.topic(), message.partition(), message.offset());
    Malformed {
        event_id: named.unwrap_or_else(place),
        reason,
    }
}

fn header<'a>(message: &'a impl Message, name: &str) -> Option<&'a str> {
    let header = message.headers()?.iter().find(|header| header.key == name)?;
    std::str::from_utf8(header.value?).ok()
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage, Timestamp};

    use super::*;

    const SAMPLE: &str = include_str!("../../../proto/samples/purchase_declined.json");
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn message(value: Option<&str>, headers: &[(&str, &str)]) -> OwnedMessage {
        let headers = headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(*value),
            })
        });
        let value = value.map(|text| text.as_bytes().to_vec());
        OwnedMessage::new(
            value,
            None,
            "events".to_owned(),
            Timestamp::NotAvailable,
            3,
            42,
            Some(headers),
        )
    }

    #[test]
    fn an_event_is_delivered_with_its_trace() {
        let delivery = delivery(&message(Some(SAMPLE), &[(HEADER_TRACE, TRACE)]));
        assert_eq!(delivery.offset, 42);
        assert_eq!(delivery.event.expect("the sample is an event").sequence, 42);
        assert_eq!(
            delivery.trace.map(|trace| trace.to_string()),
            Some(TRACE.to_owned())
        );
    }

    #[test]
    fn what_is_no_event_is_named_as_well_as_can_be() {
        /// The value, the headers, and how the message is then named and refused.
        type Case<'a> = (Option<&'a str>, &'a [(&'a str, &'a str)], &'a str, &'a str);
        let not_json = "not a CloudEvents JSON document: expected value at line 1 column 1";
        let cases: [Case<'_>; 4] = [
            (None, &[(HEADER_ID, "a-7")], "a-7", "the message has no value"),
            (None, &[], "events/3/42", "the message has no value"),
            (Some("x"), &[(HEADER_ID, "a-7")], "a-7", not_json),
            (Some("x"), &[(HEADER_ID, "")], "events/3/42", not_json),
        ];
        for (value, headers, event_id, reason) in cases {
            let delivery = delivery(&message(value, headers));
            let malformed = delivery.event.expect_err("no event");
            assert_eq!(
                (malformed.event_id.as_str(), malformed.reason.as_str()),
                (event_id, reason)
            );
        }
    }

    #[test]
    fn a_trace_that_is_none_is_ignored() {
        assert_eq!(
            delivery(&message(Some(SAMPLE), &[(HEADER_TRACE, "nonsense")])).trace,
            None
        );
        assert_eq!(delivery(&message(Some(SAMPLE), &[])).trace, None);
    }
}
