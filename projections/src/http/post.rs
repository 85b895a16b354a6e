//! `POST /graphql`, after the GraphQL over HTTP draft: one operation per request, as JSON.
//!
//! Batches of operations are deliberately not taken: each would have the limits of one. Only `application/json` is read, which
//! no form of another site can send without asking first.

use async_graphql::{Executor, Request, Response, ServerError};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;

use super::Shared;
use crate::graphql::Code;

pub(super) async fn graphql(
    State(shared): State<Shared>,
    request: Result<Json<Request>, JsonRejection>,
) -> (StatusCode, Json<Response>) {
    match request {
        Ok(Json(request)) => (StatusCode::OK, Json(shared.executor.execute(request).await)),
        Err(rejection) => refused(&rejection),
    }
}

fn refused(rejection: &JsonRejection) -> (StatusCode, Json<Response>) {
    let status = rejection.status();
    let code = if status == StatusCode::PAYLOAD_TOO_LARGE {
        Code::LimitExceeded
    } else {
        Code::BadUserInput
    };
    let mut error = ServerError::new(rejection.body_text(), None);
    code.mark(&mut error);
    (status, Json(Response::from_errors(vec![error])))
}
