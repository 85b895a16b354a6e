//! The REST routes of the statement service of the bank before this one, for its old clients: `/credit-cards` and
//! `/credit-cards/{number}/invoices`. Not for new ones: they want whole card numbers in addresses, which end in histories and
//! in the logs of every proxy on the way. So they are not there unless the settings ask for them, and are warned of then.
//!
//! They carry no cookie and know no cardholder: whoever has a card's number reads what is charged to it, as it was with the
//! old service. Only accounts of the settings are answered for. Nothing here may log, count or trace the address of a request
//! or anything that was sent; what is refused is never repeated.

mod card_number;
mod cards;
mod invoices;
mod new_card;
mod problem;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use tracing::warn;

use crate::settings::App;
use problem::Problem;

/// No card of this API is longer.
const BODY_BYTES_MAX: usize = 8 * 1024;

/// What is below `/credit-cards`, all of it: an address with a card number in it must not reach a page that shows its address.
pub(crate) fn router(app: Arc<App>) -> Router {
    warn!(
        "THE OLD REST ROUTES ARE ON: /credit-cards/{{number}}/invoices takes whole card numbers in addresses, which end in logs, \
         histories and proxies; switch them off as soon as no old client needs them"
    );
    let routes = Router::new()
        .route("/", get(cards::list).post(cards::register))
        .route("/{number}/invoices", get(invoices::list))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(map_response(headers))
        .with_state(app);
    Router::new().nest("/credit-cards", routes)
}

/// Answers are for programs: never sniffed, never kept, and their address never told to another site.
async fn headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
