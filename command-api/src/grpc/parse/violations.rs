//! The faults of a message, gathered so that its sender can mend them all at once.

use std::fmt::Display;

use tonic::Status;
use tonic_types::FieldViolation;

use crate::grpc::status;

#[derive(Debug, Default)]
pub(super) struct Violations(Vec<FieldViolation>);

impl Violations {
    /// The value that was read from a field, or one more fault. Errors say what is expected, never what was there.
    pub(super) fn take<T, E: Display>(&mut self, field: impl Display, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => self.add(field, &error.to_string()),
        }
    }

    /// One more fault; always nothing, so that it can stand where the value would.
    pub(super) fn add<T>(&mut self, field: impl Display, description: &str) -> Option<T> {
        self.0.push(FieldViolation::new(field.to_string(), description));
        None
    }

    pub(super) fn into_status(self) -> Status {
        status::invalid(self.0)
    }
}
