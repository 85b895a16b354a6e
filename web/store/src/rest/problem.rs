//! What goes wrong, as `application/problem+json` (RFC 9457). Nothing a caller sent is repeated in it: it might be a card number.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::database::DatabaseError;
use crate::ordering::OrderingError;
use crate::price::PriceError;

const RETRY_AFTER_SECONDS: &str = "2";

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Every field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// A JSON pointer into the body.
    #[schema(example = "/items/0/quantity")]
    pointer: String,
    detail: String,
}

impl FieldError {
    pub(super) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: Some(detail.into()),
            errors: Vec::new(),
        }
    }

    pub(super) fn fields(errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Self::new(
                StatusCode::BAD_REQUEST,
                "Some fields cannot be used. Nothing was stored.",
            )
        }
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This resource cannot be used that way.",
        )
    }

    fn failed(error: &DatabaseError) -> Self {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "a request of the REST API failed"
        );
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The shop cannot answer right now. Try again in a moment.",
        )
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::failed(&error)
    }
}

impl From<OrderingError> for Problem {
    fn from(error: OrderingError) -> Self {
        match error {
            OrderingError::Database(error) => Self::failed(&error),
            OrderingError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many orders wait for the bank. Nothing was stored: send it again in a moment.",
            ),
            OrderingError::Total(error) => Self::fields(vec![FieldError::new("/items", total(error))]),
        }
    }
}

fn total(error: PriceError) -> String {
    format!("the total {error}")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, Json(self)).into_response();
        // `Json` has set its own.
        response.headers_mut().insert(
            CONTENT_TYPE,
            axum::http::HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(
                RETRY_AFTER,
                axum::http::HeaderValue::from_static(RETRY_AFTER_SECONDS),
            );
        }
        response
    }
}
