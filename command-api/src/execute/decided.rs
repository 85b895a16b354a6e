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

    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.jobs().filter_map(Job::account_id)
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.appends.extend(others.appends);
        self.recorded.extend(others.recorded);
        self.rejected.extend(others.rejected);
    }

    /// Takes out all that is of none of these accounts.
    pub(super) fn take_without(&mut self, accounts: &HashSet<AccountId>) -> Self {
        let (kept, taken) = std::mem::take(self).parted(accounts);
        *self = kept;
        taken
    }

    /// Takes out the jobs of accounts whose state was not what it was held to be.
    pub(super) fn withdraw(&mut self, accounts: &HashSet<AccountId>) -> Vec<Job> {
        let (withdrawn, kept) = std::mem::take(self).parted(accounts);
        *self = kept;
        let recorded = withdrawn.recorded.into_iter().map(|one| one.job);
        let rejected = withdrawn.rejected.into_iter().map(|rejected| rejected.job);
        recorded.chain(rejected).collect()
    }

    /// What is of these accounts, and the rest; each in its order.
    fn parted(self, accounts: &HashSet<AccountId>) -> (Self, Self) {
        let is_theirs = |job: &Job| {
            job.account_id()
                .is_some_and(|account| accounts.contains(&account))
        };
        let (mut theirs, mut rest) = (Self::default(), Self::default());
        for (append, one) in self.appends.into_iter().zip(self.recorded) {
            let part = if is_theirs(&one.job) {
                &mut theirs
            } else {
                &mut rest
            };
            part.appends.push(append);
            part.recorded.push(one);
        }
        for rejected in self.rejected {
            let part = if is_theirs(&rejected.job) {
                &mut theirs
            } else {
                &mut rest
            };
            part.rejected.push(rejected);
        }
        (theirs, rest)
    }
}
