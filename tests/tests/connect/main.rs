//! The way from the topic into the search index, on a real broker, Kafka Connect worker and Elasticsearch, with the connector
//! and the templates that are committed under `infra/`.
//!
//! Each test has a topic, an index and a connector of its own. Nothing of the bank runs here: records are written as the relay
//! writes them.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

mod events;
mod sink;
mod stack;
mod topic;

use std::collections::BTreeMap;

use domain::account::DeclineReason;
use serde_json::{Value, json};
use sink::{PROJECTS_OWN_ADDRESS, Sink};
use stack::{Stack, eventually};
use tests::proxy::{Mode, Proxy};
use topic::Record;

/// What the index holds of one event: the document as it was sent, and how often it was written.
type Documents = BTreeMap<String, (Value, u64)>;

fn written_once(records: &[Record]) -> Documents {
    records
        .iter()
        .map(|record| (record.event_id(), (record.json(), 1)))
        .collect()
}

#[tokio::test]
async fn every_kind_of_event_becomes_the_document_of_its_id_under_the_strict_mapping() {
    let Some(stack) = Stack::find() else { return };
    let sink = Sink::start(&stack, &[PROJECTS_OWN_ADDRESS]).await;
    let records = events::of_each_kind();
    sink.topic.produce(&records).await;

    assert_eq!(sink.documents_when(records.len()).await, written_once(&records));
    assert_eq!(sink.dead_letters_when_all_is_read(records.len()).await, []);

    // The fields a dashboard and an auditor ask by, ECS aliases among them.
    let declined = json!({
        "query": {"bool": {"filter": [
            {"term": {"event.action": "purchase_declined"}},
            {"term": {"subject": events::ACCOUNT}},
            {"range": {"@timestamp": {"gte": "2026-11-22", "lt": "2026-11-23"}}},
        ]}},
        "size": 0,
        "aggs": {
            "reasons": {"terms": {"field": "event.reason"}},
            "asked": {"sum": {"field": "data.amount.minor_units"}},
        },
    });
    let answer = sink.search(&declined).await;
    let reasons = DeclineReason::LADDER.len();
    assert_eq!(answer["hits"]["total"]["value"], reasons, "{answer}");
    let buckets = &answer["aggregations"]["reasons"]["buckets"];
    assert_eq!(buckets.as_array().map(Vec::len), Some(reasons));
    let asked = &answer["aggregations"]["asked"]["value"];
    assert_eq!(asked.to_string(), format!("{}.0", 4_990 * reasons));
    sink.remove().await;
}

#[tokio::test]
async fn redelivery_makes_no_second_document() {
    let Some(stack) = Stack::find() else { return };
    let sink = Sink::start(&stack, &[PROJECTS_OWN_ADDRESS]).await;
    let records = events::purchases(300);
    sink.topic.produce(&records).await;
    assert_eq!(sink.documents_when(300).await, written_once(&records));

    // The relay repeats itself.
    sink.topic.produce(&records).await;
    sink.when_read(600).await;
    assert_eq!(sink.documents_when(300).await, written_once(&records));

    // The connector starts over from the first record.
    sink.start_over().await;
    sink.when_read(600).await;
    assert_eq!(sink.documents_when(300).await, written_once(&records));
    assert_eq!(sink.dead_letters_when_all_is_read(600).await, []);
    sink.remove().await;
}

