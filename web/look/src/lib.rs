//! The one visual language of the pages, and what every page needs: languages, amounts and dates, layout, signed cookies,
//! CSRF, security headers, error pages, assets. It knows nothing of cards or purchases.
//!
//! A face builds its routes over a [`Settings`], hands them to [`dress`], and takes a [`Visitor`] in each handler. Whoever
//! serves one or more faces at an address merges [`router`] once, and falls back to [`fallback`].

mod amount;
mod assets;
mod calendar;
mod cookies;
mod csrf;
mod key;
mod language;
mod page;
mod problem;
mod security;
pub mod signed;
mod visit;

pub use amount::{amount, decimal};
pub use assets::{Assets, router};
pub use axum_extra::extract::SignedCookieJar;
pub use axum_extra::extract::cookie::Key;
pub use calendar::{date, local, moment, month};
pub use cookies::{forget_cookie, read_cookie, write_cookie};
pub use csrf::Posted;
pub use key::load_or_make_key;
pub use language::Language;
pub use page::{Frame, Link, Page, html};
pub use problem::{Problem, fallback, method_not_allowed, not_found};
pub use visit::{Settings, Visitor, dress, local_path};
