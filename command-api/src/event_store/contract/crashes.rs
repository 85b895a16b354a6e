//! The caller that is gone between its append and the answer.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::time::timeout;

use super::given::{Given, answer, append, key, new_id, words};
use crate::event_store::Outcome;

/// The database has committed, the process dies before it hears of it: here the call is dropped as soon as another
/// connection sees the event, then everything is closed, then a new process asks.
pub(super) async fn an_answer_that_was_lost_is_found_by_its_request(given: &Given) {
    let (request, stream) = (new_id(), new_id());
    let appends = vec![answer(request, stream, 1)];
    {
        let seen = pin!(async {
            while given
                .log
                .find_request(key(request).id)
                .await
                .expect("the log is there")
                .is_none()
            {}
        });
        let append = pin!(given.log.append(appends.clone()));
        if let Either::Right((outcomes, _)) = select(seen, append).await {
            drop(outcomes); // it was faster than the look; its answer is as lost as if it had come too late
        }
    }
    given.close().await;

    let again = given.again().await;
    let found = again
        .find_request(key(request).id)
        .await
        .expect("the log is there")
        .expect("it is recorded");
    assert_eq!(found.request, Some(key(request)));
    let outcomes = again.append(appends).await.expect("the log is there");
    assert_eq!(words(&outcomes), [format!("repeated {}", found.event_id())]);
}

pub(super) async fn an_append_dropped_at_any_moment_is_recorded_whole_or_not_at_all(given: &Given) {
    for turn in 0..60 {
        let request = new_id();
        let streams = [new_id(), new_id()];
        let mut appends = [append(streams[0], 1, 70), answer(request, streams[1], 1)];
        appends[1].events = append(streams[1], 1, 70).events;
        let patience = Duration::from_micros(turn * 100);
        let _ = timeout(patience, given.log.append(appends.to_vec())).await;

        // Whatever the dropped call still does in the database, this one comes after it or in its place.
        let outcomes = given.append(&appends).await;
        let done = matches!(outcomes[1], Outcome::Recorded(_) | Outcome::Repeated(_));
        assert!(done, "{:?}", words(&outcomes));
        for stream in streams {
            assert_eq!(given.load(stream).await.len(), 70);
        }
    }
    assert_eq!(given.read_all().await.len(), 60 * 2 * 70);
}
