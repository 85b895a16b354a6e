//! W3C trace context: the `traceparent` that ties a checkout's call to the row it becomes on a statement.
//!
//! Only what is carried along; no sampling and no exporter.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;
use uuid::fmt::Simple;

/// A position in a trace (<https://www.w3.org/TR/trace-context/>, version 00).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// A text that is not a `traceparent`; by the standard such a header is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a traceparent of version 00")]
pub struct InvalidTraceParent;

impl TraceContext {
    /// The start of a new trace.
    pub fn start() -> Self {
        Self {
            trace_id: Uuid::new_v4().as_u128(),
            span_id: new_span_id(),
            flags: 0,
        }
    }

    /// A new step in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self {
            span_id: new_span_id(),
            ..self
        }
    }

    /// The trace id as it is written to logs: 32 hexadecimal digits, which a UUID without hyphens has too, and writes several times
    /// faster than a number does.
    pub fn trace_id(&self) -> Simple {
        Uuid::from_u128(self.trace_id).simple()
    }
}

fn new_span_id() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{}-{:016x}-{:02x}",
            self.trace_id(),
            self.span_id,
            self.flags
        )
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let lower_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let parts: Vec<&str> = text.split('-').collect();
        let &["00", trace_id, span_id, flags] = parts.as_slice() else {
            return Err(InvalidTraceParent);
        };
        let lengths = [(trace_id, 32), (span_id, 16), (flags, 2)];
        if lengths
            .iter()
            .any(|(part, length)| part.len() != *length || !lower_hex(part))
        {
            return Err(InvalidTraceParent);
        }
        let context = Self {
            trace_id: u128::from_str_radix(trace_id, 16).map_err(|_| InvalidTraceParent)?,
            span_id: u64::from_str_radix(span_id, 16).map_err(|_| InvalidTraceParent)?,
            flags: u8::from_str_radix(flags, 16).map_err(|_| InvalidTraceParent)?,
        };
        if context.trace_id == 0 || context.span_id == 0 {
            Err(InvalidTraceParent)
        } else {
            Ok(context)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_and_written() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context: TraceContext = text.parse().expect("the standard's own example");
        assert_eq!(context.to_string(), text);
        let child = context.child();
        assert_eq!(child.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(child, context);
        assert_eq!(
            TraceContext::start()
                .to_string()
                .parse::<TraceContext>()
                .map(|_| ()),
            Ok(())
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert_eq!(text.parse::<TraceContext>(), Err(InvalidTraceParent), "{text:?}");
        }
    }
}
