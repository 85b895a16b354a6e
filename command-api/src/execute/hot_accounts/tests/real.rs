//! Snapshots of a bank at work on a real log, whose batches may fail.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::account::{Event, replay};
use domain::{AccountId, RequestId};
use futures::future::join_all;
use proto::trace::TraceContext;
use tempfile::TempDir;
use test_support::{eventually, holds};
use uuid::Uuid;

use crate::event_store::sqlite::{self, SqliteEventLog};
use crate::event_store::{
    ACCOUNT_STREAM, Append, EventLog, Outcome, Position, Recorded, RequestKey, Snapshot, StoreError,
};
use crate::execute::{Answer, ExecuteError, Executor, Request, Settings};

use super::an_account;
use super::scripted::{Step, command, opening};

const SOON: Duration = Duration::from_secs(20);

/// What the next append does besides appending.
#[repr(u8)]
enum Fault {
    None,
    /// Fails, and nothing is recorded.
    Before,
    /// Records everything, and then fails.
    After,
}

/// A log that counts what is read from it and keeps what is stored beside it.
#[derive(Debug)]
struct WatchedLog {
    inner: SqliteEventLog,
    fault: AtomicU8,
    events_read: AtomicUsize,
    stored: Mutex<Vec<Snapshot>>,
    _folder: TempDir,
}

impl WatchedLog {
    async fn open() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = sqlite::open(&folder.path().join("events.db"))
            .await
            .expect("a log");
        Arc::new(Self {
            inner,
            fault: AtomicU8::new(Fault::None as u8),
            events_read: AtomicUsize::new(0),
            stored: Mutex::default(),
            _folder: folder,
        })
    }

    fn next_append(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    fn stored(&self) -> Vec<Snapshot> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events of an account, past what is counted.
    async fn events(&self, account_id: AccountId) -> Vec<Recorded> {
        let events = self
            .inner
            .load(ACCOUNT_STREAM, &[(account_id.as_uuid(), 0)])
            .await;
        events.expect("loads")
    }

    /// That what was stored is the state at an event that the log has.
    async fn assert_true(&self, account_id: AccountId, snapshot: &Snapshot) {
        let events = self.events(account_id).await;
        let (including, _) = events.split_at(usize::try_from(snapshot.sequence).expect("small"));
        assert!(
            snapshot.ends_with(including.last().expect("an event")),
            "{snapshot:?}"
        );
        let facts: Vec<Event> = including
            .iter()
            .map(|event| event.account_event().expect("whole"))
            .collect();
        assert_eq!(
            serde_json::from_str(&snapshot.state).ok(),
            replay(&facts).ok(),
            "{snapshot:?}"
        );
    }
}

#[async_trait]
impl EventLog for WatchedLog {
    async fn append(&self, appends: Vec<Append>) -> Result<Vec<Outcome>, StoreError> {
        let fault = self.fault.swap(Fault::None as u8, Ordering::SeqCst);
        let failure = || Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed));
        if fault == Fault::Before as u8 {
            return failure();
        }
        let outcomes = self.inner.append(appends).await;
        if fault == Fault::After as u8 {
            failure()
        } else {
            outcomes
        }
    }

    async fn load(&self, stream_type: &str, streams: &[(Uuid, u64)]) -> Result<Vec<Recorded>, StoreError> {
        let events = self.inner.load(stream_type, streams).await?;
        self.events_read.fetch_add(events.len(), Ordering::SeqCst);
        Ok(events)
    }

    async fn find_request(&self, request_id: RequestId) -> Result<Option<Recorded>, StoreError> {
        self.inner.find_request(request_id).await
    }

    async fn read_committed(&self, after: Position, at_most: usize) -> Result<Vec<Recorded>, StoreError> {
        self.inner.read_committed(after, at_most).await
    }

    async fn load_snapshots(&self, stream_type: &str, streams: &[Uuid]) -> Result<Vec<Snapshot>, StoreError> {
        self.inner.load_snapshots(stream_type, streams).await
    }

    async fn store_snapshots(&self, stream_type: &str, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        self.inner.store_snapshots(stream_type, snapshots).await?;
        self.stored
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(snapshots);
        Ok(())
    }
}

fn bank(log: &Arc<WatchedLog>, snapshot_every: u64) -> Executor {
    let settings = Settings {
        snapshot_every,
        ..Settings::default()
    };
    Executor::start(Arc::clone(log) as Arc<dyn EventLog>, &settings)
}

