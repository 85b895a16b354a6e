//! The peer decides as the bank does: a comparison with something that answers wrongly would say nothing.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::convert::Infallible;
use std::process::Command;
use std::time::Duration;

use proto::codebank::v1;
use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use proto::codebank::v1::{Authorization, CardCredentials, Decision, DeclineReason, Money};
use tempfile::TempDir;
use test_support::{Database, Program, Running, database, free_port, require};
use tonic::transport::Channel;
use uuid::Uuid;

const SERVES_WITHIN: Duration = Duration::from_mins(1);
const LIMIT: i64 = 10_000;

struct Peer {
    channel: Channel,
    _running: Running,
    _databases: [Database; 2],
    _folder: TempDir,
}

impl Peer {
    async fn start(server: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("keys.json");
        write_keys(&keys);
        let empty = async || database(server, "peer", async |_| Ok::<(), Infallible>(())).await;
        let databases = [empty().await, empty().await];
        let address = format!("127.0.0.1:{}", free_port());
        let mut running = Program::new(env!("CARGO_BIN_EXE_benches"), folder.path().join("log"))
            .args(["serve-peer", "--connections", "8", "--grpc-address", &address])
            .args(["--database-url", &databases[0].url()])
            .args(["--vault-database-url", &databases[1].url()])
            .args(["--vault-keys-file".as_ref(), keys.as_os_str()])
            .start();
        running.says("the peer serves", SERVES_WITHIN).await;
        let channel = Channel::from_shared(format!("http://{address}")).expect("an address");
        Self {
            channel: channel.connect().await.expect("it listens"),
            _running: running,
            _databases: databases,
            _folder: folder,
        }
    }

    /// An account with this much to spend, and its active card.
    async fn card(&self) -> (String, CardCredentials) {
        let mut accounts = CardAccountServiceClient::new(self.channel.clone());
        let opened = accounts.open_account(v1::OpenAccountRequest {
            request_id: fresh(),
            credit_limit: Some(reais(LIMIT)),
            closing_day: 28,
        });
        let account_id = opened.await.expect("opened").into_inner().account_id;
        let issued = accounts.issue_card(v1::IssueCardRequest {
            request_id: fresh(),
            account_id: account_id.clone(),
            expiry_month: 12,
            expiry_year: 2099,
            card_number: String::new(),
        });
        let card_id = issued.await.expect("issued").into_inner().card_id;
        let activated = accounts.activate_card(v1::ActivateCardRequest {
            request_id: fresh(),
            account_id: account_id.clone(),
            card_id: card_id.clone(),
        });
        assert_eq!(
            activated.await.expect("activated").into_inner().account_version,
            3
        );
        let revealed = accounts.reveal_card(v1::RevealCardRequest { card_id }).await;
        let card = revealed.expect("revealed").into_inner();
        let credentials = CardCredentials {
            number: card.card_number,
            expiry_month: card.expiry_month,
            expiry_year: card.expiry_year,
            security_code: card.security_code,
        };
        (account_id, credentials)
    }

    /// The answer, and whether it was marked as given before.
    async fn buy(&self, request_id: &str, card: &CardCredentials, amount: i64) -> (Authorization, bool) {
        let request = v1::AuthorizeRequest {
            request_id: request_id.to_owned(),
            card: Some(v1::authorize_request::Card::Credentials(card.clone())),
            amount: Some(reais(amount)),
            merchant: Some(v1::Merchant {
                id: "bench".to_owned(),
                name: "Livraria".to_owned(),
                mcc: "5942".to_owned(),
            }),
            description: "Dom Casmurro".to_owned(),
        };
        let answer = AuthorizationServiceClient::new(self.channel.clone())
            .authorize(request)
            .await
            .expect("answered");
        let is_repeat = answer.metadata().contains_key(proto::REPLAYED_HEADER);
        let authorization = answer.into_inner().authorization.expect("a decision");
        (authorization, is_repeat)
    }
}

fn write_keys(path: &std::path::Path) {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/docker/vault-keys.sh");
    let made = Command::new("/bin/sh")
        .arg(script)
        .env("CODEBANK_VAULT_KEYS_FILE", path)
        .output()
        .expect("a shell");
    assert!(made.status.success(), "{made:?}");
}

fn fresh() -> String {
    Uuid::now_v7().to_string()
}

fn reais(minor_units: i64) -> Money {
    Money {
        minor_units,
        currency_code: "BRL".to_owned(),
    }
}

#[tokio::test]
async fn the_peer_decides_as_the_bank_does() {
    let peer = Peer::start(&require!(postgres)).await;
    let (account_id, card) = peer.card().await;

    let first = fresh();
    let (approved, is_repeat) = peer.buy(&first, &card, LIMIT - 1).await;
    assert_eq!(approved.decision(), Decision::Approved);
    assert_eq!((&approved.account_id, approved.account_version), (&account_id, 4));
    assert_eq!(
        (approved.amount.clone(), is_repeat),
        (Some(reais(LIMIT - 1)), false)
    );
    assert_eq!(peer.buy(&first, &card, LIMIT - 1).await, (approved, true));

    let wrong_code = if card.security_code == "123" { "124" } else { "123" };
    let wrong = |security_code: &str, number: &str| CardCredentials {
        security_code: security_code.to_owned(),
        number: number.to_owned(),
        ..card.clone()
    };
    let cases = [
        (card.clone(), 2, DeclineReason::OverLimit),
        (
            wrong(wrong_code, &card.number),
            1,
            DeclineReason::CardNotRecognized,
        ),
        (
            wrong("123", "4111111111111111"),
            1,
            DeclineReason::CardNotRecognized,
        ),
    ];
    for (card, amount, reason) in cases {
        let (declined, _) = peer.buy(&fresh(), &card, amount).await;
        assert_eq!(
            (declined.decision(), declined.decline_reason()),
            (Decision::Declined, reason)
        );
    }
    assert_eq!(
        peer.buy(&fresh(), &card, 1).await.0.decision(),
        Decision::Approved
    );
}

#[tokio::test]
async fn the_limit_is_exact_when_all_buy_at_once() {
    let peer = Peer::start(&require!(postgres)).await;
    let (_, card) = peer.card().await;
    let buying = (0..8).map(async |_| {
        let (authorization, _) = peer.buy(&fresh(), &card, LIMIT / 4).await;
        authorization.decision() == Decision::Approved
    });
    let approved = futures::future::join_all(buying).await;
    assert_eq!(approved.into_iter().filter(|approved| *approved).count(), 4);
}
