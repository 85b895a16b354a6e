//! A log to write to, one that fails on request, and short words for commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use command_api::event_store::{
    Append, EventLog, Outcome, Position, Recorded, RequestKey, Snapshot, StoreError, sqlite,
};
use command_api::execute::{Answer, ExecuteError, Executor, Request, Settings};
use domain::account::ActivateCard;
use domain::account::{AuthorizePurchase, Command, Event, IssueCard, Merchant, OpenAccount, Presented};
use domain::calendar::ClosingDay;
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AccountId, AuthorizationId, CardId, Currency, Money, RequestId};
use proto::trace::TraceContext;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use uuid::Uuid;

/// A log in a file of its own, and an executor on it.
pub(crate) struct Table {
    pub(crate) log: Arc<FaultyLog>,
    pub(crate) bank: Executor,
    _folder: TempDir,
}

impl Table {
    pub(crate) async fn set() -> Self {
        Self::set_with(&Settings::default()).await
    }

    /// Two requests are enough to go out while a batch of other accounts commits.
    pub(crate) async fn where_two_go_beside() -> Self {
        Self::set_with(&Settings {
            beside_min: 2,
            ..Settings::default()
        })
        .await
    }

    pub(crate) async fn set_with(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = sqlite::open(&folder.path().join("events.db"))
            .await
            .expect("a log");
        let log = Arc::new(FaultyLog {
            inner,
            fault: AtomicU8::new(Fault::None as u8),
            gate: Semaphore::new(0),
        });
        let bank = Executor::start(Arc::clone(&log) as Arc<dyn EventLog>, settings);
        Self {
            log,
            bank,
            _folder: folder,
        }
    }

    /// Another process's executor on the same log.
    pub(crate) fn rival(&self) -> Executor {
        Executor::start(Arc::clone(&self.log) as Arc<dyn EventLog>, &Settings::default())
    }

    /// An account with one active card.
    pub(crate) async fn account(&self, limit: i64) -> (AccountId, CardId) {
        account(&self.bank, limit).await
    }

    /// The account's events as they are in the log.
    pub(crate) async fn events(&self, account_id: AccountId) -> Vec<Event> {
        let recorded = self
            .log
            .inner
            .load("card_account", &[(account_id.as_uuid(), 0)])
            .await
            .expect("loads");
        let sequences: Vec<u64> = recorded.iter().map(|event| event.sequence).collect();
        assert_eq!(
            sequences,
            (1..=sequences.len() as u64).collect::<Vec<_>>(),
            "no gap"
        );
        recorded
            .iter()
            .map(|event| event.account_event().expect("whole"))
            .collect()
    }

    /// The sum of what was approved, and how many purchases were declined.
    pub(crate) async fn tally(&self, account_id: AccountId) -> (i64, usize) {
        let (mut approved, mut declined) = (0, 0);
        for event in self.events(account_id).await {
            match event {
                Event::PurchaseApproved(purchase) => approved += purchase.amount.minor_units(),
                Event::PurchaseDeclined(_) => declined += 1,
                _ => {}
            }
        }
        (approved, declined)
    }
}

/// What the next append does.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Fault {
    None,
    /// Fails, and nothing is recorded.
    Before,
    /// Records everything, and then fails.
    After,
    /// Waits until it is let through.
    Gate,
    /// The same, and then fails, and nothing is recorded.
    GateBefore,
}

/// A SQLite log whose next append can be made to fail.
#[derive(Debug)]
pub(crate) struct FaultyLog {
    pub(crate) inner: sqlite::SqliteEventLog,
    fault: AtomicU8,
    gate: Semaphore,
}

impl FaultyLog {
    pub(crate) fn next_append(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(1);
    }

    /// Returns when an append stands at the gate.
    pub(crate) async fn gate_is_taken(&self) {
        let limit = Instant::now() + Duration::from_secs(10);
        while self.fault.load(Ordering::SeqCst) != Fault::None as u8 {
            assert!(Instant::now() < limit, "the committer never came to the log");
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn append(&self, appends: Vec<Append>) -> Result<Vec<Outcome>, StoreError> {
        let fault = self.fault.swap(Fault::None as u8, Ordering::SeqCst);
        let failure = || Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed));
        if fault == Fault::Before as u8 {
            return failure();
        }
        if fault == Fault::Gate as u8 || fault == Fault::GateBefore as u8 {
            self.gate.acquire().await.expect("open").forget();
        }
        if fault == Fault::GateBefore as u8 {
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
        self.inner.load(stream_type, streams).await
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
        self.inner.store_snapshots(stream_type, snapshots).await
    }
}

/// An account with one active card.
pub(crate) async fn account(bank: &Executor, limit: i64) -> (AccountId, CardId) {
    let (account_id, card_id) = (AccountId::new(Uuid::now_v7()), CardId::new(Uuid::now_v7()));
    let open = Command::OpenAccount(OpenAccount {
        at: now(),
        credit_limit: brl(limit),
        closing_day: ClosingDay::try_new(10).expect("a day"),
    });
    let issue = Command::IssueCard(IssueCard {
        at: now(),
        card_id,
        last_four: last_four(),
        expiry: Expiry::try_new(12, 2035).expect("an expiry"),
    });
    for command in [
        open,
        issue,
        Command::ActivateCard(ActivateCard { at: now(), card_id }),
    ] {
        bank.execute(request(account_id, command))
            .await
            .expect("recorded");
    }
    (account_id, card_id)
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-22T15:33:50.677Z".parse().expect("a time")
}

pub(crate) fn brl(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::Brl)
}

pub(crate) fn last_four() -> LastFour {
    LastFour::parse("1111").expect("four digits")
}

pub(crate) fn merchant() -> Merchant {
    Merchant {
        id: MerchantId::parse("livraria-01").expect("an id"),
        name: MerchantName::parse("Livraria").expect("a name"),
        mcc: MerchantCategoryCode::parse("5942").expect("a code"),
    }
}

pub(crate) fn key() -> RequestKey {
    RequestKey {
        id: RequestId::new(Uuid::now_v7()),
        fingerprint: [7; 32],
    }
}

pub(crate) fn request(account_id: AccountId, command: Command) -> Request {
    Request {
        account_id,
        key: key(),
        command: Arc::new(command),
        trace: TraceContext::start(),
        deadline: None,
    }
}

pub(crate) fn purchase((account_id, card_id): (AccountId, CardId), amount: i64) -> Request {
    request(
        account_id,
        Command::AuthorizePurchase(AuthorizePurchase {
            at: now(),
            authorization_id: AuthorizationId::new(Uuid::now_v7()),
            card_id,
            card_last_four: last_four(),
            presented: Presented::Token,
            amount: brl(amount),
            merchant: merchant(),
            description: Description::parse("Dom Casmurro").expect("a description"),
        }),
    )
}

pub(crate) fn is_approved(answer: &Result<Box<Answer>, ExecuteError>) -> bool {
    answer
        .as_ref()
        .is_ok_and(|answer| answer.event.name == "purchase_approved")
}