/// Lets the bank go, and waits until its committers and its writer have done the same.
async fn closed(bank: Executor, log: &Arc<WatchedLog>) {
    drop(bank);
    eventually("the bank is closed", SOON, async || {
        holds(Arc::strong_count(log) == 1)
    })
    .await;
}

async fn ask(
    bank: &Executor,
    account_id: AccountId,
    command: domain::account::Command,
) -> Result<Box<Answer>, ExecuteError> {
    let request = Request {
        account_id,
        key: RequestKey {
            id: RequestId::new(Uuid::now_v7()),
            fingerprint: [7; 32],
        },
        command: Arc::new(command),
        trace: TraceContext::start(),
        deadline: None,
    };
    bank.execute(request).await
}

/// The name of the event that answers a purchase.
async fn buy(bank: &Executor, account_id: AccountId, amount: i64) -> Result<String, ExecuteError> {
    let answer = ask(bank, account_id, command(Step::Buy(1, amount))).await;
    answer.map(|answer| answer.event.name.into_owned())
}

/// An account with a card that works: three events.
async fn account(bank: &Executor, limit: i64) -> AccountId {
    let account_id = an_account();
    for command in [
        opening(limit),
        command(Step::Issue(1)),
        command(Step::Activate(1)),
    ] {
        ask(bank, account_id, command).await.expect("recorded");
    }
    account_id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_not_read_from_its_first_event_by_the_next_process() {
    let log = WatchedLog::open().await;
    let first = bank(&log, 256);
    let account_id = account(&first, 301).await;
    let answers = join_all((0..300).map(|_| buy(&first, account_id, 1))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_deref().ok() == Some("purchase_approved"))
    );
    closed(first, &log).await;
    let stored = log.stored();
    let sequences: Vec<u64> = stored.iter().map(|snapshot| snapshot.sequence).collect();
    assert_eq!(sequences, [256]);
    log.assert_true(account_id, &stored[0]).await;

    log.events_read.store(0, Ordering::SeqCst);
    let next = bank(&log, 256);
    assert_eq!(
        buy(&next, account_id, 2).await.ok().as_deref(),
        Some("purchase_declined")
    );
    assert_eq!(log.events_read.load(Ordering::SeqCst), 303 - 255);
    assert_eq!(
        buy(&next, account_id, 1).await.ok().as_deref(),
        Some("purchase_approved")
    );
    let sequences: Vec<u64> = log
        .events(account_id)
        .await
        .iter()
        .map(|event| event.sequence)
        .collect();
    assert_eq!(sequences, (1..=305).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_snapshot_is_taken_of_what_did_not_become_durable() {
    let log = WatchedLog::open().await;
    let first = bank(&log, 4);
    let account_id = account(&first, 1_000).await;
    // The fourth event would be due, twice: nothing is known of the first, and the second is not known to be recorded.
    for fault in [Fault::Before, Fault::After] {
        log.next_append(fault);
        let answer = buy(&first, account_id, 10).await;
        assert!(matches!(answer, Err(ExecuteError::OutcomeUnknown)), "{answer:?}");
    }
    closed(first, &log).await;
    assert_eq!(log.events(account_id).await.len(), 4);
    assert_eq!(log.stored(), []);

    // Who reads it back knows.
    let next = bank(&log, 4);
    buy(&next, account_id, 10).await.expect("recorded");
    closed(next, &log).await;
    let stored = log.stored();
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_eq!(stored[0].sequence, 4);
    log.assert_true(account_id, &stored[0]).await;
}

/// A snapshot after each event, two banks on one card, and batches that fail.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_a_snapshot_is_the_state_at_an_event_of_the_log() {
    let log = WatchedLog::open().await;
    let (one, other) = (bank(&log, 1), bank(&log, 1));
    let account_id = account(&one, 1_000).await;
    for fault in [
        Fault::Before,
        Fault::None,
        Fault::After,
        Fault::None,
        Fault::Before,
    ] {
        log.next_append(fault);
        let crowd = (0..40).map(|number| buy(if number % 2 == 0 { &one } else { &other }, account_id, 1));
        join_all(crowd).await;
        for snapshot in log.stored() {
            log.assert_true(account_id, &snapshot).await;
        }
    }
    drop(one);
    closed(other, &log).await;
    let stored = log.stored();
    assert!(stored.len() > 1, "{stored:?}");
    for snapshot in stored {
        log.assert_true(account_id, &snapshot).await;
    }
}
