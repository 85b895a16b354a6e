//! What may be known of a card outside the vault: its last four digits and when it expires. Never the number.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use thiserror::Error;

mod mask;

pub use mask::mask_card_numbers;

/// Why a card's public data were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CardError {
    #[error("the last four digits must be four digits")]
    LastFour,
    #[error("the expiry month must be 1 to 12")]
    Month,
    #[error("the expiry year must be 2000 to 2099, in two or four digits")]
    Year,
}

/// The last four digits of a card number, the part that may be shown (PCI DSS 3.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString")]
pub struct LastFour(CompactString);

impl LastFour {
    pub fn parse(digits: &str) -> Result<Self, CardError> {
        if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(digits.into()))
        } else {
            Err(CardError::LastFour)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<CompactString> for LastFour {
    type Error = CardError;

    fn try_from(recorded: CompactString) -> Result<Self, CardError> {
        Self::parse(&recorded)
    }
}

impl fmt::Display for LastFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The month a card is good through (ISO/IEC 7813): it can be used until that month's last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "RecordedExpiry")]
pub struct Expiry {
    year: i32,
    month: u32,
}

/// The JSON form of an expiry before it is checked.
#[derive(Deserialize)]
struct RecordedExpiry {
    year: i32,
    month: u32,
}

impl TryFrom<RecordedExpiry> for Expiry {
    type Error = CardError;

    /// Two-digit years are for people; a recorded year has four.
    fn try_from(recorded: RecordedExpiry) -> Result<Self, CardError> {
        let expiry = Self::try_new(recorded.month, recorded.year)?;
        if expiry.year == recorded.year {
            Ok(expiry)
        } else {
            Err(CardError::Year)
        }
    }
}

impl Expiry {
    /// `year` in four digits, or in two for 2000 to 2099.
    pub fn try_new(month: u32, year: i32) -> Result<Self, CardError> {
        if !(1..=12).contains(&month) {
            return Err(CardError::Month);
        }
        let year = if (0..=99).contains(&year) {
            2000 + year
        } else {
            year
        };
        if !(2000..=2099).contains(&year) {
            return Err(CardError::Year);
        }
        Ok(Self { year, month })
    }

    pub fn month(self) -> u32 {
        self.month
    }

    pub fn year(self) -> i32 {
        self.year
    }

    /// Whether the card is past its last month on `date`.
    pub fn is_past(self, date: NaiveDate) -> bool {
        (date.year(), date.month()) > (self.year, self.month)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}/{:02}", self.month, self.year % 100)
    }
}

/// Whether a digit string satisfies the Luhn check (ISO/IEC 7812-1, annex B). Other characters make it false.
pub fn passes_luhn(digits: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum = digits
        .chars()
        .rev()
        .enumerate()
        .try_fold(0, |sum, (index, digit)| {
            let digit = digit.to_digit(10)?;
            Some(sum + if index % 2 == 1 { doubled(digit) } else { digit })
        });
    !digits.is_empty() && sum.is_some_and(|sum| sum % 10 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_good_through_its_month() {
        let expiry = Expiry::try_new(11, 26).expect("a valid expiry");
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a valid date");
        assert_eq!(
            expiry,
            Expiry::try_new(11, 2026).expect("the same in four digits")
        );
        assert!(!expiry.is_past(day(2026, 11, 30)));
        assert!(expiry.is_past(day(2026, 12, 1)));
        assert!(expiry.is_past(day(2027, 1, 1)));
        assert_eq!(expiry.to_string(), "11/26");
        for (month, year, error) in [
            (0, 26, CardError::Month),
            (13, 26, CardError::Month),
            (1, 1999, CardError::Year),
            (1, -1, CardError::Year),
            (1, 100, CardError::Year),
        ] {
            assert_eq!(Expiry::try_new(month, year), Err(error));
        }
    }

    #[test]
    fn an_expiry_is_recorded_with_a_four_digit_year_and_a_real_month() {
        let read = |json| serde_json::from_str::<Expiry>(json).ok();
        let expiry = Expiry::try_new(11, 26).expect("a valid expiry");
        let json = r#"{"year":2026,"month":11}"#;
        assert_eq!(serde_json::to_string(&expiry).ok().as_deref(), Some(json));
        assert_eq!(read(json), Some(expiry));
        for damaged in [
            r#"{"year":26,"month":11}"#,
            r#"{"year":2026,"month":13}"#,
            r#"{"year":2026,"month":0}"#,
            r#"{"year":2100,"month":1}"#,
        ] {
            assert_eq!(read(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn the_last_four_are_four_digits() {
        assert_eq!(
            LastFour::parse("0042").map(|four| four.to_string()),
            Ok("0042".into())
        );
        for text in ["", "123", "12345", "12a4", " 123", "4111111111111111", "１２３４"] {
            assert_eq!(LastFour::parse(text), Err(CardError::LastFour), "{text:?}");
            assert!(
                serde_json::from_value::<LastFour>(text.into()).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn luhn_accepts_documented_test_numbers_only() {
        for number in ["4111111111111111", "5555555555554444", "378282246310005"] {
            assert!(passes_luhn(number), "{number}");
        }
        for number in ["", "4111111111111112", "4111-1111", "４１１１"] {
            assert!(!passes_luhn(number), "{number}");
        }
    }
}
