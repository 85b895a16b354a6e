//! Which account buys next.

use std::fmt;

use rand::Rng;
use rand::rngs::StdRng;
use rand_distr::{Distribution as _, Zipf};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Choice {
    /// Each as often as any other, at random.
    Even,
    /// The first one always.
    Hot,
    /// The first most often, the second less, and so on, by Zipf's law with this exponent.
    Zipf(f64),
}

impl Choice {
    /// One of so many accounts, at least one.
    pub(crate) fn of(self, accounts: usize, random: &mut StdRng) -> usize {
        match self {
            Self::Even => random.random_range(0..accounts),
            Self::Hot => 0,
            Self::Zipf(exponent) => ranked(exponent, accounts, random),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the distribution gives whole numbers from one to the number of accounts"
)]
fn ranked(exponent: f64, accounts: usize, random: &mut StdRng) -> usize {
    // Exponents are checked where they are read, and there is an account: it cannot fail.
    Zipf::new(accounts as f64, exponent).map_or(0, |zipf| zipf.sample(random) as usize - 1)
}

/// Reads an exponent.
pub(crate) fn zipf(text: &str) -> Result<Choice, String> {
    let exponent: f64 = text.parse().map_err(|_| "a number such as 1.0".to_owned())?;
    if exponent.is_finite() && exponent >= 0.0 {
        Ok(Choice::Zipf(exponent))
    } else {
        Err("zero or more".to_owned())
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Even => f.write_str("evenly"),
            Self::Hot => f.write_str("one for all"),
            Self::Zipf(exponent) => write!(f, "Zipf {exponent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    /// How often each of four accounts is chosen in ten thousand times.
    fn chosen(choice: Choice) -> [usize; 4] {
        let mut random = StdRng::seed_from_u64(1);
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[choice.of(4, &mut random)] += 1;
        }
        counts
    }

    #[test]
    fn each_choice_is_what_it_says() {
        assert_eq!(chosen(Choice::Hot), [10_000, 0, 0, 0]);
        assert!(
            chosen(Choice::Even)
                .iter()
                .all(|count| (2_300..2_700).contains(count))
        );
        // 1, 1/2, 1/3 and 1/4 of 25/12.
        let expected = [4_800, 2_400, 1_600, 1_200];
        for (count, expected) in chosen(Choice::Zipf(1.0)).into_iter().zip(expected) {
            assert!(count.abs_diff(expected) < 250, "{count} for {expected}");
        }
    }

    #[test]
    fn an_exponent_is_read() {
        assert_eq!(zipf("1.0"), Ok(Choice::Zipf(1.0)));
        for text in ["-1", "NaN", "inf", "one"] {
            assert!(zipf(text).is_err(), "{text}");
        }
    }
}
