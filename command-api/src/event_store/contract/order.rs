//! What goes in comes out, in order.

use uuid::Uuid;

use super::given::{Given, answer, append, assert_same, event, key, new_id, sequences, words};
use crate::event_store::{ACCOUNT_STREAM, Append, Position, Recorded};

/// Texts that a database might be tempted to write in its own way.
const PAYLOADS: [&str; 8] = [
    r#"{"b":1,"a":2,"b":3}"#,
    "{ \"spaces\" :\t[ 1.0 , 1e2,-0 ] }",
    r#"{"big":12345678901234567890123456789,"small":0.30000000000000004}"#,
    r#"{"text":"Ação, 東京, 🎉, \u00e9\ud83c\udf89, \"quoted\", back\\slash, \/, \n"}"#,
    "\"a bare text\"",
    "[]",
    "null",
    r#"{"0":"$[0]","":{}}"#,
];

pub(super) async fn events_come_back_as_they_were_appended(given: &Given) {
    let stream = new_id();
    let mut events: Vec<_> = PAYLOADS.iter().map(|payload| event(payload)).collect();
    events[1].metadata.traceparent =
        Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let request = key(new_id());
    let new = Append {
        events: events.clone(),
        request: Some(request),
        ..append(stream, 1, 0)
    };
    let recorded = given.recorded(new).await;

    let loaded = given.load(stream).await;
    assert_same(&recorded, &loaded);
    assert_same(&recorded, &given.read_all().await);
    let found = given
        .log
        .find_request(request.id)
        .await
        .expect("the log is there")
        .expect("it is found");
    assert_same(&recorded[recorded.len() - 1..], &[found]);

    assert_eq!(sequences(&loaded), (1..=events.len() as u64).collect::<Vec<_>>());
    for (new, recorded) in events.iter().zip(&loaded) {
        assert_eq!(new.payload, recorded.payload);
        assert_eq!(new.metadata, recorded.metadata);
        assert_eq!((new.name, new.version), (&*recorded.name, &*recorded.version));
        assert_eq!(
            (ACCOUNT_STREAM, stream),
            (&*recorded.stream_type, recorded.stream_id)
        );
        let is_last = recorded.sequence == events.len() as u64;
        assert_eq!(
            recorded.request,
            is_last.then_some(request),
            "the last event answers the request"
        );
    }
}

pub(super) async fn streams_are_loaded_from_where_the_reader_is(given: &Given) {
    let mut streams: Vec<Uuid> = (0..4).map(|_| new_id()).collect();
    streams.reverse(); // the order of the answer is not that of the question
    let mut appends: Vec<Append> = streams.iter().map(|stream| append(*stream, 1, 3)).collect();
    appends.push(Append {
        stream_type: "another_type",
        ..append(streams[0], 1, 2)
    });
    given.append(&appends).await;

    let wanted = [
        (streams[0], 0),
        (streams[1], 2),
        (streams[2], 3),
        (new_id(), 0),
        (streams[0], 0),
    ];
    let loaded = given
        .log
        .load(ACCOUNT_STREAM, &wanted)
        .await
        .expect("the log is there");
    let places: Vec<(Uuid, u64)> = loaded
        .iter()
        .map(|event| (event.stream_id, event.sequence))
        .collect();
    assert_eq!(
        places,
        [(streams[1], 3), (streams[0], 1), (streams[0], 2), (streams[0], 3)]
    );
    assert!(loaded.iter().all(|event| event.stream_type == ACCOUNT_STREAM));

    let others = given
        .log
        .load("another_type", &[(streams[0], 0)])
        .await
        .expect("the log is there");
    assert_eq!(sequences(&others), [1, 2]);
    assert!(
        given
            .log
            .load(ACCOUNT_STREAM, &[])
            .await
            .expect("the log is there")
            .is_empty()
    );
}

pub(super) async fn the_log_is_read_in_pages_without_a_gap(given: &Given) {
    let streams: Vec<Uuid> = (0..5).map(|_| new_id()).collect();
    for sequence in 1..=7 {
        let appends: Vec<Append> = streams
            .iter()
            .map(|stream| append(*stream, sequence, 1))
            .collect();
        given.append(&appends).await;
    }
    let all = given.read_all().await;
    assert_eq!(all.len(), 35);
    assert!(all.windows(2).all(|pair| pair[0].position < pair[1].position));

    let mut pages: Vec<Recorded> = Vec::new();
    let mut after = Position::default();
    loop {
        let page = given
            .log
            .read_committed(after, 4)
            .await
            .expect("the log is there");
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = last.position;
        pages.extend(page);
    }
    assert_same(&all, &pages);
}

pub(super) async fn one_call_takes_many_streams(given: &Given) {
    let appends: Vec<Append> = (0..300)
        .map(|index| Append {
            events: append(new_id(), 1, 1 + index % 3).events,
            ..answer(new_id(), new_id(), 1)
        })
        .collect();
    let outcomes = given.append(&appends).await;
    let expected: Vec<String> = (0..300)
        .map(|index| format!("recorded {}", 1 + index % 3))
        .collect();
    assert_eq!(words(&outcomes), expected);
    assert_eq!(given.read_all().await.len(), 600);
    for (append, outcome) in appends.iter().zip(outcomes) {
        let crate::event_store::Outcome::Recorded(events) = outcome else {
            unreachable!("they all are")
        };
        assert_same(&events, &given.load(append.stream_id).await);
        let payloads: Vec<&str> = append.events.iter().map(|event| event.payload.as_str()).collect();
        assert_eq!(
            events
                .iter()
                .map(|event| event.payload.as_str())
                .collect::<Vec<_>>(),
            payloads
        );
    }
}
