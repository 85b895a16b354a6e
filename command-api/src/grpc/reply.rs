//! From a recorded event to the answer its request gets: pure, so that a repeat of the request is answered with the same
//! bytes, today or in ten years.

use chrono::{DateTime, Utc};
use domain::account::{DeclineReason, Event};
use domain::attempt;
use domain::{AuthorizationId, Money};
use proto::codebank::v1;
use tonic::Response;
use tonic::metadata::MetadataValue;

use crate::event_store::{Fact, Recorded};

/// The precise reason of what is approved.
pub(super) const APPROVED: &str = "none";

/// What was decided about a purchase: what the merchant is told, and the reason as the bank knows it.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) authorization: v1::Authorization,
    /// The stable name of the precise reason, for the bank's own counters.
    pub(super) precise_reason: &'static str,
}

/// The decision in an event and what it says; nothing when it is about something else.
pub(super) fn decision(recorded: &Recorded, fact: &Fact) -> Option<Decision> {
    let event = match fact {
        Fact::Account(event) => event,
        Fact::Attempt(event) => {
            let told = v1::DeclineReason::CardNotRecognized;
            let nobody = (String::new(), 0);
            return Some(Decision {
                authorization: authorization(
                    event.authorization_id,
                    Some(told),
                    nobody,
                    event.amount,
                    event.occurred_at,
                ),
                precise_reason: attempt::EVENT_NAME,
            });
        }
    };
    let account = || (recorded.stream_id.to_string(), recorded.sequence);
    match event {
        Event::PurchaseApproved(event) => Some(Decision {
            authorization: authorization(
                event.authorization_id,
                None,
                account(),
                event.amount,
                event.occurred_at,
            ),
            precise_reason: APPROVED,
        }),
        Event::PurchaseDeclined(event) => {
            let told = merchant_facing(event.reason);
            // An account that is told to who does not hold its card says that the number is somebody's.
            let account = match told {
                v1::DeclineReason::CardNotRecognized => (String::new(), 0),
                _ => account(),
            };
            let authorization = authorization(
                event.authorization_id,
                Some(told),
                account,
                event.amount,
                event.occurred_at,
            );
            Some(Decision {
                authorization,
                precise_reason: event.reason.code(),
            })
        }
        Event::AccountOpened(_)
        | Event::CreditLimitChanged(_)
        | Event::CardIssued(_)
        | Event::CardActivated(_)
        | Event::CardBlocked(_)
        | Event::CardUnblocked(_)
        | Event::CardCancelled(_)
        | Event::AccountClosed(_) => None,
    }
}

fn authorization(
    id: AuthorizationId,
    declined: Option<v1::DeclineReason>,
    (account_id, account_version): (String, u64),
    amount: Money,
    decided_at: DateTime<Utc>,
) -> v1::Authorization {
    let decision = if declined.is_some() {
        v1::Decision::Declined
    } else {
        v1::Decision::Approved
    };
    v1::Authorization {
        authorization_id: id.to_string(),
        decision: decision.into(),
        decline_reason: declined.unwrap_or_default().into(),
        account_id,
        account_version,
        amount: Some(money(amount)),
        decided_at: Some(timestamp(decided_at)),
    }
}

/// What a merchant may know of a reason.
pub(super) fn merchant_facing(reason: DeclineReason) -> v1::DeclineReason {
    match reason {
        DeclineReason::CardNotFound | DeclineReason::ExpiryMismatch | DeclineReason::SecurityCodeMismatch => {
            v1::DeclineReason::CardNotRecognized
        }
        DeclineReason::AccountClosed => v1::DeclineReason::AccountClosed,
        DeclineReason::CardCancelled => v1::DeclineReason::CardCancelled,
        DeclineReason::CardNotActivated => v1::DeclineReason::CardNotActivated,
        DeclineReason::CardBlocked => v1::DeclineReason::CardBlocked,
        DeclineReason::CardExpired => v1::DeclineReason::CardExpired,
        DeclineReason::OverLimit => v1::DeclineReason::OverLimit,
    }
}

pub(super) fn money(amount: Money) -> v1::Money {
    v1::Money {
        minor_units: amount.minor_units(),
        currency_code: amount.currency().code().to_owned(),
    }
}

pub(super) fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: at.timestamp_subsec_nanos().cast_signed(), // below two thousand million, leap seconds included
    }
}

/// An event as auditors read it.
pub(super) fn recorded_event(event: Recorded) -> v1::RecordedEvent {
    v1::RecordedEvent {
        event_id: event.event_id(),
        stream_id: event.stream_id.to_string(),
        sequence: event.sequence,
        position: event.position.to_string(),
        recorded_at: Some(timestamp(event.recorded_at)),
        request_id: event
            .request
            .map(|request| request.id.to_string())
            .unwrap_or_default(),
        stream_type: event.stream_type.into_owned(),
        r#type: event.name.into_owned(),
        type_version: event.version.into_owned(),
        data_json: event.payload,
    }
}

/// A message on its way out, marked when an earlier call got it already.
pub(super) fn respond<T>(message: T, replayed: bool) -> Response<T> {
    let mut response = Response::new(message);
    if replayed {
        response
            .metadata_mut()
            .insert(proto::REPLAYED_HEADER, MetadataValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests;
