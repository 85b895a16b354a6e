//! Accounts brought in with a snapshot: the same as without one, whatever became of the snapshot.

mod real;
mod scripted;
mod writer;

use std::sync::Arc;

use domain::AccountId;
use domain::account::State;
use proptest::prelude::*;
use uuid::Uuid;

use crate::event_store::{EventLog, Recorded, Snapshot};

use super::{HotAccounts, NotLoaded, Snapshots};
use scripted::{ScriptedLog, history, opened_and_used, steps, taken_at};

/// Loads accounts as a process does that has just started; no snapshot of them is due.
async fn load(log: ScriptedLog, accounts: &[AccountId]) -> (Loaded, Arc<ScriptedLog>) {
    let log = Arc::new(log);
    let snapshots = Snapshots::start(Arc::clone(&log) as Arc<dyn EventLog>, u64::MAX);
    let mut hot = HotAccounts::new(accounts.len());
    let failures = hot.load(log.as_ref(), &snapshots, accounts).await;
    let loaded = accounts
        .iter()
        .map(|account_id| {
            if let Some(failure) = failures.get(account_id) {
                return Err(failure.clone());
            }
            let account = hot.get_mut(*account_id).expect("it was loaded");
            Ok((account.state.clone(), account.version))
        })
        .collect();
    (loaded, log)
}

type Loaded = Vec<Result<(State, u64), NotLoaded>>;

/// What the events say by themselves.
async fn replayed(events: &[Recorded], accounts: &[AccountId]) -> Loaded {
    let log = ScriptedLog {
        events: events.to_vec(),
        ..ScriptedLog::default()
    };
    load(log, accounts).await.0
}

fn an_account() -> AccountId {
    AccountId::new(Uuid::now_v7())
}

proptest! {
    #[test]
    fn a_snapshot_and_its_tail_are_the_whole_history(steps in steps(), at in any::<prop::sample::Index>()) {
        let account_id = an_account();
        let events = history(account_id, &steps);
        let at = at.index(events.len());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let expected = replayed(&events, &[account_id]).await;
            let log = ScriptedLog { snapshots: vec![taken_at(&events[..=at])], events, ..ScriptedLog::default() };
            let (loaded, log) = load(log, &[account_id]).await;
            assert_eq!(loaded, expected);
            assert_eq!(log.asked(), [vec![(account_id.as_uuid(), at as u64)]], "nothing before the snapshot is read");
        });
    }
}

/// A snapshot that does not fit is as good as none.
#[track_caller]
fn check_left_aside(events: Vec<Recorded>, snapshot: Snapshot) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let account_id = AccountId::new(snapshot.stream_id);
        let neighbour = an_account();
        let beside = history(neighbour, &opened_and_used(6));
        let kept = taken_at(&beside[..3]);
        let mut events = events;
        events.extend(beside);
        let accounts = [account_id, neighbour];
        let expected = replayed(&events, &accounts).await;
        assert!(expected.iter().all(Result::is_ok), "{caller}");
        let log = ScriptedLog {
            events,
            snapshots: vec![snapshot, kept],
            ..ScriptedLog::default()
        };
        let (loaded, log) = load(log, &accounts).await;
        assert_eq!(loaded, expected, "{caller}");
        let asked = log.asked().concat();
        let from_the_beginning: Vec<_> = asked.iter().filter(|(_, after)| *after == 0).collect();
        assert_eq!(
            from_the_beginning,
            [&(account_id.as_uuid(), 0)],
            "{caller}: and no neighbour"
        );
    }
}

#[tokio::test]
async fn a_snapshot_in_a_form_that_is_not_known_is_left_aside() {
    let events = history(an_account(), &opened_and_used(10));
    let snapshot = taken_at(&events[..5]);
    for format in [0, -1, snapshot.format + 1] {
        let snapshot = Snapshot {
            format,
            ..snapshot.clone()
        };
        check_left_aside(events.clone(), snapshot).await;
    }
    for state in ["", "{}", r#"{"Open":{}}"#, r#""Opened""#] {
        let state = state.to_owned();
        check_left_aside(
            events.clone(),
            Snapshot {
                state,
                ..snapshot.clone()
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_snapshot_of_another_event_is_left_aside() {
    let events = history(an_account(), &opened_and_used(10));
    let snapshot = taken_at(&events[..5]);
    let other = taken_at(&events[..6]);
    for another in [
        Snapshot {
            request_id: None,
            ..snapshot.clone()
        },
        Snapshot {
            request_id: other.request_id,
            ..snapshot.clone()
        },
        Snapshot {
            recorded_at: other.recorded_at,
            ..snapshot.clone()
        },
        Snapshot {
            sequence: 6,
            ..snapshot.clone()
        },
        Snapshot {
            sequence: 11,
            ..snapshot.clone()
        },
        Snapshot {
            sequence: u64::MAX,
            ..snapshot.clone()
        },
    ] {
        check_left_aside(events.clone(), another).await;
    }
}

#[tokio::test]
async fn a_snapshot_that_the_next_event_cannot_follow_is_left_aside() {
    let events = history(an_account(), &opened_and_used(10));
    let state = r#""Unopened""#.to_owned();
    check_left_aside(
        events.clone(),
        Snapshot {
            state,
            ..taken_at(&events[..5])
        },
    )
    .await;
}

/// The log was restored from a backup, and the account went on from there; or it did not.
#[tokio::test]
async fn a_snapshot_from_before_the_log_was_restored_is_left_aside() {
    let account_id = an_account();
    let lost = history(account_id, &opened_and_used(10));
    let snapshot = taken_at(&lost[..8]);
    let backup = &lost[..5];
    check_left_aside(backup.to_vec(), snapshot.clone()).await;

    let rewritten = history(account_id, &opened_and_used(12));
    let restored: Vec<Recorded> = backup.iter().chain(&rewritten[5..]).cloned().collect();
    check_left_aside(restored.clone(), snapshot.clone()).await;

    // The request that was answered by the lost event is repeated, and its answer comes to stand in the same place.
    let mut repeated = restored;
    repeated[7].request = lost[7].request;
    check_left_aside(repeated, snapshot).await;
}

#[tokio::test]
async fn snapshots_that_cannot_be_read_are_done_without() {
    let account_id = an_account();
    let events = history(account_id, &opened_and_used(10));
    let expected = replayed(&events, &[account_id]).await;
    let log = ScriptedLog {
        snapshots: vec![taken_at(&events[..5])],
        snapshots_are_away: true,
        events,
        ..ScriptedLog::default()
    };
    let (loaded, log) = load(log, &[account_id]).await;
    assert_eq!(loaded, expected);
    assert_eq!(log.asked(), [vec![(account_id.as_uuid(), 0)]]);
}

#[tokio::test]
async fn a_snapshot_does_not_hide_that_what_follows_is_damaged() {
    let account_id = an_account();
    let mut events = history(account_id, &opened_and_used(10));
    events[7].payload = r#"{"type":"account_gilded"}"#.to_owned();
    let log = ScriptedLog {
        snapshots: vec![taken_at(&events[..5])],
        events,
        ..ScriptedLog::default()
    };
    let (loaded, _) = load(log, &[account_id]).await;
    let damaged = NotLoaded::Damaged {
        event_id: format!("{account_id}-8"),
    };
    assert_eq!(loaded, [Err(damaged)]);
}
