//! Signed cookies: out of reach of scripts, not sent along from other sites, and bound to their name.

use axum_extra::extract::SignedCookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

/// The value of a cookie that this server signed under this very name.
pub fn read_cookie(jar: &SignedCookieJar, name: &str) -> Option<String> {
    let cookie = jar.get(name)?;
    // The jar's signature covers the value alone: with its name in it, one cookie cannot stand for another.
    let value = cookie.value().strip_prefix(name)?.strip_prefix(':')?;
    Some(value.to_owned())
}

/// Adds a cookie for as long as the browser runs.
pub fn write_cookie(jar: SignedCookieJar, name: &'static str, value: &str, secure: bool) -> SignedCookieJar {
    jar.add(dressed(name, format!("{name}:{value}"), secure))
}

/// Takes a cookie back.
pub fn forget_cookie(jar: SignedCookieJar, name: &'static str, secure: bool) -> SignedCookieJar {
    jar.remove(dressed(name, String::new(), secure))
}

pub(crate) fn dressed(name: &'static str, value: String, secure: bool) -> Cookie<'static> {
    Cookie::build((name, value))
        .http_only(true)
        .same_site(SameSite::Lax)
        .path("/")
        .secure(secure)
        .build()
}
