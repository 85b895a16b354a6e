//! Whole numbers out of the decimals in which the index writes sums: `123.0`, `1.234567E7`. Read from their text, digit by
//! digit, since a sum of money is never a float here.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A number of the index, cut to its whole part; nothing where it has none (`null`, of nothing).
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    match raw.get() {
        "null" => Ok(0),
        text => parse(text).ok_or_else(|| de::Error::custom(format!("{text} is no number"))),
    }
}

fn parse(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = before.chars().chain(after.chars()).collect();
    let places = i32::try_from(before.len()).ok()?.checked_add(exponent)?;
    let Ok(places) = usize::try_from(places) else {
        return Some(0);
    };
    let whole: String = digits
        .chars()
        .chain(std::iter::repeat('0'))
        .take(places)
        .collect();
    if whole.is_empty() {
        return Some(0);
    }
    whole.parse::<i64>().ok()?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_read_without_a_float() {
        for (text, expected) in [
            ("0.0", Some(0)),
            ("123", Some(123)),
            ("4990.0", Some(4_990)),
            ("-12.0", Some(-12)),
            ("1.234567E7", Some(12_345_670)),
            ("9.007199254740991E15", Some(9_007_199_254_740_991)),
            ("18900.7", Some(18_900)),
            ("5.0E-1", Some(0)),
            ("1E+2", Some(100)),
            ("9E30", None),
            ("\"x\"", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
