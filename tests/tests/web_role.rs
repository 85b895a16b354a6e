//! `codebank web`, the cardholders' pages as a process of their own beside a running bank, and the REST routes of the bank
//! before this one, in that role and in the embedded bank: no card number is in a log, however talkative.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{Program, Running, eventually, holds};
use tests::embedded::{Banner, Home};
use tests::operations::Operations;
use tests::scan::Scanner;
use tests::teller::{Card, Teller, purchase};
use tests::{address, command, luhn};

const UP_WITHIN: Duration = Duration::from_secs(30);
const SHOWN_WITHIN: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(10);
const ENDED_WITHIN: Duration = Duration::from_secs(30);

/// The role of one test.
struct Web {
    running: Running,
    address: SocketAddr,
    http: Client,
    folder: TempDir,
}

impl Web {
    fn start(graphql: &str, grpc: &str, account: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = address::free();
        let key = folder.path().join("web.key").display().to_string();
        let program = command::binary().expect("the bank's binary is built");
        let mut program = Program::new("setpriv", folder.path().join("log"))
            .args(["--pdeathsig", "KILL", "--"])
            .args([program.as_path()])
            .args(["web", "--address", &address.to_string(), "--key-file", &key])
            .args(["--graphql-url", graphql, "--bank-grpc-url", grpc])
            .args(["--accounts", account]);
        for (name, value) in variables {
            program = program.env(name, value);
        }
        let http = Client::builder().redirect(Policy::none()).build();
        Self {
            running: program.start(),
            address,
            http: http.expect("a client"),
            folder,
        }
    }

    fn beside(bank: &Banner, account: &str, variables: &[(&str, &str)]) -> Self {
        let graphql = format!("{}/graphql", bank.http_url());
        Self::start(&graphql, &bank.grpc_url(), account, variables)
    }

    fn operations(&self) -> Operations {
        Operations::at(self.address)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str, cookies: &str) -> Response {
        let request = self.http.get(self.url(path)).header(header::COOKIE, cookies);
        request.send().await.expect("an answer")
    }

    /// Chooses the account on the sign-in page; the cookies of who has.
    async fn sign_in(&self, account: &str) -> String {
        let page = self.get("/sign-in", "").await;
        assert_eq!(page.status(), StatusCode::OK);
        let session = cookies(&page);
        let page = page.text().await.expect("a page");
        assert!(page.contains(account), "{page}");
        let (_, csrf) = page.split_once("name=\"csrf\" value=\"").expect("a token");
        let csrf = csrf.split('"').next().unwrap_or_default();
        let request = self.http.post(self.url("/sign-in"));
        let request = request.header(header::COOKIE, &session);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let chosen = request.body(format!("csrf={csrf}&account={account}")).send();
        let chosen = chosen.await.expect("an answer");
        assert_eq!(chosen.status(), StatusCode::SEE_OTHER);
        format!("{session}; {}", cookies(&chosen))
    }
}

/// As a browser sends them back.
fn cookies(response: &Response) -> String {
    let set = response.headers().get_all(header::SET_COOKIE).iter();
    let pairs = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned));
    pairs.collect::<Vec<_>>().join("; ")
}

/// An active card by a number that nobody but this test has written.
async fn card_of_ones_own(teller: &Teller) -> Card {
    let account = teller.open_account(100_000, 10).await;
    let number = luhn::random_number("51", &mut rand::rng());
    let card = teller.issue_card(&account, (12, 2035), &number).await;
    teller.activate(&card).await;
    card
}

async fn buy(teller: &Teller, card: &Card, cents: i64) {
    let request = purchase(card.typed_in(), cents, "Dom Casmurro");
    teller.authorize(&request, CALM).await.expect("decided");
}

async fn json(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.expect("JSON"))
}

#[tokio::test]
async fn the_pages_are_served_beside_a_bank_that_runs_elsewhere() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let teller = Teller::at(&bank.banner.grpc_url());
    let card = card_of_ones_own(&teller).await;
    let mut web = Web::beside(&bank.banner, &card.account_id, &[]);
    web.operations().when_ready().await;
    let (status, alive) = web.operations().get("/livez").await.expect("an answer");
    assert_eq!((status, alive.as_str()), (StatusCode::OK, "alive\n"));

    let nobody = web.get("/statements", "").await;
    assert_eq!(nobody.status(), StatusCode::SEE_OTHER);
    let cookies = web.sign_in(&card.account_id).await;
    buy(&teller, &card, 4_990).await;
    eventually("the purchase is on the statement", SHOWN_WITHIN, async || {
        let page = web.get("/statements", &cookies).await.text().await;
        holds(page.is_ok_and(|page| page.contains("Dom Casmurro")))
    })
    .await;

    // What was not switched on is not there.
    for path in [
        "/credit-cards",
        &format!("/credit-cards/{}/invoices", card.number),
    ] {
        assert_eq!(web.get(path, "").await.status(), StatusCode::NOT_FOUND);
    }
    assert!(web.running.terminate(ENDED_WITHIN).await.success());
}

