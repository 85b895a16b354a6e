//! A request in a committer's hands, from its arrival to its answer.

use std::sync::Arc;

use domain::account::Command;
use domain::{AccountId, attempt};
use proto::trace::TraceContext;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::event_store::{Recorded, RequestKey};

use super::{Answer, ExecuteError, explain};

/// How often a request is decided anew because another process wrote to its account first.
const TRIES_MAX: u8 = 16;

/// A request in a committer's hands.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) key: RequestKey,
    pub(super) trace: TraceContext,
    pub(super) deadline: Option<Instant>,
    pub(super) tries: u8,
    pub(super) answer: oneshot::Sender<Result<Box<Answer>, ExecuteError>>,
}

#[derive(Debug)]
pub(super) enum Work {
    Command {
        account_id: AccountId,
        command: Arc<Command>,
    },
    Attempt(Box<attempt::CardNotRecognized>),
}

impl Job {
    pub(super) fn account_id(&self) -> Option<AccountId> {
        match self.work {
            Work::Command { account_id, .. } => Some(account_id),
            Work::Attempt(_) => None,
        }
    }

    /// Whether somebody still waits for the answer.
    pub(super) fn is_wanted(&self, now: Instant) -> bool {
        !self.answer.is_closed() && self.deadline.is_none_or(|deadline| deadline > now)
    }

    pub(super) fn answer(self, answer: Result<Box<Answer>, ExecuteError>) {
        // The caller may have left; the answer is in the log for when it asks again.
        let _ = self.answer.send(answer);
    }
}

/// Answers a job whose deadline has passed, and drops one whose caller has left.
pub(super) fn still_wanted(job: Job, now: Instant) -> Option<Job> {
    if job.is_wanted(now) {
        return Some(job);
    }
    // Who has left does not hear it.
    job.answer(Err(ExecuteError::DeadlineExceeded));
    None
}

pub(super) fn try_again(mut job: Job, again: &mut Vec<Job>) {
    job.tries += 1;
    if job.tries < TRIES_MAX {
        again.push(job);
    } else {
        job.answer(Err(ExecuteError::Overloaded));
    }
}

pub(super) fn replay(first: Recorded, key: RequestKey) -> Result<Box<Answer>, ExecuteError> {
    if first.request == Some(key) {
        Answer::repeated(first)
            .map(Box::new)
            .map_err(|error| explain(&error))
    } else {
        Err(ExecuteError::RequestIdReused {
            first: Box::new(first),
        })
    }
}
