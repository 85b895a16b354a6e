//! The full bank: three databases, the topic, the search index, the logs of every role at their most talkative, every answer, and
//! every file of the servers.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgPool;
use test_support::{Stack, require};
use tests::bank::{Bank, Role, Servers};
use tests::luhn::random_number;
use tests::scan::Scanner;
use tests::search::Search;
use tests::teller::Teller;
use tests::topic;

use crate::holder::{DOCUMENTED, Holder};
use crate::watch::Watch;

const VISIBLE_WITHIN: Duration = Duration::from_mins(2);

#[tokio::test]
async fn nothing_outside_the_vault_holds_a_card_number() {
    let Some(servers) = Servers::find() else { return };
    let Some(stack) = require::stack() else { return };
    let mut bank = Bank::open(&servers, "canary").await;
    let Some(search) = Search::find(&bank.topic) else {
        return;
    };
    for role in Role::ALL {
        bank.set(role, "RUST_LOG", "trace");
        bank.set(role, "CODEBANK_LOG", "json");
    }
    bank.set(Role::Projections, "CODEBANK_GRAPHIQL", "true");
    bank.start_all(&Role::ALL).await;
    search.start().await;
    let teller = bank.teller();
    let holder = Holder::with_cards(&teller, &DOCUMENTED).await;
    let mut watch = Watch::for_cards(&holder.numbers(), &holder.security_codes());

    for answer in holder.buy(&teller).await {
        watch.text("an answer over gRPC", &answer);
    }
    // Once more with the log that people read.
    bank.set(Role::CommandApi, "CODEBANK_LOG", "human");
    assert!(bank.stop(Role::CommandApi).await.success());
    bank.start_all(&[Role::CommandApi]).await;
    for answer in holder.buy(&teller).await {
        watch.text("an answer over gRPC", &answer);
    }

    answers(&bank, &teller, &search, &holder, &mut watch).await;
    rows_and_records(&bank, &servers, &mut watch).await;
    for role in Role::ALL {
        let metrics = bank.operations(role).get("/metrics").await.expect("metrics").1;
        watch.text("/metrics", &metrics);
        let said = bank.said(role);
        assert!(said.contains("TRACE"), "{} is at its most talkative", role.name());
        for line in said.lines() {
            watch.text(&format!("the log of {}", role.name()), line);
        }
    }
    watch.verdict(1_000);
    files_of_the_servers(&bank, &stack, &holder).await;

    search.remove().await;
    bank.close().await;
}

/// What is told by history, by GraphQL and by the search index.
async fn answers(bank: &Bank, teller: &Teller, search: &Search, holder: &Holder, watch: &mut Watch) {
    let events = teller.all_events().await.expect("the log");
    for event in &events {
        watch.text("the history", &format!("{event:?}"));
        let data = serde_json::from_str(&event.data_json).expect("an event is JSON");
        watch.json("the history", &data);
    }
    let of_the_account = |event: &&proto::codebank::v1::RecordedEvent| event.stream_id == holder.account();
    let version = events.iter().filter(of_the_account).count();
    let graph = bank.graph();
    let shown = graph
        .shown(holder.account(), version as u64, VISIBLE_WITHIN)
        .await;
    watch.json(
        "GraphQL",
        &json!([shown.account, shown.activity, shown.merchants, shown.cards]),
    );
    watch.text("GraphQL", &format!("{shown:?}"));
    for number in holder.numbers() {
        careless_questions(bank, &number, watch).await;
    }
    search.when_complete(version, VISIBLE_WITHIN).await;
    for document in search.documents(json!({"match_all": {}})).await {
        watch.json("Elasticsearch", &document.source);
    }
}

