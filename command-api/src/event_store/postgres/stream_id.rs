//! A stream's id as its column has it: text, in one spelling.

use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};
use sqlx::{Postgres, Type};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Written straight into the statement; a `String` of each would live for that copy alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamId(pub(super) Uuid);

impl Type<Postgres> for StreamId {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for StreamId {
    fn array_type_info() -> PgTypeInfo {
        <&str as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for StreamId {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let mut text = [0; Hyphenated::LENGTH];
        buffer.extend_from_slice(self.0.hyphenated().encode_lower(&mut text).as_bytes());
        Ok(IsNull::No)
    }
}
