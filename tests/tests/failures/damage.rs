//! Damage: what cannot be read stops the account or the partition it is in, loudly, and nothing else.

use std::time::Duration;

use proto::codebank::v1::AuthorizeRequest;
use proto::envelope::{Envelope, HEADER_ID};
use proto::partition;
use reqwest::StatusCode;
use serde_json::json;
use serde_json::value::to_raw_value;
use test_support::eventually;
use tests::bank::{Bank, Role, Servers};
use tests::teller::{Card, Teller, decision, purchase};
use tests::topic;
use tonic::Code;
use tonic_types::StatusExt;

use crate::{CALM, SOON};

const ONE_ACCOUNT: &str =
    "query($id: ID!, $version: Version) { account(id: $id, atLeastVersion: $version) { accountVersion } }";

#[tokio::test]
async fn a_damaged_event_stops_its_account_and_no_other() {
    let Some(servers) = Servers::find() else { return };
    let mut bank = Bank::open(&servers, "damaged-row").await;
    bank.start_all(&[Role::CommandApi]).await;
    let teller = bank.teller();
    let (broken, sound) = (customer(&teller).await, customer(&teller).await);
    let recorded = buy(&teller, &broken).await;
    buy(&teller, &sound).await;
    // A new process has the account in no memory.
    assert!(bank.stop(Role::CommandApi).await.success());
    let damaged = sqlx::query(
        r#"update events set payload = '{"type":"card_teleported"}' where request_id = $1::uuid"#,
    )
    .bind(&recorded.request_id)
    .execute(bank.events.pool())
    .await;
    assert_eq!(damaged.expect("an update").rows_affected(), 1);
    bank.start_all(&Role::ALL).await;

    let event_id = format!("{}-4", broken.account_id);
    let refused = teller
        .authorize(&purchase(broken.typed_in(), 1_000, "Depois"), CALM)
        .await;
    let status = refused.expect_err("its history cannot be read");
    assert_eq!(status.code(), Code::DataLoss, "{status:?}");
    assert!(status.get_details_error_info().is_some(), "{status:?}");
    assert!(
        bank.said(Role::CommandApi).contains(&event_id),
        "the log names {event_id}"
    );
    buy(&teller, &sound).await;

    // The relay holds the one account back, says so, and publishes the other.
    bank.graph().shown(&sound.account_id, 5, SOON).await;
    held_accounts(&bank, "1").await;
    assert!(
        bank.said(Role::Relay).contains(&event_id),
        "the log names {event_id}"
    );
    not_shown_at(&bank, &broken.account_id, 4).await;

    // Whoever repairs the row restarts the processes; then all is as if nothing had happened.
    let payload = sound_payload(&bank, &broken, &sound).await;
    let repaired = sqlx::query("update events set payload = $2::json where request_id = $1::uuid")
        .bind(&recorded.request_id)
        .bind(payload)
        .execute(bank.events.pool())
        .await;
    assert_eq!(repaired.expect("an update").rows_affected(), 1);
    for role in [Role::Relay, Role::CommandApi] {
        assert!(bank.stop(role).await.success(), "{}", role.name());
    }
    bank.start_all(&[Role::Relay, Role::CommandApi]).await;
    buy(&teller, &broken).await;
    bank.graph().shown(&broken.account_id, 5, SOON).await;
    held_accounts(&bank, "0").await;
    bank.close().await;
}

/// What a purchase on the other account recorded, on this account's card.
async fn sound_payload(bank: &Bank, broken: &Card, sound: &Card) -> String {
    let payload: String =
        sqlx::query_scalar("select payload::text from events where aggregate_id = $1 and sequence = 4")
            .bind(&sound.account_id)
            .fetch_one(bank.events.pool())
            .await
            .expect("the other account's purchase");
    payload.replace(&sound.card_id, &broken.card_id)
}