#[tokio::test]
async fn an_outage_loses_nothing_and_needs_no_restart() {
    let Some(stack) = Stack::find() else { return };
    let proxy = Proxy::before(&stack.elasticsearch, Mode::Pass).await;
    let url = proxy.instead(&stack.elasticsearch);
    let options = [
        ("connection.url", url.as_str()),
        ("read.timeout.ms", "500"),
        ("retry.backoff.max.ms", "200"),
    ];
    let sink = Sink::start(&stack, &options).await;
    let records = events::purchases(500);
    let (before, during) = records.split_at(50);
    sink.topic.produce(before).await;
    sink.documents_when(50).await;

    // Away, hanging, and (the nastiest) doing the work but losing every answer.
    for (mode, during) in [Mode::Refuse, Mode::Hang, Mode::LoseAnswers]
        .into_iter()
        .zip(during.chunks(150))
    {
        proxy.turn_to(mode);
        let tries = proxy.tries();
        sink.topic.produce(during).await;
        eventually("the sink tries again", async || {
            (proxy.tries() >= tries + 3).then_some(()).ok_or(proxy.tries())
        })
        .await;
        assert_eq!(sink.states().await, ["RUNNING", "RUNNING"], "{mode:?}");
    }
    proxy.turn_to(Mode::Pass);

    assert_eq!(sink.documents_when(500).await, written_once(&records));
    assert_eq!(sink.states().await, ["RUNNING", "RUNNING"]);
    assert_eq!(sink.dead_letters_when_all_is_read(500).await, []);
    sink.remove().await;
}

#[tokio::test]
async fn poison_goes_to_the_dead_letter_topic_with_its_reason_and_the_rest_flows_on() {
    let Some(stack) = Stack::find() else { return };
    let sink = Sink::start(&stack, &[PROJECTS_OWN_ADDRESS]).await;
    let good = events::purchases(20);
    let poison = [
        good[0].with("x-1", Some(r#"{"specversion":"1.0","card_number":"none"}"#)),
        good[1].with("x-2", Some(r#"{"data":{"amount":{"minor_units":49.9}}}"#)),
        good[2].with("x-3", Some("not json")),
        good[3].with("x-4", Some("[]")),
        good[4].with("x-5", None),
    ];
    let (first, last) = good.split_at(10);
    for records in [first, &poison, last] {
        sink.topic.produce(records).await;
    }

    assert_eq!(sink.documents_when(20).await, written_once(&good));
    let letters = sink.dead_letters_when_all_is_read(25).await;
    let reasons: BTreeMap<_, _> = letters
        .iter()
        .map(|letter| (letter.id.as_str(), letter.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        BTreeMap::from([
            (
                "x-1",
                "Elasticsearch answered 400 strict_dynamic_mapping_exception: [1:36] mapping set to strict, dynamic \
                 introduction of [card_number] within [_doc] is not allowed",
            ),
            (
                "x-2",
                "Elasticsearch answered 400 document_parsing_exception: [1:34] failed to parse field \
                 [data.amount.minor_units] of type [long] in document with id 'x-2'. (caused by illegal_argument_exception)",
            ),
            ("x-3", "the value is not valid JSON, line 1 column 1"),
            ("x-4", "the value is not a JSON object"),
            ("x-5", "the record has no value"),
        ])
    );
    let values: Vec<_> = letters
        .iter()
        .map(|letter| (letter.id.as_str(), letter.value.as_deref()))
        .collect();
    for record in &poison {
        assert!(
            values.contains(&(record.id.as_str(), record.value.as_deref())),
            "a letter keeps its value"
        );
    }
    assert!(
        letters.iter().all(|letter| letter.topic == sink.topic.name),
        "a letter says where it came from"
    );
    assert_eq!(sink.states().await, ["RUNNING", "RUNNING"]);
    sink.remove().await;
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_all_its_mistakes_at_once() {
    let Some(stack) = Stack::find() else { return };
    let options = [
        ("connection.url", "${env:CODEBANK_ELASTICSEARCH_ABSENT}"),
        ("batch.size", "none"),
        ("write.method", "UPSERT"),
        ("connection.username", "bank"),
    ];
    let (status, answer) = sink::try_create(&stack, "codebank.account.events.refused", &options).await;
    assert_eq!(status, 400);
    let message = answer["message"].as_str().unwrap_or_default();
    for option in [
        "connection.url",
        "batch.size",
        "write.method",
        "connection.password",
    ] {
        assert!(message.contains(option), "{option} in {message}");
    }
}
