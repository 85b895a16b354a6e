//! Card numbers in free text, found and masked. It catches what people paste by accident; it is no defence against someone
//! who means to hide a number.

use std::borrow::Cow;
use std::ops::Range;

use super::passes_luhn;

/// The text with every card number in it masked to its last four digits: people paste numbers where they do not belong.
///
/// A card number here is 13 to 19 digits, perhaps in groups (see `joined`), that begin as payment cards do (2 to 6) or as
/// those that a bank may make without a scheme (9, ISO/IEC 7812-1, as this one does unless it is given a prefix), and pass
/// Luhn. An order number that happens to look like one is masked too, which costs less than storing a real one.
pub fn mask_card_numbers(text: &str) -> Cow<'_, str> {
    if text.chars().filter_map(digit).count() < CARD_NUMBER_DIGITS_MIN {
        return text.into();
    }
    let characters: Vec<char> = text.chars().collect();
    // What is found is masked in a copy: a number that shares groups with another one must not hide it.
    let mut masked = characters.clone();
    let groups = digit_groups(&characters);
    for first in 0..groups.len() {
        let mut places: Vec<usize> = Vec::new();
        for group in &groups[first..] {
            let connected = places
                .last()
                .is_none_or(|last| joined(&characters[last + 1..group.start]));
            if !connected || places.len() + group.len() > CARD_NUMBER_DIGITS_MAX {
                break;
            }
            places.extend(group.clone());
            let digits: String = places.iter().filter_map(|&at| digit(characters[at])).collect();
            if is_card_number(&digits) {
                for &place in &places[..places.len() - 4] {
                    masked[place] = '*';
                }
            }
        }
    }
    masked.into_iter().collect::<String>().into()
}

/// The shortest card numbers in use; the longest that ISO/IEC 7812-1 allows.
const CARD_NUMBER_DIGITS_MIN: usize = 13;
const CARD_NUMBER_DIGITS_MAX: usize = 19;

/// Where the digits stand together, in characters.
fn digit_groups(characters: &[char]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for at in (0..characters.len()).filter(|&at| digit(characters[at]).is_some()) {
        match groups.last_mut() {
            Some(group) if group.end == at => group.end = at + 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

/// The ASCII form of a digit, which may be one of the full-width digits of East Asian keyboards.
fn digit(character: char) -> Option<char> {
    match character {
        '0'..='9' => Some(character),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(character) - 0xff10, 10),
        _ => None,
    }
}

/// Whether the characters between two groups of digits leave them one number: up to three blanks, hyphens, dots or
/// underscores, in any of the forms that web pages and word processors turn them into.
fn joined(between: &[char]) -> bool {
    let separates = |&character: &char| {
        character.is_whitespace()
            || matches!(
                character,
                '-' | '.' | '_' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}'
            )
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    between.len() <= 3 && between.iter().all(separates)
}

fn is_card_number(digits: &str) -> bool {
    (CARD_NUMBER_DIGITS_MIN..=CARD_NUMBER_DIGITS_MAX).contains(&digits.len())
        && digits.starts_with(['2', '3', '4', '5', '6', '9'])
        && passes_luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_in_a_text_is_masked() {
        let cases = [
            ("4111111111111111", "************1111"),
            ("card 4111 1111 1111 1111 ok", "card **** **** **** 1111 ok"),
            ("2x 5555-5555-5555-4444.", "2x ****-****-****-4444."),
            ("12 4111111111111111", "12 ************1111"),
            ("4111111111111111 12/30", "************1111 12/30"),
            (
                "4111111111111111,5555555555554444",
                "************1111,************4444",
            ),
            ("4111.1111.1111.1111", "****.****.****.1111"),
            ("4111 - 1111 - 1111 - 1111", "**** - **** - **** - 1111"),
            (
                "4111\u{a0}1111\u{2013}1111\u{200b}1111",
                "****\u{a0}****\u{2013}****\u{200b}1111",
            ),
            ("４１１１１１１１１１１１１１１１", "************１１１１"),
            (
                "não é 4111 / 1111 / 1111 / 1111",
                "não é 4111 / 1111 / 1111 / 1111",
            ),
            ("6205 5000 0000 0000 004", "**** **** **** ***0 004"),
            ("20 digits 41111111111111111115", "20 digits 41111111111111111115"),
            ("too far 4111 1111    1111 1111", "too far 4111 1111    1111 1111"),
            ("não é 4111111111111112", "não é 4111111111111112"),
            ("tel +55 11 91234-5678", "tel +55 11 91234-5678"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(mask_card_numbers(text), expected);
        }
    }

    /// What the bank makes without a scheme's prefix is masked like any other number.
    #[test]
    fn the_banks_own_numbers_are_masked() {
        let number = ["999999", "0123456788"].concat();
        assert_eq!(mask_card_numbers(&number), "************6788");
    }

    /// The first 13 digits of this documented Visa test number pass Luhn by themselves.
    #[test]
    fn a_shorter_number_within_a_card_number_does_not_save_the_rest_of_it() {
        let (number, (shorter, rest)) = ("4012888888881881", "4012888888881881".split_at(13));
        assert!(is_card_number(number) && is_card_number(shorter));
        assert_eq!(
            mask_card_numbers(&format!("{shorter} {rest}")),
            "************1 881"
        );
    }

    #[test]
    fn numbers_side_by_side_are_each_masked() {
        let text = "4222222222222 4111111111111111";
        assert_eq!(mask_card_numbers(text), "*********2222 ************1111");
    }
}
