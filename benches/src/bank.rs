//! A bank to be measured: connections to it, and accounts with active cards, opened through its own services.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use proto::codebank::v1::{
    ActivateCardRequest, CardCredentials, IssueCardRequest, Money, OpenAccountRequest, RevealCardRequest,
};
use tonic::codegen::http::Uri;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use crate::connection::Connection;
use crate::measurement::Failure;

/// No run can spend it: approvals are what is measured.
const CREDIT_LIMIT_MINOR_UNITS: i64 = 1_000_000_000_000_000;
/// Purchases of a run on the last day of a cycle still fall on one statement.
const CLOSING_DAY: u32 = 28;
const EXPIRY_MONTH: u32 = 12;
const EXPIRY_YEAR: u32 = 2099;
/// Accounts that are opened at a time.
const OPENED_AT_A_TIME: usize = 64;
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);
/// The deadline of every call, as a checkout would set one.
pub(crate) const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

pub(crate) const CURRENCY: &str = "BRL";

/// An account and its card. Not printable: the number and the code are the bank's secrets.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// With the card active.
    pub(crate) version: u64,
    pub(crate) card: CardCredentials,
}

pub(crate) type Authorizations = AuthorizationServiceClient<Connection>;

pub(crate) struct Bank {
    origin: Uri,
    connections: Vec<Connection>,
    pub(crate) accounts: Arc<[Account]>,
}

impl Bank {
    /// Connects and opens the accounts, or as many of them as can be opened in that time. They stay when the run is over: a bank
    /// forgets nothing.
    pub(crate) async fn open(
        url: &str,
        connections: NonZeroUsize,
        accounts: NonZeroUsize,
        within: Duration,
    ) -> Result<Self> {
        let (origin, connections) = connect(url, connections).await?;
        let client = |number: usize| {
            let connection = connections[number % connections.len()].clone();
            CardAccountServiceClient::with_origin(connection, origin.clone())
        };
        let opened = stream::iter(0..accounts.get())
            .take_until(tokio::time::sleep(within))
            .map(|number| open_account(client(number)))
            .buffer_unordered(OPENED_AT_A_TIME)
            .try_collect::<Vec<_>>();
        let accounts = opened
            .await
            .context("the accounts for the run could not be opened")?;
        Ok(Self {
            origin,
            connections,
            accounts: accounts.into(),
        })
    }

    /// Another server that has the same accounts.
    pub(crate) async fn with_accounts(
        url: &str,
        connections: NonZeroUsize,
        accounts: Arc<[Account]>,
    ) -> Result<Self> {
        let (origin, connections) = connect(url, connections).await?;
        Ok(Self {
            origin,
            connections,
            accounts,
        })
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// The client of one of the callers.
    pub(crate) fn authorizations(&self, caller: usize) -> Authorizations {
        let connection = self.connections[caller % self.connections.len()].clone();
        AuthorizationServiceClient::with_origin(connection, self.origin.clone())
    }
}

async fn connect(url: &str, connections: NonZeroUsize) -> Result<(Uri, Vec<Connection>)> {
    let url = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let origin: Uri = url.parse().with_context(|| format!("{url} is not an address"))?;
    let mut opened = Vec::new();
    for _ in 0..connections.get() {
        let missing = || {
            format!(
                "no bank answers at {url}: start one (`codebank up`), or measure one of your own (--stack)"
            )
        };
        let connection = tokio::time::timeout(CONNECTED_WITHIN, Connection::open(&origin)).await;
        opened.push(connection.with_context(missing)?.with_context(missing)?);
    }
    Ok((origin, opened))
}

async fn open_account(mut bank: CardAccountServiceClient<Connection>) -> Result<Account, Status> {
    let account = bank
        .open_account(OpenAccountRequest {
            request_id: fresh_request_id(),
            credit_limit: Some(Money {
                minor_units: CREDIT_LIMIT_MINOR_UNITS,
                currency_code: CURRENCY.to_owned(),
            }),
            closing_day: CLOSING_DAY,
        })
        .await?
        .into_inner();
    let card = bank
        .issue_card(IssueCardRequest {
            request_id: fresh_request_id(),
            account_id: account.account_id.clone(),
            expiry_month: EXPIRY_MONTH,
            expiry_year: EXPIRY_YEAR,
            card_number: String::new(),
        })
        .await?
        .into_inner();
    let activated = bank
        .activate_card(ActivateCardRequest {
            request_id: fresh_request_id(),
            account_id: account.account_id.clone(),
            card_id: card.card_id.clone(),
        })
        .await?
        .into_inner();
    let printed = bank
        .reveal_card(RevealCardRequest {
            card_id: card.card_id,
        })
        .await?
        .into_inner();
    let card = CardCredentials {
        number: printed.card_number,
        expiry_month: printed.expiry_month,
        expiry_year: printed.expiry_year,
        security_code: printed.security_code,
    };
    Ok(Account {
        id: account.account_id,
        version: activated.account_version,
        card,
    })
}

/// Never of the seed: a request id that was used before would measure a repeat.
pub(crate) fn fresh_request_id() -> String {
    Uuid::now_v7().to_string()
}

pub(crate) fn with_deadline<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(ANSWERED_WITHIN);
    request
}

/// A gRPC error under its name in the specification, such as `RESOURCE_EXHAUSTED`.
pub(crate) fn failure(status: &Status) -> Failure {
    Failure::new(code_name(status.code()), status.message())
}

pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
