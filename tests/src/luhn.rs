//! Card numbers that are made while a test runs: as real as they need to be, and written nowhere in the tree.

/// Makes a random 16-digit number with this beginning that passes Luhn.
pub fn random_number(prefix: &str, random: &mut impl rand::Rng) -> String {
    let mut digits: Vec<u32> = prefix.chars().filter_map(|digit| digit.to_digit(10)).collect();
    while digits.len() < 15 {
        digits.push(random.random_range(0..10));
    }
    digits.push(check_digit(&digits));
    digits
        .into_iter()
        .filter_map(|digit| char::from_digit(digit, 10))
        .collect()
}

/// ISO/IEC 7812-1, annex B: every second digit from the right is doubled.
fn check_digit(digits: &[u32]) -> u32 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => (digit * 2) / 10 + (digit * 2) % 10,
            _ => *digit,
        })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_pass_luhn() {
        let mut random = rand::rng();
        for _ in 0..100 {
            let number = random_number("51", &mut random);
            assert!(
                number.len() == 16 && domain::card::passes_luhn(&number),
                "{number}"
            );
        }
        assert_eq!(check_digit(&[4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), 1);
    }
}
