//! Each failure with its code and details.

use super::*;
use domain::Currency;
use uuid::Uuid;

fn about() -> About {
    About {
        request_id: RequestId::new(Uuid::from_u128(1)),
        account_id: AccountId::new(Uuid::from_u128(2)),
        card_id: Some(CardId::new(Uuid::from_u128(3))),
        amount_field: "amount",
    }
}

fn check(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{reason}");
    let info = status.get_details_error_info().expect("always");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, DOMAIN));
    let shouted = |character: char| character.is_ascii_uppercase() || character == '_';
    assert!(info.reason.chars().all(shouted), "{reason}");
}

#[test]
fn each_rejection_has_its_code_and_its_details() {
    let brl = Currency::Brl;
    let not_found = [
        (Rejection::AccountNotFound, "ACCOUNT_NOT_FOUND", "account"),
        (Rejection::CardNotFound, "CARD_NOT_FOUND", "card"),
    ];
    for (rejection, reason, resource_type) in not_found {
        let status = of_rejection(rejection, &about());
        check(&status, Code::NotFound, reason);
        let resource = status.get_details_resource_info().expect("what was not found");
        assert_eq!(resource.resource_type, resource_type);
        assert!(resource.resource_name.parse::<Uuid>().is_ok());
    }
    let preconditions = [
        (Rejection::AccountAlreadyOpen, "ACCOUNT_ALREADY_OPEN", "account/"),
        (Rejection::AccountClosed, "ACCOUNT_CLOSED", "account/"),
        (Rejection::CardAlreadyIssued, "CARD_ALREADY_ISSUED", "card/"),
        (Rejection::CardCancelled, "CARD_CANCELLED", "card/"),
        (Rejection::CardAlreadyActive, "CARD_ALREADY_ACTIVE", "card/"),
        (Rejection::CardNotActivated, "CARD_NOT_ACTIVATED", "card/"),
        (Rejection::CardAlreadyBlocked, "CARD_ALREADY_BLOCKED", "card/"),
        (Rejection::CardNotBlocked, "CARD_NOT_BLOCKED", "card/"),
    ];
    for (rejection, reason, subject) in preconditions {
        let status = of_rejection(rejection, &about());
        check(&status, Code::FailedPrecondition, reason);
        let failure = status.get_details_precondition_failure().expect("what stands so");
        assert_eq!(failure.violations[0].r#type, reason);
        assert!(failure.violations[0].subject.starts_with(subject), "{reason}");
    }
    let invalid = [
        (
            Rejection::CurrencyMismatch { account: brl },
            "CURRENCY_MISMATCH",
            "amount.currency_code",
        ),
        (
            Rejection::AmountNotPositive,
            "AMOUNT_NOT_POSITIVE",
            "amount.minor_units",
        ),
        (
            Rejection::CreditLimitNegative,
            "CREDIT_LIMIT_NEGATIVE",
            "amount.minor_units",
        ),
    ];
    for (rejection, reason, field) in invalid {
        let status = of_rejection(rejection, &about());
        check(&status, Code::InvalidArgument, reason);
        let request = status.get_details_bad_request().expect("which field");
        assert_eq!(request.field_violations[0].field, field);
    }
}

#[test]
fn who_may_come_back_is_told_when() {
    let away = || sqlx::Error::PoolTimedOut;
    let cases = [
        (
            of_execute(ExecuteError::Overloaded, &about()),
            Code::ResourceExhausted,
            "OVERLOADED",
        ),
        (
            of_execute(ExecuteError::OutcomeUnknown, &about()),
            Code::Unavailable,
            "OUTCOME_UNKNOWN",
        ),
        (
            of_store(&StoreError::Unavailable(away())),
            Code::Unavailable,
            "OUT_OF_REACH",
        ),
        (
            of_vault(&VaultError::Unavailable(away()), None),
            Code::Unavailable,
            "OUT_OF_REACH",
        ),
        (
            too_many_in_flight(),
            Code::ResourceExhausted,
            "TOO_MANY_IN_FLIGHT",
        ),
    ];
    for (status, code, reason) in cases {
        check(&status, code, reason);
        let retry = status.get_details_retry_info().expect("when to come back");
        assert_eq!(retry.retry_delay, Some(RETRY_AFTER));
    }
}

#[test]
fn damage_and_deadlines_and_the_vaults_refusals() {
    let damaged = StoreError::Damaged {
        event_id: "e-1".to_owned(),
        reason: "torn".to_owned(),
    };
    check(&of_store(&damaged), Code::DataLoss, "HISTORY_DAMAGED");
    let damaged = ExecuteError::Damaged {
        event_id: "e-1".to_owned(),
    };
    check(&of_execute(damaged, &about()), Code::DataLoss, "HISTORY_DAMAGED");
    check(
        &of_execute(ExecuteError::DeadlineExceeded, &about()),
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
    );
    let request_id = Some(about().request_id);
    check(
        &of_vault(&VaultError::NumberInUse, None),
        Code::FailedPrecondition,
        "CARD_NUMBER_IN_USE",
    );
    check(
        &of_vault(&VaultError::RequestIdReused, request_id),
        Code::AlreadyExists,
        "REQUEST_ID_REUSED",
    );
    check(
        &of_vault(&VaultError::NoNumberLeft, None),
        Code::ResourceExhausted,
        "NO_CARD_NUMBER_LEFT",
    );
    let damaged = VaultError::Damaged {
        reason: "torn".to_owned(),
    };
    check(&of_vault(&damaged, None), Code::DataLoss, "CARD_DAMAGED");
}
