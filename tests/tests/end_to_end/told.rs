//! What each client was told, against what is recorded and what had to come of its purchase.

use domain::account::DeclineReason;
use proto::codebank::v1::{self as v1, Authorization, Decision};

use crate::clients::Answer;
use crate::findings::Findings;
use crate::log::{Event, Log};
use crate::plan::{Expected, Purchase};

pub(crate) fn check(answer: &Answer, purchase: &Purchase, log: &Log, findings: &mut Findings) {
    let request_id = &answer.request_id;
    let attempt = || {
        let attempts = log.attempts.iter();
        attempts
            .filter(|event| &event.recorded.request_id == request_id)
            .collect::<Vec<_>>()
    };
    match (&purchase.expected, log.of_request(request_id)) {
        (Expected::Attempt, None) => {
            let found = attempt();
            findings.equal(&format!("attempts under {request_id}"), &found.len(), &1);
            if let [event] = found[..] {
                let told_as = v1::DeclineReason::CardNotRecognized;
                same(answer, event, Some(told_as), findings);
            }
        }
        (Expected::ByTheLimit { account }, Some(event)) => {
            in_account(account, event, purchase, findings);
            let over = event.reason() == Some("over_limit");
            findings.holds(event.is_approval() || over, || {
                format!(
                    "{}: a good card was declined: {}",
                    event.recorded.event_id, event.data
                )
            });
            let told_as = over.then_some(v1::DeclineReason::OverLimit);
            same(answer, event, told_as, findings);
        }
        (Expected::Declined { account, reason }, Some(event)) => {
            in_account(account, event, purchase, findings);
            let recorded = format!("{}: reason", event.recorded.event_id);
            findings.equal(&recorded, &event.reason(), &Some(reason.code()));
            same(answer, event, Some(told_as(*reason)), findings);
        }
        (expected, found) => findings.add(format!(
            "{request_id}: {expected:?} was expected, and recorded is {found:?}"
        )),
    }
}

/// What a merchant may know of a reason.
fn told_as(reason: DeclineReason) -> v1::DeclineReason {
    match reason {
        DeclineReason::CardNotFound | DeclineReason::ExpiryMismatch | DeclineReason::SecurityCodeMismatch => {
            v1::DeclineReason::CardNotRecognized
        }
        DeclineReason::AccountClosed => v1::DeclineReason::AccountClosed,
        DeclineReason::CardCancelled => v1::DeclineReason::CardCancelled,
        DeclineReason::CardNotActivated => v1::DeclineReason::CardNotActivated,
        DeclineReason::CardBlocked => v1::DeclineReason::CardBlocked,
        DeclineReason::CardExpired => v1::DeclineReason::CardExpired,
        DeclineReason::OverLimit => v1::DeclineReason::OverLimit,
    }
}

/// The event is this purchase's.
fn in_account(account: &String, event: &Event, purchase: &Purchase, findings: &mut Findings) {
    let id = &event.recorded.event_id;
    findings.equal(&format!("{id}: account"), &&event.recorded.stream_id, &account);
    let asked = purchase.request.amount.as_ref().map(|amount| amount.minor_units);
    findings.equal(&format!("{id}: amount"), &Some(event.amount()), &asked);
    let description = event.data["description"].as_str();
    let wanted = Some(purchase.request.description.as_str());
    findings.equal(&format!("{id}: description"), &description, &wanted);
}

/// The answer says what the event says, as far as a merchant may know.
fn same(answer: &Answer, event: &Event, reason: Option<v1::DeclineReason>, findings: &mut Findings) {
    let hidden = reason == Some(v1::DeclineReason::CardNotRecognized);
    let told = &answer.authorization;
    let decision = match reason {
        None => Decision::Approved,
        Some(_) => Decision::Declined,
    };
    let wanted = Authorization {
        authorization_id: text(&event.data["authorization_id"]),
        decision: decision.into(),
        decline_reason: reason.unwrap_or_default().into(),
        account_id: if hidden {
            String::new()
        } else {
            event.recorded.stream_id.clone()
        },
        account_version: if hidden { 0 } else { event.recorded.sequence },
        amount: Some(tests::teller::brl(event.amount())),
        // Compared below, as text.
        decided_at: told.decided_at,
    };
    findings.equal(&format!("the answer to {}", answer.request_id), told, &wanted);
    let decided_at = told.decided_at.unwrap_or_default();
    let nanos = u32::try_from(decided_at.nanos).unwrap_or_default();
    let decided_at = chrono::DateTime::from_timestamp(decided_at.seconds, nanos);
    let occurred_at = text(&event.data["occurred_at"]).parse().ok();
    findings.equal(
        &format!("{}: decided at", event.recorded.event_id),
        &decided_at,
        &occurred_at,
    );
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
