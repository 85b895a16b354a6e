//! What is decided about purchases, counted.

use std::sync::Arc;

use domain::account::DeclineReason;
use domain::attempt;
use metrics::Counter;
use tonic::Status;

use crate::execute::Answer;

use super::reply::{APPROVED, Decision, decision};
use super::status;

/// The counters of decisions, by their precise reason. All are there from the start, so that the first of a kind is seen to come.
#[derive(Debug, Clone)]
pub(super) struct Decisions(Arc<[(&'static str, Counter)]>);

impl Decisions {
    pub(super) fn none_yet() -> Self {
        let counter = |decision: &'static str, reason: &'static str| {
            let counter = metrics::counter!("codebank_authorizations_total", "decision" => decision, "reason" => reason);
            (reason, counter)
        };
        let declined = DeclineReason::LADDER.map(DeclineReason::code);
        let declined = declined.into_iter().chain([attempt::EVENT_NAME]);
        let declined = declined.map(|reason| counter("declined", reason));
        Self(
            [counter("approved", APPROVED)]
                .into_iter()
                .chain(declined)
                .collect(),
        )
    }

    /// What an answer decided, counted once however often it is given.
    pub(super) fn decided(&self, answer: &Answer) -> Result<Decision, Status> {
        // Not reached: the fingerprint of a purchase is of no other request.
        let decision = decision(&answer.event, &answer.fact)
            .ok_or_else(|| status::not_a_decision(&answer.event.event_id()))?;
        if !answer.replayed
            && let Some((_, counter)) = self
                .0
                .iter()
                .find(|(reason, _)| *reason == decision.precise_reason)
        {
            counter.increment(1);
        }
        Ok(decision)
    }
}
