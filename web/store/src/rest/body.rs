//! A JSON body, or a problem that says where it cannot be read without repeating what stands there.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::problem::Problem;

pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let kind = kind
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        // A page of another site cannot send this type without asking first.
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "The body is longer than any order can be. Nothing was stored.",
                ),
                status => Problem::new(status, "The body did not arrive. Nothing was stored."),
            }
        })?;
        let read = serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let detail = if error.is_data() {
                format!("A field is missing or of another type (line {line}, column {column}).")
            } else {
                format!("The body is no JSON (line {line}, column {column}).")
            };
            Problem::new(StatusCode::BAD_REQUEST, detail)
        });
        wipe(bytes);
        read
    }
}

/// The body may hold a card number. Where nobody else holds the bytes any more, they are wiped.
fn wipe(bytes: Bytes) {
    if let Ok(bytes) = bytes.try_into_mut() {
        drop(Zeroizing::new(Vec::from(bytes)));
    }
}
