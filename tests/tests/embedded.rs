//! The README's first command as a newcomer lives it: start the bank, paste what its banner says, kill it, start it again.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::process::Command;
use std::time::Duration;

use reqwest::StatusCode;
use test_support::eventually;
use tests::command::{self, Said};
use tests::embedded::{Banner, Embedded, Home};
use tests::teller::{Teller, request_id};

const VISIBLE_WITHIN: Duration = Duration::from_secs(30);
const CLOSED_WITHIN: Duration = Duration::from_secs(20);
/// The second demo card, a documented test number, is blocked; the third has little credit.
const BLOCKED: &str = "4242424242424242";
const SMALL_LIMIT: &str = "5555555555554444";

#[tokio::test]
async fn what_the_banner_says_works_as_it_stands_and_outlives_a_kill() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let mut bank = home.open().await;
    let [pay, statement, history] = commands(&bank.banner);

    let paid = ended_well(command::shell(&pay, &home.data()).await);
    assert!(
        paid.out.starts_with("APPROVED  49.90 BRL at Livraria"),
        "{paid:?}"
    );
    assert!(paid.out.contains("  account        "), "{paid:?}");
    let shown = statement_with("Dom Casmurro", &statement, &home).await;
    assert!(shown.contains("Livraria") && shown.contains("49.90"), "{shown}");
    let told = ended_well(command::shell(&history, &home.data()).await).out;
    for kind in [
        "account_opened",
        "card_issued",
        "card_activated",
        "purchase_approved",
    ] {
        assert!(told.contains(kind), "{kind} in:\n{told}");
    }

    bank.running.kill();
    let before = bank.banner;
    let bank = home.open().await;
    assert_eq!(
        bank.banner.cards(),
        before.cards(),
        "the cards are what they were, codes included"
    );
    let [_, statement, history] = commands(&bank.banner);
    assert_eq!(statement_with("Dom Casmurro", &statement, &home).await, shown);
    let again = ended_well(command::shell(&history, &home.data()).await).out;
    assert_eq!(again, told, "a start adds nothing to the history");
}

#[tokio::test]
async fn a_decline_says_why_and_a_repeat_pays_once() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let data = home.data().display().to_string();
    let grpc = bank.banner.grpc_url();
    let pay = async |card: &str, amount: &str, request_id: &str| {
        let arguments = [
            "pay",
            "--card",
            card,
            "--amount",
            amount,
            "--request-id",
            request_id,
        ];
        let store = ["--store", "Padaria", "--description", "Pão"];
        let place = ["--data", &data, "--grpc", &grpc];
        let arguments = [&arguments[..], &store, &place].concat();
        command::run(&arguments, &[]).await
    };

    let blocked = ended_well(pay(BLOCKED, "10.00", &request_id()).await).out;
    assert!(
        blocked.starts_with("DECLINED  10.00 BRL at Padaria: the card is blocked"),
        "{blocked}"
    );
    let over_limit = ended_well(pay(SMALL_LIMIT, "300.01", &request_id()).await).out;
    assert!(
        over_limit.contains("above what is left of the credit limit"),
        "{over_limit}"
    );

    let request_id = request_id();
    let first = ended_well(pay(SMALL_LIMIT, "299.99", &request_id).await).out;
    let again = ended_well(pay(SMALL_LIMIT, "299.99", &request_id).await).out;
    let mark = " (the answer to an earlier call with this request id)";
    assert!(first.starts_with("APPROVED") && !first.contains(mark), "{first}");
    assert_eq!(again.replace(mark, ""), first);
    assert!(again.contains(mark), "{again}");

    let other = pay(SMALL_LIMIT, "1.00", &request_id).await;
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(other.err.contains("AlreadyExists"), "{other:?}");

    let account = account_in(&first);
    let events = Teller::at(&grpc)
        .account_events(&account)
        .await
        .expect("a history");
    let approved = events.iter().filter(|event| event.r#type == "purchase_approved");
    assert_eq!(approved.count(), 1);
}

#[tokio::test]
async fn what_a_person_mistypes_is_answered_in_words() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let (grpc, http) = (bank.banner.grpc_url(), bank.banner.http_url());
    let pay = [
        "pay",
        "--store",
        "Padaria",
        "--description",
        "Pão",
        "--grpc",
        &grpc,
    ];
    let with = |more: &[&'static str]| [&pay[..], more].concat();
    let card = ["--expiry", "12/35", "--cvv", "123"];
    for (arguments, words) in [
        (
            with(&[
                "--card",
                "4111111111111112",
                "--amount",
                "1.00",
                card[0],
                card[1],
                card[2],
                card[3],
            ]),
            "number",
        ),
        (
            with(&[
                "--card", BLOCKED, "--amount", "1.001", card[0], card[1], card[2], card[3],
            ]),
            "amount",
        ),
        (
            with(&[
                "--card", BLOCKED, "--amount", "-1.00", card[0], card[1], card[2], card[3],
            ]),
            "amount",
        ),
        (vec!["statement", "nobody", "--http", &http], "account"),
        (vec!["history", "nobody", "--grpc", &grpc], "account"),
        (
            vec!["history", "nobody", "--grpc", "http://127.0.0.1:1"],
            "no bank answers at http://127.0.0.1:1",
        ),
    ] {
        let said = command::run(&arguments, &[]).await;
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
        assert!(
            !said.err.contains("panicked") && said.out.is_empty(),
            "{arguments:?}: {said:?}"
        );
    }
}

