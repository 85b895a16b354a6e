//! A card as it is typed in: checked before the bank is asked, and forgotten after.
//!
//! The number and the security code have no `Debug`, no `Display`, no serializer and no clone, and are wiped when they are dropped. The
//! one way out is the message to the bank. What the shop keeps is in `CardPrint`.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use proto::codebank::v1::CardCredentials;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// Longer text than this is no number with spaces in it.
const TYPED_MAX: usize = 64;
/// The last hour of a month comes to Brazil three hours after UTC: a card must not expire before its holder's month has.
const BEHIND_UTC_HOURS: i64 = 3;

/// A number and a code that could be those of a card.
pub(crate) struct Card {
    number: Zeroizing<String>,
    security_code: Zeroizing<String>,
    expiry: Expiry,
}

/// A text that may be a card's secret: wiped when it is dropped, and nothing can print it.
#[derive(Default)]
pub(crate) struct Typed(Zeroizing<String>);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// What may be kept of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CardPrint {
    pub(crate) last_four: String,
    pub(crate) expiry: Expiry,
}

/// The month a card is good through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Expiry {
    year: u16,
    month: u8,
}

/// What is wrong with a field, so that each face of the shop can say it in its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Missing,
    /// Not as many digits as such a thing has, or something else than digits.
    Malformed,
    /// The check digit of the number does not fit the others.
    Mistyped,
    Expired,
}

/// Every fault of a card at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CardFaults {
    pub(crate) number: Option<Fault>,
    pub(crate) expiry: Option<Fault>,
    pub(crate) security_code: Option<Fault>,
}

impl Card {
    /// Takes the texts over, so that they are wiped also when they are refused.
    #[expect(clippy::needless_pass_by_value, reason = "what is taken over is wiped here")]
    pub(crate) fn parse(
        number: Typed,
        expiry: Result<Expiry, Fault>,
        security_code: Typed,
        now: DateTime<Utc>,
    ) -> Result<Self, CardFaults> {
        let expiry = expiry.and_then(|expiry| expiry.good_at(now));
        match (digits(&number.0), expiry, code(&security_code.0)) {
            (Ok(number), Ok(expiry), Ok(security_code)) => Ok(Self {
                number,
                security_code,
                expiry,
            }),
            (number, expiry, security_code) => Err(CardFaults {
                number: number.err(),
                expiry: expiry.err(),
                security_code: security_code.err(),
            }),
        }
    }

    pub(crate) fn print(&self) -> CardPrint {
        let last_four = self.number.len().saturating_sub(4);
        CardPrint {
            last_four: self.number.chars().skip(last_four).collect(),
            expiry: self.expiry,
        }
    }

    /// For the bank. The message is the generator's own type and cannot wipe itself; it lives as long as the call.
    pub(crate) fn into_credentials(self) -> CardCredentials {
        CardCredentials {
            number: self.number.as_str().to_owned(),
            expiry_month: u32::from(self.expiry.month),
            expiry_year: u32::from(self.expiry.year),
            security_code: self.security_code.as_str().to_owned(),
        }
    }
}

impl Expiry {
    pub(crate) fn try_new(month: i64, year: i64) -> Result<Self, Fault> {
        let year = if (0..100).contains(&year) {
            year + 2_000
        } else {
            year
        };
        match (u8::try_from(month), u16::try_from(year)) {
            (Ok(month @ 1..=12), Ok(year @ 2_000..=2_099)) => Ok(Self { year, month }),
            _ => Err(Fault::Malformed),
        }
    }

    /// `12/35`, `12/2035`, `1235`, or `2035-12` as a month field sends it.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let text: String = text
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        if text.is_empty() {
            return Err(Fault::Missing);
        }
        let number = |text: &str| match text.len() {
            1 | 2 | 4 if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse::<i64>().map_err(|_| Fault::Malformed)
            }
            _ => Err(Fault::Malformed),
        };
        match text.split_once(['/', '-']) {
            Some((year, month)) if year.len() == 4 => Self::try_new(number(month)?, number(year)?),
            Some((month, year)) if month.len() <= 2 && year.len() != 1 => {
                Self::try_new(number(month)?, number(year)?)
            }
            None if text.len() == 4 && text.is_ascii() => {
                let (month, year) = text.split_at(2);
                Self::try_new(number(month)?, number(year)?)
            }
            _ => Err(Fault::Malformed),
        }
    }

    pub(crate) fn month(self) -> i64 {
        i64::from(self.month)
    }

    pub(crate) fn year(self) -> i64 {
        i64::from(self.year)
    }

    fn good_at(self, now: DateTime<Utc>) -> Result<Self, Fault> {
        let there = now - TimeDelta::hours(BEHIND_UTC_HOURS);
        let this_month = Self::try_new(i64::from(there.month()), i64::from(there.year()))?;
        if self < this_month {
            return Err(Fault::Expired);
        }
        Ok(self)
    }
}

