//! What becomes of each append of one call: the bookkeeping that both adapters share. It knows no database.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::RequestId;
use uuid::Uuid;

use super::{Append, NewEvent, Outcome, Position, Recorded, RequestKey, StoreError};

/// How often a call is tried again without what was refused, before the rest is called stale. Each round removes everything
/// that is in the way at that moment, so that more than two are only needed while other processes write the same streams.
pub(super) const ROUNDS: usize = 8;

/// A stream's type and id.
pub(super) type Stream = (&'static str, Uuid);

/// The appends of one call and what is known about them so far.
#[derive(Debug)]
pub(super) struct Batch {
    appends: Vec<Append>,
    outcomes: Vec<Option<Outcome>>,
}

/// An event to be inserted.
#[derive(Debug)]
pub(super) struct NewRow<'a> {
    pub(super) stream: Stream,
    pub(super) key: Key,
    pub(super) event: &'a NewEvent,
}

/// What an event of a stream may be found by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) sequence: u64,
    /// The request that the append answers, on its last event.
    pub(super) request: Option<RequestKey>,
}

/// Where an inserted event came to stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) position: Position,
    pub(super) recorded_at: DateTime<Utc>,
}

impl Batch {
    /// Refuses at once what contradicts an earlier append of the same call: a request id that comes twice, which is decided
    /// again and then found as a repeat, and sequences that do not follow one another.
    pub(super) fn new(appends: Vec<Append>) -> Self {
        let mut outcomes = vec![None; appends.len()];
        let mut requests: HashSet<RequestId> = HashSet::with_capacity(appends.len());
        let mut next: HashMap<Stream, Option<u64>> = HashMap::with_capacity(appends.len());
        for (append, outcome) in appends.iter().zip(&mut outcomes) {
            let repeated_here = append.request.is_some_and(|request| !requests.insert(request.id));
            let expected = next.entry(stream(append)).or_insert(Some(append.first_sequence));
            if repeated_here || *expected != Some(append.first_sequence) {
                *expected = None;
                *outcome = Some(Outcome::Stale);
            } else {
                *expected = Some(append.first_sequence + append.events.len() as u64);
            }
        }
        Self { appends, outcomes }
    }

    /// The appends that are still to be recorded, in the order of their streams: writers that insert in one order wait for
    /// each other, writers that do not get into deadlocks.
    pub(super) fn pending(&self) -> Vec<usize> {
        let mut pending: Vec<usize> = (0..self.appends.len())
            .filter(|index| self.outcomes[*index].is_none())
            .collect();
        pending.sort_by_key(|index| stream(&self.appends[*index])); // stable: a stream's sequences stay in order
        pending
    }

    /// The rows of the pending appends, in their order.
    pub(super) fn rows(&self, pending: &[usize]) -> Vec<NewRow<'_>> {
        pending
            .iter()
            .flat_map(|index| rows_of(&self.appends[*index]))
            .collect()
    }

    /// What each pending stream must have as its last sequence, zero for none, for the pending appends to follow it.
    pub(super) fn expected(&self, pending: &[usize]) -> Vec<(Stream, u64)> {
        let mut expected: Vec<(Stream, u64)> = Vec::with_capacity(pending.len());
        for index in pending {
            let append = &self.appends[*index];
            if expected.last().is_none_or(|(last, _)| *last != stream(append)) {
                expected.push((stream(append), append.first_sequence.saturating_sub(1)));
            }
        }
        expected
    }

    /// The request ids of the pending appends.
    pub(super) fn requests(&self, pending: &[usize]) -> Vec<Uuid> {
        pending
            .iter()
            .filter_map(|index| self.appends[*index].request)
            .map(|request| request.id.as_uuid())
            .collect()
    }

    /// Takes out what cannot be recorded: appends whose request was answered before, appends to streams that have another
    /// last sequence than expected, and every append that follows one of these in its stream.
    pub(super) fn refuse(
        &mut self,
        pending: &[usize],
        answered: Vec<Recorded>,
        last_sequences: &HashMap<Stream, u64>,
    ) {
        let mut answered: HashMap<RequestId, Recorded> = answered
            .into_iter()
            .filter_map(|event| Some((event.request?.id, event)))
            .collect();
        let mut seen: HashSet<Stream> = HashSet::with_capacity(pending.len());
        let mut blocked: HashSet<Stream> = HashSet::new();
        for index in pending {
            let append = &self.appends[*index];
            let stream = stream(append);
            let moved_on = seen.insert(stream)
                && last_sequences.get(&stream).copied().unwrap_or_default() + 1 != append.first_sequence;
            let first = append.request.and_then(|request| answered.remove(&request.id));
            let outcome = match first {
                Some(first) => Outcome::Repeated(Box::new(first)),
                None if moved_on || blocked.contains(&stream) => Outcome::Stale,
                None => continue,
            };
            blocked.insert(stream);
            self.outcomes[*index] = Some(outcome);
        }
    }

    /// Notes that the pending appends are durable; `places` are those of `rows(pending)`.
    pub(super) fn record(&mut self, pending: &[usize], places: Vec<Place>) {
        let mut places = places.into_iter();
        for index in pending {
            let append = &mut self.appends[*index];
            let (stream, keys) = (stream(append), keys(append));
            let events = std::mem::take(&mut append.events)
                .into_iter()
                .zip(keys)
                .zip(places.by_ref())
                .map(|((event, key), place)| recorded(stream, key, event, place));
            self.outcomes[*index] = Some(Outcome::Recorded(events.collect()));
        }
    }

    /// One outcome for each append. What is still undecided is stale: it is not recorded, and deciding it again is right.
    pub(super) fn finish(self) -> Vec<Outcome> {
        self.outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or(Outcome::Stale))
            .collect()
    }
}

impl NewRow<'_> {
    /// The metadata as it is stored.
    pub(super) fn metadata(&self) -> Result<String, StoreError> {
        serde_json::to_string(&self.event.metadata).map_err(|error| StoreError::Damaged {
            event_id: proto::envelope::event_id(self.stream.1, self.key.sequence),
            reason: error.to_string(),
        })
    }
}

fn recorded((stream_type, stream_id): Stream, key: Key, event: NewEvent, place: Place) -> Recorded {
    Recorded {
        stream_type: stream_type.into(),
        stream_id,
        sequence: key.sequence,
        name: event.name.into(),
        version: event.version.into(),
        payload: event.payload,
        metadata: event.metadata,
        position: place.position,
        recorded_at: place.recorded_at,
        request: key.request,
    }
}

fn stream(append: &Append) -> Stream {
    (append.stream_type, append.stream_id)
}

fn rows_of(append: &Append) -> impl Iterator<Item = NewRow<'_>> {
    append.events.iter().zip(keys(append)).map(|(event, key)| NewRow {
        stream: stream(append),
        key,
        event,
    })
}

/// The keys of an append's events.
fn keys(append: &Append) -> impl Iterator<Item = Key> + use<> {
    let (first, count, request) = (append.first_sequence, append.events.len() as u64, append.request);
    (1..=count).map(move |number| Key {
        sequence: first + number - 1,
        request: request.filter(|_| number == count),
    })
}
