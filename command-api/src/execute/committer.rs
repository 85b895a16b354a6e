//! One committer: decides in memory what arrives while batches commit, appends it all at once, answers.
//!
//! A batch spends a good part of its time waiting for the disk. So a second one goes out beside it as soon as it is worth the
//! while, of accounts that the first one has nothing of.

use std::collections::HashSet;
use std::sync::Arc;

use domain::AccountId;
use domain::account::{Command, State, decide};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use metrics::Histogram;
use proto::trace::TraceContext;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use crate::event_store::{ACCOUNT_STREAM, Append, EventLog, Fact, Outcome, RequestKey, StoreError};

use super::answers::{answer_recorded, give_up};
use super::decided::{Decided, Rejected, ToRecord};
use super::encode::{account_event, attempt_append};
use super::hot_accounts::{HotAccounts, Snapshots};
use super::job::{Job, Work, replay, still_wanted, try_again};
use super::{Answer, ExecuteError, Settings, explain};

/// Batches on their way into the log at a time.
const BATCHES_MAX: usize = 2;

/// A batch that was on its way into the log, and what became of it.
type Committed = (Decided, Result<Vec<Outcome>, StoreError>);

/// Batches on their way, whether or not anybody looks after them.
type Committing = FuturesUnordered<JoinHandle<Committed>>;

pub(super) struct Committer {
    log: Arc<dyn EventLog>,
    batch_max: usize,
    beside_min: usize,
    hot: HotAccounts,
    snapshots: Snapshots,
    /// The accounts of the batches that are on their way.
    open: HashSet<AccountId>,
    /// What goes out next.
    next: Decided,
    /// Decided on top of a batch that is on its way, and held back until that one has come to its end.
    behind: Decided,
    batch_requests: Histogram,
}

impl Committer {
    pub(super) fn new(log: Arc<dyn EventLog>, snapshots: Snapshots, settings: &Settings) -> Self {
        let batch_max = settings.batch_max.max(1);
        Self {
            log,
            batch_max,
            beside_min: settings.beside_min.max(1),
            // Were an account of what is not durable yet evicted, it would be decided on what is.
            hot: HotAccounts::new(settings.hot_accounts_max.max((BATCHES_MAX + 1) * batch_max)),
            snapshots,
            open: HashSet::new(),
            next: Decided::default(),
            behind: Decided::default(),
            batch_requests: metrics::histogram!("codebank_commit_batch_requests"),
        }
    }

