//! Writers that meet: none holds up another, nothing is lost, no stream gets a gap.

use futures::future::join_all;
use uuid::Uuid;

use super::given::{Given, answer, append, new_id, sequences, words};
use crate::event_store::{Append, Outcome};

pub(super) async fn a_stale_append_does_not_hold_up_its_neighbours(given: &Given) {
    let (stale, fresh) = (new_id(), new_id());
    given.recorded(append(stale, 1, 2)).await;
    let outcomes = given
        .append(&[append(fresh, 1, 1), append(stale, 2, 1), append(new_id(), 1, 1)])
        .await;
    assert_eq!(words(&outcomes), ["recorded 1", "stale", "recorded 1"]);
    assert_eq!(sequences(&given.load(stale).await), [1, 2]);
    assert_eq!(sequences(&given.load(fresh).await), [1]);
}

pub(super) async fn several_appends_to_one_stream_follow_each_other(given: &Given) {
    let (one, other) = (new_id(), new_id());
    let appends = [
        append(one, 1, 2),
        append(other, 1, 1),
        append(one, 3, 1),
        append(other, 2, 3),
        append(one, 4, 1),
    ];
    let outcomes = given.append(&appends).await;
    assert_eq!(
        words(&outcomes),
        [
            "recorded 2",
            "recorded 1",
            "recorded 1",
            "recorded 3",
            "recorded 1"
        ]
    );
    for (stream, count) in [(one, 4), (other, 4)] {
        let loaded = given.load(stream).await;
        assert_eq!(sequences(&loaded), (1..=count).collect::<Vec<_>>());
        assert!(loaded.windows(2).all(|pair| pair[0].position < pair[1].position));
    }
}

pub(super) async fn what_follows_an_append_that_was_refused_is_refused(given: &Given) {
    let (stale, repeated, jumping, twice) = (new_id(), new_id(), new_id(), new_id());
    let (known, new) = (new_id(), new_id());
    given
        .append(&[append(stale, 1, 1), answer(known, repeated, 1)])
        .await;
    let appends = [
        append(stale, 1, 1),
        answer(new_id(), repeated, 2),
        answer(known, repeated, 3),
        append(stale, 2, 1),
        append(repeated, 4, 1),
        append(jumping, 1, 1),
        append(jumping, 3, 1),
        append(jumping, 2, 1),
        answer(new, twice, 1),
        answer(new, twice, 2),
        append(twice, 3, 1),
    ];
    let again = format!("repeated {repeated}-1");
    let expected = [
        "stale",
        "recorded 1",
        &again,
        "stale",
        "stale",
        "recorded 1",
        "stale",
        "stale",
        "recorded 1",
        "stale",
        "stale",
    ];
    assert_eq!(words(&given.append(&appends).await), expected);
    for (stream, count) in [(stale, 1), (repeated, 2), (jumping, 1), (twice, 1)] {
        assert_eq!(given.load(stream).await.len(), count);
    }
}

pub(super) async fn an_append_is_recorded_whole_or_not_at_all(given: &Given) {
    let stream = new_id();
    given.recorded(append(stream, 1, 1)).await;
    let mut three = answer(new_id(), stream, 2);
    three.events = append(stream, 2, 3).events;
    // The last of the three is in the way of nobody yet; another writer then takes its second place.
    given.recorded(append(stream, 2, 1)).await;
    assert_eq!(words(&given.append(&[three.clone()]).await), ["stale"]);
    assert_eq!(sequences(&given.load(stream).await), [1, 2]);

    three.first_sequence = 3;
    assert_eq!(words(&given.append(&[three]).await), ["recorded 3"]);
    assert_eq!(sequences(&given.load(stream).await), [1, 2, 3, 4, 5]);
}

pub(super) async fn no_append_makes_a_gap(given: &Given) {
    let (empty, short, fresh) = (new_id(), new_id(), new_id());
    given.recorded(append(short, 1, 2)).await;
    let outcomes = given
        .append(&[append(empty, 2, 1), append(short, 4, 1), append(fresh, 1, 1)])
        .await;
    assert_eq!(words(&outcomes), ["stale", "stale", "recorded 1"]);
    assert!(given.load(empty).await.is_empty());
    assert_eq!(sequences(&given.load(short).await), [1, 2]);
}

/// As a committer would: on stale it looks where the stream is and tries again.
async fn write(given: &Given, stream: Uuid, count: u64) {
    let mut next = 1;
    for _ in 0..count {
        loop {
            match given.append(&[append(stream, next, 1)]).await.pop() {
                Some(Outcome::Recorded(_)) => break,
                Some(Outcome::Stale) => next = given.load(stream).await.len() as u64 + 1,
                other => panic!("nothing was repeated: {other:?}"),
            }
        }
        next += 1;
    }
}

pub(super) async fn writers_of_one_stream_lose_nothing(given: &Given) {
    const WRITERS: u64 = 8;
    const EACH: u64 = 15;
    let stream = new_id();
    join_all((0..WRITERS).map(|_| write(given, stream, EACH))).await;
    let loaded = given.load(stream).await;
    assert_eq!(sequences(&loaded), (1..=WRITERS * EACH).collect::<Vec<_>>());
    assert!(
        loaded.windows(2).all(|pair| pair[0].position < pair[1].position),
        "whoever wrote them, commits are in the order of the sequences"
    );
}

/// Each call brings the streams in another order. Those that lose are stale, which is no error, and try again.
pub(super) async fn writers_of_the_same_streams_in_other_orders_do_not_block_each_other(given: &Given) {
    const ROUNDS: u64 = 5;
    let streams: Vec<Uuid> = (0..20).map(|_| new_id()).collect();
    let writer = async |turn: usize| {
        for sequence in 1..=ROUNDS {
            let mut appends: Vec<Append> = streams
                .iter()
                .map(|stream| append(*stream, sequence, 1))
                .collect();
            appends.rotate_left(turn * 5);
            if turn % 2 == 1 {
                appends.reverse();
            }
            given.append(&appends).await;
        }
    };
    join_all((0..4).map(writer)).await;
    for stream in streams {
        assert_eq!(
            sequences(&given.load(stream).await),
            (1..=ROUNDS).collect::<Vec<_>>()
        );
    }
}
