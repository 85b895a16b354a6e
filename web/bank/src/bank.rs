//! The bank as the pages know it: its public GraphQL API over HTTP. Answers are read into the few types of `facts`.

pub(crate) mod facts;
pub(crate) mod follow;
pub(crate) mod queries;

use std::time::Duration;

use axum::http::StatusCode;
use look::{Link, Problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{error, warn};

/// Above the two seconds for which the bank waits for a version.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Why the bank has no answer to a query.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the bank cannot be reached")]
    Unreachable(#[from] reqwest::Error),
    #[error("there is no such thing at the bank")]
    NotFound,
    #[error("the version asked for is not visible yet")]
    NotYetVisible,
    #[error("the bank cannot read the question: {0}")]
    BadInput(String),
    #[error("the bank is not available: {0}")]
    Unavailable(String),
    #[error("the bank answered something else: {0}")]
    Unreadable(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Bank {
    http: reqwest::Client,
    url: String,
}

#[derive(Serialize)]
struct Question<'q> {
    query: &'q str,
    variables: Value,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<Complaint>,
}

/// An error of GraphQL.
#[derive(Debug, Deserialize)]
pub(crate) struct Complaint {
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Debug, Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    code: String,
}

impl Bank {
    pub(crate) fn new(url: String) -> Self {
        Self {
            http: reqwest::Client::new(),
            url,
        }
    }

    /// The address of subscriptions.
    pub(crate) fn socket_url(&self) -> String {
        self.url.replacen("http", "ws", 1)
    }

    pub(crate) async fn ask<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, Failure> {
        let answer: Answer = self
            .http
            .post(&self.url)
            .timeout(ANSWER_WITHIN)
            .json(&Question { query, variables })
            .send()
            .await?
            .json()
            .await?;
        if let Some(complaint) = answer.errors.into_iter().next() {
            return Err(Failure::from(complaint));
        }
        let data = answer.data.unwrap_or_default();
        serde_json::from_value(data).map_err(|error| Failure::Unreadable(error.to_string()))
    }
}

impl From<Complaint> for Failure {
    fn from(complaint: Complaint) -> Self {
        match complaint.extensions.code.as_str() {
            // What an operator has not switched on is not there.
            "NOT_FOUND" | "NOT_ENABLED" => Self::NotFound,
            "VERSION_NOT_YET_VISIBLE" => Self::NotYetVisible,
            "BAD_USER_INPUT" => Self::BadInput(complaint.message),
            "UNAVAILABLE" | "LIMIT_EXCEEDED" => Self::Unavailable(complaint.message),
            _ => Self::Unreadable(complaint.message),
        }
    }
}

impl Failure {
    /// As the reader is told; `retry` is where the same is asked again. Logged here, where it is handled.
    pub(crate) fn problem(&self, retry: &str) -> Problem {
        match self {
            Self::NotFound => Problem::of(StatusCode::NOT_FOUND).with_next(to_statement()),
            Self::NotYetVisible => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ("It is recorded, and on its way here", "Está registrado e já vai aparecer"),
                (
                    "The bank has your purchase; this page has not caught up with it yet. It takes a moment: try again.",
                    "O banco já tem sua compra; esta página ainda não a alcançou. Leva um instante: tente de novo.",
                ),
            )
            .with_next(Link::new(retry, "Try again", "Tentar de novo")),
            Self::BadInput(message) => {
                warn!(message, "a page was asked with something that cannot be");
                bad_address()
            }
            Self::Unreachable(_) | Self::Unavailable(_) => {
                warn!(error = self as &dyn std::error::Error, "the bank has no answer");
                Problem::unavailable().with_next(Link::new(retry, "Try again", "Tentar de novo"))
            }
            Self::Unreadable(_) => {
                error!(error = self as &dyn std::error::Error, "an answer of the bank is of no use");
                Problem::of(StatusCode::BAD_GATEWAY).with_next(to_statement())
            }
        }
    }
}

/// An address with something in it that no page of ours put there.
pub(crate) fn bad_address() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        ("This address cannot be right", "Este endereço não está certo"),
        (
            "Something in it is not as our pages write it. Nothing was changed.",
            "Há algo nele que nossas páginas não escreveriam. Nada foi alterado.",
        ),
    )
    .with_next(to_statement())
}

fn to_statement() -> Link {
    Link::new("/statements", "To your statement", "Ir para a sua fatura")
}
