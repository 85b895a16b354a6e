//! Every field of every message, right and wrong.

use super::*;
use tonic_types::StatusExt as _;

const ID: &str = "01939c5e-7a6b-7c00-8000-000000000001";

fn credentials() -> v1::CardCredentials {
    v1::CardCredentials {
        number: "4111 1111 1111 1111".to_owned(),
        expiry_month: 12,
        expiry_year: 30,
        security_code: "123".to_owned(),
    }
}

fn purchase() -> v1::AuthorizeRequest {
    v1::AuthorizeRequest {
        request_id: ID.to_owned(),
        card: Some(v1::authorize_request::Card::Credentials(credentials())),
        amount: Some(v1::Money {
            minor_units: 4_990,
            currency_code: "BRL".to_owned(),
        }),
        merchant: Some(v1::Merchant {
            id: "livraria-01".to_owned(),
            name: "Livraria".to_owned(),
            mcc: "5942".to_owned(),
        }),
        description: "Dom Casmurro".to_owned(),
    }
}

fn faults<T: std::fmt::Debug>(parsed: Result<T, Status>) -> Vec<String> {
    let status = parsed.expect_err("refused");
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    let info = status.get_details_error_info().expect("always");
    assert_eq!(info.reason, "INVALID_FIELDS");
    let details = status.get_details_bad_request().expect("the faults");
    details
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

fn check(change: impl FnOnce(&mut v1::AuthorizeRequest), expected: &[&str]) {
    let mut message = purchase();
    change(&mut message);
    assert_eq!(faults(authorize(&mut message)), expected);
}

fn check_amount(minor_units: i64, currency_code: &str, expected: &[&str]) {
    let amount = v1::Money {
        minor_units,
        currency_code: currency_code.to_owned(),
    };
    check(|message| message.amount = Some(amount), expected);
}

fn check_credentials(change: impl FnOnce(&mut v1::CardCredentials), expected: &[&str]) {
    let mut changed = credentials();
    change(&mut changed);
    check(
        |message| message.card = Some(v1::authorize_request::Card::Credentials(changed)),
        expected,
    );
}

#[test]
fn a_purchase_is_read_and_its_secrets_are_taken_out() {
    let mut message = purchase();
    let (request_id, purchase) = authorize(&mut message).expect("a purchase");
    assert_eq!(request_id.to_string(), ID);
    assert_eq!(purchase.amount, Money::new(4_990, Currency::Brl));
    let PresentedCard::Credentials {
        number,
        expiry,
        security_code,
    } = purchase.card
    else {
        panic!("credentials");
    };
    assert_eq!(number.expose(), "4111111111111111");
    assert_eq!(security_code.expose(), "123");
    assert_eq!((expiry.month(), expiry.year()), (12, 2030));
    let Some(v1::authorize_request::Card::Credentials(left)) = message.card else {
        panic!("the rest of them");
    };
    assert_eq!((left.number.as_str(), left.security_code.as_str()), ("", ""));
}

#[test]
fn an_empty_currency_is_brl() {
    let mut message = purchase();
    message.amount = Some(v1::Money {
        minor_units: 1,
        currency_code: String::new(),
    });
    let (_, purchase) = authorize(&mut message).expect("a purchase");
    assert_eq!(purchase.amount, Money::new(1, Currency::Brl));
}

#[test]
fn each_field_of_a_purchase_is_checked() {
    for id in ["", "42", "00000000-0000-0000-0000-000000000000"] {
        check(|message| id.clone_into(&mut message.request_id), &["request_id"]);
    }
    check(|message| message.card = None, &["card"]);
    for token in ["", "not a token"] {
        let token = v1::authorize_request::Card::CardToken(token.to_owned());
        check(|message| message.card = Some(token), &["card_token"]);
    }
    for number in ["", "1234", "4111111111111112"] {
        check_credentials(
            |card| number.clone_into(&mut card.number),
            &["credentials.number"],
        );
    }
    check_credentials(|card| card.expiry_month = 13, &["credentials.expiry_month"]);
    check_credentials(|card| card.expiry_year = u32::MAX, &["credentials.expiry_year"]);
    check_credentials(|card| card.security_code.clear(), &["credentials.security_code"]);
    check(|message| message.amount = None, &["amount"]);
    check_amount(0, "BRL", &["amount.minor_units"]);
    check_amount(i64::MIN, "", &["amount.minor_units"]);
    check_amount(1, "XXX", &["amount.currency_code"]);
    check_amount(-1, "brl", &["amount.minor_units", "amount.currency_code"]);
    check(|message| message.merchant = None, &["merchant"]);
    let nameless = Some(v1::Merchant::default());
    check(
        |message| message.merchant = nameless,
        &["merchant.id", "merchant.name", "merchant.mcc"],
    );
    check(
        |message| message.description = "a\u{0}b".to_owned(),
        &["description"],
    );
    check(|message| message.description = "m".repeat(256), &["description"]);
}

#[test]
fn every_fault_is_told_at_once() {
    let everything = ["request_id", "card", "amount", "merchant", "description"];
    assert_eq!(
        faults(authorize(&mut v1::AuthorizeRequest::default())),
        everything
    );
    check_credentials(
        |card| *card = v1::CardCredentials::default(),
        &[
            "credentials.number",
            "credentials.expiry_month",
            "credentials.security_code",
        ],
    );
    assert_eq!(
        faults(open_account(&v1::OpenAccountRequest::default())),
        ["request_id", "credit_limit", "closing_day"]
    );
    assert_eq!(
        faults(change_credit_limit(&v1::ChangeCreditLimitRequest::default())),
        ["request_id", "account_id", "credit_limit"]
    );
    let negative = v1::Money {
        minor_units: -1,
        currency_code: "XXX".to_owned(),
    };
    let message = v1::OpenAccountRequest {
        request_id: ID.to_owned(),
        credit_limit: Some(negative),
        closing_day: 29,
    };
    assert_eq!(
        faults(open_account(&message)),
        [
            "credit_limit.minor_units",
            "credit_limit.currency_code",
            "closing_day"
        ]
    );
    let mut message = v1::IssueCardRequest {
        expiry_month: 0,
        expiry_year: 1999,
        card_number: "4111111111111112".to_owned(),
        ..v1::IssueCardRequest::default()
    };
    assert_eq!(
        faults(issue_card(&mut message)),
        [
            "request_id",
            "account_id",
            "expiry_month",
            "expiry_year",
            "card_number"
        ]
    );
    assert_eq!(
        faults(change_card("", "x", "")),
        ["request_id", "account_id", "card_id"]
    );
    assert_eq!(
        faults(close_account(&v1::CloseAccountRequest::default())),
        ["request_id", "account_id"]
    );
    assert_eq!(faults(only::<CardId>("card_id", "")), ["card_id"]);
}

#[test]
fn a_fault_never_quotes_a_secret() {
    let mut message = purchase();
    message.card = Some(v1::authorize_request::Card::Credentials(v1::CardCredentials {
        number: "4111111111111112".to_owned(),
        security_code: "98765".to_owned(),
        ..credentials()
    }));
    let status = authorize(&mut message).expect_err("refused");
    let told = format!("{status:?} {:?}", status.get_error_details());
    assert!(!told.contains("4111") && !told.contains("98765"), "{told}");
}
