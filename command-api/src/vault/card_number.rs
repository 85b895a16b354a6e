//! A card number in memory: parsed once, never printed, wiped when it is dropped.

use std::fmt;

use domain::card::{LastFour, passes_luhn};
use thiserror::Error;
use zeroize::Zeroizing;

/// The shortest card numbers in use; the longest that ISO/IEC 7812-1 allows.
const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;

/// A whole card number (PAN). There is no way to write it but [`CardNumber::expose`], which is easy to look for.
///
/// It cannot be serialized:
///
/// ```compile_fail,E0277
/// fn written(_: impl serde::Serialize) {}
/// written(command_api::vault::CardNumber::parse("4111111111111111").unwrap());
/// ```
///
/// nor displayed:
///
/// ```compile_fail,E0277
/// let number = command_api::vault::CardNumber::parse("4111111111111111").unwrap();
/// println!("{number}");
/// ```
///
/// and what a log might show of it is what may be shown:
///
/// ```
/// let number = command_api::vault::CardNumber::parse("4111 1111 1111 1111").unwrap();
/// assert_eq!(format!("{number:?}"), "CardNumber(************1111)");
/// ```
pub struct CardNumber(Zeroizing<String>);

/// Why a text is not a card number. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidCardNumber {
    #[error("must have 13 to 19 digits, with nothing but spaces and hyphens between them")]
    Shape,
    #[error("is mistyped: its check digit does not agree (Luhn)")]
    CheckDigit,
}

impl CardNumber {
    /// Reads a number as people type it: spaces and hyphens are left out.
    pub fn parse(text: &str) -> Result<Self, InvalidCardNumber> {
        // Of the final size from the start, so that no copy is left behind by growing.
        let mut digits = Zeroizing::new(String::with_capacity(DIGITS_MAX));
        for character in text.chars() {
            match character {
                ' ' | '-' => {}
                '0'..='9' if digits.len() < DIGITS_MAX => digits.push(character),
                _ => return Err(InvalidCardNumber::Shape),
            }
        }
        if digits.len() < DIGITS_MIN {
            return Err(InvalidCardNumber::Shape);
        }
        if !passes_luhn(&digits) {
            return Err(InvalidCardNumber::CheckDigit);
        }
        Ok(Self(digits))
    }

    /// The digits themselves. For the vault's ciphers, the card's holder and the compatibility topic; nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// An asterisk for every digit but the last four: what may be shown.
    pub fn masked(&self) -> String {
        let hidden = "*".repeat(self.0.len() - 4); // 13 ASCII digits at least
        format!("{hidden}{}", self.last_four())
    }

    pub fn last_four(&self) -> LastFour {
        let digits = &self.0[self.0.len() - 4..]; // 13 ASCII digits at least
        #[expect(clippy::expect_used, reason = "four ASCII digits are what LastFour takes")]
        LastFour::parse(digits).expect("four digits")
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_type_it() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            " 4111111111111111 ",
        ] {
            let number = CardNumber::parse(text).expect("a documented test number");
            assert_eq!(number.expose(), "4111111111111111");
            assert_eq!(number.last_four().as_str(), "1111");
            assert_eq!(format!("{number:?}"), "CardNumber(************1111)");
        }
        for text in ["378282246310005", "4222222222222", "6205500000000000004"] {
            assert!(CardNumber::parse(text).is_ok(), "{} digits", text.len());
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let cases = [
            ("", InvalidCardNumber::Shape),
            ("1234", InvalidCardNumber::Shape),
            ("41111111111111111111", InvalidCardNumber::Shape),
            ("4111.1111.1111.1111", InvalidCardNumber::Shape),
            ("４１１１１１１１１１１１１１１１", InvalidCardNumber::Shape),
            ("4111111111111112", InvalidCardNumber::CheckDigit),
        ];
        for (text, error) in cases {
            assert_eq!(CardNumber::parse(text).err(), Some(error), "{text:?}");
        }
    }
}
