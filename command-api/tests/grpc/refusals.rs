//! Requests with something to mend: refused with all that is to be mended, and nothing is stored.

use proto::codebank::v1;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::bank::{Bank, VISA, brl, check, faults, new_id};

#[tokio::test]
async fn every_fault_of_a_purchase_is_told_at_once_and_nothing_is_stored() {
    let bank = Bank::start().await;
    let status = bank.refusal(v1::AuthorizeRequest::default()).await;
    check(&status, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(
        faults(&status),
        ["request_id", "card", "amount", "merchant", "description"]
    );
    assert!(bank.events().await.is_empty());
}

#[tokio::test]
async fn amounts_that_are_none_are_refused_and_nothing_is_stored() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let before = bank.events().await.len();
    let amount = |minor_units, code: &str| v1::Money {
        minor_units,
        currency_code: code.to_owned(),
    };
    let cases = [
        (None, "INVALID_FIELDS", "amount"),
        (Some(amount(0, "BRL")), "INVALID_FIELDS", "amount.minor_units"),
        (Some(amount(-1, "")), "INVALID_FIELDS", "amount.minor_units"),
        (
            Some(amount(i64::MIN, "BRL")),
            "INVALID_FIELDS",
            "amount.minor_units",
        ),
        (Some(amount(1, "XXX")), "INVALID_FIELDS", "amount.currency_code"),
        (
            Some(amount(1, "EUR")),
            "CURRENCY_MISMATCH",
            "amount.currency_code",
        ),
    ];
    for (amount, reason, field) in cases {
        for request in [card.purchase(1), card.purchase_by_token(1)] {
            let status = bank
                .refusal(v1::AuthorizeRequest {
                    amount: amount.clone(),
                    ..request
                })
                .await;
            check(&status, Code::InvalidArgument, reason);
            assert_eq!(faults(&status), [field]);
        }
    }
    assert_eq!(bank.events().await.len(), before, "nothing is stored");
}

#[tokio::test]
async fn the_other_services_tell_every_fault_too() {
    let bank = Bank::start().await;
    let mut accounts = bank.accounts();
    let status = accounts
        .open_account(v1::OpenAccountRequest::default())
        .await
        .expect_err("refused");
    assert_eq!(faults(&status), ["request_id", "credit_limit", "closing_day"]);
    let status = accounts
        .issue_card(v1::IssueCardRequest::default())
        .await
        .expect_err("refused");
    assert_eq!(faults(&status), ["request_id", "account_id", "expiry_month"]);
    let status = accounts
        .block_card(v1::BlockCardRequest::default())
        .await
        .expect_err("refused");
    assert_eq!(faults(&status), ["request_id", "account_id", "card_id"]);
    let status = accounts
        .reveal_card(v1::RevealCardRequest::default())
        .await
        .expect_err("refused");
    assert_eq!(faults(&status), ["card_id"]);
    let request = v1::GetOutcomeRequest {
        request_id: Uuid::nil().to_string(),
    };
    let status = bank
        .authorizations()
        .get_outcome(request)
        .await
        .expect_err("refused");
    assert_eq!(faults(&status), ["request_id"]);
    assert!(bank.events().await.is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let before = bank.events().await.len();

    let nobody = new_id();
    let request = v1::CloseAccountRequest {
        request_id: new_id(),
        account_id: nobody.clone(),
    };
    let status = bank.accounts().close_account(request).await.expect_err("refused");
    check(&status, Code::NotFound, "ACCOUNT_NOT_FOUND");
    let resource = status.get_details_resource_info().expect("which");
    assert_eq!(
        (resource.resource_type.as_str(), &resource.resource_name),
        ("account", &nobody)
    );

    let mut request = card.activation();
    request.card_id.clone_from(&nobody);
    let status = bank.accounts().activate_card(request).await.expect_err("refused");
    check(&status, Code::NotFound, "CARD_NOT_FOUND");
    let resource = status.get_details_resource_info().expect("which");
    assert_eq!(
        (resource.resource_type.as_str(), &resource.resource_name),
        ("card", &nobody)
    );

    let request = v1::RevealCardRequest { card_id: nobody };
    let status = bank.accounts().reveal_card(request).await.expect_err("refused");
    check(&status, Code::NotFound, "CARD_NOT_FOUND");

    let mut unknown = card.clone();
    unknown.token = "tok_that_was_never_given_out".to_owned();
    let status = bank.refusal(unknown.purchase_by_token(100)).await;
    check(&status, Code::NotFound, "CARD_TOKEN_NOT_FOUND");
    let resource = status.get_details_resource_info().expect("which");
    assert_eq!(
        (resource.resource_type, resource.resource_name),
        ("card_token".to_owned(), unknown.token)
    );

    let request = v1::GetOutcomeRequest { request_id: new_id() };
    let status = bank
        .authorizations()
        .get_outcome(request)
        .await
        .expect_err("refused");
    check(&status, Code::NotFound, "OUTCOME_NOT_FOUND");
    assert_eq!(bank.events().await.len(), before, "nothing is stored");
}

#[tokio::test]
async fn what_cannot_be_done_as_things_stand_says_what_stands_so() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let unblock = v1::UnblockCardRequest {
        request_id: new_id(),
        account_id: card.account_id.clone(),
        card_id: card.id.clone(),
    };
    let status = bank.accounts().unblock_card(unblock).await.expect_err("refused");
    check(&status, Code::FailedPrecondition, "CARD_NOT_BLOCKED");
    let failure = status.get_details_precondition_failure().expect("what stands so");
    assert_eq!(failure.violations[0].subject, format!("card/{}", card.id));

    let lower = v1::ChangeCreditLimitRequest {
        request_id: new_id(),
        account_id: card.account_id.clone(),
        credit_limit: Some(v1::Money {
            currency_code: "USD".to_owned(),
            ..brl(1)
        }),
    };
    let status = bank
        .accounts()
        .change_credit_limit(lower)
        .await
        .expect_err("refused");
    check(&status, Code::InvalidArgument, "CURRENCY_MISMATCH");
    assert_eq!(faults(&status), ["credit_limit.currency_code"]);
}
