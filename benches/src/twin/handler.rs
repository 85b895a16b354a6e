//! What both faces call: from a message to its answer, durable unless a ceiling is measured.

use std::collections::HashMap;
use std::fmt::Display;
use std::hint::black_box;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::event_store::{ACCOUNT_STREAM, EventLog, Recorded, RequestKey};
use command_api::execute::{self, Executor};
use command_api::vault::{self, PostgresVaultStore, Vault, VaultKeys};
use domain::AccountId;
use domain::account::{AuthorizePurchase, Command, Event, State, decide, evolve, replay};
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
    Bank(Bank),
    /// Approves everything at once, without a vault, a rule or a database: what is left is the wire.
    Echo,
}

#[derive(Clone)]
pub(super) struct Bank {
    vault: Vault,
    decisions: Decisions,
}

#[derive(Clone)]
enum Decisions {
    /// By the bank's own write loop.
    Durable(Executor),
    InMemory(InMemory),
}

/// Decides by the bank's rules and writes each event down, but keeps none: what is missing is all that makes it durable.
#[derive(Clone)]
struct InMemory {
    log: Arc<dyn EventLog>,
    /// Each as it was when it was first seen and has become here since, with its version.
    accounts: Arc<Mutex<HashMap<AccountId, (State, u64)>>>,
}

impl Handler {
    pub(super) async fn authorize(&self, message: AuthorizeRequest) -> Result<Authorization, Status> {
        match self {
            Self::Bank(bank) => bank.authorize(message).await,
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

impl Bank {
    /// On tables that are there.
    pub(super) async fn start(
        database_url: &str,
        vault_url: &str,
        keys: &Path,
        in_memory: bool,
    ) -> Result<Self> {
        let pool = postgres::connect(database_url, CONNECTIONS)
            .await
            .context("the event log's database")?;
        let log: Arc<dyn EventLog> = Arc::new(PostgresEventLog::new(pool));
        let keys = VaultKeys::load(keys)?;
        let options = vault_url.parse().context("the vault's database")?;
        let store = PostgresVaultStore::new(options, CONNECTIONS);
        let decisions = if in_memory {
            Decisions::InMemory(InMemory {
                log,
                accounts: Arc::default(),
            })
        } else {
            Decisions::Durable(Executor::start(log, &execute::Settings::default()))
        };
        Ok(Self {
            vault: Vault::new(store, &keys, &vault::Settings::default()),
            decisions,
        })
    }

    async fn authorize(&self, message: AuthorizeRequest) -> Result<Authorization, Status> {
        let purchase = Purchase::read(&message)?;
        let recognized = self
            .vault
            .recognize(&purchase.number, purchase.expiry, &purchase.security_code)
            .await
            .map_err(out_of_reach)?;
        let Some(card) = recognized else {
            return Ok(unknown_card(purchase.amount));
        };
        let key = RequestKey {
            id: purchase.request_id,
            fingerprint: self.fingerprint(message, &purchase),
        };
        let (account_id, purchase) = (card.account_id, purchase.command(card));
        let (event, version) = match &self.decisions {
            Decisions::Durable(executor) => durably(executor, account_id, purchase, key).await?,
            Decisions::InMemory(decisions) => {
                black_box(key);
                decisions.decide(account_id, purchase).await?
            }
        };
        authorization(&event, (account_id.to_string(), version))
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

async fn durably(
    executor: &Executor,
    account_id: AccountId,
    purchase: AuthorizePurchase,
    key: RequestKey,
) -> Result<(Event, u64), Status> {
    let request = execute::Request {
        account_id,
        key,
        command: Arc::new(Command::AuthorizePurchase(purchase)),
        trace: TraceContext::start(),
        deadline: None,
    };
    let answer = executor.execute(request).await;
    let answer = answer.map_err(out_of_reach)?;
    let event = answer.event.account_event();
    let event = event.map_err(damaged)?;
    Ok((event, answer.event.sequence))
}

impl InMemory {
    async fn decide(
        &self,
        account_id: AccountId,
        purchase: AuthorizePurchase,
    ) -> Result<(Event, u64), Status> {
        let is_known = self.accounts().contains_key(&account_id);
        if !is_known {
            let account = self.load(account_id).await?;
            self.accounts().entry(account_id).or_insert(account);
        }
        let mut accounts = self.accounts();
        let (state, version) = accounts.entry(account_id).or_default();
        let decided = decide(state, Command::AuthorizePurchase(purchase)).map_err(damaged)?;
        for event in &decided {
            *state = evolve(std::mem::take(state), event).map_err(damaged)?;
            *version += 1;
        }
        let version = *version;
        drop(accounts);
        let event = decided.into_iter().next_back();
        let event = event.ok_or_else(|| damaged("nothing was decided"))?;
        black_box(serde_json::to_string(&event).map_err(damaged)?);
        Ok((event, version))
    }

    async fn load(&self, account_id: AccountId) -> Result<(State, u64), Status> {
        let stream = [(account_id.as_uuid(), 0)];
        let recorded = self.log.load(ACCOUNT_STREAM, &stream).await;
        let recorded = recorded.map_err(out_of_reach)?;
        let events: Result<Vec<Event>, _> = recorded.iter().map(Recorded::account_event).collect();
        let events = events.map_err(damaged)?;
        let state = replay(&events).map_err(damaged)?;
        Ok((state, events.len() as u64))
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<AccountId, (State, u64)>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn out_of_reach(error: impl Display) -> Status {
    Status::unavailable(error.to_string())
}

fn damaged(error: impl Display) -> Status {
    Status::data_loss(error.to_string())
}
