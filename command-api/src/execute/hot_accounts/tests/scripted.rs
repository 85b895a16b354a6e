//! A log that holds what a test puts into it and remembers what it was asked, and histories to put into it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::account::{
    ActivateCard, AuthorizePurchase, BlockCard, CancelCard, ChangeCreditLimit, CloseAccount, Command, Event,
    IssueCard, Merchant, OpenAccount, Presented, STATE_FORMAT, State, UnblockCard, decide, evolve, replay,
};
use domain::calendar::ClosingDay;
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AccountId, AuthorizationId, CardId, Currency, Money, RequestId};
use proptest::collection::vec;
use proptest::prelude::*;
use proto::trace::TraceContext;
use uuid::Uuid;

use crate::event_store::{
    ACCOUNT_STREAM, Append, EventLog, Outcome, Position, Recorded, RequestKey, Snapshot, StoreError,
};
use crate::execute::encode::account_event;

#[derive(Debug, Default)]
pub(super) struct ScriptedLog {
    /// In the order of stream and sequence.
    pub(super) events: Vec<Recorded>,
    pub(super) snapshots: Vec<Snapshot>,
    pub(super) snapshots_are_away: bool,
    pub(super) asked: Mutex<Vec<Vec<(Uuid, u64)>>>,
    pub(super) stored: Mutex<Vec<Vec<Snapshot>>>,
}

impl ScriptedLog {
    /// The streams that were loaded and after which sequences, call by call.
    pub(super) fn asked(&self) -> Vec<Vec<(Uuid, u64)>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The snapshots that were stored, call by call.
    pub(super) fn stored(&self) -> Vec<Vec<Snapshot>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn away() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolTimedOut)
}

#[async_trait]
impl EventLog for ScriptedLog {
    async fn append(&self, _: Vec<Append>) -> Result<Vec<Outcome>, StoreError> {
        Err(away())
    }

    async fn load(&self, stream_type: &str, streams: &[(Uuid, u64)]) -> Result<Vec<Recorded>, StoreError> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(streams.to_vec());
        let is_wanted = |event: &&Recorded| {
            event.stream_type == stream_type
                && streams
                    .iter()
                    .any(|(id, after)| event.stream_id == *id && event.sequence > *after)
        };
        Ok(self.events.iter().filter(is_wanted).cloned().collect())
    }

    async fn find_request(&self, _: RequestId) -> Result<Option<Recorded>, StoreError> {
        Err(away())
    }

    async fn read_committed(&self, _: Position, _: usize) -> Result<Vec<Recorded>, StoreError> {
        Err(away())
    }

    async fn load_snapshots(&self, _: &str, streams: &[Uuid]) -> Result<Vec<Snapshot>, StoreError> {
        if self.snapshots_are_away {
            return Err(away());
        }
        let is_wanted = |snapshot: &&Snapshot| streams.contains(&snapshot.stream_id);
        Ok(self.snapshots.iter().filter(is_wanted).cloned().collect())
    }

    async fn store_snapshots(&self, _: &str, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        self.stored
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(snapshots.to_vec());
        if self.snapshots_are_away {
            Err(away())
        } else {
            Ok(())
        }
    }
}

/// What is asked of an account; what it rejects leaves no event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Limit(i64),
    Issue(u128),
    Activate(u128),
    Block(u128),
    Unblock(u128),
    Cancel(u128),
    Buy(u128, i64),
    Close,
}

/// An account's life, which begins with a card that works.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let card = || 1..4_u128;
    let step = prop_oneof![
        2 => (0..2_000_i64).prop_map(Step::Limit),
        2 => card().prop_map(Step::Issue),
        2 => card().prop_map(Step::Activate),
        1 => card().prop_map(Step::Block),
        1 => card().prop_map(Step::Unblock),
        1 => card().prop_map(Step::Cancel),
        8 => (card(), 1..400_i64).prop_map(|(card, amount)| Step::Buy(card, amount)),
        1 => Just(Step::Close),
    ];
    vec(step, 0..40).prop_map(|steps| {
        [Step::Issue(1), Step::Activate(1)]
            .into_iter()
            .chain(steps)
            .collect()
    })
}

