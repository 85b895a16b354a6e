//! Short texts that come from outside and are shown to people: parsed once, bounded, without control
//! characters, and with any card number in them masked.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::card::mask_card_numbers;

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    #[error("must not be empty")]
    Empty,
    #[error("must have at most {max} characters")]
    TooLong { max: usize },
    #[error("must not contain control characters")]
    ControlCharacter,
    #[error("must be four digits (ISO 18245)")]
    NotAMerchantCategoryCode,
}

fn check_shape(text: &str, max: usize) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong { max });
    }
    if text.chars().any(is_control) {
        return Err(TextError::ControlCharacter);
    }
    Ok(())
}

/// Beyond the control codes: line separators, and the marks that reorder the text around them (Unicode UAX #9, explicit
/// formatting), which can make a statement line read as another merchant or another amount.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $enter:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "CompactString")]
        pub struct $name(CompactString);

        impl $name {
            /// The longest text accepted, in characters.
            pub const MAX_CHARS: usize = $max;

            pub fn parse(text: &str) -> Result<Self, TextError> {
                let text = text.trim();
                check_shape(text, Self::MAX_CHARS)?;
                Ok(Self($enter(text).into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Reads what was recorded, as it was recorded. Trimming and masking are rules of entrance: were they applied here,
        /// a better mask would one day make an old event read differently from its stored bytes.
        impl TryFrom<CompactString> for $name {
            type Error = TextError;

            fn try_from(recorded: CompactString) -> Result<Self, TextError> {
                check_shape(&recorded, Self::MAX_CHARS)?;
                Ok(Self(recorded))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// The acquirer's identifier of a merchant (ISO 8583 field 42 has 15 characters; acquirers use longer ones). Not masked: it is
    /// not typed by people, and one in ten numeric ids of this length looks like a card number.
    MerchantId,
    64,
    std::convert::identity
);
text!(
    /// The name a cardholder reads on the statement.
    MerchantName,
    255,
    mask_card_numbers
);
text!(
    /// What was bought, in the merchant's words.
    Description,
    255,
    mask_card_numbers
);

/// A merchant category code: four digits, ISO 18245.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString")]
pub struct MerchantCategoryCode(CompactString);

impl MerchantCategoryCode {
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(TextError::NotAMerchantCategoryCode)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<CompactString> for MerchantCategoryCode {
    type Error = TextError;

    fn try_from(recorded: CompactString) -> Result<Self, TextError> {
        Self::parse(&recorded)
    }
}

impl fmt::Display for MerchantCategoryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_bounded() {
        assert_eq!(
            MerchantName::parse("  Livraria ").map(|name| name.to_string()),
            Ok("Livraria".into())
        );
        assert_eq!(MerchantName::parse(" "), Err(TextError::Empty));
        assert_eq!(
            MerchantId::parse(&"m".repeat(65)),
            Err(TextError::TooLong { max: 64 })
        );
        assert!(Description::parse(&"é".repeat(255)).is_ok());
        assert!(Description::parse(&"é".repeat(256)).is_err());
        assert_eq!(
            Description::parse(&format!(" {} ", "m".repeat(255))).map(|text| text.as_str().len()),
            Ok(255),
            "trimmed before it is measured"
        );
    }

    #[test]
    fn what_reorders_or_breaks_a_line_is_refused() {
        for text in [
            "a\u{0}b",
            "a\nb",
            "a\u{7f}b",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{202e}1,00",
            "a\u{2066}b",
        ] {
            assert_eq!(
                Description::parse(text),
                Err(TextError::ControlCharacter),
                "{text:?}"
            );
        }
        assert!(Description::parse("família 👩\u{200d}👧 שלום").is_ok());
    }

    #[test]
    fn a_recorded_text_is_read_as_recorded_or_not_at_all() {
        let read = |text: &str| serde_json::from_value::<MerchantName>(text.into());
        for text in [
            "Livraria",
            " kept as it is ",
            "recorded before the mask 4111111111111111",
        ] {
            assert_eq!(
                read(text).map(|name| name.to_string()).ok().as_deref(),
                Some(text)
            );
        }
        for text in ["", "a\u{0}b", &"m".repeat(256)] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_card_number_does_not_slip_into_a_description() {
        let description = Description::parse("paid with 4111 1111 1111 1111").expect("masked, not refused");
        assert_eq!(description.as_str(), "paid with **** **** **** 1111");
    }

    #[test]
    fn a_category_code_is_four_digits() {
        let books = MerchantCategoryCode::parse("5942").expect("four digits");
        assert_eq!((books.as_str(), books.to_string().as_str()), ("5942", "5942"));
        for text in ["", "594", "59420", "594a", "٥٩٤٢"] {
            assert_eq!(
                MerchantCategoryCode::parse(text),
                Err(TextError::NotAMerchantCategoryCode),
                "{text}"
            );
            assert!(serde_json::from_value::<MerchantCategoryCode>(text.into()).is_err());
        }
    }
}
