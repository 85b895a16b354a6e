//! The shop's pages: from the shelf to the order, in HTML that needs no script. Each page has its file; here they are given addresses.

mod cart;
mod catalogue;
mod checkout;
mod history;
mod order;
mod words;

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use look::{Assets, Frame, Language, Link, Page, Problem, Visitor};
use uuid::Uuid;

use crate::database::DatabaseError;
use crate::price::{CURRENCY, Price};
use crate::{MERCHANT_NAME, Shop};

/// No form of the shop is longer.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;
/// A picture may change with a new version of the shop.
const PICTURE_KEPT: &str = "public, max-age=86400";

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    Assets::new(
        "/shop/assets",
        &[
            ("shop.css", include_bytes!("../assets/shop.css")),
            ("checkout.js", include_bytes!("../assets/checkout.js")),
        ],
    )
});

pub(crate) fn frame() -> Frame {
    Frame {
        brand: MERCHANT_NAME,
        home: "/shop".to_owned(),
        links: vec![
            Link::new("/shop", "Shop", "Loja"),
            Link::new("/shop/orders", "Your orders", "Seus pedidos"),
        ],
        note: (
            "A shop to try the bank with. Nothing here is delivered.",
            "Uma loja para experimentar o banco. Nada aqui é entregue.",
        ),
    }
}

pub(crate) fn router(shop: Shop, look: look::Settings) -> Router {
    let pages = Router::new()
        .route("/shop", get(catalogue::list))
        .route("/shop/products/{slug}", get(catalogue::product))
        .route("/shop/cart", get(cart::show).post(cart::add))
        .route("/shop/cart/{product}", post(cart::change))
        .route("/shop/checkout", get(checkout::show).post(checkout::place))
        .route("/shop/orders", get(history::list))
        .route("/shop/orders/{id}", get(order::show))
        .route("/shop/pictures/{file}", get(picture))
        .with_state(shop);
    look::dress(pages, look).merge(ASSETS.router())
}

async fn picture(Path(file): Path<String>) -> Response {
    let Some(slug) = file.strip_suffix(".svg") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let picture = crate::catalogue::picture(slug).into_owned();
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, PICTURE_KEPT)];
    (headers, picture).into_response()
}

/// A handler's answer: a page either way.
type Answer = Result<Response, Response>;

/// Whose cart and orders these are. The session's id is a UUID of this server, signed; what is none is nobody's.
fn visitor_id(visitor: &Visitor) -> Uuid {
    Uuid::parse_str(visitor.session()).unwrap_or_default()
}

/// What every page of the shop shows around its content.
struct Around {
    page: Page,
    cart_count: i64,
}

impl Around {
    async fn of(shop: &Shop, visitor: &Visitor, title: &str) -> Result<Self, Response> {
        let count = shop.database.cart_count(visitor_id(visitor)).await;
        Ok(Self {
            page: visitor.page(title).with_style(ASSETS.url("shop.css")),
            cart_count: count.map_err(|error| failed(visitor, &error))?,
        })
    }
}

fn amount(language: Language, price: Price) -> String {
    look::amount(language, price.minor_units(), CURRENCY)
}

/// The database does not answer. Logged here, once.
fn failed(visitor: &Visitor, error: &DatabaseError) -> Response {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a page of the shop failed"
    );
    let problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        (
            "The shop cannot open its books right now",
            "A loja não consegue abrir seus livros agora",
        ),
        (
            "Nothing was lost and nothing was charged by this. Try again in a moment.",
            "Nada se perdeu e nada foi cobrado por causa disso. Tente de novo em instantes.",
        ),
    );
    visitor.problem(&problem)
}

fn no_such_product() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        ("We do not sell this", "Não vendemos isto"),
        (
            "The product is not on our shelves, or not any more.",
            "O produto não está nas nossas prateleiras, ou não está mais.",
        ),
    )
    .with_next(Link::new("/shop", "See what we have", "Ver o que temos"))
}
