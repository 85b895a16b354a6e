//! That a form was sent from a page of ours, by the reader it was shown to: where the browser says it comes from, and a token
//! that belongs to the reader's session.

use axum::RequestExt as _;
use axum::extract::{FromRequest, RawForm, Request};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::cookie::Key;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;
use serde::de::DeserializeOwned;

use crate::signed::mac;
use crate::{Problem, Visitor};

const PURPOSE: &str = "csrf";
/// The hidden field that carries the token.
const FIELD: &[u8] = b"csrf";

/// The token of a session.
pub(crate) fn token(key: &Key, session: &str) -> String {
    URL_SAFE_NO_PAD.encode(mac(key, PURPOSE, session).finalize().into_bytes())
}

/// Compares in constant time.
pub(crate) fn is_token(key: &Key, session: &str, token: &[u8]) -> bool {
    URL_SAFE_NO_PAD
        .decode(token)
        .is_ok_and(|token| mac(key, PURPOSE, session).verify_slice(&token).is_ok())
}

/// Whether the browser says that a page of this host sent the request. What says nothing is not a browser of our time; the
/// token decides then.
pub(crate) fn is_from_own_page(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let origin_host = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, host)| host);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    origin_host.is_some() && origin_host == host
}

/// A form from a page of ours. Takes the place of `axum::Form` in every handler that changes something; what is refused is
/// answered with a designed page.
#[derive(Debug)]
pub struct Posted<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Posted<T> {
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Response> {
        let visitor = request.extract_parts_with_state::<Visitor, S>(state).await?;
        if !is_from_own_page(request.headers()) {
            return Err(visitor.problem(&Problem::not_from_our_page()));
        }
        let RawForm(body) = match RawForm::from_request(request, state).await {
            Ok(form) => form,
            Err(rejection) => {
                let status = rejection.into_response().status();
                return Err(visitor.problem(&Problem::of(status)));
            }
        };
        let token = form_urlencoded::parse(&body)
            .find(|(name, _)| name.as_bytes() == FIELD)
            .map(|(_, value)| value.into_owned());
        if !token.is_some_and(|token| visitor.owns(&token)) {
            return Err(visitor.problem(&Problem::not_from_our_page()));
        }
        serde_urlencoded::from_bytes(&body)
            .map(Self)
            .map_err(|_| visitor.problem(&Problem::unreadable_form()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(site: Option<&str>, origin: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "bank.example:8080".parse().unwrap());
        if let Some(site) = site {
            headers.insert("sec-fetch-site", site.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(is_from_own_page(&headers), expected, "{site:?} {origin:?}");
    }

    #[test]
    fn a_form_of_another_site_is_known() {
        check(None, None, true);
        check(Some("same-origin"), None, true);
        check(Some("none"), None, true);
        check(Some("same-site"), Some("http://bank.example:8080"), false);
        check(Some("cross-site"), None, false);
        check(None, Some("http://bank.example:8080"), true);
        check(None, Some("http://bank.example"), false);
        check(None, Some("https://evil.example"), false);
        check(None, Some("null"), false);
    }

    #[test]
    fn a_token_belongs_to_one_session_and_one_key() {
        let key = Key::generate();
        let mine = token(&key, "mine");
        assert!(is_token(&key, "mine", mine.as_bytes()));
        assert!(!is_token(&key, "yours", mine.as_bytes()));
        assert!(!is_token(&Key::generate(), "mine", mine.as_bytes()));
        assert!(!is_token(&key, "mine", b""));
    }
}
