//! What the requests of a batch that has come to its end are answered with, and which accounts are not what they were held to be.

use std::collections::HashSet;

use domain::AccountId;

use crate::event_store::{Outcome, StoreError};

use super::decided::{Decided, ToRecord};
use super::hot_accounts::Snapshots;
use super::job::{Job, replay, try_again};
use super::{Answer, ExecuteError, explain};

/// Answers what is recorded, and hands on the snapshots of it; gives the accounts whose state is not what it was held to be.
pub(super) fn answer_recorded(
    recorded: Vec<ToRecord>,
    outcomes: Vec<Outcome>,
    snapshots: &Snapshots,
    again: &mut Vec<Job>,
) -> HashSet<AccountId> {
    let mut overtaken = HashSet::new();
    for (one, outcome) in recorded.into_iter().zip(outcomes) {
        let ToRecord { job, fact, snapshot } = one;
        match outcome {
            Outcome::Recorded(mut events) => {
                let answer = events.pop().ok_or(ExecuteError::OutcomeUnknown);
                if let (Ok(event), Some(state)) = (&answer, snapshot) {
                    snapshots.offer(event, *state);
                }
                job.answer(answer.map(|event| {
                    Box::new(Answer {
                        event,
                        fact,
                        replayed: false,
                    })
                }));
            }
            Outcome::Stale => {
                overtaken.extend(job.account_id());
                try_again(job, again);
            }
            Outcome::Repeated(first) => {
                overtaken.extend(job.account_id());
                let answer = replay(*first, job.key);
                job.answer(answer);
            }
        }
    }
    overtaken
}

/// The append failed, and what is recorded is unknown; gives the accounts that nothing is known of any more.
pub(super) fn give_up(decided: Decided, error: &StoreError) -> HashSet<AccountId> {
    tracing::warn!(
        error = error as &(dyn std::error::Error + 'static),
        requests = decided.recorded.len(),
        "a batch could not be committed"
    );
    let mut overtaken = HashSet::new();
    let rejected = decided.rejected.into_iter().map(|rejected| rejected.job);
    let recorded = decided.recorded.into_iter().map(|one| one.job);
    for job in recorded.chain(rejected) {
        overtaken.extend(job.account_id());
        job.answer(Err(explain(error)));
    }
    overtaken
}
