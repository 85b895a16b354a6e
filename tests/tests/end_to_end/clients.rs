//! Checkouts: they call, wait, ask what became of it, and call again under the same request id until they have an answer.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proto::codebank::v1::{Authorization, AuthorizeRequest, AuthorizeResponse};
use tests::teller::{Teller, decision};
use tokio::sync::watch;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::plan::{Manner, Purchase};

/// How long a checkout waits for one call.
const DEADLINE: Duration = Duration::from_secs(2);
/// A deadline that is met now and then.
const IMPATIENT: Duration = Duration::from_millis(6);
/// How long it goes on trying: longer than any outage here lasts on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);
/// Between two tries, where the bank names no other time.
const PAUSE: Duration = Duration::from_millis(50);

/// What a client was told.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request_id: String,
    pub(crate) authorization: Authorization,
}

/// How many purchases may have been begun, set by whoever strikes, so that every blow meets purchases under way.
#[derive(Debug)]
pub(crate) struct Pace {
    allowed: watch::Sender<usize>,
    done: watch::Sender<usize>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            allowed: watch::Sender::new(0),
            done: watch::Sender::new(0),
        }
    }

    pub(crate) fn allow(&self, purchases: usize) {
        self.allowed.send_replace(purchases);
    }

    pub(crate) async fn when_done(&self, purchases: usize) {
        let mut done = self.done.subscribe();
        let reached = done.wait_for(|done| *done >= purchases);
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        assert!(
            reached.is_ok(),
            "only {} of {purchases} purchases were decided within {PATIENCE:?}",
            *self.done.borrow()
        );
    }
}

/// What the clients went through.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<BTreeMap<String, usize>>,
}

impl Tally {
    fn count(&self, what: impl Into<String>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what.into()).or_default() += 1;
    }

    pub(crate) fn summary(&self, purchases: usize, took: Duration) -> String {
        let rate = purchases as u128 * 1_000 / took.as_millis().max(1);
        let mut text = format!("  {rate} decisions/s, outages included\n");
        for (what, count) in self.counts.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(text, "  {what:<38} {count:>8}"); // writing to a string cannot fail
        }
        text
    }
}

/// All purchases, by so many clients at a time, as fast as the pace allows.
pub(crate) async fn buy(
    url: &str,
    clients: usize,
    purchases: &Arc<Vec<Purchase>>,
    pace: &Pace,
    tally: &Arc<Tally>,
) -> Vec<Answer> {
    let next = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let client = Client {
                first: Teller::at(url),
                second: Teller::at(url),
                tally: Arc::clone(tally),
            };
            let (purchases, next) = (Arc::clone(purchases), Arc::clone(&next));
            let (mut allowed, done) = (pace.allowed.subscribe(), pace.done.clone());
            tokio::spawn(async move {
                let mut answers = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(purchase) = purchases.get(index) else {
                        return answers;
                    };
                    let open = allowed.wait_for(|allowed| *allowed > index).await.is_ok();
                    assert!(open, "the other half of this test failed");
                    answers.push(client.buy(purchase).await);
                    done.send_modify(|done| *done += 1);
                }
            })
        })
        .collect();
    // The first that fails ends the test.
    let answers = futures::future::try_join_all(tasks).await;
    answers
        .expect("a client does not panic")
        .into_iter()
        .flatten()
        .collect()
}

/// One checkout.
struct Client {
    first: Teller,
    second: Teller,
    tally: Arc<Tally>,
}

impl Client {
    async fn buy(&self, purchase: &Purchase) -> Answer {
        let request = &purchase.request;
        let begun = Instant::now();
        let authorization = match purchase.manner {
            Manner::Once => self.decided(&self.first, request, DEADLINE).await,
            Manner::Impatient => self.decided(&self.first, request, IMPATIENT).await,
            Manner::Again => {
                let first = self.decided(&self.first, request, DEADLINE).await;
                self.same_again(request, &first).await;
                first
            }
            Manner::AtOnce => {
                let (first, second) = tokio::join!(
                    self.decided(&self.first, request, DEADLINE),
                    self.decided(&self.second, request, DEADLINE)
                );
                assert_eq!(first, second, "two calls at once with {}", request.request_id);
                self.tally.count("repeats at the same time");
                first
            }
            Manner::Changed => {
                let first = self.decided(&self.first, request, DEADLINE).await;
                self.refused_when_changed(request).await;
                first
            }
        };
        if begun.elapsed() > Duration::from_secs(1) {
            self.tally.count("decided after more than a second");
        }
        Answer {
            request_id: request.request_id.clone(),
            authorization,
        }
    }