#[tokio::test]
async fn garbage_in_the_topic_stops_its_partition_and_no_other() {
    let Some(servers) = Servers::find() else { return };
    let mut bank = Bank::open(&servers, "damaged-topic").await;
    bank.start_all(&Role::ALL).await;
    let teller = bank.teller();
    let [garbled, from_the_future, sound] = customers_apart(&teller).await;
    for card in [&garbled, &from_the_future, &sound] {
        bank.graph().shown(&card.account_id, 3, SOON).await;
    }

    topic::put(
        &servers.kafka,
        &bank.topic,
        &garbled.account_id,
        "not json",
        &[(HEADER_ID, "garbage-1")],
    )
    .await;
    let unknown = unknown_event(&from_the_future);
    let document = unknown.to_json().expect("an envelope");
    topic::put(
        &servers.kafka,
        &bank.topic,
        &from_the_future.account_id,
        &document,
        &[(HEADER_ID, &unknown.id)],
    )
    .await;
    stopped_partitions(&bank, "2").await;
    stops_are_told(&bank, &["garbage-1", &unknown.id]).await;

    for card in [&garbled, &from_the_future, &sound] {
        buy(&teller, card).await;
    }
    bank.graph().shown(&sound.account_id, 4, SOON).await;
    for card in [&garbled, &from_the_future] {
        not_shown_at(&bank, &card.account_id, 4).await;
    }

    // A restart does not make it better, and does not skip it.
    bank.kill(Role::Projections);
    bank.start_all(&[Role::Projections]).await;
    stopped_partitions(&bank, "2").await;
    buy(&teller, &sound).await;
    bank.graph().shown(&sound.account_id, 5, SOON).await;
    not_shown_at(&bank, &garbled.account_id, 4).await;
    bank.close().await;
}

/// In `/readyz`, which is ready all the same (queries and the other partitions go on), and in the log.
async fn stops_are_told(bank: &Bank, event_ids: &[&str]) {
    let operations = bank.operations(Role::Projections);
    eventually("/readyz names the events", SOON, async || {
        match operations.get("/readyz").await {
            Some((StatusCode::OK, told)) if event_ids.iter().all(|id| told.contains(id)) => Ok(()),
            found => Err(found),
        }
    })
    .await;
    let said = bank.said(Role::Projections);
    for event_id in event_ids {
        assert!(said.contains(event_id), "the log names {event_id}");
    }
}

/// Three accounts whose events go to three partitions.
async fn customers_apart(teller: &Teller) -> [Card; 3] {
    let mut apart: Vec<Card> = Vec::new();
    for _ in 0..100 {
        let card = customer(teller).await;
        let of = |card: &Card| partition::of_account(card.account_id.parse().expect("an id"));
        if apart.iter().all(|other| of(other) != of(&card)) {
            apart.push(card);
        }
        if apart.len() == 3 {
            break;
        }
    }
    apart.try_into().expect("there are twelve partitions")
}

/// The account's next event, as a later version of the bank might publish it.
fn unknown_event(card: &Card) -> Envelope {
    let data = to_raw_value(&json!({"type": "card_teleported", "occurred_at": "2026-11-22T15:33:50Z"}));
    Envelope::new(
        card.account_id.parse().expect("an id"),
        4,
        "card_teleported",
        "1",
        chrono::Utc::now(),
        data.expect("a value is JSON"),
    )
}

/// An account with a card: three events.
async fn customer(teller: &Teller) -> Card {
    let account = teller.open_account(1_000_000, 10).await;
    teller.active_card(&account).await
}

async fn buy(teller: &Teller, card: &Card) -> AuthorizeRequest {
    let request = purchase(card.typed_in(), 1_000, "Dom Casmurro");
    let answer = eventually("the purchase is decided", SOON, async || {
        teller.authorize(&request, CALM).await
    })
    .await;
    assert_eq!(decision(answer).account_id, card.account_id);
    request
}

async fn held_accounts(bank: &Bank, count: &str) {
    metric(bank, Role::Relay, "codebank_relay_held_accounts", count).await;
}

async fn stopped_partitions(bank: &Bank, count: &str) {
    metric(
        bank,
        Role::Projections,
        "codebank_projection_stopped_partitions",
        count,
    )
    .await;
}

async fn metric(bank: &Bank, role: Role, name: &str, value: &str) {
    let operations = bank.operations(role);
    eventually(&format!("{name} is {value}"), SOON, async || {
        match operations.metric(name).await {
            Some(found) if found == value => Ok(()),
            found => Err(found),
        }
    })
    .await;
}

/// The front end is told so, rather than shown something old.
async fn not_shown_at(bank: &Bank, account: &str, version: u64) {
    let graph = bank.graph();
    let variables = json!({"id": account, "version": version});
    let asked = tokio::time::timeout(Duration::from_secs(30), graph.ask(ONE_ACCOUNT, variables)).await;
    let errors = asked
        .expect("the wait is bounded")
        .expect_err("it is not visible");
    assert_eq!(
        errors[0]["extensions"]["code"], "VERSION_NOT_YET_VISIBLE",
        "{errors}"
    );
}
