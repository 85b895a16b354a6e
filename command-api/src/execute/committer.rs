//! One committer: takes what has gathered, decides it in memory, appends it all at once, answers.

use std::collections::HashSet;
use std::sync::Arc;

use domain::account::{Command, Event, Rejection, decide};
use domain::{AccountId, attempt};
use proto::trace::TraceContext;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::event_store::{
    ACCOUNT_STREAM, Append, EventLog, Metadata, NewEvent, Outcome, RequestKey, StoreError,
};

use super::hot_accounts::{HotAccounts, NotLoaded};
use super::{Answer, ExecuteError, Settings};

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
    pub(super) answer: oneshot::Sender<Result<Answer, ExecuteError>>,
}

#[derive(Debug)]
pub(super) enum Work {
    Command {
        account_id: AccountId,
        command: Box<Command>,
    },
    Attempt(Box<attempt::CardNotRecognized>),
}

impl Job {
    fn account_id(&self) -> Option<AccountId> {
        match self.work {
            Work::Command { account_id, .. } => Some(account_id),
            Work::Attempt(_) => None,
        }
    }

    fn answer(self, answer: Result<Answer, ExecuteError>) {
        // The caller may have left; the answer is in the log for when it asks again.
        let _ = self.answer.send(answer);
    }
}

/// What was decided about one batch and is not durable yet.
#[derive(Default)]
struct Decided {
    appends: Vec<Append>,
    /// The jobs that `appends` answer, in the same order.
    recorded: Vec<Job>,
    rejected: Vec<(Job, Rejection)>,
}

pub(super) struct Committer {
    log: Arc<dyn EventLog>,
    batch_max: usize,
    hot: HotAccounts,
}

impl Committer {
    pub(super) fn new(log: Arc<dyn EventLog>, settings: &Settings) -> Self {
        let batch_max = settings.batch_max.max(1);
        // Every account of a batch must fit, or deciding one would evict another.
        let hot = HotAccounts::new(settings.hot_accounts_max.max(batch_max));
        Self { log, batch_max, hot }
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut gathered = Vec::with_capacity(self.batch_max);
        while queue.recv_many(&mut gathered, self.batch_max).await > 0 {
            let mut batch = std::mem::take(&mut gathered);
            while !batch.is_empty() {
                batch = self.commit(batch).await;
            }
        }
    }

    /// Decides and commits a batch; returns the jobs that have to be decided again.
    async fn commit(&mut self, batch: Vec<Job>) -> Vec<Job> {
        let waiting = batch.into_iter().filter_map(still_wanted).collect();
        let loaded = self.load_cold(waiting).await;
        let decided = self.decide_all(loaded);
        metrics::histogram!("codebank_commit_batch_requests").record(metrics_count(decided.appends.len()));
        let outcomes = if decided.appends.is_empty() {
            Ok(Vec::new())
        } else {
            self.log.append(&decided.appends).await
        };
        match outcomes {
            Ok(outcomes) => self.answer_all(decided, outcomes).await,
            Err(error) => {
                self.give_up(decided, &error);
                Vec::new()
            }
        }
    }

