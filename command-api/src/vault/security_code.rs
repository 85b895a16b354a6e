//! A security code (CVV) in memory: compared in constant time, never printed, never stored.

use std::fmt;

use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

/// The three or four digits beside the signature field.
///
/// It cannot be serialized:
///
/// ```compile_fail,E0277
/// fn written(_: impl serde::Serialize) {}
/// written(command_api::vault::SecurityCode::parse("123").unwrap());
/// ```
///
/// nor displayed:
///
/// ```compile_fail,E0277
/// let code = command_api::vault::SecurityCode::parse("123").unwrap();
/// println!("{code}");
/// ```
///
/// nor compared with `==`, which would tell by its time how much of it is right:
///
/// ```compile_fail,E0369
/// use command_api::vault::SecurityCode;
/// let _ = SecurityCode::parse("123").unwrap() == SecurityCode::parse("123").unwrap();
/// ```
pub struct SecurityCode(Zeroizing<String>);

/// A text that is not a security code. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be three or four digits")]
pub struct InvalidSecurityCode;

impl SecurityCode {
    pub fn parse(text: &str) -> Result<Self, InvalidSecurityCode> {
        let is_code = matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(InvalidSecurityCode)
        }
    }

    /// The three digits that stand for a number below 1,000.
    pub(super) fn of_three_digits(number: u16) -> Self {
        Self(Zeroizing::new(format!("{:03}", number % 1_000)))
    }

    /// Whether the codes are the same, in a time that depends on their lengths alone.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// The digits themselves, for the card's holder alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecurityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecurityCode(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_three_or_four_digits_and_shows_none_of_them() {
        for text in ["123", "000", "1234"] {
            let code = SecurityCode::parse(text).expect("a code");
            assert_eq!(code.expose(), text);
            assert_eq!(format!("{code:?}"), "SecurityCode(***)");
        }
        for text in ["", "12", "12345", "12a", " 123", "１２３"] {
            assert_eq!(
                SecurityCode::parse(text).err(),
                Some(InvalidSecurityCode),
                "{text:?}"
            );
        }
    }

    #[test]
    fn codes_match_when_every_digit_does() {
        let code = SecurityCode::of_three_digits(7);
        assert!(code.matches(&SecurityCode::parse("007").expect("a code")));
        for other in ["008", "107", "0070"] {
            assert!(
                !code.matches(&SecurityCode::parse(other).expect("a code")),
                "{other}"
            );
        }
    }
}
