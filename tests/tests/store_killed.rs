//! The shop is killed between storing an order and hearing the bank: when it is started again it finds out what became of the order,
//! without charging anybody twice and without losing what was charged.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use test_support::{Program, Running, eventually, holds};
use tests::embedded::{Banner, Home};
use tests::proxy::{Mode, Proxy};
use tests::teller::{Teller, request_id};
use tests::{address, command};

const UP_WITHIN: Duration = Duration::from_secs(30);
/// The call's deadline, the grace after it, and a busy machine.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

/// A shop that is killed and started again on the same folder and address.
struct Shop {
    folder: PathBuf,
    address: SocketAddr,
    bank: String,
    starts: u32,
}

impl Shop {
    async fn start(&mut self) -> Running {
        self.starts += 1;
        let program = command::binary().expect("the bank's binary is built");
        let running = Program::new(
            "setpriv",
            self.folder.with_extension(format!("log-{}", self.starts)),
        )
        .args(["--pdeathsig", "KILL", "--"])
        .args([program.as_path()])
        .args(["store", "--data", &self.folder.display().to_string()])
        .args(["--address", &self.address.to_string()])
        .args(["--bank-grpc-url", &self.bank])
        .start();
        eventually("the shop is ready", UP_WITHIN, async || {
            let ready = reqwest::get(self.url("/readyz")).await;
            holds(ready.is_ok_and(|answer| answer.status() == StatusCode::OK))
        })
        .await;
        running
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the shop knows of an order.
    async fn status(&self, order: &str) -> Option<String> {
        let answer = reqwest::get(self.url(&format!("/orders/{order}"))).await.ok()?;
        let order: Value = answer.json().await.ok()?;
        order["status"].as_str().map(str::to_owned)
    }

    /// Orders one thing. `None`: nobody answered any more.
    async fn order(&self, id: &str, card: &Value) -> Option<(StatusCode, Value)> {
        let product: Value = reqwest::get(self.url("/products/trena"))
            .await
            .ok()?
            .json()
            .await
            .ok()?;
        let order = json!({ "credit_card": card, "items": [{ "quantity": 1, "product_id": product["id"] }] });
        let answer = reqwest::Client::new()
            .post(self.url("/orders"))
            .header("idempotency-key", id)
            .json(&order)
            .send()
            .await
            .ok()?;
        Some((answer.status(), answer.json().await.ok()?))
    }
}

/// The first demo card, as the banner shows it: `4111 1111 1111 1111  12/35  CVV 123  account …`.
fn card(banner: &Banner) -> (Value, String) {
    let cards = banner.cards();
    let line = cards.first().expect("a demo card");
    let after = |label: &str| {
        let (_, rest) = line.split_once(label).expect("a label");
        rest.split_whitespace().next().expect("a word").to_owned()
    };
    let number = line.split("  ").map(str::trim).find(|part| part.len() == 19);
    let card = json!({ "number": number.expect("a number"), "name": "M DE ASSIS", "expiration_month": 12,
        "expiration_year": 2035, "cvv": after("CVV ") });
    (card, after("account "))
}

/// How many purchases the bank approved.
async fn approved(bank: &Teller, account: &str) -> usize {
    let events = bank.clone().account_events(account).await.expect("a history");
    events
        .iter()
        .filter(|event| event.r#type == "purchase_approved")
        .count()
}

#[tokio::test]
async fn what_the_bank_charged_before_the_kill_is_found() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let proxy = Proxy::before(&bank.banner.grpc, Mode::LoseAnswers).await;
    let teller = Teller::at(&bank.banner.grpc_url());
    let mut shop = Shop {
        folder: home.data().with_file_name("shop"),
        address: address::free(),
        bank: format!("http://{}", proxy.address()),
        starts: 0,
    };
    let (card, account) = card(&bank.banner);
    let id = request_id();

    let mut running = shop.start().await;
    let kill = async {
        eventually("the bank has charged", UP_WITHIN, async || {
            holds(approved(&teller, &account).await == 1)
        })
        .await;
        running.kill();
    };
    let (unheard, ()) = tokio::join!(shop.order(&id, &card), kill);
    assert_eq!(unheard, None, "the shop was killed before it could answer");

    proxy.turn_to(Mode::Pass);
    let _running = shop.start().await;
    eventually("the order is paid", SETTLED_WITHIN, async || {
        let status = shop.status(&id).await;
        holds(status.as_deref() == Some("approved")).map_err(|_| status)
    })
    .await;
    let (status, again) = shop.order(&id, &card).await.expect("an answer");
    assert_eq!((status, &again["id"]), (StatusCode::CREATED, &json!(id)));
    assert_eq!(approved(&teller, &account).await, 1);
}

#[tokio::test]
async fn what_never_reached_the_bank_ends_as_not_charged() {
    let Some(_) = command::binary() else { return };
    let mut home = Home::new();
    let bank = home.open().await;
    let proxy = Proxy::before(&bank.banner.grpc, Mode::Hang).await;
    let teller = Teller::at(&bank.banner.grpc_url());
    let mut shop = Shop {
        folder: home.data().with_file_name("shop"),
        address: address::free(),
        bank: format!("http://{}", proxy.address()),
        starts: 0,
    };
    let (card, account) = card(&bank.banner);
    let id = request_id();

    let mut running = shop.start().await;
    let kill = async {
        eventually("the order is stored", UP_WITHIN, async || {
            holds(shop.status(&id).await.as_deref() == Some("pending"))
        })
        .await;
        running.kill();
    };
    let (unheard, ()) = tokio::join!(shop.order(&id, &card), kill);
    assert_eq!(unheard, None, "the shop was killed before it could answer");

    proxy.turn_to(Mode::Pass);
    let _running = shop.start().await;
    assert_eq!(
        shop.status(&id).await.as_deref(),
        Some("pending"),
        "nothing is lost"
    );
    eventually("the order ends", SETTLED_WITHIN, async || {
        let status = shop.status(&id).await;
        holds(status.as_deref() == Some("not_charged")).map_err(|_| status)
    })
    .await;
    // A repeat is the same order: it does not charge after all.
    let (status, again) = shop.order(&id, &card).await.expect("an answer");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{again}");
    assert_eq!(approved(&teller, &account).await, 0);
}
