//! The cart: what was gathered, how many of it, what it comes to.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use look::{Language, Page, Posted, Visitor, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{Answer, Around, amount, failed, no_such_product, visitor_id};
use crate::Shop;
use crate::database::CartLine;
use crate::price::{Price, Quantity};

#[derive(Debug, Deserialize)]
pub(super) struct Addition {
    product: String,
    #[serde(default)]
    quantity: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    quantity: String,
    /// The button that takes the line out.
    remove: Option<String>,
}

/// A line as it is drawn; also on the checkout.
pub(super) struct Line {
    pub(super) product_id: String,
    pub(super) href: String,
    pub(super) picture: String,
    pub(super) name: String,
    pub(super) quantity: i64,
    pub(super) price: String,
    pub(super) sum: String,
}

#[derive(Template)]
#[template(path = "cart.html")]
struct CartPage {
    page: Page,
    cart_count: i64,
    lines: Vec<Line>,
    total: String,
    quantity_max: u8,
}

pub(super) fn lines(cart: &[CartLine], language: Language) -> Vec<Line> {
    let line = |line: &CartLine| Line {
        product_id: line.product_id.to_string(),
        href: format!("/shop/products/{}", line.slug),
        picture: format!("/shop/pictures/{}.svg", line.slug),
        name: line.name(language).to_owned(),
        quantity: line.quantity.get(),
        price: amount(language, line.price),
        sum: line
            .price
            .times(line.quantity)
            .map_or_else(|_| String::new(), |sum| amount(language, sum)),
    };
    cart.iter().map(line).collect()
}

/// What it comes to; nothing for an empty cart, and for one that costs more than this shop can charge.
pub(super) fn total(cart: &[CartLine]) -> Option<Price> {
    let sums: Result<Vec<Price>, _> = cart.iter().map(|line| line.price.times(line.quantity)).collect();
    Price::sum(sums.ok()?).ok()
}

pub(super) async fn show(State(shop): State<Shop>, visitor: Visitor) -> Answer {
    let language = visitor.language;
    let cart = shop.database.cart(visitor_id(&visitor)).await;
    let cart = cart.map_err(|error| failed(&visitor, &error))?;
    let around = Around::of(&shop, &visitor, language.t("Your cart", "Seu carrinho")).await?;
    let template = CartPage {
        page: around.page,
        cart_count: around.cart_count,
        lines: lines(&cart, language),
        total: total(&cart).map_or_else(String::new, |total| amount(language, total)),
        quantity_max: Quantity::MAX,
    };
    Ok(html(StatusCode::OK, &template))
}

pub(super) async fn add(
    State(shop): State<Shop>,
    visitor: Visitor,
    Posted(addition): Posted<Addition>,
) -> Answer {
    let product = match Uuid::parse_str(&addition.product) {
        Ok(id) => shop.database.product_by_id(id).await,
        Err(_) => Ok(None),
    };
    let Some(product) = product.map_err(|error| failed(&visitor, &error))? else {
        return Err(visitor.problem(&no_such_product()));
    };
    let added = shop
        .database
        .add_to_cart(visitor_id(&visitor), product.id, quantity(&addition.quantity))
        .await;
    added.map_err(|error| failed(&visitor, &error))?;
    Ok(Redirect::to("/shop/cart").into_response())
}

pub(super) async fn change(
    State(shop): State<Shop>,
    visitor: Visitor,
    Path(product): Path<String>,
    Posted(change): Posted<Change>,
) -> Answer {
    let Ok(product) = Uuid::parse_str(&product) else {
        return Err(visitor.problem(&no_such_product()));
    };
    let wanted = change.quantity.trim();
    let is_out = change.remove.is_some() || wanted == "0";
    let quantity = (!is_out).then(|| quantity(wanted));
    let changed = shop
        .database
        .change_cart(visitor_id(&visitor), product, quantity)
        .await;
    changed.map_err(|error| failed(&visitor, &error))?;
    Ok(Redirect::to("/shop/cart").into_response())
}

/// The nearest number that a line can have: what it became is on the page that follows.
fn quantity(text: &str) -> Quantity {
    let most = i64::from(Quantity::MAX);
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Digits that are too many to count are more than the most.
    let wanted = match text.parse::<i64>() {
        Ok(number) => number,
        Err(_) if digits_only => most,
        Err(_) => 1,
    };
    Quantity::try_new(wanted.clamp(1, most)).unwrap_or(Quantity::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_becomes_one_that_a_line_can_have() {
        let cases = [
            ("3", 3),
            ("", 1),
            ("0", 1),
            ("-4", 1),
            ("many", 1),
            ("99", 99),
            ("100", 99),
            ("99999999999999999999999", 99),
        ];
        for (text, expected) in cases {
            assert_eq!(quantity(text).get(), expected, "{text}");
        }
    }
}
