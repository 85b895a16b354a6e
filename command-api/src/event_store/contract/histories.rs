//! Random calls, against a log that is as simple as the contract's words.

use std::collections::{HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use uuid::Uuid;

use super::given::{Given, append, key, new_id};
use crate::event_store::{Append, Outcome};

/// An append to one of a few streams, where it fits or next to it, for one of a few requests.
#[derive(Debug, Clone)]
struct Try {
    stream: usize,
    /// How far its first sequence is from the stream's next one.
    off_by: i64,
    count: u64,
    request: Option<usize>,
}

fn tries() -> impl Strategy<Value = Try> {
    let off_by = prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let request = prop_oneof![1 => Just(None), 2 => (0..12usize).prop_map(Some)];
    (0..3usize, off_by, 1..3u64, request).prop_map(|(stream, off_by, count, request)| Try {
        stream,
        off_by,
        count,
        request,
    })
}

/// The naive log: what stands in each stream, and what answered each request.
#[derive(Debug, Default)]
struct Naive {
    streams: HashMap<usize, Vec<Option<usize>>>,
    answers: HashMap<usize, (usize, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Recorded,
    Stale,
    Repeated(usize, u64),
    /// Repeated, on a stream that is refused anyway: the caller finds out either way.
    RepeatedOrStale(usize, u64),
}

impl Naive {
    fn call(&mut self, call: &[(Try, u64)]) -> Vec<Expected> {
        let known = self.answers.clone();
        let (mut blocked, mut requests) = (HashSet::new(), HashSet::new());
        let mut one = |(new, first_sequence): &(Try, u64)| {
            let twice = new.request.is_some_and(|request| !requests.insert(request));
            let answer = new
                .request
                .and_then(|request| known.get(&request))
                .filter(|_| !twice);
            let stream = self.streams.entry(new.stream).or_default();
            let fits = *first_sequence == stream.len() as u64 + 1 && !blocked.contains(&new.stream) && !twice;
            if let (true, None) = (fits, answer) {
                stream.extend((1..new.count).map(|_| None));
                stream.push(new.request);
                if let Some(request) = new.request {
                    self.answers.insert(request, (new.stream, stream.len() as u64));
                }
                return Expected::Recorded;
            }
            let first_of_its_stream = blocked.insert(new.stream) && !twice;
            match answer {
                Some((stream, sequence)) if fits || first_of_its_stream => {
                    Expected::RepeatedOrStale(*stream, *sequence).or_surely(fits)
                }
                Some((stream, sequence)) => Expected::RepeatedOrStale(*stream, *sequence),
                None => Expected::Stale,
            }
        };
        call.iter().map(&mut one).collect()
    }
}

impl Expected {
    fn or_surely(self, surely: bool) -> Self {
        match self {
            Self::RepeatedOrStale(stream, sequence) if surely => Self::Repeated(stream, sequence),
            other => other,
        }
    }

    fn allows(&self, outcome: &Outcome, streams: &[Uuid]) -> bool {
        let is = |first: &crate::event_store::Recorded, stream: usize, sequence: u64| {
            (first.stream_id, first.sequence) == (streams[stream], sequence)
        };
        match (self, outcome) {
            (Self::Recorded, Outcome::Recorded(_))
            | (Self::Stale | Self::RepeatedOrStale(..), Outcome::Stale) => true,
            (
                Self::Repeated(stream, sequence) | Self::RepeatedOrStale(stream, sequence),
                Outcome::Repeated(first),
            ) => is(first, *stream, *sequence),
            _ => false,
        }
    }
}

async fn agrees(given: &Given, calls: Vec<Vec<Try>>) -> Result<(), TestCaseError> {
    let streams: Vec<Uuid> = (0..3).map(|_| new_id()).collect();
    let requests: Vec<Uuid> = (0..12).map(|_| new_id()).collect();
    let mut naive = Naive::default();
    for call in calls {
        // Each append supposes that the ones before it in the call are recorded.
        let mut next: HashMap<usize, i64> = naive
            .streams
            .iter()
            .map(|(stream, events)| (*stream, events.len().cast_signed() as i64 + 1))
            .collect();
        let placed: Vec<(Try, u64)> = call
            .into_iter()
            .map(|new| {
                let place = next.entry(new.stream).or_insert(1);
                let first_sequence = (*place + new.off_by).max(1).cast_unsigned();
                *place += new.count.cast_signed();
                (new, first_sequence)
            })
            .collect();
        let appends: Vec<Append> = placed
            .iter()
            .map(|(new, first_sequence)| Append {
                request: new.request.map(|request| key(requests[request])),
                ..append(streams[new.stream], *first_sequence, new.count)
            })
            .collect();
        let expected = naive.call(&placed);
        let outcomes = given.append(&appends).await;
        let agree = expected
            .iter()
            .zip(&outcomes)
            .all(|(expected, outcome)| expected.allows(outcome, &streams));
        prop_assert!(
            agree,
            "{placed:?}\nexpected {expected:?}\nbut it was {:?}",
            super::given::words(&outcomes)
        );
    }
    for (index, stream) in streams.iter().enumerate() {
        let loaded: Vec<Option<Uuid>> = given
            .load(*stream)
            .await
            .iter()
            .map(|event| event.request.map(|request| request.id.as_uuid()))
            .collect();
        let expected = naive.streams.remove(&index).unwrap_or_default();
        let expected: Vec<Option<Uuid>> = expected
            .iter()
            .map(|request| request.map(|request| requests[request]))
            .collect();
        prop_assert_eq!(loaded, expected);
    }
    Ok(())
}

pub(super) async fn any_history_agrees_with_a_naive_log(given: &Given) {
    let mut runner = TestRunner::new(Config {
        cases: 48,
        ..Config::default()
    });
    let calls = vec(vec(tries(), 1..8), 1..10);
    let run = runner.run(&calls, |calls| {
        block_in_place(|| Handle::current().block_on(agrees(given, calls)))
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}
