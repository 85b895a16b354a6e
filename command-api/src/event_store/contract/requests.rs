//! A request id is used once, for ever, whatever happens at the same time.

use futures::future::join_all;

use super::given::{Given, answer, append, key, new_id, words};
use crate::event_store::{Append, Outcome, RequestKey};

pub(super) async fn a_repeat_is_given_the_event_that_answered_first(given: &Given) {
    let (request, stream, neighbour) = (new_id(), new_id(), new_id());
    let mut first = answer(request, stream, 1);
    first.events = append(stream, 1, 3).events;
    given.recorded(first.clone()).await;
    given.recorded(append(stream, 4, 1)).await;

    let answered = format!("repeated {stream}-3");
    // As it was decided then, and as it would be decided now.
    for sequence in [1, 5] {
        first.first_sequence = sequence;
        let outcomes = given
            .append(&[append(neighbour, sequence, 1), first.clone()])
            .await;
        assert_eq!(words(&outcomes)[1], answered);
    }
    assert_eq!(given.load(stream).await.len(), 4);
    assert_eq!(given.load(neighbour).await.len(), 1);
}

pub(super) async fn a_repeat_with_another_body_is_given_the_first_ones_key(given: &Given) {
    let (request, stream) = (new_id(), new_id());
    given.recorded(answer(request, stream, 1)).await;
    let other = RequestKey {
        fingerprint: [8; 32],
        ..key(request)
    };
    let outcomes = given
        .append(&[Append {
            request: Some(other),
            ..append(stream, 2, 1)
        }])
        .await;
    let [Outcome::Repeated(first)] = outcomes.as_slice() else {
        panic!("not a repeat: {outcomes:?}")
    };
    assert_eq!(
        first.request,
        Some(key(request)),
        "so that the caller sees that it is not the same"
    );
    assert_eq!(given.load(stream).await.len(), 1);
}

pub(super) async fn a_request_id_is_taken_whatever_its_stream(given: &Given) {
    let (request, stream, other) = (new_id(), new_id(), new_id());
    given.recorded(answer(request, stream, 1)).await;
    let outcomes = given
        .append(&[answer(request, other, 1), append(other, 2, 1)])
        .await;
    assert_eq!(
        words(&outcomes),
        [format!("repeated {stream}-1"), "stale".to_owned()]
    );
    assert!(given.load(other).await.is_empty());
}

pub(super) async fn a_request_id_that_comes_twice_in_one_call_is_decided_again(given: &Given) {
    let (request, one, other) = (new_id(), new_id(), new_id());
    let twice = [answer(request, one, 1), answer(request, other, 1)];
    assert_eq!(words(&given.append(&twice).await), ["recorded 1", "stale"]);
    let answered = format!("repeated {one}-1");
    assert_eq!(words(&given.append(&twice).await), [&answered, "stale"]);
    assert_eq!(words(&given.append(&twice[1..]).await), [answered]);
    assert!(given.load(other).await.is_empty());
}

pub(super) async fn a_request_that_comes_many_times_at_once_is_recorded_once(given: &Given) {
    for _ in 0..10 {
        let (request, stream) = (new_id(), new_id());
        // Half of them to another stream, each in the company of neighbours.
        let calls = join_all((0..8).map(async |index| {
            let target = if index % 2 == 0 { stream } else { new_id() };
            let call = [
                append(new_id(), 1, 1),
                answer(request, target, 1),
                append(new_id(), 1, 1),
            ];
            given.append(&call).await
        }))
        .await;
        let words: Vec<Vec<String>> = calls.iter().map(|outcomes| words(outcomes)).collect();
        let found = given
            .log
            .find_request(key(request).id)
            .await
            .expect("the log is there")
            .expect("recorded");
        let recorded = words.iter().filter(|call| call[1] == "recorded 1").count();
        let repeated = words
            .iter()
            .filter(|call| call[1] == format!("repeated {}", found.event_id()))
            .count();
        assert_eq!((recorded, repeated), (1, 7), "{words:?}");
        assert!(
            words
                .iter()
                .all(|call| call[0] == "recorded 1" && call[2] == "recorded 1"),
            "{words:?}"
        );
    }
}

pub(super) async fn a_request_that_nobody_made_is_not_found(given: &Given) {
    given.recorded(answer(new_id(), new_id(), 1)).await;
    given.recorded(append(new_id(), 1, 1)).await;
    assert!(
        given
            .log
            .find_request(key(new_id()).id)
            .await
            .expect("the log is there")
            .is_none()
    );
}
