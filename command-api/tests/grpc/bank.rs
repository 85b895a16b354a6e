//! A bank of one's own for each test, and what one does with it.

use std::sync::Arc;

use command_api::event_store::{EventLog, Position, Recorded, sqlite};
use command_api::execute::{self, Executor};
use command_api::grpc::{self, Services};
use command_api::vault::{self, SqliteVaultStore, Vault, VaultKeys, VaultStore};
use proto::codebank::v1;
use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use proto::codebank::v1::history_service_client::HistoryServiceClient;
use proto::payment::payment_service_client::PaymentServiceClient;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::moody_log::MoodyLog;

pub(crate) const VISA: &str = "4111111111111111";
pub(crate) const MASTERCARD: &str = "5555555555554444";
/// A number that no test's bank issues.
pub(crate) const NOBODYS: &str = "4242424242424242";

pub(crate) struct Bank {
    pub(crate) folder: TempDir,
    pub(crate) log: Arc<MoodyLog>,
    pub(crate) channel: Channel,
    pub(crate) ready: watch::Sender<bool>,
    _shutdown: DropGuard,
}

/// A card with all that is printed on it.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) account_id: String,
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) credentials: v1::CardCredentials,
}

impl Bank {
    pub(crate) async fn start() -> Self {
        Self::start_with(&grpc::Settings::default()).await
    }

    pub(crate) async fn start_with(settings: &grpc::Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault.db");
        let store = SqliteVaultStore::open(&path).await.expect("the vault opens");
        Self::start_on(folder, store, settings).await
    }

    pub(crate) async fn start_on(
        folder: TempDir,
        store: impl VaultStore + 'static,
        settings: &grpc::Settings,
    ) -> Self {
        let log = sqlite::open(&folder.path().join("events.db"))
            .await
            .expect("the log opens");
        let log = Arc::new(MoodyLog::new(Arc::new(log)));
        let services = Services {
            executor: Executor::start(Arc::clone(&log) as _, &execute::Settings::default()),
            vault: Vault::new(store, &VaultKeys::random(), &vault::Settings::default()),
            log: Arc::clone(&log) as _,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (ready, is_ready) = watch::channel(true);
        let shutdown = CancellationToken::new();
        let (settings, stop) = (settings.clone(), shutdown.clone());
        tokio::spawn(async move {
            grpc::serve(listener, services, &settings, is_ready, stop.cancelled_owned())
                .await
                .expect("serves");
        });
        let channel = Channel::from_shared(address)
            .expect("an address")
            .connect()
            .await
            .expect("connects");
        Self {
            folder,
            log,
            channel,
            ready,
            _shutdown: shutdown.drop_guard(),
        }
    }

    pub(crate) fn authorizations(&self) -> AuthorizationServiceClient<Channel> {
        AuthorizationServiceClient::new(self.channel.clone())
    }

    pub(crate) fn accounts(&self) -> CardAccountServiceClient<Channel> {
        CardAccountServiceClient::new(self.channel.clone())
    }

    pub(crate) fn histories(&self) -> HistoryServiceClient<Channel> {
        HistoryServiceClient::new(self.channel.clone())
    }

    pub(crate) fn payments(&self) -> PaymentServiceClient<Channel> {
        PaymentServiceClient::new(self.channel.clone())
    }

    /// Everything in the log, in the order of its commits.
    pub(crate) async fn events(&self) -> Vec<Recorded> {
        self.log
            .read_committed(Position::default(), 10_000)
            .await
            .expect("the log is read")
    }

    pub(crate) async fn open_account(&self, limit_cents: i64) -> String {
        let request = v1::OpenAccountRequest {
            request_id: new_id(),
            credit_limit: Some(brl(limit_cents)),
            closing_day: 25,
        };
        self.accounts()
            .open_account(request)
            .await
            .expect("opened")
            .into_inner()
            .account_id
    }

    /// A card that is issued and not active yet.
    pub(crate) async fn issue(&self, account_id: &str, number: &str, (month, year): (u32, u32)) -> Card {
        let request = v1::IssueCardRequest {
            request_id: new_id(),
            account_id: account_id.to_owned(),
            expiry_month: month,
            expiry_year: year,
            card_number: number.to_owned(),
        };
        let issued = self
            .accounts()
            .issue_card(request)
            .await
            .expect("issued")
            .into_inner();
        let request = v1::RevealCardRequest {
            card_id: issued.card_id.clone(),
        };
        let revealed = self
            .accounts()
            .reveal_card(request)
            .await
            .expect("revealed")
            .into_inner();
        Card {
            account_id: account_id.to_owned(),
            id: issued.card_id,
            token: issued.card_token,
            credentials: v1::CardCredentials {
                number: revealed.card_number,
                expiry_month: revealed.expiry_month,
                expiry_year: revealed.expiry_year,
                security_code: revealed.security_code,
            },
        }
    }

    /// An active card on an account of its own.
    pub(crate) async fn card(&self, limit_cents: i64, number: &str) -> Card {
        let account_id = self.open_account(limit_cents).await;
        let card = self.issue(&account_id, number, (12, 2050)).await;
        self.accounts()
            .activate_card(card.activation())
            .await
            .expect("activated");
        card
    }

    pub(crate) async fn authorize(&self, request: v1::AuthorizeRequest) -> v1::Authorization {
        let answer = self
            .authorizations()
            .authorize(request)
            .await
            .expect("an answer, if a decline");
        answer.into_inner().authorization.expect("always")
    }

    pub(crate) async fn refusal(&self, request: v1::AuthorizeRequest) -> Status {
        self.authorizations()
            .authorize(request)
            .await
            .expect_err("refused")
    }
}

impl Card {
    pub(crate) fn activation(&self) -> v1::ActivateCardRequest {
        v1::ActivateCardRequest {
            request_id: new_id(),
            account_id: self.account_id.clone(),
            card_id: self.id.clone(),
        }
    }

