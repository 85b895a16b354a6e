//! Amounts of the shop: whole centavos of the real, checked where they are made and where they are counted.
//!
//! No float and no other currency: what the bank is asked for is exactly what stands here.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Ten million reais: above what anything here costs, and far below where a sum could overflow.
const MINOR_UNITS_MAX: i64 = 1_000_000_000;
/// ISO 4217 code of every amount.
pub(crate) const CURRENCY: &str = "BRL";

/// More than nothing, at most ten million reais.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Price(i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum PriceError {
    #[error("must be a number such as 49.90, without an exponent")]
    Malformed,
    #[error("must not have more than two decimals")]
    BelowCents,
    #[error("must be more than 0 and at most 10000000.00")]
    OutOfRange,
}

impl Price {
    pub(crate) fn try_new(minor_units: i64) -> Result<Self, PriceError> {
        if (1..=MINOR_UNITS_MAX).contains(&minor_units) {
            Ok(Self(minor_units))
        } else {
            Err(PriceError::OutOfRange)
        }
    }

    pub(crate) fn minor_units(self) -> i64 {
        self.0
    }

    /// This many of the same.
    pub(crate) fn times(self, quantity: Quantity) -> Result<Self, PriceError> {
        let units = self.0.checked_mul(quantity.get());
        units.ok_or(PriceError::OutOfRange).and_then(Self::try_new)
    }

    /// All of them together; nothing costs nothing, which is no price.
    pub(crate) fn sum(prices: impl IntoIterator<Item = Self>) -> Result<Self, PriceError> {
        let sum = prices
            .into_iter()
            .try_fold(0_i64, |sum, price| sum.checked_add(price.0));
        sum.ok_or(PriceError::OutOfRange).and_then(Self::try_new)
    }
}

/// As a decimal number: `49.90`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// From the text of a JSON number. Zeros behind the cents say nothing and are taken; anything else there is not a price.
impl FromStr for Price {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return Err(PriceError::Malformed);
        }
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > 2 {
            return Err(PriceError::BelowCents);
        }
        let units = format!("{whole}{decimals:0<2}").parse();
        let price = Self::try_new(units.map_err(|_| PriceError::OutOfRange)?)?;
        if unsigned.len() < text.len() {
            return Err(PriceError::OutOfRange);
        }
        Ok(price)
    }
}

/// How many of one product: 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity(u8);

impl Quantity {
    pub(crate) const MAX: u8 = 99;
    pub(crate) const ONE: Self = Self(1);

    pub(crate) fn try_new(quantity: i64) -> Option<Self> {
        let quantity = u8::try_from(quantity).ok()?;
        (1..=Self::MAX).contains(&quantity).then_some(Self(quantity))
    }

    pub(crate) fn get(self) -> i64 {
        i64::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_to_the_centavo_or_refused() {
        let cases = [
            ("49.90", Ok(4_990)),
            ("49.9", Ok(4_990)),
            ("50", Ok(5_000)),
            ("0.01", Ok(1)),
            ("1.000", Ok(100)),
            ("10000000", Ok(MINOR_UNITS_MAX)),
            ("0.30000000000000004", Err(PriceError::BelowCents)),
            ("0", Err(PriceError::OutOfRange)),
            ("-5", Err(PriceError::OutOfRange)),
            ("10000000.01", Err(PriceError::OutOfRange)),
            ("99999999999999999999999", Err(PriceError::OutOfRange)),
            ("1e2", Err(PriceError::Malformed)),
            ("1.", Err(PriceError::Malformed)),
            (".5", Err(PriceError::Malformed)),
            ("", Err(PriceError::Malformed)),
            ("\"5\"", Err(PriceError::Malformed)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse().map(Price::minor_units), expected, "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for units in [1, 10, 99, 100, 4_990, MINOR_UNITS_MAX] {
            let price = Price::try_new(units).unwrap();
            assert_eq!(price.to_string().parse(), Ok(price));
        }
    }

    #[test]
    fn sums_stay_in_range() {
        let most = Price::try_new(MINOR_UNITS_MAX).unwrap();
        assert_eq!(most.times(Quantity(2)), Err(PriceError::OutOfRange));
        assert_eq!(Price::sum([most, most]), Err(PriceError::OutOfRange));
        assert_eq!(Price::sum([]), Err(PriceError::OutOfRange));
    }
}