    /// Calls until there is an answer.
    async fn decided(
        &self,
        teller: &Teller,
        request: &AuthorizeRequest,
        deadline: Duration,
    ) -> Authorization {
        let mut deadline = deadline;
        let give_up = Instant::now() + PATIENCE;
        loop {
            let status = match teller.authorize(request, deadline).await {
                Ok(answer) => return decision(answer),
                Err(status) => status,
            };
            let pause = self.may_repeat(request, &status, give_up);
            if timed_out(&status)
                && let Some(authorization) = self.looked_up(teller, &request.request_id).await
            {
                return authorization;
            }
            tokio::time::sleep(pause).await;
            deadline = DEADLINE;
        }
    }

    /// It timed out: did it happen?
    async fn looked_up(&self, teller: &Teller, request_id: &str) -> Option<Authorization> {
        match teller.outcome(request_id, DEADLINE).await {
            Ok(Some(authorization)) => {
                self.tally.count("timed out, GetOutcome knew");
                Some(authorization)
            }
            Ok(None) => {
                self.tally.count("timed out, GetOutcome knew nothing");
                None
            }
            Err(_) => None,
        }
    }

    /// The first answer again, in every field, and said to be so.
    async fn same_again(&self, request: &AuthorizeRequest, first: &Authorization) {
        let again = self
            .answered_somehow(request)
            .await
            .expect("a repeat is answered");
        let header = again.metadata().get(proto::REPLAYED_HEADER);
        let replayed = header.is_some_and(|value| value == "true");
        assert!(
            replayed,
            "the repeat of {} is not marked as one",
            request.request_id
        );
        assert_eq!(&decision(again), first, "the repeat of {}", request.request_id);
        self.tally.count("repeats after the answer");
    }

    async fn refused_when_changed(&self, request: &AuthorizeRequest) {
        let mut changed = request.clone();
        if let Some(amount) = &mut changed.amount {
            amount.minor_units += 1;
        }
        let refused = self.answered_somehow(&changed).await;
        let code = refused.as_ref().err().map(Status::code);
        let request_id = &request.request_id;
        assert_eq!(code, Some(Code::AlreadyExists), "{request_id}: {refused:?}");
        self.tally.count("repeats with another body, refused");
    }

    /// An answer or a refusal that stands, however long the outage.
    async fn answered_somehow(
        &self,
        request: &AuthorizeRequest,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.first.authorize(request, DEADLINE).await {
                Err(status) if status.code() == Code::AlreadyExists => return Err(status),
                Err(status) => {
                    let pause = self.may_repeat(request, &status, give_up);
                    tokio::time::sleep(pause).await;
                }
                answered => return answered,
            }
        }
    }

    /// How long to wait before the next try; fails where a repeat is no answer to the error, or is tried for too long.
    fn may_repeat(&self, request: &AuthorizeRequest, status: &Status, give_up: Instant) -> Duration {
        let request_id = &request.request_id;
        let repeatable = matches!(
            status.code(),
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled
        );
        // Without a word from the bank: the connection broke under the call.
        let broken = status.source().is_some();
        assert!(repeatable || broken, "{request_id}: {status:?}");
        assert!(
            Instant::now() < give_up,
            "{request_id}: no answer within {PATIENCE:?}; the last one: {status:?}"
        );
        let origin = if broken { "connection broken" } else { "answered" };
        self.tally.count(format!("tries {origin}, {:?}", status.code()));
        let advised = status.get_details_retry_info().and_then(|info| info.retry_delay);
        advised.unwrap_or(PAUSE)
    }
}

/// Nobody knows what became of the call.
fn timed_out(status: &Status) -> bool {
    matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled)
}