    /// Brings the accounts of the batch into memory; answers the jobs whose account cannot be had.
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
        let failures = self.hot.load(self.log.as_ref(), &cold).await;
        let mut loaded = Vec::with_capacity(batch.len());
        for job in batch {
            match job.account_id().and_then(|account_id| failures.get(&account_id)) {
                None => loaded.push(job),
                Some(failure) => job.answer(Err(failure.clone().into())),
            }
        }
        loaded
    }

    fn decide_all(&mut self, batch: Vec<Job>) -> Decided {
        let mut decided = Decided::default();
        for job in batch {
            let (account_id, command) = match &job.work {
                Work::Attempt(attempt) => {
                    match attempt_append(attempt, job.key, job.trace) {
                        Ok(append) => {
                            decided.appends.push(append);
                            decided.recorded.push(job);
                        }
                        Err(error) => job.answer(Err(error)),
                    }
                    continue;
                }
                Work::Command { account_id, command } => (*account_id, command.as_ref().clone()),
            };
            match self.decide_one(account_id, command, &job) {
                Ok(append) => {
                    decided.appends.push(append);
                    decided.recorded.push(job);
                }
                Err(ExecuteError::Rejected(rejection)) => decided.rejected.push((job, rejection)),
                Err(error) => job.answer(Err(error)),
            }
        }
        decided
    }

    /// Decides on the state that includes the events of this batch, and moves that state on.
    fn decide_one(
        &mut self,
        account_id: AccountId,
        command: Command,
        job: &Job,
    ) -> Result<Append, ExecuteError> {
        // `load_cold` brought it in, and the cache holds a whole batch.
        let account = self.hot.get_mut(account_id).ok_or(ExecuteError::OutcomeUnknown)?;
        let events = decide(&account.state, command)?;
        let append = Append {
            stream_type: ACCOUNT_STREAM,
            stream_id: account_id.as_uuid(),
            first_sequence: account.version + 1,
            events: events
                .iter()
                .map(|event| account_event(event, job.trace))
                .collect::<Result<_, _>>()?,
            request: Some(job.key),
        };
        if account.apply(&events).is_err() {
            // Not reached while `decide` and `evolve` agree; the property tests hold them to it.
            self.hot.forget(account_id);
            return Err(ExecuteError::Damaged {
                event_id: format!("{account_id}-{}", append.first_sequence),
            });
        }
        Ok(append)
    }

    async fn answer_all(&mut self, decided: Decided, outcomes: Vec<Outcome>) -> Vec<Job> {
        let mut again = Vec::new();
        let mut overtaken = HashSet::new();
        for (job, outcome) in decided.recorded.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Recorded(mut events) => match events.pop() {
                    Some(event) => job.answer(Ok(Answer {
                        event,
                        replayed: false,
                    })),
                    None => job.answer(Err(ExecuteError::OutcomeUnknown)),
                },
                Outcome::Stale => {
                    overtaken.extend(job.account_id());
                    try_again(job, &mut again);
                }
                Outcome::Repeated(first) => {
                    overtaken.extend(job.account_id());
                    let answer = replay(*first, job.key);
                    job.answer(answer);
                }
            }
        }
        for account_id in &overtaken {
            self.hot.forget(*account_id);
        }
        for (job, rejection) in decided.rejected {
            // What it was rejected on may never have become durable.
            if job
                .account_id()
                .is_some_and(|account_id| overtaken.contains(&account_id))
            {
                try_again(job, &mut again);
                continue;
            }
            if let Some(answer) = self.check_rejection(&job, rejection).await {
                job.answer(answer);
            } else {
                try_again(job, &mut again);
            }
        }
        again
    }

    /// The answer to a rejected job; nothing when it has to be decided again.
    async fn check_rejection(
        &mut self,
        job: &Job,
        rejection: Rejection,
    ) -> Option<Result<Answer, ExecuteError>> {
        // A repeat of a request that succeeded is rejected by the state it made itself.
        match self.log.find_request(job.key.id).await {
            Ok(Some(first)) => return Some(replay(first, job.key)),
            Ok(None) => {}
            Err(error) => return Some(Err(explain(&error))),
        }
        // No append will tell that another process has moved the account on, so it is looked at here.
        let Some(account_id) = job.account_id() else {
            return Some(Err(rejection.into()));
        };
        match self.hot.catch_up(self.log.as_ref(), account_id).await {
            Ok(true) => None,
            Ok(false) => Some(Err(rejection.into())),
            Err(failure) => Some(Err(failure.into())),
        }
    }

    /// The append failed: what is recorded is unknown, so nothing decided on top of it may stay in memory.
    fn give_up(&mut self, decided: Decided, error: &StoreError) {
        tracing::warn!(
            error = error as &(dyn std::error::Error + 'static),
            requests = decided.recorded.len(),
            "a batch could not be committed"
        );
        let rejected = decided.rejected.into_iter().map(|(job, _)| job);
        for job in decided.recorded.into_iter().chain(rejected) {
            if let Some(account_id) = job.account_id() {
                self.hot.forget(account_id);
            }
            job.answer(Err(explain(error)));
        }
    }
}

/// Answers a job whose deadline has passed, and drops one whose caller has left.
fn still_wanted(job: Job) -> Option<Job> {
    if job.answer.is_closed() {
        return None;
    }
    if job.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        job.answer(Err(ExecuteError::DeadlineExceeded));
        return None;
    }
    Some(job)
}

fn try_again(mut job: Job, again: &mut Vec<Job>) {
    job.tries += 1;
    if job.tries < TRIES_MAX {
        again.push(job);
    } else {
        job.answer(Err(ExecuteError::Overloaded));
    }
}

fn replay(first: crate::event_store::Recorded, key: RequestKey) -> Result<Answer, ExecuteError> {
    if first.request == Some(key) {
        Ok(Answer {
            event: first,
            replayed: true,
        })
    } else {
        Err(ExecuteError::RequestIdReused {
            first: Box::new(first),
        })
    }
}

impl From<NotLoaded> for ExecuteError {
    fn from(failure: NotLoaded) -> Self {
        match failure {
            NotLoaded::OutOfReach => Self::OutcomeUnknown,
            NotLoaded::Damaged { event_id } => Self::Damaged { event_id },
        }
    }
}

fn explain(error: &StoreError) -> ExecuteError {
    NotLoaded::from(error).into()
}

fn account_event(event: &Event, trace: TraceContext) -> Result<NewEvent, ExecuteError> {
    Ok(NewEvent {
        name: event.name(),
        version: domain::account::EVENT_VERSION,
        payload: to_json(event)?,
        metadata: Metadata {
            occurred_at: event.occurred_at(),
            traceparent: Some(trace.to_string()),
        },
    })
}

fn attempt_append(
    attempt: &attempt::CardNotRecognized,
    key: RequestKey,
    trace: TraceContext,
) -> Result<Append, ExecuteError> {
    let event = NewEvent {
        name: attempt::EVENT_NAME,
        version: domain::account::EVENT_VERSION,
        payload: to_json(attempt)?,
        metadata: Metadata {
            occurred_at: attempt.occurred_at,
            traceparent: Some(trace.to_string()),
        },
    };
    Ok(Append {
        stream_type: attempt::STREAM_TYPE,
        stream_id: key.id.as_uuid(),
        first_sequence: 1,
        events: vec![event],
        request: Some(key),
    })
}

/// Plain data with string keys always has a JSON form; should it not, nothing was recorded.
fn to_json<T: serde::Serialize>(value: &T) -> Result<String, ExecuteError> {
    serde_json::to_string(value).map_err(|_| ExecuteError::OutcomeUnknown)
}

/// A count as the metrics crate wants it.
fn metrics_count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
