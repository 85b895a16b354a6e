//! Looks for security codes (CVVs). Three digits stand everywhere by accident, so they are looked for where a leak would put
//! them: as a value of their own in JSON, and after a word that means a security code.
//!
//! To be told from what rightly is there, a code must not be a small number: see [`SecurityCodes::can_be_told`].

use serde_json::Value;

/// What programs call it. Looked for in lower case.
const WORDS: [&str; 6] = [
    "cvv",
    "cvc",
    "csc",
    "security_code",
    "securitycode",
    "security code",
];
/// Between the word and the digits: `":"`, `=`, ` is `, `: Some("`, `: SecurityCode("`.
const APART_MAX: usize = 24;

/// Looks for some security codes.
#[derive(Debug)]
pub struct SecurityCodes {
    codes: Vec<String>,
}

impl SecurityCodes {
    pub fn of(codes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            codes: codes.into_iter().map(Into::into).collect(),
        }
    }

    /// Whether the code, read as a number, is above every sequence, day and version of a short test, and is no HTTP status
    /// or size that logs are full of.
    pub fn can_be_told(code: &str) -> bool {
        code.parse::<u32>().is_ok_and(|number| number > 599)
    }

    /// Every value in the JSON that is a code and nothing else, with its place; and every code after a telling word in a text.
    pub fn find_in_json(&self, json: &Value) -> Vec<String> {
        let mut hits = Vec::new();
        self.walk(json, "$", &mut hits);
        hits
    }

    fn walk(&self, json: &Value, place: &str, hits: &mut Vec<String>) {
        match json {
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.walk(value, &format!("{place}[{index}]"), hits);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.walk(value, &format!("{place}.{name}"), hits);
                }
            }
            Value::String(text) => {
                if self.codes.contains(text) {
                    hits.push(format!("{place} is {text:?}"));
                }
                hits.extend(
                    self.find_in_text(text)
                        .into_iter()
                        .map(|hit| format!("{place}: {hit}")),
                );
            }
            Value::Number(number) => {
                // As a number the code has lost its leading zeros.
                let is_code = |code: &String| code.trim_start_matches('0') == number.to_string();
                if self.codes.iter().any(is_code) {
                    hits.push(format!("{place} is {number}"));
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Every code that follows a telling word in a text of any kind.
    pub fn find_in_text(&self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase();
        let mut hits = Vec::new();
        for word in WORDS {
            for (at, _) in lower.match_indices(word) {
                let after = &lower[at + word.len()..];
                let Some(digits) = digits_soon_after(after) else {
                    continue;
                };
                let is_code = |code: &String| code == digits || code.trim_start_matches('0') == digits;
                if self.codes.iter().any(is_code) {
                    let context: String = lower[at..].chars().take(word.len() + APART_MAX).collect();
                    hits.push(format!("{context:?}"));
                }
            }
        }
        hits
    }
}

/// The first run of digits, if it is near enough to belong to the word before it.
fn digits_soon_after(text: &str) -> Option<&str> {
    let begin = text.find(|character: char| character.is_ascii_digit())?;
    if begin > APART_MAX {
        return None;
    }
    let digits = &text[begin..];
    let end = digits.find(|character: char| !character.is_ascii_digit());
    Some(&digits[..end.unwrap_or(digits.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_planted_code_is_found_where_a_leak_would_put_it() {
        let codes = SecurityCodes::of(["731", "073"]);
        for json in [
            json!({"card": {"cvv": "731"}}),
            json!([{"x": 731}]),
            json!({"anything": 73}),
            json!({"message": "checked SecurityCode(\"731\") of the card"}),
        ] {
            assert_eq!(codes.find_in_json(&json).len(), 1, "{json}");
        }
        for text in [
            "cvv=731",
            "CVV: 073",
            "security_code: Some(\"731\")",
            "\\\"securityCode\\\":\\\"731\\\"",
            "the security code is 731.",
        ] {
            assert_eq!(codes.find_in_text(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_no_code_is_not_found() {
        let codes = SecurityCodes::of(["731"]);
        for json in [
            json!({"amount": 7310}),
            json!({"last_four": "7310"}),
            json!({"description": "room 731"}),
            json!({"cvv": "***"}),
        ] {
            assert_eq!(codes.find_in_json(&json), [""; 0], "{json}");
        }
        for text in [
            "security_code_mismatch, and much later on in the line 731",
            "cvv 7310",
            "amount=731",
        ] {
            assert_eq!(codes.find_in_text(text), [""; 0], "{text}");
        }
    }
}
