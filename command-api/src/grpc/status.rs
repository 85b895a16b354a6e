//! What callers are told when there is no answer: a proper code, a stable reason in `ErrorInfo`, and the details that their
//! code can act on (google.rpc, <https://google.aip.dev/193>).
//!
//! Failures of the bank's own neighbours are logged here, once; the caller is not told what they are.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use domain::account::Rejection;
use domain::{AccountId, CardId, RequestId};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::event_store::{Recorded, StoreError};
use crate::execute::{ExecuteError, RETRY_AFTER};
use crate::vault::VaultError;

use super::reply;

/// `ErrorInfo.domain` of every answer.
pub(super) const DOMAIN: &str = "codebank";

/// What a refused request was about, for the details of the refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) request_id: RequestId,
    pub(super) account_id: AccountId,
    /// Where the request names a card.
    pub(super) card_id: Option<CardId>,
    /// The field with the amount, where it has one.
    pub(super) amount_field: &'static str,
}

/// A failure with its reason and nothing else to say.
pub(super) fn plain(code: Code, reason: &str, message: &str) -> Status {
    detailed(code, reason, message, HashMap::new(), ErrorDetails::new())
}

/// `RESOURCE_EXHAUSTED`: trying again helps nobody.
pub(super) fn message_too_large(bytes_max: usize) -> Status {
    plain(
        Code::ResourceExhausted,
        "MESSAGE_TOO_LARGE",
        &format!("a purchase has at most {bytes_max} bytes"),
    )
}

fn detailed(
    code: Code,
    reason: &str,
    message: &str,
    metadata: HashMap<String, String>,
    mut details: ErrorDetails,
) -> Status {
    details.set_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, message, details)
}

/// `INVALID_ARGUMENT` with every fault of the message.
pub(super) fn invalid(violations: Vec<tonic_types::FieldViolation>) -> Status {
    let fields: Vec<&str> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    let message = format!("these fields are not valid: {}", fields.join(", "));
    let details = ErrorDetails::with_bad_request(violations);
    detailed(
        Code::InvalidArgument,
        "INVALID_FIELDS",
        &message,
        HashMap::new(),
        details,
    )
}

fn invalid_field(reason: &str, field: &str, description: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, description);
    detailed(
        Code::InvalidArgument,
        reason,
        description,
        HashMap::new(),
        details,
    )
}

pub(super) fn not_found(reason: &str, resource_type: &str, name: &str, description: &str) -> Status {
    let details = ErrorDetails::with_resource_info(resource_type, name, "", description);
    detailed(Code::NotFound, reason, description, HashMap::new(), details)
}

pub(super) fn account_not_found(account_id: AccountId) -> Status {
    not_found(
        "ACCOUNT_NOT_FOUND",
        "account",
        &account_id.to_string(),
        "no such account",
    )
}

pub(super) fn card_not_found(card_id: CardId) -> Status {
    not_found("CARD_NOT_FOUND", "card", &card_id.to_string(), "no such card")
}

/// `FAILED_PRECONDITION`: right as a request, but not as things stand. `subject` names what stands so.
pub(super) fn failed_precondition(reason: &str, subject: &str, description: &str) -> Status {
    let details = ErrorDetails::with_precondition_failure_violation(reason, subject, description);
    detailed(
        Code::FailedPrecondition,
        reason,
        description,
        HashMap::new(),
        details,
    )
}

fn come_back(code: Code, reason: &str, message: &str, after: Duration) -> Status {
    detailed(
        code,
        reason,
        message,
        HashMap::new(),
        ErrorDetails::with_retry_info(Some(after)),
    )
}

pub(super) fn too_many_in_flight() -> Status {
    come_back(
        Code::ResourceExhausted,
        "TOO_MANY_IN_FLIGHT",
        "too many requests are in flight; nothing was done, come back in a moment",
        RETRY_AFTER,
    )
}

pub(super) fn deadline_exceeded() -> Status {
    plain(
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
        "the deadline passed before there was an answer; a request with a request_id may be repeated with the same one",
    )
}

/// Why the write loop gave no answer.
pub(super) fn of_execute(error: ExecuteError, about: &About) -> Status {
    match error {
        ExecuteError::Rejected(rejection) => of_rejection(rejection, about),
        ExecuteError::RequestIdReused { first } => request_id_reused(about.request_id, &first),
        ExecuteError::Overloaded => come_back(
            Code::ResourceExhausted,
            "OVERLOADED",
            "too many requests are waiting; nothing was done, come back in a moment",
            RETRY_AFTER,
        ),
        ExecuteError::DeadlineExceeded => deadline_exceeded(),
        ExecuteError::OutcomeUnknown => come_back(
            Code::Unavailable,
            "OUTCOME_UNKNOWN",
            "whether the request is recorded is not known: repeat it with the same request_id, or ask GetOutcome",
            RETRY_AFTER,
        ),
        ExecuteError::Damaged { event_id } => damaged(&event_id),
    }
}

