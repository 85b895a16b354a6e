//! The shop over REST, with the routes and payloads that the shop front of the bank before this one relies on. `/openapi.json` says
//! the rest.
//!
//! Amounts are JSON numbers with decimals, read and written as text. A decline is 422 with a `message`; every other error is
//! `application/problem+json` (RFC 9457).

mod body;
mod decimal;
mod orders;
mod problem;
mod products;

use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use utoipa::OpenApi;

use crate::Shop;

/// No order of this API is longer.
const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Armazém Aroeira",
        description = "The shop's API: its goods, and orders that are charged by the bank. There are no identities yet: keep it off public networks.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        products::list,
        products::create,
        products::find,
        orders::create,
        orders::find
    ),
    tags(
        (name = "products", description = "What the shop sells."),
        (name = "orders", description = "What was ordered, and what the bank decided.")
    )
)]
struct Api;

pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/products", get(products::list).post(products::create))
        .route("/products/{slug}", get(products::find))
        .route("/orders", post(orders::create))
        .route("/orders/{id}", get(orders::find))
        .route("/openapi.json", get(async || Json(Api::openapi())))
        .method_not_allowed_fallback(async || problem::Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(map_response(headers))
        .with_state(shop)
}

/// Answers are for programs: never sniffed, never kept.
async fn headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
