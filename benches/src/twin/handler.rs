//! What both faces call: from a message to its durable answer.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::event_store::{EventLog, RequestKey};
use command_api::execute::{self, Executor};
use command_api::vault::{self, PostgresVaultStore, Vault, VaultKeys};
use domain::account::Command;
use prost::Message as _;
use proto::codebank::v1::authorize_request::Card;
use proto::codebank::v1::{Authorization, AuthorizeRequest, Decision};
use proto::trace::TraceContext;
use tonic::Status;
use uuid::Uuid;

use crate::front::{Purchase, authorization, now, timestamp, unknown_card};

/// As many as the bank's own command-api has.
const CONNECTIONS: u32 = 8;
const METHOD: &str = "codebank.v1.AuthorizationService/Authorize";

/// The account that an echo says every purchase is of.
pub(crate) const ECHO_ACCOUNT: Uuid = Uuid::from_u128(0x0193_9c5e_7a6b_7c00_8000_0000_0000_0001);

#[derive(Clone)]
pub(super) enum Handler {
    Durable(Durable),
    /// Approves everything at once, without a vault, a rule or a database: what is left is the wire.
    Echo,
}

#[derive(Clone)]
pub(super) struct Durable {
    executor: Executor,
    vault: Vault,
}

impl Handler {
    pub(super) async fn authorize(&self, message: AuthorizeRequest) -> Result<Authorization, Status> {
        match self {
            Self::Durable(durable) => durable.authorize(message).await,
            Self::Echo => Ok(Authorization {
                authorization_id: Uuid::now_v7().to_string(),
                decision: Decision::Approved.into(),
                account_id: ECHO_ACCOUNT.to_string(),
                account_version: 1,
                amount: message.amount,
                decided_at: Some(timestamp(now())),
                ..Authorization::default()
            }),
        }
    }
}

impl Durable {
    /// On tables that are there.
    pub(super) async fn start(database_url: &str, vault_url: &str, keys: &Path) -> Result<Self> {
        let pool = postgres::connect(database_url, CONNECTIONS)
            .await
            .context("the event log's database")?;
        let log: Arc<dyn EventLog> = Arc::new(PostgresEventLog::new(pool));
        let keys = VaultKeys::load(keys)?;
        let options = vault_url.parse().context("the vault's database")?;
        let store = PostgresVaultStore::new(options, CONNECTIONS);
        Ok(Self {
            executor: Executor::start(log, &execute::Settings::default()),
            vault: Vault::new(store, &keys, &vault::Settings::default()),
        })
    }

    async fn authorize(&self, message: AuthorizeRequest) -> Result<Authorization, Status> {
        let purchase = Purchase::read(&message)?;
        let recognized = self
            .vault
            .recognize(&purchase.number, purchase.expiry, &purchase.security_code)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let Some(card) = recognized else {
            return Ok(unknown_card(purchase.amount));
        };
        let key = RequestKey {
            id: purchase.request_id,
            fingerprint: self.fingerprint(message, &purchase),
        };
        let request = execute::Request {
            account_id: card.account_id,
            key,
            command: Command::AuthorizePurchase(purchase.command(card)),
            trace: TraceContext::start(),
            deadline: None,
        };
        let answer = self.executor.execute(request).await;
        let answer = answer.map_err(|error| Status::unavailable(error.to_string()))?;
        let event = answer.event.account_event();
        let event = event.map_err(|error| Status::data_loss(error.to_string()))?;
        let account = (answer.event.stream_id.to_string(), answer.event.sequence);
        authorization(&event, account)
            .ok_or_else(|| Status::already_exists("the request id was used for something else"))
    }

    /// The body without its secrets, as the bank keeps it beside the event.
    fn fingerprint(&self, mut message: AuthorizeRequest, purchase: &Purchase) -> [u8; 32] {
        if let Some(Card::Credentials(card)) = &mut message.card {
            card.number = self.vault.number_alias(&purchase.number);
            card.security_code.clear();
        }
        self.vault.fingerprint(METHOD, &message.encode_to_vec())
    }
}