#[tokio::test]
async fn it_closes_cleanly_when_it_is_asked_to() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    for signal in ["INT", "TERM"] {
        let mut bank = home.open().await;
        send(signal, &bank);
        let status = eventually("the bank is closed", CLOSED_WITHIN, async || {
            bank.running.ended().ok_or("it runs")
        })
        .await;
        let said = bank.running.said();
        assert_eq!(status.code(), Some(0), "SIG{signal}: {said}");
        assert!(said.contains("everything is kept in"), "SIG{signal}: {said}");
    }
}

#[tokio::test]
async fn the_explorer_and_the_operations_endpoints_are_served() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let http = reqwest::Client::new();
    let get = async |path: &str| {
        let url = format!("{}{path}", bank.banner.http_url());
        let answer = http.get(url).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a text"))
    };
    let (status, page) = get("/graphiql").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<html") && page.contains("GraphQL"), "{page}");
    for part in ["/graphiql/explorer.js", "/graphiql/explorer.css"] {
        assert!(page.contains(part), "{part} in {page}");
        assert_eq!(get(part).await.0, StatusCode::OK, "{part}");
    }
    eventually("the bank is ready", VISIBLE_WITHIN, async || {
        match get("/readyz").await {
            (StatusCode::OK, _) => Ok(()),
            (_, why) => Err(why),
        }
    })
    .await;
    assert_eq!(get("/livez").await.0, StatusCode::OK);
    let (status, metrics) = get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(metrics.contains("codebank_grpc_requests_total"), "{metrics}");
}

#[tokio::test]
async fn decisions_are_counted_from_zero() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let http = reqwest::Client::new();
    let counted = async |reason: &str| -> u64 {
        let answer = http
            .get(format!("{}/metrics", bank.banner.http_url()))
            .send()
            .await;
        let metrics = answer.expect("an answer").text().await.expect("a text");
        let of_reason = format!("reason=\"{reason}\"}} ");
        let counter = metrics
            .lines()
            .filter(|line| line.starts_with("codebank_authorizations_total{"))
            .find_map(|line| line.split_once(&of_reason));
        counter.expect("a counter").1.parse().expect("a count")
    };
    let (approved, over_limit) = (counted("none").await, counted("over_limit").await);
    let [pay, _, _] = commands(&bank.banner);
    ended_well(command::shell(&pay, &home.data()).await);
    assert_eq!(counted("none").await, approved + 1);
    assert_eq!(counted("over_limit").await, over_limit);
}

#[tokio::test]
async fn read_models_are_rebuilt_beside_a_bank_that_serves() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let [pay, statement, _] = commands(&bank.banner);
    ended_well(command::shell(&pay, &home.data()).await);
    let before = statement_with("Dom Casmurro", &statement, &home).await;
    let data = home.data().display().to_string();
    for projection in ["statement", "all"] {
        let rebuilt = command::run(&["rebuild", projection, "--data", &data], &[]).await;
        let rebuilt = ended_well(rebuilt).out;
        assert!(
            rebuilt.starts_with(&format!("rebuilt {projection} from ")),
            "{rebuilt}"
        );
        assert_eq!(statement_with("Dom Casmurro", &statement, &home).await, before);
    }
    let unknown = command::run(&["rebuild", "nothing", "--data", &data], &[]).await;
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.err.contains("nothing"), "{unknown:?}");
    ended_well(command::shell(&pay, &home.data()).await);
    let after = statement_with("99.80", &statement, &home).await;
    assert_ne!(after, before, "what is bought after a rebuild is shown too");
}

fn commands(banner: &Banner) -> [String; 3] {
    let commands = banner.commands.clone();
    let commands = <[String; 3]>::try_from(commands).expect("pay, statement and history");
    for (command, name) in commands.iter().zip([" pay ", " statement ", " history "]) {
        assert!(command.contains(name), "{command}");
    }
    commands
}

fn ended_well(said: Said) -> Said {
    assert_eq!(said.code, Some(0), "{said:?}");
    said
}

/// The statement is there a moment after the payment: a front end would ask for the version of the answer.
async fn statement_with(words: &str, command: &str, home: &Home) -> String {
    let what = format!("the statement shows {words:?}");
    eventually(&what, VISIBLE_WITHIN, async || {
        let said = command::shell(command, &home.data()).await;
        if said.code == Some(0) && said.out.contains(words) {
            Ok(said.out)
        } else {
            Err(said)
        }
    })
    .await
}

fn account_in(paid: &str) -> String {
    let line = paid.lines().find_map(|line| line.trim().strip_prefix("account"));
    let account = line.and_then(|line| line.split_whitespace().next());
    account.expect("the account is told").to_owned()
}

/// As the terminal does for Ctrl-C, and a service manager to stop.
fn send(signal: &str, bank: &Embedded) {
    let id = bank.running.id().to_string();
    let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
    assert!(sent.expect("kill runs").success());
}
