//! Amounts of money as a reader writes them. Whole minor units in, text out: no float, and no arithmetic on money.

use crate::Language;

/// No line break between symbol and figures, as CLDR has it.
const NO_BREAK_SPACE: char = '\u{a0}';

/// `R$ 1.234,56` in Portuguese and `R$1,234.56` in English; a minus stands before the symbol.
pub fn amount(language: Language, minor_units: i64, currency: &str) -> String {
    let (whole, cents) = parts(minor_units, currency);
    let (separator, point) = match language {
        Language::Pt => ('.', ','),
        Language::En => (',', '.'),
    };
    let mut text = String::new();
    if minor_units < 0 {
        text.push('-');
    }
    push_symbol(&mut text, language, currency);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    if !cents.is_empty() {
        text.push(point);
        text.push_str(&cents);
    }
    text
}

/// The same as a plain decimal, for programs: `1234.56`, and `1234` where the currency has no minor unit.
pub fn decimal(minor_units: i64, currency: &str) -> String {
    let sign = if minor_units < 0 { "-" } else { "" };
    let (whole, cents) = parts(minor_units, currency);
    let point = if cents.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{cents}")
}

/// Whole and minor units in digits, without the sign; no minor ones where the currency has none.
fn parts(minor_units: i64, currency: &str) -> (String, String) {
    let digits_after_point = match currency {
        "CLP" | "JPY" | "KRW" | "PYG" => 0,
        _ => 2,
    };
    let width = digits_after_point + 1;
    let mut whole = format!("{:0width$}", minor_units.unsigned_abs());
    let cents = whole.split_off(whole.len() - digits_after_point);
    (whole, cents)
}

fn push_symbol(text: &mut String, language: Language, currency: &str) {
    let symbol = match (currency, language) {
        ("BRL", _) => "R$",
        ("USD", Language::Pt) => "US$",
        ("USD", Language::En) => "$",
        ("EUR", _) => "€",
        ("GBP", _) => "£",
        _ => {
            text.push_str(currency);
            text.push(NO_BREAK_SPACE);
            return;
        }
    };
    text.push_str(symbol);
    if language == Language::Pt {
        text.push(NO_BREAK_SPACE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(minor_units: i64, currency: &str, pt: &str, en: &str) {
        let plain = |language| amount(language, minor_units, currency).replace(NO_BREAK_SPACE, " ");
        assert_eq!(plain(Language::Pt), pt);
        assert_eq!(plain(Language::En), en);
    }

    #[test]
    fn an_amount_is_written_as_its_reader_does() {
        check(0, "BRL", "R$ 0,00", "R$0.00");
        check(5, "BRL", "R$ 0,05", "R$0.05");
        check(99_999, "BRL", "R$ 999,99", "R$999.99");
        check(123_456, "BRL", "R$ 1.234,56", "R$1,234.56");
        check(-123_456, "BRL", "-R$ 1.234,56", "-R$1,234.56");
        check(
            123_456_789_012,
            "BRL",
            "R$ 1.234.567.890,12",
            "R$1,234,567,890.12",
        );
        check(4_990, "USD", "US$ 49,90", "$49.90");
        check(4_990, "JPY", "JPY 4.990", "JPY 4,990");
        check(
            i64::MIN,
            "XXX",
            "-XXX 92.233.720.368.547.758,08",
            "-XXX 92,233,720,368,547,758.08",
        );
    }

    #[test]
    fn a_program_gets_a_plain_decimal() {
        for (minor_units, currency, expected) in [
            (0, "BRL", "0.00"),
            (5, "BRL", "0.05"),
            (-5, "BRL", "-0.05"),
            (123_456, "EUR", "1234.56"),
            (4_990, "JPY", "4990"),
            (0, "JPY", "0"),
            (i64::MIN, "BRL", "-92233720368547758.08"),
        ] {
            assert_eq!(decimal(minor_units, currency), expected);
        }
    }
}
