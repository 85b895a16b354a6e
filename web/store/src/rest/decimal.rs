//! An amount as a JSON number: its text goes in and out unchanged, so that it is never a float on this side.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::price::{Price, PriceError};

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Decimal(Box<RawValue>);

impl Decimal {
    pub(super) fn price(&self) -> Result<Price, PriceError> {
        self.0.get().parse()
    }
}

impl From<Price> for Decimal {
    fn from(price: Price) -> Self {
        // Digits and a point are a JSON number, so that the other arm is not taken.
        Self(RawValue::from_string(price.to_string()).unwrap_or_else(|_| nothing()))
    }
}

fn nothing() -> Box<RawValue> {
    to_raw_value(&()).unwrap_or_default()
}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("An amount in BRL with up to two decimals."))
            .examples([serde_json::json!(49.9)])
            .into()
    }
}

impl ToSchema for Decimal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_survive_both_ways() {
        let read: Decimal = serde_json::from_str("49.90").unwrap();
        let price = read.price().unwrap();
        assert_eq!(price.minor_units(), 4_990);
        assert_eq!(serde_json::to_string(&Decimal::from(price)).unwrap(), "49.90");
    }

    #[test]
    fn what_is_no_number_is_no_price() {
        for json in ["\"49.90\"", "null", "{}", "0.30000000000000004", "4.99e1", "-1"] {
            let read: Decimal = serde_json::from_str(json).unwrap();
            assert!(read.price().is_err(), "{json}");
        }
    }
}
