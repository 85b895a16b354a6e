//! What goes wrong. 422 has the body that old clients read, a `message`; all else is `application/problem+json` (RFC 9457).
//! Nothing of a request is repeated in it, or logged: there is a card number in each.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tonic::Status;
use tracing::warn;

use crate::bank::Failure;

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: &'static str,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: &'static str) -> Self {
        Self { status, detail }
    }

    pub(super) fn unprocessable(message: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// Also for cards that are not for these eyes.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such card here.")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This resource cannot be used that way.",
        )
    }

    fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The bank cannot be asked right now. Send it again in a moment.",
        )
    }

    /// Of the bank's refusal only the code is logged: whatever else is at that address may repeat what it was asked.
    pub(super) fn no_answer(status: &Status) -> Self {
        warn!(code = ?status.code(), "the bank has no answer for the old REST routes");
        Self::unavailable()
    }
}

/// GraphQL was asked about an account, never about a number.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        warn!(
            error = &failure as &dyn std::error::Error,
            "the bank shows nothing for the old REST routes"
        );
        Self::unavailable()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.status == StatusCode::UNPROCESSABLE_ENTITY {
            return (self.status, Json(json!({ "message": self.detail }))).into_response();
        }
        let problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}
