//! Scalars that all parts of the schema share. Amounts never pass through a float, neither here nor in a client: they are
//! written as text. What the schema says of a scalar is the comment on its `impl`.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MinorUnits(pub(crate) i64);

/// A whole number of minor units (cents) as decimal text, since numbers in JSON are commonly read as floats.
#[Scalar]
impl ScalarType for MinorUnits {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Self(
                text.parse().map_err(|_| InputValueError::expected_type(value))?,
            )),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) i64);

/// How many events an account has: 1 for its opening. A number below 2^53, which every JSON reader keeps exactly; also read
/// from decimal text, as gRPC's JSON mapping writes it.
#[Scalar]
impl ScalarType for Version {
    fn parse(value: Value) -> InputValueResult<Self> {
        let version = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        match version.filter(|version| *version >= 0) {
            Some(version) => Ok(Self(version)),
            None => Err(InputValueError::custom(
                "a version is a whole number, zero or more",
            )),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// A calendar date at the bank (ISO 8601), such as 2026-12-25.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Self(
                text.parse().map_err(|_| InputValueError::expected_type(value))?,
            )),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