/// Why a command was refused, each refusal where it belongs.
fn of_rejection(rejection: Rejection, about: &About) -> Status {
    let reason = rejection.code().to_ascii_uppercase();
    let description = rejection.to_string();
    let account = || format!("account/{}", about.account_id);
    let card = || {
        about
            .card_id
            .map_or_else(account, |card_id| format!("card/{card_id}"))
    };
    match rejection {
        Rejection::AccountNotFound => account_not_found(about.account_id),
        Rejection::CardNotFound => match about.card_id {
            Some(card_id) => card_not_found(card_id),
            None => not_found(&reason, "card", "", &description),
        },
        Rejection::AccountAlreadyOpen | Rejection::AccountClosed => {
            failed_precondition(&reason, &account(), &description)
        }
        Rejection::CardAlreadyIssued
        | Rejection::CardCancelled
        | Rejection::CardAlreadyActive
        | Rejection::CardNotActivated
        | Rejection::CardAlreadyBlocked
        | Rejection::CardNotBlocked => failed_precondition(&reason, &card(), &description),
        Rejection::CurrencyMismatch { .. } => invalid_field(
            &reason,
            &format!("{}.currency_code", about.amount_field),
            &description,
        ),
        Rejection::AmountNotPositive | Rejection::CreditLimitNegative => invalid_field(
            &reason,
            &format!("{}.minor_units", about.amount_field),
            &description,
        ),
    }
}

/// `ALREADY_EXISTS`, with the id of what was recorded first under the request id.
///
/// Of an authorization only its own id is told: where its event stands would tell whose account it is, or that it is nobody's.
pub(super) fn request_id_reused(request_id: RequestId, first: &Recorded) -> Status {
    let fact = match first.fact() {
        Ok(fact) => fact,
        Err(error) => return of_store(&error),
    };
    let (resource_type, first_id) = match reply::decision(first, &fact) {
        Some(decision) => ("authorization", decision.authorization.authorization_id),
        None => ("event", first.event_id()),
    };
    let description = "the request_id was used before for a request with another body";
    let metadata = HashMap::from([
        ("request_id".to_owned(), request_id.to_string()),
        ("first_type".to_owned(), resource_type.to_owned()),
        ("first_id".to_owned(), first_id.clone()),
    ]);
    let details = ErrorDetails::with_resource_info(resource_type, first_id, "", description);
    detailed(
        Code::AlreadyExists,
        "REQUEST_ID_REUSED",
        description,
        metadata,
        details,
    )
}

/// Why the event log could not be read.
pub(super) fn of_store(error: &StoreError) -> Status {
    match error {
        StoreError::Unavailable(_) => {
            tracing::warn!(error = error as &dyn Error, "the event log could not be read");
            unavailable("the event log is out of reach; come back in a moment")
        }
        StoreError::Damaged { event_id, .. } => {
            tracing::error!(error = error as &dyn Error, "an event cannot be read");
            damaged(event_id)
        }
    }
}

/// Why the vault did not do what was asked.
pub(super) fn of_vault(error: &VaultError, about: Option<RequestId>) -> Status {
    match error {
        VaultError::NumberInUse => {
            failed_precondition("CARD_NUMBER_IN_USE", "card_number", "the card number is in use")
        }
        VaultError::RequestIdReused => {
            let description = "the request_id was used before for another card, whose issuing did not end";
            let name = about.map(|request_id| request_id.to_string()).unwrap_or_default();
            let details = ErrorDetails::with_resource_info("request", name, "", description);
            detailed(
                Code::AlreadyExists,
                "REQUEST_ID_REUSED",
                description,
                HashMap::new(),
                details,
            )
        }
        VaultError::NoNumberLeft => {
            tracing::error!(
                "no card number was found that is not in use: the issuer prefix is too long or used up"
            );
            plain(
                Code::ResourceExhausted,
                "NO_CARD_NUMBER_LEFT",
                "no card number is left under the issuer's prefix",
            )
        }
        VaultError::Unavailable(_) => {
            tracing::warn!(error = error as &dyn Error, "the card vault could not be asked");
            unavailable("the card vault is out of reach; nothing was recorded, come back in a moment")
        }
        VaultError::Damaged { .. } => {
            tracing::error!(
                error = error as &dyn Error,
                "a card cannot be read out of the vault"
            );
            plain(
                Code::DataLoss,
                "CARD_DAMAGED",
                "the vault's record of the card is damaged; the others are not affected",
            )
        }
    }
}

/// `INTERNAL`: an event where the answer to a purchase was expected, which only a fault of this program can cause.
pub(super) fn not_a_decision(event_id: &str) -> Status {
    tracing::error!(
        event_id,
        "a purchase was answered with an event that is not a decision"
    );
    plain(
        Code::Internal,
        "NOT_A_DECISION",
        "the bank made an error; nothing of yours is wrong",
    )
}

fn unavailable(message: &str) -> Status {
    come_back(Code::Unavailable, "OUT_OF_REACH", message, RETRY_AFTER)
}

fn damaged(event_id: &str) -> Status {
    let details = ErrorDetails::with_resource_info("event", event_id, "", "the record is damaged");
    detailed(
        Code::DataLoss,
        "HISTORY_DAMAGED",
        "the account's history is damaged and it is not used until it is mended; other accounts are not affected",
        HashMap::new(),
        details,
    )
}

#[cfg(test)]
mod tests;
