//! A card to be registered, as an old client sends it: JSON, or a problem that says what is wrong with it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::card_number::CardNumber;
use super::problem::Problem;

const NAME_CHARS_MAX: usize = 255;

#[derive(Deserialize)]
pub(super) struct NewCard {
    /// Must be there, as it had to be. The bank has no names: it is not kept.
    name: String,
    pub(super) number: CardNumber,
}

impl<S: Send + Sync> FromRequest<S> for NewCard {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // A page of another site cannot send this type without asking first.
        if !is_json(&request) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is longer than any card can be. Nothing was stored.",
            ),
            status => Problem::new(status, "The body did not arrive. Nothing was stored."),
        })?;
        let read = read(&bytes);
        wipe(bytes);
        read
    }
}

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn read(bytes: &[u8]) -> Result<NewCard, Problem> {
    let card: NewCard = serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            Problem::unprocessable("name and number must be given, as text")
        } else {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "The body is no JSON. Nothing was stored.",
            )
        }
    })?;
    if card.name.trim().is_empty() || card.name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::unprocessable("name must have 1 to 255 characters"));
    }
    Ok(card)
}

/// Where nobody else holds the bytes any more, they are wiped.
fn wipe(bytes: Bytes) {
    if let Ok(bytes) = bytes.try_into_mut() {
        drop(Zeroizing::new(Vec::from(bytes)));
    }
}
