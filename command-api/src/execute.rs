//! The only write loop: load → decide → append → answer.
//!
//! Accounts are dealt to the committers by their id, each a task that owns the states of its hot accounts. While batches
//! commit, the next one is decided as its requests arrive; it is as large as the load makes it. Each command is decided on the
//! state that the ones before it made, durable or not, and its batch goes out only when theirs are durable: what is decided on
//! a batch that fails is thrown away with it. Two batches that commit at the same time have no account in common.

mod answers;
mod committer;
mod decided;
mod encode;
mod hot_accounts;
mod job;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use domain::account::{Command, Rejection};
use domain::{AccountId, RequestId, attempt};
use proto::trace::TraceContext;
use thiserror::Error;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use crate::event_store::{EventLog, Fact, Recorded, RequestKey, StoreError};

use committer::Committer;
use hot_accounts::{NotLoaded, Snapshots};
use job::{Job, Work};

/// How the write loop is sized.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Committers, each with a connection's worth of work in flight.
    pub committers: usize,
    /// Requests that may wait for one committer; past it the caller is told to come back.
    pub queue_max: usize,
    /// Requests decided and committed at once, at most.
    pub batch_max: usize,
    /// Requests that a batch must have to go out while another one commits: smaller ones cost the database more than they bring.
    pub beside_min: usize,
    /// Account states kept in memory by one committer, at most.
    pub hot_accounts_max: usize,
    /// Events of an account from one snapshot of it to the next: about as many are read of one that is not in memory, at most.
    pub snapshot_every: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            committers: 1,
            queue_max: 4_096,
            batch_max: 1_024,
            beside_min: 48,
            hot_accounts_max: 100_000,
            snapshot_every: 64,
        }
    }
}

/// A command on its way to an account.
#[derive(Debug, Clone)]
pub struct Request {
    pub account_id: AccountId,
    pub key: RequestKey,
    pub command: Arc<Command>,
    pub trace: TraceContext,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
}

/// The durable answer to a request: the last event it recorded. Every reply is made from it alone, so that a repeat of the
/// request is answered with the same bytes.
#[derive(Debug, Clone)]
pub struct Answer {
    pub event: Recorded,
    /// What the event says: as it was decided, or as it was read back, which is the same.
    pub fact: Fact,
    /// Whether an earlier call recorded it.
    pub replayed: bool,
}

impl Answer {
    /// The answer to a repeat of the request that `first` was recorded for.
    pub(crate) fn repeated(first: Recorded) -> Result<Self, StoreError> {
        Ok(Self {
            fact: first.fact()?,
            event: first,
            replayed: true,
        })
    }
}

/// Why a request was not answered with an event.
#[derive(Debug, Error)]
pub enum ExecuteError {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("the request id was used for another request before")]
    RequestIdReused { first: Box<Recorded> },
    #[error("too many requests are waiting")]
    Overloaded,
    #[error("the deadline passed before the request was decided; nothing is recorded")]
    DeadlineExceeded,
    /// Nothing was appended, or it cannot be known yet: repeating the request with the same id is safe.
    #[error("whether the request is recorded is not known")]
    OutcomeUnknown,
    #[error("the account's history is damaged at {event_id}")]
    Damaged { event_id: String },
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

/// A request on its way to its answer. Who drops it has left: what is not decided yet may then be let go.
#[derive(Debug)]
#[must_use]
pub struct Pending(oneshot::Receiver<Result<Box<Answer>, ExecuteError>>);

impl Future for Pending {
    type Output = Result<Box<Answer>, ExecuteError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A committer that is gone took its jobs along; what became of them is in the log.
        let answer = Pin::new(&mut self.0).poll(context);
        answer.map(|answer| answer.unwrap_or(Err(ExecuteError::OutcomeUnknown)))
    }
}

/// How long a caller is asked to wait before it tries again.
pub const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The write side's front: hands requests to the committer of their account.
#[derive(Debug, Clone)]
pub struct Executor {
    committers: Arc<[mpsc::Sender<Job>]>,
    log: Arc<dyn EventLog>,
}

impl Executor {
    /// Starts the committers. They end when the last clone of the executor is dropped and their queues are empty.
    pub fn start(log: Arc<dyn EventLog>, settings: &Settings) -> Self {
        let snapshots = Snapshots::start(Arc::clone(&log), settings.snapshot_every);
        let committers = (0..settings.committers.max(1))
            .map(|_| {
                let (sender, receiver) = mpsc::channel(settings.queue_max.max(1));
                tokio::spawn(Committer::new(Arc::clone(&log), snapshots.clone(), settings).run(receiver));
                sender
            })
            .collect();
        Self { committers, log }
    }

    /// Decides a command and makes the decision durable. It is on its way at once, whether or not the answer is awaited.
    pub fn execute(&self, request: Request) -> Pending {
        let stream_id = request.account_id.as_uuid();
        let work = Work::Command {
            account_id: request.account_id,
            command: request.command,
        };
        self.submit(stream_id, work, request.key, request.trace, request.deadline)
    }

    /// Keeps a purchase attempted with a number the bank never issued, under its request id.
    pub fn record_attempt(
        &self,
        attempt: attempt::CardNotRecognized,
        key: RequestKey,
        trace: TraceContext,
        deadline: Option<Instant>,
    ) -> Pending {
        self.submit(
            key.id.as_uuid(),
            Work::Attempt(Box::new(attempt)),
            key,
            trace,
            deadline,
        )
    }

    /// What was recorded under a request id, if anything.
    pub async fn find_request(&self, request_id: RequestId) -> Result<Option<Recorded>, StoreError> {
        self.log.find_request(request_id).await
    }

    fn submit(
        &self,
        stream_id: Uuid,
        work: Work,
        key: RequestKey,
        trace: TraceContext,
        deadline: Option<Instant>,
    ) -> Pending {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            work,
            key,
            trace,
            deadline,
            tries: 0,
            answer,
        };
        if let Err(TrySendError::Full(job)) = self.committer_of(stream_id).try_send(job) {
            job.answer(Err(ExecuteError::Overloaded));
        }
        Pending(answered)
    }

    /// An account always goes through the same committer, so that the order of its transactions is the order of its events.
    fn committer_of(&self, stream_id: Uuid) -> &mpsc::Sender<Job> {
        let random_bits = stream_id.as_u64_pair().1;
        let count = self.committers.len() as u64;
        let index = usize::try_from(random_bits % count).unwrap_or_default();
        &self.committers[index] // within bounds: a remainder of the length
    }
}
