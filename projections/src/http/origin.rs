//! Browsers open sockets to any host for any page; only the `Origin` header tells. A page of another origin must not read an
//! account through its visitor's browser.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether the request comes from a page of this very host, or from no page at all.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: Option<&str>, host: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in [(ORIGIN, origin), (HOST, host)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        assert_eq!(is_own(&headers), expected, "{origin:?} {host:?}");
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        check(None, Some("localhost:8080"), true);
        check(Some("http://localhost:8080"), Some("localhost:8080"), true);
        check(Some("http://localhost:8081"), Some("localhost:8080"), false);
        check(Some("https://shop.example"), Some("localhost:8080"), false);
        check(Some("null"), Some("localhost:8080"), false);
        check(Some("http://localhost:8080"), None, false);
    }
}
