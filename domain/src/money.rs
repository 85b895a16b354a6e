//! Money: a whole number of minor units (cents) in one currency, with checked operations only.
//!
//! Deliberately absent: floats, implicit conversion between currencies, and operators that could overflow or mix currencies
//! without the caller seeing it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A currency this bank keeps accounts in, by its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Brazilian real.
    #[default]
    Brl,
    /// Euro.
    Eur,
    /// Japanese yen, which has no minor unit.
    Jpy,
    /// United States dollar.
    Usd,
}

impl Currency {
    /// Every currency, in the order of its code.
    pub const ALL: [Self; 4] = [Self::Brl, Self::Eur, Self::Jpy, Self::Usd];

    /// The ISO 4217 alphabetic code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Brl => "BRL",
            Self::Eur => "EUR",
            Self::Jpy => "JPY",
            Self::Usd => "USD",
        }
    }

    /// How many decimal places the minor unit stands for (ISO 4217, "E" column).
    pub fn decimal_places(self) -> u32 {
        match self {
            Self::Brl | Self::Eur | Self::Usd => 2,
            Self::Jpy => 0,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::ALL
            .into_iter()
            .find(|currency| currency.code() == code)
            .ok_or(MoneyError::UnknownCurrency)
    }
}

/// Why an amount could not be read or computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    #[error("not a currency this bank keeps accounts in (BRL, EUR, JPY, USD)")]
    UnknownCurrency,
    #[error("not a decimal amount such as 49.90")]
    NotDecimal,
    #[error("more decimal places than the currency has")]
    TooPrecise,
    #[error("beyond the range of amounts")]
    OutOfRange,
    #[error("amounts of different currencies")]
    CurrencyMismatch,
}

/// An amount in minor units of one currency: 49.90 BRL is 4,990 minor units.
///
/// May be zero or negative; what a purchase or a credit limit accepts is a rule of the account, not of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor_units: i64,
    currency: Currency,
}

impl Money {
    pub const fn new(minor_units: i64, currency: Currency) -> Self {
        Self {
            minor_units,
            currency,
        }
    }

    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    pub const fn minor_units(self) -> i64 {
        self.minor_units
    }

    pub const fn currency(self) -> Currency {
        self.currency
    }

    pub const fn is_positive(self) -> bool {
        self.minor_units > 0
    }

    pub const fn is_negative(self) -> bool {
        self.minor_units < 0
    }

    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, operation: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor_units = operation(self.minor_units, other.minor_units).ok_or(MoneyError::OutOfRange)?;
        Ok(Self::new(minor_units, self.currency))
    }

    /// Splits into `parts` amounts that differ by at most one minor unit and add up to the whole; the larger ones in
    /// magnitude come first, as installments are billed. Nothing for zero parts.
    pub fn split(self, parts: u32) -> Vec<Self> {
        if parts == 0 {
            return Vec::new();
        }
        let (quotient, remainder) = (
            self.minor_units / i64::from(parts),
            self.minor_units % i64::from(parts),
        );
        (0..i64::from(parts))
            .map(|part| {
                let extra = if part < remainder.abs() {
                    remainder.signum()
                } else {
                    0
                };
                Self::new(quotient + extra, self.currency)
            })
            .collect()
    }

    /// Reads a plain decimal such as `49.90`, `-3` or `0.5`: no sign but `-`, no separators, no exponent.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let dangling_point = unsigned.contains('.') && fraction.is_empty();
        if whole.is_empty() || dangling_point || !is_digits(whole) || !is_digits(fraction) {
            return Err(MoneyError::NotDecimal);
        }
        let places = currency.decimal_places() as usize;
        let significant = fraction.trim_end_matches('0');
        if significant.len() > places {
            return Err(MoneyError::TooPrecise);
        }
        let digits = format!(
            "{}{whole}{significant:0<places$}",
            if negative { "-" } else { "" }
        );
        let minor_units = digits.parse().map_err(|_| MoneyError::OutOfRange)?;
        Ok(Self::new(minor_units, currency))
    }

    /// The amount as a plain decimal, without the currency: `49.90`.
    pub fn to_decimal(self) -> String {
        let places = self.currency.decimal_places() as usize;
        let sign = if self.minor_units < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor_units.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests;
