//! The one place where a float becomes money: the amount of the compatibility API.
//!
//! Old checkouts add prices up in floats, so that 0.1 + 0.2 arrives as 0.30000000000000004. What is meant is the nearest
//! cent, when the amount is within a millionth of a cent of it; anything else is no amount. No float arithmetic happens here
//! either: the shortest decimal that stands for the float is read as text, which is exact at any size.

use thiserror::Error;

/// From 2^46 on, floats are further apart than cents, so that neighbouring amounts cannot be told apart.
const CENTS_MAX: i64 = (1 << 46) * 100;

/// Why a float is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum NotAnAmount {
    #[error("must be a number")]
    NotANumber,
    #[error("must be more than zero")]
    NotPositive,
    #[error("must be a whole number of cents, within a millionth of one")]
    NotWholeCents,
    #[error("must be at most 70368744177664")]
    TooLarge,
}

/// The nearest cent.
pub(super) fn nearest_cent(amount: f64) -> Result<i64, NotAnAmount> {
    if !amount.is_finite() {
        return Err(NotAnAmount::NotANumber);
    }
    if amount <= 0.0 {
        return Err(NotAnAmount::NotPositive);
    }
    // A float is written in full, without an exponent.
    let decimal = amount.to_string();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let fraction = format!("{fraction:0<8}");
    let (hundredths, rest) = fraction.split_at(2);
    let (millionths, beyond) = rest.split_at(6);
    let cents: i64 = format!("{whole}{hundredths}")
        .parse()
        .map_err(|_| NotAnAmount::TooLarge)?;
    let nothing_beyond = beyond.bytes().all(|digit| digit == b'0');
    let cents = match (millionths, nothing_beyond) {
        ("000000", _) | ("000001", true) => cents,
        ("999999", _) => cents.checked_add(1).ok_or(NotAnAmount::TooLarge)?,
        _ => return Err(NotAnAmount::NotWholeCents),
    };
    match cents {
        0 => Err(NotAnAmount::NotPositive),
        1..=CENTS_MAX => Ok(cents),
        _ => Err(NotAnAmount::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_cent_within_a_millionth_of_one() {
        let cases = [
            (49.9, Ok(4_990)),
            (0.01, Ok(1)),
            (1.0, Ok(100)),
            (0.300_000_000_000_000_04, Ok(30)), // 0.1 + 0.2
            (0.799_999_999_999_999_9, Ok(80)),  // 0.7 + 0.1
            (1.005, Err(NotAnAmount::NotWholeCents)),
            (49.999, Err(NotAnAmount::NotWholeCents)),
            (0.010_000_01, Ok(1)),
            (0.010_000_02, Err(NotAnAmount::NotWholeCents)),
            (0.009_999_99, Ok(1)),
            (0.009_999_98, Err(NotAnAmount::NotWholeCents)),
            (0.000_000_001, Err(NotAnAmount::NotPositive)),
            (100_000_000.1, Ok(10_000_000_010)),
            (70_368_744_177_663.99, Ok(CENTS_MAX - 1)),
            (70_368_744_177_664.0, Ok(CENTS_MAX)),
            (70_368_744_177_665.0, Err(NotAnAmount::TooLarge)),
            (1e300, Err(NotAnAmount::TooLarge)),
            (0.0, Err(NotAnAmount::NotPositive)),
            (-0.0, Err(NotAnAmount::NotPositive)),
            (-49.9, Err(NotAnAmount::NotPositive)),
            (f64::NAN, Err(NotAnAmount::NotANumber)),
            (f64::INFINITY, Err(NotAnAmount::NotANumber)),
            (f64::NEG_INFINITY, Err(NotAnAmount::NotANumber)),
        ];
        for (amount, expected) in cases {
            assert_eq!(nearest_cent(amount), expected, "{amount}");
        }
    }

    /// Every sum of a few prices, as a checkout adds them up.
    #[test]
    fn sums_of_prices_are_whole_cents() {
        for cents in 1..2_000_i32 {
            let price = f64::from(cents) / 100.0;
            let sum = price + price + price;
            assert_eq!(nearest_cent(sum), Ok(i64::from(cents) * 3), "{sum}");
        }
    }
}