/// Steps that make so many events, the opening included.
pub(super) fn opened_and_used(events: usize) -> Vec<Step> {
    [Step::Issue(1), Step::Activate(1)]
        .into_iter()
        .chain(std::iter::repeat(Step::Buy(1, 10)))
        .take(events - 1) // the opening comes by itself
        .collect()
}

/// The account's events, each recorded under a request of its own.
pub(super) fn history(account_id: AccountId, steps: &[Step]) -> Vec<Recorded> {
    let mut state = State::default();
    let mut events = Vec::new();
    for command in std::iter::once(opening(1_000)).chain(steps.iter().copied().map(command)) {
        for event in decide(&state, command).into_iter().flatten() {
            state = evolve(state, &event).expect("what was decided can follow");
            events.push(event);
        }
    }
    (1..)
        .zip(&events)
        .map(|(sequence, event)| recorded(account_id, sequence, event))
        .collect()
}

/// The snapshot of an account that has these events.
pub(super) fn taken_at(events: &[Recorded]) -> Snapshot {
    let facts: Vec<Event> = events
        .iter()
        .map(|event| event.account_event().expect("whole"))
        .collect();
    let last = events.last().expect("one at least");
    Snapshot {
        stream_id: last.stream_id,
        format: STATE_FORMAT,
        sequence: last.sequence,
        request_id: last.request.map(|request| request.id),
        recorded_at: last.recorded_at,
        state: serde_json::to_string(&replay(&facts).expect("whole")).expect("has a form"),
    }
}

fn recorded(account_id: AccountId, sequence: u64, event: &Event) -> Recorded {
    static CLOCK: AtomicI64 = AtomicI64::new(0);
    let new = account_event(event, TraceContext::start()).expect("has a form");
    Recorded {
        stream_type: ACCOUNT_STREAM.into(),
        stream_id: account_id.as_uuid(),
        sequence,
        name: new.name.into(),
        version: new.version.into(),
        payload: new.payload,
        metadata: new.metadata,
        position: Position::default(),
        // Each at a moment of its own, also in a history that is written anew.
        recorded_at: now() + TimeDelta::microseconds(CLOCK.fetch_add(1, Ordering::Relaxed)),
        request: Some(RequestKey {
            id: RequestId::new(Uuid::now_v7()),
            fingerprint: [7; 32],
        }),
    }
}

pub(super) fn opening(limit: i64) -> Command {
    Command::OpenAccount(OpenAccount {
        at: now(),
        credit_limit: brl(limit),
        closing_day: ClosingDay::try_new(10).expect("a day"),
    })
}

pub(super) fn command(step: Step) -> Command {
    let card_id = |card| CardId::new(Uuid::from_u128(card));
    let at = now();
    match step {
        Step::Limit(limit) => Command::ChangeCreditLimit(ChangeCreditLimit {
            at,
            credit_limit: brl(limit),
        }),
        Step::Issue(card) => Command::IssueCard(IssueCard {
            at,
            card_id: card_id(card),
            last_four: last_four(),
            expiry: Expiry::try_new(12, 2035).expect("an expiry"),
        }),
        Step::Activate(card) => Command::ActivateCard(ActivateCard {
            at,
            card_id: card_id(card),
        }),
        Step::Block(card) => Command::BlockCard(BlockCard {
            at,
            card_id: card_id(card),
        }),
        Step::Unblock(card) => Command::UnblockCard(UnblockCard {
            at,
            card_id: card_id(card),
        }),
        Step::Cancel(card) => Command::CancelCard(CancelCard {
            at,
            card_id: card_id(card),
        }),
        Step::Close => Command::CloseAccount(CloseAccount { at }),
        Step::Buy(card, amount) => Command::AuthorizePurchase(AuthorizePurchase {
            at,
            authorization_id: AuthorizationId::new(Uuid::now_v7()),
            card_id: card_id(card),
            card_last_four: last_four(),
            presented: Presented::Token,
            amount: brl(amount),
            merchant: Merchant {
                id: MerchantId::parse("livraria-01").expect("an id"),
                name: MerchantName::parse("Livraria").expect("a name"),
                mcc: MerchantCategoryCode::parse("5942").expect("a code"),
            },
            description: Description::parse("Dom Casmurro").expect("a description"),
        }),
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-22T15:33:50.677291Z".parse().expect("a time")
}

fn brl(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::Brl)
}

fn last_four() -> LastFour {
    LastFour::parse("1111").expect("four digits")
}
