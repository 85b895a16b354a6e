//! What was decided on top of what may not be durable yet, until it is a batch.

use std::collections::HashSet;

use domain::AccountId;
use domain::account::{Rejection, State};

use crate::event_store::{Append, Fact};

use super::job::Job;

/// What was decided and is not durable yet.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) appends: Vec<Append>,
    /// What becomes of each of `appends` once it is recorded, in the same order.
    pub(super) recorded: Vec<ToRecord>,
    pub(super) rejected: Vec<Rejected>,
}

pub(super) struct ToRecord {
    pub(super) job: Job,
    /// What the job is answered with.
    pub(super) fact: Fact,
    /// The state that the append makes, where a snapshot of it is due.
    pub(super) snapshot: Option<Box<State>>,
}

pub(super) struct Rejected {
    pub(super) job: Job,
    pub(super) rejection: Rejection,
    /// How many events its account has by what this committer knows, when the batch goes out; none if it does not know.
    pub(super) version: Option<u64>,
}

impl Decided {
    pub(super) fn len(&self) -> usize {
        self.recorded.len() + self.rejected.len()
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job> {
        let rejected = self.rejected.iter().map(|rejected| &rejected.job);
        self.recorded.iter().map(|one| &one.job).chain(rejected)
    }

    /// Takes out the jobs of accounts whose state was not what it was held to be.
    pub(super) fn withdraw(&mut self, accounts: &HashSet<AccountId>) -> Vec<Job> {
        let is_void = |job: &Job| {
            job.account_id()
                .is_some_and(|account| accounts.contains(&account))
        };
        let mut withdrawn = Vec::new();
        let decided = std::mem::take(self);
        for (append, one) in decided.appends.into_iter().zip(decided.recorded) {
            if is_void(&one.job) {
                withdrawn.push(one.job);
            } else {
                self.appends.push(append);
                self.recorded.push(one);
            }
        }
        for rejected in decided.rejected {
            if is_void(&rejected.job) {
                withdrawn.push(rejected.job);
            } else {
                self.rejected.push(rejected);
            }
        }
        withdrawn
    }
}