/// A front end that puts the number into its questions. It is told that it is wrong, not what it said.
async fn careless_questions(bank: &Bank, number: &str, watch: &mut Watch) {
    let graph = bank.graph();
    for (query, variables) in [
        (
            "query($id: ID!) { account(id: $id) { status } }",
            json!({"id": number}),
        ),
        (
            "query($id: ID!) { statement(accountId: $id) { cycle } }",
            json!({"id": number}),
        ),
        (
            "query($id: ID!, $cycle: String) { statement(accountId: $id, cycle: $cycle) { cycle } }",
            json!({"id": "01939c5e-7a6b-7c00-8000-000000000001", "cycle": number}),
        ),
        (
            "query($id: ID!, $after: String) { activity(accountId: $id, after: $after) { edges { cursor } } }",
            json!({"id": "01939c5e-7a6b-7c00-8000-000000000001", "after": number}),
        ),
        (
            "query($id: ID!, $text: String) { activity(accountId: $id, filter: {search: $text}) { edges { cursor } } }",
            json!({"id": "01939c5e-7a6b-7c00-8000-000000000001", "text": number}),
        ),
    ] {
        let answer = graph.ask(query, variables).await;
        let answer = answer.unwrap_or_else(|errors| errors);
        watch.json("GraphQL's answer to a careless question", &answer);
    }
}

async fn rows_and_records(bank: &Bank, servers: &Servers, watch: &mut Watch) {
    watch.database("the event log", bank.events.pool()).await;
    watch.database("the read models", bank.read.pool()).await;
    // The vault too: it keeps the numbers encrypted, and the codes not at all.
    watch.database("the vault", bank.vault.pool()).await;
    let mut records = topic::records(&servers.kafka, &bank.topic).await;
    assert!(!records.is_empty(), "the topic has the events");
    records.extend(topic::records(&servers.kafka, &bank.dead_letters()).await);
    for record in records {
        let value: Value = serde_json::from_slice(&record.value).expect("a document");
        watch.json("the topic", &value);
        watch.text("a record's key", &String::from_utf8_lossy(&record.key));
        for (name, value) in &record.headers {
            watch.text(&format!("header {name}"), &String::from_utf8_lossy(value));
        }
    }
}

/// Data, write-ahead logs, topics, indexes and logs of all servers. A number is planted first, and must be found.
async fn files_of_the_servers(bank: &Bank, stack: &Stack, holder: &Holder) {
    let planted = random_number("51", &mut rand::rng());
    plant(bank.read.pool(), &planted).await;
    let begun = Instant::now();
    let own = holder.own_numbers();
    let scanner = Scanner::of(own.iter().chain([&planted]));
    let folder: &Path = stack.folder();
    let found = scanner.find_below(folder).expect("the servers' files are read");
    let (of_planted, leaks): (Vec<_>, Vec<_>) = found.hits.iter().partition(|(_, hit)| hit.number == planted);
    assert!(
        leaks.is_empty(),
        "{} leaks in {}: {:#?}",
        leaks.len(),
        folder.display(),
        leaks.iter().take(10).collect::<Vec<_>>()
    );
    let in_data = of_planted.iter().any(|(file, _)| file.contains("/base/"));
    let in_wal = of_planted.iter().any(|(file, _)| file.contains("/pg_wal/"));
    assert!(
        in_data && in_wal,
        "the planted number is found in table and log: {of_planted:?}"
    );
    for server in ["postgres", "kafka", "elasticsearch", "logs"] {
        assert!(
            folder.join(server).is_dir(),
            "{server} has its files in {}",
            folder.display()
        );
    }
    let text = format!(
        "canary: {} files, {} MB of the servers looked at in {:.1?}\n",
        found.files,
        found.bytes / 1_000_000,
        begun.elapsed()
    );
    // Past the test runner, which shows nothing of a test that passes.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
}

async fn plant(pool: &PgPool, number: &str) {
    for statement in ["create table planted (number text)", "checkpoint"] {
        sqlx::query(statement).execute(pool).await.expect("done");
    }
    sqlx::query("insert into planted values ($1)")
        .bind(number)
        .execute(pool)
        .await
        .expect("planted");
    sqlx::query("checkpoint")
        .execute(pool)
        .await
        .expect("written to the files");
}