/// The digits of a number, without the spaces and hyphens between them.
fn digits(typed: &str) -> Result<Zeroizing<String>, Fault> {
    if typed.len() > TYPED_MAX {
        return Err(Fault::Malformed);
    }
    // Large enough at once: growing would leave copies behind that nobody wipes.
    let mut digits = Zeroizing::new(String::with_capacity(TYPED_MAX));
    for character in typed.chars() {
        match character {
            '0'..='9' => digits.push(character),
            ' ' | '-' | '\u{a0}' => {}
            _ => return Err(Fault::Malformed),
        }
    }
    match digits.len() {
        0 => Err(Fault::Missing),
        13..=19 if luhn(&digits) => Ok(digits),
        13..=19 => Err(Fault::Mistyped),
        _ => Err(Fault::Malformed),
    }
}

fn code(typed: &str) -> Result<Zeroizing<String>, Fault> {
    let typed = typed.trim();
    match typed.len() {
        0 => Err(Fault::Missing),
        3 | 4 if typed.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Zeroizing::new(typed.to_owned())),
        _ => Err(Fault::Malformed),
    }
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, doubled)| {
            let digit = u32::from(digit.wrapping_sub(b'0'));
            match (doubled, digit * 2) {
                (false, _) => digit,
                (true, twice @ 10..) => twice - 9,
                (true, twice) => twice,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon(text: &str) -> DateTime<Utc> {
        format!("{text}T12:00:00Z").parse().unwrap()
    }

    fn faults(number: &str, expiry: &str, code: &str) -> CardFaults {
        let typed = |text: &str| Typed(Zeroizing::new(text.to_owned()));
        let card = Card::parse(
            typed(number),
            Expiry::parse(expiry),
            typed(code),
            noon("2026-11-22"),
        );
        card.err().unwrap_or_default()
    }

    #[test]
    fn every_fault_of_a_number_is_named() {
        let cases = [
            ("4111111111111111", None),
            ("4111 1111 1111 1111", None),
            ("5555-5555-5555-4444", None),
            ("", Some(Fault::Missing)),
            ("   ", Some(Fault::Missing)),
            ("4111111111111112", Some(Fault::Mistyped)),
            ("411111111111", Some(Fault::Malformed)),
            ("41111111111111111111", Some(Fault::Malformed)),
            ("4111x1111y1111z1111", Some(Fault::Malformed)),
            ("４１１１１１１１１１１１１１１１", Some(Fault::Malformed)),
        ];
        for (number, expected) in cases {
            assert_eq!(faults(number, "12/35", "123").number, expected, "{number:?}");
        }
    }

    #[test]
    fn every_way_to_write_an_expiry_is_read() {
        let december = Ok(Expiry {
            year: 2035,
            month: 12,
        });
        let cases = [
            ("12/35", december),
            ("12 / 35", december),
            ("12/2035", december),
            ("1235", december),
            ("2035-12", december),
            ("12-35", december),
            ("1/35", Expiry::try_new(1, 2035)),
            ("", Err(Fault::Missing)),
            ("13/35", Err(Fault::Malformed)),
            ("0/35", Err(Fault::Malformed)),
            ("12/3", Err(Fault::Malformed)),
            ("12", Err(Fault::Malformed)),
            ("ab/cd", Err(Fault::Malformed)),
            ("12/1999", Err(Fault::Malformed)),
        ];
        for (text, expected) in cases {
            assert_eq!(Expiry::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_card_is_good_through_the_end_of_its_month_in_brazil() {
        let november = Expiry::try_new(11, 2026).unwrap();
        assert_eq!(november.good_at(noon("2026-11-30")), Ok(november));
        let evening_in_brazil = "2026-12-01T02:59:59Z".parse().unwrap();
        assert_eq!(november.good_at(evening_in_brazil), Ok(november));
        let december_in_brazil = "2026-12-01T03:00:00Z".parse().unwrap();
        assert_eq!(november.good_at(december_in_brazil), Err(Fault::Expired));
    }

    #[test]
    fn every_fault_of_a_code_is_named() {
        let cases = [
            ("123", None),
            ("0123", None),
            ("", Some(Fault::Missing)),
            ("12", Some(Fault::Malformed)),
            ("12a", Some(Fault::Malformed)),
            ("12345", Some(Fault::Malformed)),
        ];
        for (code, expected) in cases {
            assert_eq!(faults("4111111111111111", "12/35", code).security_code, expected);
        }
    }

    #[test]
    fn what_is_kept_is_four_digits_and_a_month() {
        let typed = |text: &str| Typed(Zeroizing::new(text.to_owned()));
        let card = Card::parse(
            typed("4111 1111 1111 1111"),
            Expiry::parse("12/35"),
            typed("123"),
            noon("2026-11-22"),
        );
        let Ok(card) = card else { panic!("a good card") };
        assert_eq!(card.print().last_four, "1111");
    }
}
