//! States kept beside the log: the newest one of each stream.

use chrono::SubsecRound as _;
use domain::RequestId;
use uuid::Uuid;

use super::given::{Given, answer, append, new_id, time};
use crate::event_store::{ACCOUNT_STREAM, Recorded, Snapshot};

fn snapshot(stream_id: Uuid, sequence: u64) -> Snapshot {
    Snapshot {
        stream_id,
        format: 1,
        sequence,
        request_id: Some(RequestId::new(new_id())),
        recorded_at: time().trunc_subsecs(6), // as exact as the log is
        state: format!(r#"{{"sequence" : {sequence}}}"#),
    }
}

async fn store(given: &Given, snapshots: &[Snapshot]) {
    given
        .log
        .store_snapshots(ACCOUNT_STREAM, snapshots)
        .await
        .expect("the log is there");
}

async fn load(given: &Given, streams: &[Uuid]) -> Vec<Snapshot> {
    let mut snapshots = given
        .log
        .load_snapshots(ACCOUNT_STREAM, streams)
        .await
        .expect("the log is there");
    snapshots.sort_by_key(|snapshot| snapshot.stream_id);
    snapshots
}

pub(super) async fn a_snapshot_comes_back_as_it_was_stored(given: &Given) {
    let (one, other, none) = (new_id(), new_id(), new_id());
    let first = snapshot(one, 7);
    let without_request = Snapshot {
        request_id: None,
        state: r#""Ação \u0041 'em' uma linha""#.to_owned(),
        ..snapshot(other, u64::from(u32::MAX) + 1)
    };
    store(given, std::slice::from_ref(&first)).await;
    store(given, std::slice::from_ref(&without_request)).await;
    assert_eq!(load(given, &[none, other, one]).await, [first, without_request]);
    assert_eq!(load(given, &[none]).await, []);
    assert_eq!(load(given, &[]).await, []);
    let of_another_type = given.log.load_snapshots("another_type", &[one]).await;
    assert_eq!(of_another_type.expect("the log is there"), []);
}

pub(super) async fn a_snapshot_moves_forward_only(given: &Given) {
    let stream = new_id();
    let (older, newer, newest) = (snapshot(stream, 4), snapshot(stream, 8), snapshot(stream, 12));
    store(given, std::slice::from_ref(&newer)).await;
    for not_newer in [older, snapshot(stream, 8)] {
        store(given, &[not_newer]).await;
        assert_eq!(load(given, &[stream]).await, std::slice::from_ref(&newer));
    }
    store(given, std::slice::from_ref(&newest)).await;
    assert_eq!(load(given, &[stream]).await, [newest]);
}

pub(super) async fn a_snapshot_in_another_form_takes_its_place(given: &Given) {
    let stream = new_id();
    store(given, &[snapshot(stream, 8)]).await;
    let in_another_form = Snapshot {
        format: 2,
        ..snapshot(stream, 4)
    };
    store(given, std::slice::from_ref(&in_another_form)).await;
    assert_eq!(load(given, &[stream]).await, [in_another_form]);
}

pub(super) async fn one_call_stores_many(given: &Given) {
    let mut streams: Vec<Uuid> = (0..50).map(|_| new_id()).collect();
    let first: Vec<Snapshot> = (1..).zip(&streams).map(|(at, id)| snapshot(*id, at)).collect();
    store(given, &first).await;
    assert_eq!(load(given, &streams).await, first);
    // Half of these are older, and leave the others alone.
    let second: Vec<Snapshot> = streams.iter().rev().map(|id| snapshot(*id, 26)).collect();
    store(given, &second).await;
    let newest: Vec<Snapshot> = first
        .into_iter()
        .zip(second.into_iter().rev())
        .map(|(first, second)| if first.sequence < 26 { second } else { first })
        .collect();
    streams.reverse();
    assert_eq!(load(given, &streams).await, newest);
    store(given, &[]).await;
    assert_eq!(load(given, &streams).await, newest);
}

/// The event is told from any other, whether it was just appended or is read.
pub(super) async fn a_snapshot_knows_the_event_it_was_taken_at(given: &Given) {
    let (stream, other) = (new_id(), new_id());
    let mut appended = given.recorded(append(stream, 1, 2)).await;
    appended.extend(given.recorded(answer(new_id(), stream, 3)).await);
    let elsewhere = given.recorded(append(other, 1, 3)).await;
    let snapshots: Vec<Snapshot> = appended
        .iter()
        .map(|event| Snapshot {
            request_id: event.request.map(|request| request.id),
            recorded_at: event.recorded_at,
            ..snapshot(stream, event.sequence)
        })
        .collect();
    let read = given.load(stream).await;
    for taken in snapshots {
        store(given, &[taken]).await;
        let kept = load(given, &[stream]).await.pop().expect("it was stored");
        let ends_with: Vec<u64> = read
            .iter()
            .chain(&elsewhere)
            .filter(|event| kept.ends_with(event))
            .map(|event| event.sequence)
            .collect();
        assert_eq!(ends_with, [kept.sequence]);
    }
    let last = read.last().expect("three events");
    let kept = load(given, &[stream]).await.pop().expect("it was stored");
    for another in [
        Recorded {
            request: None,
            ..last.clone()
        },
        Recorded {
            recorded_at: last.recorded_at + chrono::TimeDelta::microseconds(1),
            ..last.clone()
        },
    ] {
        assert!(!kept.ends_with(&another), "{another:?}");
    }
}
