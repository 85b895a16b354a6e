//! The checkout: what will be charged, and the card it is charged to.
//!
//! The form carries the id of the order it makes and the total it showed, signed. Sent twice, from two tabs or after the back button,
//! it is the same order; after a change of the cart it is none, and the shopper looks again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::Utc;
use look::{Language, Link, Page, Posted, Problem, Visitor, html, signed};
use serde::Deserialize;
use uuid::Uuid;

use super::cart::{Line, lines, total};
use super::{ASSETS, Answer, Around, amount, failed, visitor_id, words};
use crate::Shop;
use crate::card::{Card, CardFaults, Expiry, Typed};
use crate::database::CartLine;
use crate::ordering::{OrderingError, Placed};
use crate::price::Price;

/// What the signature of the hidden field is for.
const PURPOSE: &str = "checkout";
const NAME_CHARS_MAX: usize = 80;
/// What was typed into other fields is given back only as far as it can be such a thing.
const EXPIRY_CHARS_MAX: usize = 10;

/// A field that is not sent is an empty one: the shopper is told what is missing, and keeps the rest.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    order: String,
    name: String,
    number: Typed,
    expiry: String,
    security_code: Typed,
}

/// What a form that was signed here stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Intent {
    order: Uuid,
    total: Price,
}

impl Intent {
    fn seal(self, shop: &Shop) -> String {
        let text = format!("{} {}", self.order, self.total.minor_units());
        signed::seal(&shop.key, PURPOSE, &text)
    }

    fn open(shop: &Shop, sealed: &str) -> Option<Self> {
        let text = signed::open(&shop.key, PURPOSE, sealed)?;
        let (order, total) = text.split_once(' ')?;
        Some(Self {
            order: Uuid::parse_str(order).ok()?,
            total: Price::try_new(total.parse().ok()?).ok()?,
        })
    }
}

/// What stands in the fields and beside them.
#[derive(Default)]
struct Fields {
    name: String,
    expiry: String,
    name_error: Option<&'static str>,
    number_error: Option<&'static str>,
    expiry_error: Option<&'static str>,
    code_error: Option<&'static str>,
}

impl Fields {
    fn has_errors(&self) -> bool {
        self.name_error.is_some()
            || self.number_error.is_some()
            || self.expiry_error.is_some()
            || self.code_error.is_some()
    }
}

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage {
    page: Page,
    cart_count: i64,
    lines: Vec<Line>,
    total: String,
    order: String,
    fields: Fields,
    name_chars_max: usize,
}

pub(super) async fn show(State(shop): State<Shop>, visitor: Visitor) -> Answer {
    let drawn = draw(&shop, &visitor, StatusCode::OK, Fields::default()).await?;
    // The cart says that it is empty, and where to fill it.
    Ok(drawn.unwrap_or_else(|| Redirect::to("/shop/cart").into_response()))
}

pub(super) async fn place(State(shop): State<Shop>, visitor: Visitor, Posted(form): Posted<Form>) -> Answer {
    let Some(intent) = Intent::open(&shop, &form.order) else {
        return Err(visitor.problem(&tampered()));
    };
    let mine = visitor_id(&visitor);
    // The cart first: if it is another one's by now because its order was made a moment ago, that order is then found.
    let current = shop.database.cart_order(mine).await;
    let current = current.map_err(|error| failed(&visitor, &error))?;
    // Before the card is looked at: going back and sending an empty form must lead to the order, not to questions about it.
    let existing = shop.database.order(intent.order).await;
    let existing = existing.map_err(|error| failed(&visitor, &error))?;
    if existing.is_some_and(|order| order.visitor == Some(mine)) {
        return Ok(to_order(intent.order));
    }
    if current != Some(intent.order) {
        return Err(visitor.problem(&cart_changed()));
    }
    let card = match read(visitor.language, form) {
        Ok(card) => card,
        Err(fields) => {
            let drawn = draw(&shop, &visitor, StatusCode::UNPROCESSABLE_ENTITY, fields).await?;
            return drawn.ok_or_else(|| visitor.problem(&cart_changed()));
        }
    };
    match shop
        .ordering
        .place_cart(mine, intent.order, intent.total, card)
        .await
    {
        Ok(Placed::Order(order)) => Ok(to_order(order.id)),
        Err(OrderingError::Database(error)) => Err(failed(&visitor, &error)),
        Ok(Placed::CartChanged) | Err(OrderingError::Total(_)) => Err(visitor.problem(&cart_changed())),
        Err(OrderingError::Busy) => Err(visitor.problem(&busy())),
    }
}

