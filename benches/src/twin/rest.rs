//! The handler over REST: `POST /v1/authorizations` with JSON over HTTP/1.1, and the caller that buys through it.

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tonic::{Code, Status};

use super::handler::Handler;
use super::json::{Answered, Asked};
use crate::bank::{ANSWERED_WITHIN, Account};
use crate::choice::Choice;
use crate::load::Caller;
use crate::measurement::{Answer, Failure};
use crate::purchases::Purchases;

const PATH: &str = "/v1/authorizations";

pub(super) async fn serve(listener: TcpListener, handler: Handler) -> Result<()> {
    let app = Router::new().route(PATH, post(authorize)).with_state(handler);
    // As on the gRPC face: an answer does not wait for the next one.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, app).await.context("the REST face")
}

async fn authorize(State(handler): State<Handler>, body: Bytes) -> Response {
    let asked: Asked = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match handler.authorize(asked.into_message()).await {
        Ok(answer) => match Answered::of(&answer) {
            Some(answered) => Json(answered).into_response(),
            None => refused(StatusCode::INTERNAL_SERVER_ERROR, "an answer without an amount"),
        },
        Err(status) => refused(http_status(&status), status.message()),
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(serde_json::json!({ "message": message }))).into_response()
}

fn http_status(status: &Status) -> StatusCode {
    match status.code() {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::AlreadyExists => StatusCode::CONFLICT,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Buys over REST, one request for each purchase, on a connection that stays open.
pub(crate) struct RestBuyer {
    http: reqwest::Client,
    url: String,
    purchases: Purchases,
}

impl RestBuyer {
    pub(crate) fn many(
        server: &str,
        accounts: &Arc<[Account]>,
        count: usize,
        seed: u64,
    ) -> Result<Vec<Self>> {
        let one = |purchases| {
            // One client each: its pool holds the one connection that it needs.
            let http = reqwest::Client::builder()
                .no_proxy()
                .http1_only()
                .tcp_nodelay(true)
                .timeout(ANSWERED_WITHIN)
                .build()?;
            Ok(Self {
                http,
                url: format!("{server}{PATH}"),
                purchases,
            })
        };
        let purchases = Purchases::many(accounts, Choice::Even, count, seed);
        purchases.into_iter().map(one).collect()
    }
}

impl Caller for RestBuyer {
    async fn call(&mut self) -> Result<Answer, Failure> {
        let (request, expected) = self.purchases.next();
        let asked = Asked::of(&request).map(|asked| serde_json::to_vec(&asked));
        let Some(Ok(body)) = asked else {
            return Err(Failure::new("NOT_ASKED", "a purchase that JSON cannot say"));
        };
        let unreachable = |error: reqwest::Error| Failure::new("UNREACHABLE", error.to_string());
        let response = self
            .http
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            let message = String::from_utf8_lossy(&body).into_owned();
            return Err(Failure::new(format!("HTTP_{}", status.as_u16()), message));
        }
        let answered: Answered =
            serde_json::from_slice(&body).map_err(|error| Failure::new("NOT_JSON", error.to_string()))?;
        self.purchases.check(answered.into_message(), &expected)?;
        Ok(Answer::Done)
    }
}
