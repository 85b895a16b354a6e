//! The embedded bank: its SQLite files with their write-ahead logs, and its log at its most talkative.

use std::time::Duration;

use serde_json::json;
use tests::command;
use tests::embedded::Home;
use tests::graph::Graph;
use tests::teller::Teller;

use crate::holder::Holder;
use crate::watch::Watch;

#[tokio::test]
async fn the_embedded_banks_files_and_log_hold_no_card_number() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let talkative = [("RUST_LOG", "trace"), ("CODEBANK_LOG", "json")];
    let mut bank = home.open_with(&talkative).await;
    let teller = Teller::at(&bank.banner.grpc_url());
    // The demo cards' numbers are in the banner, as they should be; these are not.
    let holder = Holder::with_cards(&teller, &[]).await;
    let mut watch = Watch::for_cards(&holder.numbers(), &holder.security_codes());

    for answer in holder.buy(&teller).await {
        watch.text("an answer over gRPC", &answer);
    }
    let events = teller.all_events().await.expect("the log");
    let version = events
        .iter()
        .filter(|event| event.stream_id == holder.account())
        .count();
    for event in &events {
        watch.text("the history", &format!("{event:?}"));
        let data = serde_json::from_str(&event.data_json).expect("an event is JSON");
        watch.json("the history", &data);
    }
    let graph = Graph::at(&format!("{}/graphql", bank.banner.http_url()));
    let shown = graph
        .shown(holder.account(), version as u64, Duration::from_mins(1))
        .await;
    watch.json(
        "GraphQL",
        &json!([shown.account, shown.activity, shown.merchants, shown.cards]),
    );
    watch.text("GraphQL", &format!("{shown:?}"));
    paid_by_hand(&holder, &bank.banner.grpc_url(), &mut watch).await;

    // As a crash leaves it: with its write-ahead log, nothing tidied up.
    bank.running.kill();
    let said = bank.running.said();
    assert!(
        said.contains("\"level\":\"TRACE\""),
        "the log is at its most talkative"
    );
    for line in said.lines() {
        watch.text("the log", line);
    }
    let wal = home.data().join("events.db-wal");
    assert!(wal.is_file(), "the write-ahead log is among the files");
    watch.folder(&home.data());
    watch.verdict(100);
}

/// The program itself, given a number on its command line.
async fn paid_by_hand(holder: &Holder, grpc: &str, watch: &mut Watch) {
    let card = &holder.made[0];
    for code in [card.security_code.as_str(), "000"] {
        let arguments = [
            "pay",
            "--card",
            &card.number,
            "--expiry",
            "12/35",
            "--cvv",
            code,
            "--amount",
            "10.00",
            "--store",
            "Padaria",
            "--description",
            &card.number,
            "--grpc",
            grpc,
        ];
        let said = command::run(&arguments, &[("RUST_LOG", "trace")]).await;
        watch.text("codebank pay", &format!("{said:?}"));
    }
}
