//! The numbers the bank makes itself: its issuer prefix, random digits, and the check digit.

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use zeroize::Zeroizing;

use domain::card::passes_luhn;

use super::card_number::CardNumber;

/// Digits of a number the bank makes.
const NUMBER_DIGITS: usize = 16;

/// What the bank's own numbers begin with: the issuer identification number of ISO/IEC 7812-1.
///
/// The default is in major industry 9, "for assignment by national standards bodies": no payment scheme's numbers begin so,
/// which keeps numbers made by a trial from being somebody's card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerPrefix(String);

/// A text that is not an issuer prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an issuer prefix has six to eight digits (ISO/IEC 7812-1)")]
pub struct InvalidIssuerPrefix;

impl Default for IssuerPrefix {
    fn default() -> Self {
        Self("999999".to_owned())
    }
}

impl FromStr for IssuerPrefix {
    type Err = InvalidIssuerPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidIssuerPrefix> {
        if (6..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIssuerPrefix)
        }
    }
}

impl fmt::Display for IssuerPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IssuerPrefix {
    /// A number that cannot be guessed from the ones before it.
    pub(super) fn new_number(&self) -> CardNumber {
        let mut digits = Zeroizing::new(String::with_capacity(NUMBER_DIGITS));
        digits.push_str(&self.0);
        while digits.len() < NUMBER_DIGITS - 1 {
            digits.push(random_digit());
        }
        push_check_digit(&mut digits);
        #[expect(
            clippy::expect_used,
            reason = "sixteen digits, the last of which was chosen to pass Luhn"
        )]
        CardNumber::parse(&digits).expect("a number that was made to be one")
    }
}

/// Each digit is as likely as any other: the bytes above the last whole ten are drawn again.
fn random_digit() -> char {
    loop {
        let mut byte = [0];
        OsRng.fill_bytes(&mut byte);
        if byte[0] < 250 {
            return char::from(b'0' + byte[0] % 10);
        }
    }
}

fn push_check_digit(digits: &mut String) {
    for check_digit in '0'..='9' {
        digits.push(check_digit);
        if passes_luhn(digits) {
            return;
        }
        digits.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_made_are_card_numbers_of_no_scheme() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let number = IssuerPrefix::default().new_number();
            assert!(number.expose().starts_with("999999") && number.expose().len() == 16);
            assert!(passes_luhn(number.expose()));
            assert!(seen.insert(number.expose().to_owned()), "made twice");
        }
        let own: IssuerPrefix = "99887766".parse().expect("a prefix");
        assert!(own.new_number().expose().starts_with("99887766"));
    }

    #[test]
    fn a_prefix_has_six_to_eight_digits() {
        for text in ["", "99999", "999999999", "99999a"] {
            assert_eq!(text.parse::<IssuerPrefix>(), Err(InvalidIssuerPrefix), "{text:?}");
        }
    }
}
