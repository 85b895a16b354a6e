//! The writer of snapshots: what it makes of what it is handed, and that it holds nobody up.

use std::sync::Arc;
use std::time::Duration;

use domain::account::State;
use test_support::{eventually, holds};

use crate::event_store::{EventLog, Snapshot};

use super::super::snapshots::WAITING_MAX;
use super::super::{HotAccounts, Snapshots};
use super::an_account;
use super::scripted::{ScriptedLog, history, opened_and_used, taken_at};

/// More than the writer rests.
const SOON: Duration = Duration::from_secs(10);

/// Waits until the writer has written what it was handed, and has ended.
async fn ended(log: &Arc<ScriptedLog>, snapshots: Snapshots) -> Vec<Vec<Snapshot>> {
    drop(snapshots);
    eventually("the writer has ended", SOON, async || {
        holds(Arc::strong_count(log) == 1)
    })
    .await;
    log.stored()
}

fn start(log: ScriptedLog, every: u64) -> (Arc<ScriptedLog>, Snapshots) {
    let log = Arc::new(log);
    let snapshots = Snapshots::start(Arc::clone(&log) as Arc<dyn EventLog>, every);
    (log, snapshots)
}

fn state(snapshot: &Snapshot) -> State {
    serde_json::from_str(&snapshot.state).expect("a state")
}

#[tokio::test]
async fn what_came_together_is_written_together_and_the_newest_of_each_account() {
    let (log, snapshots) = start(ScriptedLog::default(), 1);
    let (one, other) = (
        history(an_account(), &opened_and_used(6)),
        history(an_account(), &opened_and_used(4)),
    );
    for taken in [&one[..3], &other[..4], &one[..6], &one[..5]] {
        let last = taken.last().expect("an event");
        snapshots.offer(last, state(&taken_at(taken)));
    }
    let mut stored = ended(&log, snapshots).await;
    let mut written = stored.pop().expect("a write");
    assert!(stored.is_empty(), "{stored:?}");
    written.sort_by_key(|snapshot| snapshot.sequence);
    assert_eq!(written, [taken_at(&other), taken_at(&one)]);
}

#[tokio::test]
async fn more_than_can_wait_is_dropped_at_once() {
    let (log, snapshots) = start(ScriptedLog::default(), 1);
    let (more, event) = (WAITING_MAX + 10, &history(an_account(), &[])[0]);
    for _ in 0..more {
        let mut event = event.clone();
        event.stream_id = an_account().as_uuid();
        snapshots.offer(&event, State::default());
    }
    let stored = ended(&log, snapshots).await.concat();
    assert_eq!(stored.len(), WAITING_MAX);
}

#[tokio::test]
async fn a_write_that_fails_is_not_the_last_one() {
    let away = ScriptedLog {
        snapshots_are_away: true,
        ..ScriptedLog::default()
    };
    let (log, snapshots) = start(away, 1);
    let events = history(an_account(), &opened_and_used(6));
    for (writes, taken) in [(1, &events[..3]), (2, &events[..6])] {
        let last = taken.last().expect("an event");
        snapshots.offer(last, state(&taken_at(taken)));
        eventually("it is written", SOON, async || {
            holds(log.stored().len() == writes)
        })
        .await;
    }
    assert_eq!(log.stored().concat(), [taken_at(&events[..3]), taken_at(&events)]);
}

/// An account that took long to bring in takes less the next time, and one that did not is left alone.
#[tokio::test]
async fn a_long_load_leaves_a_snapshot_behind() {
    let (grown, young, kept) = (an_account(), an_account(), an_account());
    let events: Vec<_> = [(grown, 9), (young, 7), (kept, 15)]
        .into_iter()
        .flat_map(|(account_id, count)| history(account_id, &opened_and_used(count)))
        .collect();
    let (of_grown, of_kept) = (&events[..9], &events[16..]);
    let log = ScriptedLog {
        snapshots: vec![taken_at(&of_kept[..8])],
        events: events.clone(),
        ..ScriptedLog::default()
    };
    let (log, snapshots) = start(log, 8);
    let mut hot = HotAccounts::new(3);
    let failures = hot.load(log.as_ref(), &snapshots, &[grown, young, kept]).await;
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(ended(&log, snapshots).await, [[taken_at(of_grown)]]);
}