    /// A purchase as it is typed in at a checkout.
    pub(crate) fn purchase(&self, cents: i64) -> v1::AuthorizeRequest {
        purchase(
            v1::authorize_request::Card::Credentials(self.credentials.clone()),
            cents,
        )
    }

    pub(crate) fn purchase_by_token(&self, cents: i64) -> v1::AuthorizeRequest {
        purchase(v1::authorize_request::Card::CardToken(self.token.clone()), cents)
    }

    /// The same card, its security code mistyped.
    pub(crate) fn with_wrong_code(&self) -> Self {
        let wrong = if self.credentials.security_code == "000" {
            "001"
        } else {
            "000"
        };
        self.changed(|credentials| wrong.clone_into(&mut credentials.security_code))
    }

    pub(crate) fn changed(&self, change: impl FnOnce(&mut v1::CardCredentials)) -> Self {
        let mut card = self.clone();
        change(&mut card.credentials);
        card
    }
}

fn purchase(card: v1::authorize_request::Card, cents: i64) -> v1::AuthorizeRequest {
    v1::AuthorizeRequest {
        request_id: new_id(),
        card: Some(card),
        amount: Some(brl(cents)),
        merchant: Some(v1::Merchant {
            id: "livraria-01".to_owned(),
            name: "Livraria".to_owned(),
            mcc: "5942".to_owned(),
        }),
        description: "Dom Casmurro".to_owned(),
    }
}

pub(crate) fn brl(cents: i64) -> v1::Money {
    v1::Money {
        minor_units: cents,
        currency_code: "BRL".to_owned(),
    }
}

pub(crate) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// The code and the reason of a refusal; every refusal has a reason.
pub(crate) fn check(status: &Status, code: Code, reason: &str) {
    let info = status.get_details_error_info().expect("always");
    assert_eq!(
        (status.code(), info.reason.as_str()),
        (code, reason),
        "{}",
        status.message()
    );
    assert_eq!(info.domain, "codebank");
}

/// The fields that a refusal names.
pub(crate) fn faults(status: &Status) -> Vec<String> {
    let details = status.get_details_bad_request().expect("the faults");
    details
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
