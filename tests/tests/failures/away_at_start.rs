//! A database or a broker that is away when a role starts: the role says what it tried, tries again, is alive and not ready, and
//! takes up its work when the neighbour comes.

use reqwest::StatusCode;
use test_support::eventually;
use tests::bank::{Bank, Role, Servers};
use tests::operations::Operations;
use tests::proxy::{Mode, Proxy};
use tests::teller::purchase;
use tests::topic;

use crate::{CALM, SOON};

#[tokio::test]
async fn the_write_side_waits_for_its_databases() {
    let Some(servers) = Servers::find() else { return };
    let mut bank = Bank::open(&servers, "away-write").await;
    let events = Proxy::before(&bank.events.url(), Mode::Refuse).await;
    let vault = Proxy::before(&bank.vault.url(), Mode::Refuse).await;
    let role = Role::CommandApi;
    bank.set(role, "CODEBANK_DATABASE_URL", events.instead(&bank.events.url()));
    bank.set(
        role,
        "CODEBANK_VAULT_DATABASE_URL",
        vault.instead(&bank.vault.url()),
    );
    bank.start(role);

    waits_for(&events, &mut bank, role).await;
    events.turn_to(Mode::Pass);
    waits_for(&vault, &mut bank, role).await;
    vault.turn_to(Mode::Pass);
    bank.when_ready(role).await;
    let teller = bank.teller();
    let account = teller.open_account(10_000, 10).await;
    let card = teller.active_card(&account).await;
    let bought = teller
        .authorize(&purchase(card.typed_in(), 4_990, "Dom Casmurro"), CALM)
        .await;
    bought.expect("a purchase is decided");
    assert!(bank.stop(role).await.success());
}

#[tokio::test]
async fn the_relay_waits_for_its_database_and_for_kafka() {
    let Some(servers) = Servers::find() else { return };
    let mut bank = Bank::open(&servers, "away-relay").await;
    let events = Proxy::before(&bank.events.url(), Mode::Refuse).await;
    let kafka = Proxy::before(&servers.kafka, Mode::Refuse).await;
    bank.set(
        Role::Relay,
        "CODEBANK_DATABASE_URL",
        events.instead(&bank.events.url()),
    );
    bank.set(Role::Relay, "CODEBANK_KAFKA_BROKERS", kafka.address());
    bank.start(Role::Relay);

    waits_for(&events, &mut bank, Role::Relay).await;
    events.turn_to(Mode::Pass);
    waits_for(&kafka, &mut bank, Role::Relay).await;
    // What commits meanwhile is not lost.
    bank.start_all(&[Role::CommandApi]).await;
    bank.teller().open_account(10_000, 10).await;
    kafka.turn_to(Mode::Pass);
    bank.when_ready(Role::Relay).await;
    let records = eventually("the event is in the topic", SOON, async || {
        let records = topic::records(&servers.kafka, &bank.topic).await;
        if records.is_empty() {
            Err("nothing")
        } else {
            Ok(records)
        }
    })
    .await;
    assert_eq!(records.len(), 1);
    assert!(bank.stop(Role::Relay).await.success());
    bank.close().await;
}

#[tokio::test]
async fn the_read_side_waits_for_its_database_and_for_kafka() {
    let Some(servers) = Servers::find() else { return };
    let mut bank = Bank::open(&servers, "away-read").await;
    let read = Proxy::before(&bank.read.url(), Mode::Refuse).await;
    let kafka = Proxy::before(&servers.kafka, Mode::Refuse).await;
    let role = Role::Projections;
    bank.set(role, "CODEBANK_READ_DATABASE_URL", read.instead(&bank.read.url()));
    bank.set(role, "CODEBANK_KAFKA_BROKERS", kafka.address());
    bank.start(role);

    waits_for(&read, &mut bank, role).await;
    read.turn_to(Mode::Pass);
    waits_for(&kafka, &mut bank, role).await;
    bank.start_all(&[Role::CommandApi, Role::Relay]).await;
    let account = bank.teller().open_account(10_000, 10).await;
    kafka.turn_to(Mode::Pass);
    bank.when_ready(role).await;
    let shown = bank.graph().shown(&account, 1, SOON).await;
    assert_eq!(shown.activity.len(), 1);
    for role in Role::ALL {
        assert!(bank.stop(role).await.success(), "{}", role.name());
    }
    bank.close().await;
}

/// Alive, not ready, and saying so with the address: in `/readyz` and in the log. It goes on trying.
async fn waits_for(neighbour: &Proxy, bank: &mut Bank, role: Role) {
    let operations: Operations = bank.operations(role);
    let address = neighbour.address();
    let what = format!("{} names {address} in /readyz", role.name());
    eventually(&what, SOON, async || match operations.get("/readyz").await {
        Some((StatusCode::SERVICE_UNAVAILABLE, why)) if why.contains(&address) => Ok(()),
        found => Err(found),
    })
    .await;
    assert_eq!(
        operations.get("/livez").await.map(|(status, _)| status),
        Some(StatusCode::OK)
    );
    let tries = neighbour.tries();
    let what = format!("{} tries {address} again", role.name());
    eventually(&what, SOON, async || {
        let now = neighbour.tries();
        if now >= tries + 2 { Ok(()) } else { Err(now) }
    })
    .await;
    let said = bank.said(role);
    assert!(
        said.contains(&address),
        "{} does not name {address}:\n{said}",
        role.name()
    );
}