    /// Works until every sender is gone and the queue is empty. While batches commit, the next one is decided as its requests
    /// arrive.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut arrived = Vec::new();
        let mut committing = Committing::new();
        let mut more = true;
        loop {
            self.commit_next(&committing).await;
            if committing.is_empty() && !more {
                return;
            }
            let room = self.batch_max.saturating_sub(self.next.len() + self.behind.len());
            tokio::select! {
                biased;
                (decided, outcomes) = ended(&mut committing) => {
                    self.release(&decided);
                    if is_recorded(&outcomes) {
                        // Nothing of it is thrown away, so the next one need not wait until it is answered.
                        self.commit_next(&committing).await;
                    }
                    let again = self.settle(decided, outcomes).await;
                    self.decide_all(again).await;
                }
                received = queue.recv_many(&mut arrived, room), if more && room > 0 => {
                    more = received > 0;
                    self.decide_all(std::mem::take(&mut arrived)).await;
                }
            }
        }
    }

    /// What nobody waits for any more is not made durable, as long as that can be helped. Others of its account were decided on
    /// top of it, so they are decided again.
    async fn let_go(&mut self) {
        let now = Instant::now();
        let left: HashSet<AccountId> = self
            .next
            .jobs()
            .filter(|job| !job.is_wanted(now))
            .filter_map(Job::account_id)
            .collect();
        let mut again = Vec::new();
        self.throw_away(&left, &mut again);
        self.decide_all(again).await;
    }

    /// Sends the next batch on its way, if there is anything in it, or enough to go beside another.
    async fn commit_next(&mut self, committing: &Committing) {
        let is_due = match committing.len() {
            0 => self.next.len() > 0,
            under_way => under_way < BATCHES_MAX && self.next.len() >= self.beside_min,
        };
        if !is_due {
            return;
        }
        self.let_go().await;
        if self.next.len() == 0 {
            return;
        }
        let mut decided = std::mem::take(&mut self.next);
        for rejected in &mut decided.rejected {
            let account_id = rejected.job.account_id();
            rejected.version = account_id.and_then(|account_id| self.hot.version(account_id));
        }
        self.open.extend(decided.accounts());
        self.batch_requests.record(metrics_count(decided.appends.len()));
        let log = Arc::clone(&self.log);
        committing.push(tokio::spawn(async move {
            let appends = std::mem::take(&mut decided.appends);
            let outcomes = if appends.is_empty() {
                Ok(Vec::new())
            } else {
                log.append(appends).await
            };
            (decided, outcomes)
        }));
    }

    /// Of a batch that has come to its end nothing waits any more.
    fn release(&mut self, ended: &Decided) {
        for account_id in ended.accounts() {
            self.open.remove(&account_id);
        }
        let released = self.behind.take_without(&self.open);
        self.next.extend(released);
    }

    /// Brings the accounts of the jobs into memory; answers the jobs whose account cannot be had.
    async fn load_cold(&mut self, batch: Vec<Job>) -> Vec<Job> {
        let cold: HashSet<AccountId> = batch
            .iter()
            .filter_map(Job::account_id)
            .filter(|account_id| !self.hot.contains(*account_id))
            .collect();
        if cold.is_empty() {
            return batch;
        }
        let cold: Vec<AccountId> = cold.into_iter().collect();
        let failures = self.hot.load(self.log.as_ref(), &self.snapshots, &cold).await;
        let mut loaded = Vec::with_capacity(batch.len());
        for job in batch {
            match job.account_id().and_then(|account_id| failures.get(&account_id)) {
                None => loaded.push(job),
                Some(failure) => job.answer(Err(failure.clone().into())),
            }
        }
        loaded
    }

    /// Decides what is still wanted, into the next batch or the one behind it.
    async fn decide_all(&mut self, jobs: Vec<Job>) {
        let now = Instant::now();
        let wanted = jobs
            .into_iter()
            .filter_map(|job| still_wanted(job, now))
            .collect();
        for job in self.load_cold(wanted).await {
            let is_behind = job
                .account_id()
                .is_some_and(|account_id| self.open.contains(&account_id));
            let decided = match &job.work {
                Work::Attempt(attempt) => attempt_append(attempt, job.key, job.trace)
                    .map(|append| (append, Fact::Attempt(attempt.as_ref().clone()), None)),
                Work::Command { account_id, command } => {
                    let command = command.as_ref().clone();
                    self.decide_one(*account_id, command, job.key, job.trace)
                }
            };
            let batch = if is_behind {
                &mut self.behind
            } else {
                &mut self.next
            };
            match decided {
                Ok((append, fact, snapshot)) => {
                    batch.appends.push(append);
                    batch.recorded.push(ToRecord { job, fact, snapshot });
                }
                Err(ExecuteError::Rejected(rejection)) => batch.rejected.push(Rejected {
                    job,
                    rejection,
                    version: None,
                }),
                Err(error) => job.answer(Err(error)),
            }
        }
    }

    /// Decides on the state that includes what is not durable yet, and moves that state on. The fact is the last event's; the
    /// state is the one after it, where a snapshot is due.
    fn decide_one(
        &mut self,
        account_id: AccountId,
        command: Command,
        key: RequestKey,
        trace: TraceContext,
    ) -> Result<(Append, Fact, Option<Box<State>>), ExecuteError> {
        // `load_cold` brought it in, and the cache holds two batches.
        let account = self.hot.get_mut(account_id).ok_or(ExecuteError::OutcomeUnknown)?;
        let mut events = decide(&account.state, command)?;
        let append = Append {
            stream_type: ACCOUNT_STREAM,
            stream_id: account_id.as_uuid(),
            first_sequence: account.version + 1,
            events: events
                .iter()
                .map(|event| account_event(event, trace))
                .collect::<Result<_, _>>()?,
            request: Some(key),
        };
        if account.apply(&events).is_err() {
            // Not reached while `decide` and `evolve` agree; the property tests hold them to it.
            self.hot.forget(account_id);
            return Err(ExecuteError::Damaged {
                event_id: format!("{account_id}-{}", append.first_sequence),
            });
        }
        // `decide` never answers with nothing.
        let last = events.pop().ok_or(ExecuteError::OutcomeUnknown)?;
        Ok((append, Fact::Account(last), self.snapshots.take(account)))
    }

    /// Answers a batch that has come to its end; returns the jobs that have to be decided again. What is not recorded as it was
    /// decided is thrown away, together with all that was decided on top of it.
    async fn settle(&mut self, decided: Decided, outcomes: Result<Vec<Outcome>, StoreError>) -> Vec<Job> {
        let mut again = Vec::new();
        let overtaken = match outcomes {
            Ok(outcomes) => answer_recorded(decided.recorded, outcomes, &self.snapshots, &mut again),
            Err(error) => {
                let overtaken = give_up(decided, &error);
                self.throw_away(&overtaken, &mut again);
                return again;
            }
        };
        self.throw_away(&overtaken, &mut again);
        for rejected in decided.rejected {
            // What it was rejected on may never have become durable.
            let is_void = rejected
                .job
                .account_id()
                .is_some_and(|account_id| overtaken.contains(&account_id));
            let answer = if is_void {
                None
            } else {
                self.check_rejection(&rejected).await
            };
            match answer {
                Some(answer) => rejected.job.answer(answer),
                None => try_again(rejected.job, &mut again),
            }
        }
        again
    }

    fn throw_away(&mut self, overtaken: &HashSet<AccountId>, again: &mut Vec<Job>) {
        if overtaken.is_empty() {
            return;
        }
        for account_id in overtaken {
            self.hot.forget(*account_id);
        }
        again.extend(self.next.withdraw(overtaken));
    }

    /// The answer to a rejected job; nothing when it has to be decided again.
    async fn check_rejection(&mut self, rejected: &Rejected) -> Option<Result<Box<Answer>, ExecuteError>> {
        let Rejected {
            job,
            rejection,
            version,
        } = rejected;
        // A repeat of a request that succeeded is rejected by the state it made itself.
        match self.log.find_request(job.key.id).await {
            Ok(Some(first)) => return Some(replay(first, job.key)),
            Ok(None) => {}
            Err(error) => return Some(Err(explain(&error))),
        }
        // No append will tell that another process has moved the account on, so it is looked at here.
        let account_id = job.account_id()?;
        let newer = self
            .log
            .load(ACCOUNT_STREAM, &[(account_id.as_uuid(), (*version)?)])
            .await;
        match newer {
            Ok(newer) if newer.is_empty() => Some(Err((*rejection).into())),
            Ok(_) => {
                self.hot.forget(account_id);
                None
            }
            Err(error) => Some(Err(explain(&error))),
        }
    }
}

/// The end of a batch that is on its way; never, when there is none.
async fn ended(committing: &mut Committing) -> Committed {
    let Some(committed) = committing.next().await else {
        return std::future::pending().await;
    };
    match committed.map_err(JoinError::try_into_panic) {
        Ok(ended) => ended,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime is going down, and this task with it.
        Err(Err(_)) => std::future::pending().await,
    }
}

fn is_recorded(outcomes: &Result<Vec<Outcome>, StoreError>) -> bool {
    let is_recorded = |outcome: &Outcome| matches!(outcome, Outcome::Recorded(_));
    outcomes
        .as_ref()
        .is_ok_and(|outcomes| outcomes.iter().all(is_recorded))
}

/// A count as the metrics crate wants it.
fn metrics_count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
