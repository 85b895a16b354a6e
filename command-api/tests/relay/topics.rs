//! The topics: made when they are missing, refused when they are wrong, filled again when they are lost.

use std::time::Duration;

use command_api::relay::topics::{account_topics, payments_topic};
use command_api::relay::{Role, TopicError, ensure_topics};
use proto::partition::PARTITIONS;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use test_support::require;
use uuid::Uuid;

use super::bank::{Bank, Running};
use super::order::{assert_in_order, sequences};

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .expect("an admin client")
}

async fn setting(brokers: &str, topic: &str, name: &str) -> Option<String> {
    let asked = admin(brokers)
        .describe_configs([&ResourceSpecifier::Topic(topic)], &AdminOptions::new())
        .await;
    let found = asked
        .expect("the broker answers")
        .pop()
        .expect("one answer")
        .expect("the topic exists");
    found.get(name).and_then(|entry| entry.value.clone())
}

fn partitions(brokers: &str, topic: &str) -> usize {
    let metadata = admin(brokers)
        .inner()
        .fetch_metadata(None, Duration::from_secs(10))
        .expect("the broker answers");
    metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic)
        .map_or(0, |found| found.partitions().len())
}

#[tokio::test]
async fn missing_topics_are_made_and_existing_ones_are_left_alone() {
    let kafka = require!(kafka);
    let name = format!("relay-{}", Uuid::now_v7().simple());
    let mut wanted = account_topics(&name).to_vec();
    wanted.push(payments_topic(&format!("{name}.payments")));
    for _ in 0..2 {
        ensure_topics(&kafka, &wanted, 1)
            .await
            .expect("the topics are there");
    }
    assert_eq!(partitions(&kafka, &name), usize::try_from(PARTITIONS).unwrap());
    assert_eq!(partitions(&kafka, &format!("{name}.dlq")), 1);
    assert_eq!(partitions(&kafka, &format!("{name}.payments")), 1);
    assert_eq!(
        setting(&kafka, &name, "retention.ms").await.as_deref(),
        Some("-1")
    );
    assert_eq!(
        setting(&kafka, &name, "cleanup.policy").await.as_deref(),
        Some("delete")
    );
}

#[tokio::test]
async fn two_programs_that_make_the_topics_at_once_are_both_content() {
    let kafka = require!(kafka);
    let wanted = account_topics(&format!("relay-{}", Uuid::now_v7().simple()));
    let (first, second) = tokio::join!(
        ensure_topics(&kafka, &wanted, 1),
        ensure_topics(&kafka, &wanted, 1)
    );
    first.expect("content");
    second.expect("content");
}

#[tokio::test]
async fn more_copies_than_brokers_is_refused_by_name() {
    let kafka = require!(kafka);
    let name = format!("relay-{}", Uuid::now_v7().simple());
    let refused = ensure_topics(&kafka, &account_topics(&name), 100)
        .await
        .expect_err("one broker");
    assert!(
        matches!(&refused, TopicError::NotCreated { topic, .. } if *topic == name),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_with_other_partitions_is_not_published_to() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let wrong = NewTopic::new(&bank.topic, 3, TopicReplication::Fixed(1));
    admin(&kafka)
        .create_topics([&wrong], &AdminOptions::new())
        .await
        .expect("created");
    bank.append(Uuid::now_v7(), 1, 1).await;

    let mut relay = Running::start(bank.relay(bank.settings()));
    let status = relay
        .until("the relay complains", |status| status.last_error.is_some())
        .await;
    let error = status.last_error.clone().unwrap_or_default();
    assert!(error.contains("has 3 partitions where 12 are needed"), "{error}");
    assert!(!status.is_ready());
    assert!(status.behind_since.is_some());
    relay.stop().await;
    assert!(bank.published(0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_topic_is_filled_again_from_the_beginning() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let account = Uuid::now_v7();
    let relay = bank.start().await;
    bank.append(account, 1, 5).await;
    bank.published(5).await;
    relay.stop().await;
    assert!(bank.stored_progress().await.is_some());

    admin(&kafka)
        .delete_topics(&[&bank.topic], &AdminOptions::new())
        .await
        .expect("deleted");
    test_support::eventually("the topic is gone", super::bank::SOON, async || {
        test_support::holds(partitions(&kafka, &bank.topic) == 0)
    })
    .await;
    bank.append(account, 6, 1).await;
    let mut relay = Running::start(bank.relay(bank.settings()));
    relay
        .until("the relay works", |status| status.role == Role::Active)
        .await;
    let seen = bank.published(6).await;
    relay.stop().await;
    assert_in_order(&sequences(&seen)[&account], 6);
}
