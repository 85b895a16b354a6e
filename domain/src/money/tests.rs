//! Money read, written, added and split, at the edges of its range.

use super::*;

fn check_parse(text: &str, expected: Result<i64, MoneyError>) {
    assert_eq!(
        Money::parse_decimal(text, Currency::Brl).map(Money::minor_units),
        expected,
        "{text:?}"
    );
}

#[test]
fn a_decimal_is_read_to_the_cent_or_refused() {
    check_parse("49.90", Ok(4_990));
    check_parse("49.9", Ok(4_990));
    check_parse("49.900", Ok(4_990));
    check_parse("0.01", Ok(1));
    check_parse("-3", Ok(-300));
    check_parse("92233720368547758.07", Ok(i64::MAX));
    check_parse("-92233720368547758.08", Ok(i64::MIN));
    check_parse("92233720368547758.08", Err(MoneyError::OutOfRange));
    check_parse("49.901", Err(MoneyError::TooPrecise));
    for text in [
        "", ".", "-", "1.", ".5", "+1", "1,00", "1e2", "NaN", "١", "--1", "1.-2", " 1",
    ] {
        check_parse(text, Err(MoneyError::NotDecimal));
    }
}

#[test]
fn a_decimal_is_written_with_the_places_of_its_currency() {
    let cases = [
        (4_990, Currency::Brl, "49.90 BRL"),
        (-5, Currency::Eur, "-0.05 EUR"),
        (0, Currency::Usd, "0.00 USD"),
        (1_200, Currency::Jpy, "1200 JPY"),
        (i64::MIN, Currency::Brl, "-92233720368547758.08 BRL"),
    ];
    for (minor_units, currency, expected) in cases {
        assert_eq!(Money::new(minor_units, currency).to_string(), expected);
    }
}

#[test]
fn a_currency_is_read_by_its_code_alone() {
    for currency in Currency::ALL {
        assert_eq!(currency.to_string().parse(), Ok(currency));
        assert_eq!(serde_json::to_value(currency).ok(), Some(currency.code().into()));
    }
    for code in ["", "brl", "BRL ", "XXX"] {
        assert_eq!(
            code.parse::<Currency>(),
            Err(MoneyError::UnknownCurrency),
            "{code:?}"
        );
    }
    assert_eq!(Currency::default(), Currency::Brl);
}

#[test]
fn a_currency_without_minor_units_takes_no_decimals() {
    let yen = |text| Money::parse_decimal(text, Currency::Jpy).map(Money::minor_units);
    assert_eq!(yen("1200"), Ok(1_200));
    assert_eq!(yen("1200.00"), Ok(1_200));
    assert_eq!(yen("1200.5"), Err(MoneyError::TooPrecise));
}

#[test]
fn what_is_written_is_read_back() {
    for minor_units in [i64::MIN, -100, -99, -1, 0, 1, 99, 100, i64::MAX] {
        for currency in Currency::ALL {
            let money = Money::new(minor_units, currency);
            assert_eq!(Money::parse_decimal(&money.to_decimal(), currency), Ok(money));
        }
    }
}

#[test]
fn json_holds_whole_minor_units_only() {
    let read = |json| serde_json::from_str::<Money>(json).ok();
    let money = Money::new(4_990, Currency::Brl);
    let json = r#"{"minor_units":4990,"currency":"BRL"}"#;
    assert_eq!(serde_json::to_string(&money).ok().as_deref(), Some(json));
    assert_eq!(read(json), Some(money));
    for damaged in [
        r#"{"minor_units":4990.0,"currency":"BRL"}"#,
        r#"{"minor_units":"4990","currency":"BRL"}"#,
        r#"{"minor_units":9223372036854775808,"currency":"BRL"}"#,
        r#"{"minor_units":4990,"currency":"brl"}"#,
        r#"{"minor_units":4990}"#,
    ] {
        assert_eq!(read(damaged), None, "{damaged}");
    }
}

#[test]
fn a_split_adds_up_and_differs_by_at_most_one_minor_unit() {
    for (minor_units, parts) in [
        (100, 3),
        (101, 3),
        (-100, 3),
        (2, 5),
        (0, 4),
        (i64::MIN, 7),
        (i64::MIN, 1),
        (i64::MAX, 2),
    ] {
        let split = Money::new(minor_units, Currency::Brl).split(parts);
        assert_eq!(
            split.iter().map(|part| part.minor_units()).sum::<i64>(),
            minor_units
        );
        let (least, most) = (
            split.iter().map(|p| p.minor_units).min(),
            split.iter().map(|p| p.minor_units).max(),
        );
        assert!(
            most.zip(least).is_some_and(|(most, least)| most - least <= 1),
            "{split:?}"
        );
    }
    assert!(Money::new(1, Currency::Brl).split(0).is_empty());
    let installments: Vec<i64> = Money::new(100, Currency::Brl)
        .split(3)
        .into_iter()
        .map(Money::minor_units)
        .collect();
    assert_eq!(installments, [34, 33, 33]);
}

#[test]
fn currencies_never_mix_and_sums_never_wrap() {
    let real = Money::new(1, Currency::Brl);
    assert_eq!(
        real.checked_add(Money::new(1, Currency::Usd)),
        Err(MoneyError::CurrencyMismatch)
    );
    assert_eq!(
        Money::new(i64::MAX, Currency::Brl).checked_add(real),
        Err(MoneyError::OutOfRange)
    );
    assert_eq!(
        Money::new(i64::MIN, Currency::Brl).checked_sub(real),
        Err(MoneyError::OutOfRange)
    );
    assert_eq!(real.checked_sub(real), Ok(Money::zero(Currency::Brl)));
}
