//! What an address asks for beyond its path. An empty field of a search form is one that was left out; what cannot be read
//! gets a designed page.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::response::Response;
use look::Visitor;
use serde::de::DeserializeOwned;

use crate::bank::bad_address;

/// The longest search, as the bank's API has it.
pub(crate) const SEARCH_CHARACTERS_MAX: usize = 100;

/// `axum::extract::Query` with a designed refusal.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        if let Ok(Query(asked)) = Query::<T>::try_from_uri(&parts.uri) {
            return Ok(Self(asked));
        }
        let visitor = Visitor::from_request_parts(parts, state).await?;
        Err(visitor.problem(&bad_address()))
    }
}

/// The text, if there is any.
pub(crate) fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// An address with the fields that have something in them.
pub(crate) fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}
