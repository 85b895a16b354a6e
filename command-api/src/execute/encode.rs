//! From what was decided to what is appended: each event is encoded once, and these bytes are stored, published and indexed.

use domain::account::Event;
use domain::attempt;
use proto::trace::TraceContext;

use crate::event_store::{Append, Metadata, NewEvent, RequestKey};

use super::ExecuteError;

/// What nearly every event's JSON fits in, so that it is not moved while it is written.
const USUAL_BYTES: usize = 768;

pub(super) fn account_event(event: &Event, trace: TraceContext) -> Result<NewEvent, ExecuteError> {
    Ok(NewEvent {
        name: event.name(),
        version: domain::account::EVENT_VERSION,
        payload: to_json(event)?,
        metadata: Metadata {
            occurred_at: event.occurred_at(),
            traceparent: Some(trace.to_string()),
        },
    })
}

pub(super) fn attempt_append(
    attempt: &attempt::CardNotRecognized,
    key: RequestKey,
    trace: TraceContext,
) -> Result<Append, ExecuteError> {
    let event = NewEvent {
        name: attempt::EVENT_NAME,
        version: domain::account::EVENT_VERSION,
        payload: to_json(attempt)?,
        metadata: Metadata {
            occurred_at: attempt.occurred_at,
            traceparent: Some(trace.to_string()),
        },
    };
    Ok(Append {
        stream_type: attempt::STREAM_TYPE,
        stream_id: key.id.as_uuid(),
        first_sequence: 1,
        events: vec![event],
        request: Some(key),
    })
}

/// Plain data with string keys always has a JSON form, and JSON is text; should it not, nothing was recorded.
fn to_json<T: serde::Serialize>(value: &T) -> Result<String, ExecuteError> {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut json, value).map_err(|_| ExecuteError::OutcomeUnknown)?;
    String::from_utf8(json).map_err(|_| ExecuteError::OutcomeUnknown)
}
