//! What a call brings besides its message: its place in a trace, and until when the caller waits.

use std::time::Duration;

use proto::envelope::HEADER_TRACE;
use proto::trace::TraceContext;
use tokio::time::Instant;
use tonic::codegen::http::HeaderMap;

/// What a handler knows of its call. The layer puts it into the request's extensions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) trace: TraceContext,
    pub(super) deadline: Option<Instant>,
}

impl Call {
    /// Reads the headers of a call that arrived at `received`; a call without a deadline gets `at_most` as its own.
    pub(super) fn from_headers(headers: &HeaderMap, received: Instant, at_most: Duration) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let trace = text(HEADER_TRACE).and_then(|value| value.parse::<TraceContext>().ok());
        let timeout = text("grpc-timeout").and_then(parse_timeout).unwrap_or(at_most);
        Self {
            // By the standard, a header that is not a `traceparent` is as if it was not there.
            trace: trace.map_or_else(TraceContext::start, TraceContext::child),
            deadline: received.checked_add(timeout.saturating_sub(on_the_way(timeout))),
        }
    }

    /// The call that a request belongs to.
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Self {
        request.extensions().get().copied().unwrap_or_else(|| Self {
            trace: TraceContext::start(),
            deadline: None,
        })
    }
}

/// The time an answer may take on its way back: the caller is to hear from us that the deadline passed, and what that means,
/// rather than from its own timer.
fn on_the_way(timeout: Duration) -> Duration {
    (timeout / 10).min(Duration::from_millis(5))
}

/// The `grpc-timeout` header: at most eight digits and a unit.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_hours(amount)), // eight digits of hours are far within the range
        "M" => Some(Duration::from_mins(amount)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        let cases = [
            ("1H", Some(Duration::from_hours(1))),
            ("2M", Some(Duration::from_mins(2))),
            ("3S", Some(Duration::from_secs(3))),
            ("250m", Some(Duration::from_millis(250))),
            ("99999999u", Some(Duration::from_micros(99_999_999))),
            ("5n", Some(Duration::from_nanos(5))),
            ("", None),
            ("S", None),
            ("1", None),
            ("1x", None),
            ("-1S", None),
            ("123456789S", None),
            ("1é", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_timeout(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_call_goes_on_in_the_callers_trace_until_its_deadline() {
        let received = Instant::now();
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", "1S".parse().expect("a value"));
        let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert(HEADER_TRACE, traceparent.parse().expect("a value"));
        let call = Call::from_headers(&headers, received, Duration::from_secs(30));
        assert_eq!(
            call.trace.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_ne!(call.trace.to_string(), traceparent, "a step of its own");
        assert_eq!(call.deadline, Some(received + Duration::from_millis(995)));

        headers.insert("grpc-timeout", "soon".parse().expect("a value"));
        headers.insert(HEADER_TRACE, "nonsense".parse().expect("a value"));
        let call = Call::from_headers(&headers, received, Duration::from_secs(30));
        assert_eq!(call.deadline, Some(received + Duration::from_millis(29_995)));
        assert_ne!(
            call.trace.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
    }
}