/// After a POST the browser is sent to the order's own address: reloading it sends nothing again.
fn to_order(order: Uuid) -> Response {
    Redirect::to(&format!("/shop/orders/{order}")).into_response()
}

/// The checkout of the cart as it is now. `None`: there is nothing to check out.
async fn draw(
    shop: &Shop,
    visitor: &Visitor,
    status: StatusCode,
    fields: Fields,
) -> Result<Option<Response>, Response> {
    let language = visitor.language;
    let mine = visitor_id(visitor);
    let fail = |error| failed(visitor, &error);
    // The id first: if the cart changes in between, the form stands for the older id and is refused.
    let order = shop.database.cart_order(mine).await.map_err(fail)?;
    let cart: Vec<CartLine> = shop.database.cart(mine).await.map_err(fail)?;
    let (Some(order), Some(total)) = (order, total(&cart)) else {
        return Ok(None);
    };
    let title = if fields.has_errors() {
        language.t("Check the card", "Confira o cartão")
    } else {
        language.t("Checkout", "Pagamento")
    };
    let around = Around::of(shop, visitor, title).await?;
    let template = CheckoutPage {
        page: around
            .page
            .with_back("/shop/checkout")
            .with_script(ASSETS.url("checkout.js")),
        cart_count: around.cart_count,
        lines: lines(&cart, language),
        total: amount(language, total),
        order: Intent { order, total }.seal(shop),
        fields,
        name_chars_max: NAME_CHARS_MAX,
    };
    Ok(Some(html(status, &template)))
}

fn read(language: Language, form: Form) -> Result<Card, Fields> {
    let name = form.name.trim();
    let is_name = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    let card = Card::parse(
        form.number,
        Expiry::parse(&form.expiry),
        form.security_code,
        Utc::now(),
    );
    let faults = match card {
        Ok(card) if is_name => return Ok(card),
        Ok(_) => CardFaults::default(),
        Err(faults) => faults,
    };
    Err(Fields {
        name: kept(name, NAME_CHARS_MAX),
        expiry: kept(&form.expiry, EXPIRY_CHARS_MAX),
        name_error: (!is_name).then(|| words::name_fault(language)),
        number_error: faults.number.map(|fault| words::number_fault(language, fault)),
        expiry_error: faults.expiry.map(|fault| words::expiry_fault(language, fault)),
        code_error: faults
            .security_code
            .map(|fault| words::code_fault(language, fault)),
    })
}

/// What was typed, unless it looks like the card's number in the wrong field: that must not come back on a page.
fn kept(typed: &str, chars_max: usize) -> String {
    let digits = typed.chars().filter(char::is_ascii_digit).count();
    if digits > EXPIRY_CHARS_MAX {
        return String::new();
    }
    typed.chars().take(chars_max).collect()
}

fn tampered() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        (
            "This form is not as we made it",
            "Este formulário não é como o fizemos",
        ),
        (
            "Nothing was ordered and nothing was charged. Open the checkout again; your cart is as it was.",
            "Nada foi pedido e nada foi cobrado. Abra o pagamento de novo; seu carrinho está como estava.",
        ),
    )
    .with_next(Link::new(
        "/shop/checkout",
        "Back to the checkout",
        "Voltar ao pagamento",
    ))
}

fn cart_changed() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        (
            "Your cart has changed since you opened this page",
            "Seu carrinho mudou desde que você abriu esta página",
        ),
        (
            "Nothing was charged. Look at the cart and its total again before you pay.",
            "Nada foi cobrado. Veja o carrinho e o total de novo antes de pagar.",
        ),
    )
    .with_next(Link::new("/shop/cart", "See the cart", "Ver o carrinho"))
}

fn busy() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        (
            "Many people are paying right now",
            "Muita gente está pagando agora",
        ),
        (
            "Nothing was ordered and nothing was charged. Your cart is as it was: try again in a moment.",
            "Nada foi pedido e nada foi cobrado. Seu carrinho está como estava: tente de novo em instantes.",
        ),
    )
    .with_next(Link::new(
        "/shop/checkout",
        "Back to the checkout",
        "Voltar ao pagamento",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_the_wrong_field_does_not_come_back() {
        assert_eq!(kept("4111 1111 1111 1111", 80), "");
        assert_eq!(kept("12/35", 10), "12/35");
        assert_eq!(kept("M DE ASSIS", 80), "M DE ASSIS");
    }
}
