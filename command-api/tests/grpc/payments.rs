//! The contract of the bank that this one replaces.

use proto::payment::{CreditCard, PaymentRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::bank::{Bank, Card, NOBODYS, VISA, check, faults};

fn payment(card: &Card, amount: f64) -> PaymentRequest {
    PaymentRequest {
        credit_card: Some(CreditCard {
            name: "whoever".to_owned(),
            number: card.credentials.number.clone(),
            expiration_month: card.credentials.expiry_month.cast_signed(),
            expiration_year: card.credentials.expiry_year.cast_signed(),
            cvv: card
                .credentials
                .security_code
                .parse()
                .expect("digits, the leading zeros lost"),
        }),
        amount,
        store: "Livraria".to_owned(),
        description: "Dom Casmurro".to_owned(),
    }
}

async fn refused(bank: &Bank, request: PaymentRequest) -> Status {
    bank.payments().payment(request).await.expect_err("refused")
}

#[tokio::test]
async fn two_identical_payments_are_two_payments() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    for _ in 0..2 {
        bank.payments()
            .payment(payment(&card, 49.9))
            .await
            .expect("approved");
    }
    let status = refused(&bank, payment(&card, 0.21)).await;
    check(&status, Code::FailedPrecondition, "OVER_LIMIT");
    bank.payments()
        .payment(payment(&card, 0.2))
        .await
        .expect("approved: 49.90 twice, and the rest");
}

#[tokio::test]
async fn amounts_as_old_checkouts_add_them_up_are_whole_cents_or_refused() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    bank.payments()
        .payment(payment(&card, 0.300_000_000_000_000_04))
        .await
        .expect("approved");
    let events = bank.events().await;
    assert!(
        events
            .last()
            .expect("the purchase")
            .payload
            .contains(r#""minor_units":30,"#)
    );
    for amount in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -49.9,
        0.0,
        49.999,
        1e300,
    ] {
        let status = refused(&bank, payment(&card, amount)).await;
        check(&status, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(faults(&status), ["amount"], "{amount}");
    }
    assert_eq!(bank.events().await.len(), events.len(), "nothing is stored");
}

#[tokio::test]
async fn every_decline_is_failed_precondition_and_expiry_and_code_count() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let nobodys = card.changed(|credentials| NOBODYS.clone_into(&mut credentials.number));
    let mistyped = card.changed(|credentials| "4111111111111112".clone_into(&mut credentials.number));
    let expiry = card.changed(|credentials| credentials.expiry_year = 2049);
    for presented in [&nobodys, &mistyped, &expiry, &card.with_wrong_code()] {
        let before = bank.events().await.len();
        let status = refused(&bank, payment(presented, 1.0)).await;
        check(&status, Code::FailedPrecondition, "CARD_NOT_RECOGNIZED");
        assert_eq!(status.message(), "declined: CARD_NOT_RECOGNIZED");
        let failure = status.get_details_precondition_failure().expect("what stands so");
        assert!(failure.violations[0].subject.starts_with("authorization/"));
        assert_eq!(bank.events().await.len(), before + 1);
    }
    let account_id = bank.open_account(10_000).await;
    let inactive = bank.issue(&account_id, "5555555555554444", (12, 2050)).await;
    check(
        &refused(&bank, payment(&inactive, 1.0)).await,
        Code::FailedPrecondition,
        "CARD_NOT_ACTIVATED",
    );
}

#[tokio::test]
async fn a_payment_that_cannot_be_read_tells_every_fault() {
    let bank = Bank::start().await;
    let status = refused(&bank, PaymentRequest::default()).await;
    check(&status, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(faults(&status), ["creditCard", "amount", "store", "description"]);
    assert!(bank.events().await.is_empty());
}