#[tokio::test]
async fn without_its_bank_the_role_is_alive_and_not_ready() {
    let Some(_) = command::binary() else { return };
    let nowhere = format!("http://{}", address::free());
    let account = "0190f000-0000-7000-8000-000000000001";
    let mut web = Web::start(&format!("{nowhere}/graphql"), &nowhere, account, &[]);
    let said = eventually("the role says why it is not ready", UP_WITHIN, async || match web
        .operations()
        .get("/readyz")
        .await
    {
        Some((StatusCode::SERVICE_UNAVAILABLE, why)) if !why.contains("starting") => Ok(why),
        other => Err(other),
    })
    .await;
    assert!(said.contains("GraphQL"), "{said}");
    let (status, _) = web.operations().get("/livez").await.expect("an answer");
    assert_eq!(status, StatusCode::OK);
    let cookies = web.sign_in(account).await;
    let page = web.get("/statements", &cookies).await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(web.running.terminate(ENDED_WITHIN).await.success());
}

#[tokio::test]
async fn the_old_rest_routes_answer_for_a_card_and_its_number_is_in_no_log() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let talkative = [("RUST_LOG", "trace"), ("CODEBANK_LEGACY_REST", "true")];
    let bank = home.open_with(&talkative).await;
    let teller = Teller::at(&bank.banner.grpc_url());
    let card = card_of_ones_own(&teller).await;
    let others = card_of_ones_own(&teller).await;
    let web = Web::beside(&bank.banner, &card.account_id, &talkative);
    web.operations().when_ready().await;

    buy(&teller, &card, 4_990).await;
    buy(&teller, &card, 900_000_000).await;
    let path = format!("/credit-cards/{}/invoices", card.number);
    let invoices = eventually("the purchase is an invoice", SHOWN_WITHIN, async || {
        let (status, invoices) = json(web.get(&path, "").await).await;
        if invoices.get(0).is_some() {
            Ok(invoices)
        } else {
            Err((status, invoices))
        }
    })
    .await;
    let invoice = &invoices[0];
    assert_eq!(
        invoices.as_array().map(Vec::len),
        Some(1),
        "a decline is no charge"
    );
    assert_eq!(
        (&invoice["amount"], &invoice["store"], &invoice["credit_card_id"]),
        (&json!(49.9), &json!("Livraria"), &json!(card.card_id))
    );
    let elsewhere = format!("/credit-cards/{}/invoices", others.number);
    assert_eq!(web.get(&elsewhere, "").await.status(), StatusCode::NOT_FOUND);

    let new = luhn::random_number("51", &mut rand::rng());
    let numbers = [card.number.clone(), others.number.clone(), new.clone()];
    let at_the_bank = format!("{}/credit-cards", bank.banner.http_url());
    for (routes, number, expected) in [
        (web.url("/credit-cards"), &new, StatusCode::CREATED),
        (web.url("/credit-cards"), &new, StatusCode::UNPROCESSABLE_ENTITY),
        (
            at_the_bank.clone(),
            &card.number,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let body = json!({ "name": "M DE ASSIS", "number": number });
        let answer = web.http.post(routes).json(&body).send().await;
        let (status, answer) = json(answer.expect("an answer")).await;
        assert_eq!(status, expected, "{answer}");
    }
    let embedded = format!("{at_the_bank}/{}/invoices", card.number);
    let answer = web.http.get(embedded).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "no demo cardholder's");
    let (_, list) = json(web.get("/credit-cards", "").await).await;
    let masked = |number: &str| json!(format!("************{}", &number[12..]));
    let listed: Vec<&Value> = list
        .as_array()
        .into_iter()
        .flatten()
        .map(|card| &card["number"])
        .collect();
    assert_eq!(listed, [&masked(&card.number), &masked(&new)]);

    let scanner = Scanner::of(numbers);
    for said in [web.running.said(), bank.running.said()] {
        assert!(said.contains("THE OLD REST ROUTES ARE ON") && said.contains("TRACE"));
        assert_eq!(scanner.find(said.as_bytes()), []);
    }
    let (_, metrics) = web.operations().get("/metrics").await.expect("metrics");
    assert_eq!(scanner.find(metrics.as_bytes()), []);
    let below = scanner.find_below(web.folder.path()).expect("the folder is read");
    assert!(below.hits.is_empty());
}
