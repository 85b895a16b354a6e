//! What this browser ordered, newest first.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use look::{Page, Visitor, html};

use super::{Answer, Around, amount, failed, visitor_id, words};
use crate::Shop;
use crate::order::Order;

struct Row {
    href: String,
    number: String,
    when: String,
    what: String,
    total: String,
    state: &'static str,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    page: Page,
    cart_count: i64,
    rows: Vec<Row>,
}

pub(super) async fn list(State(shop): State<Shop>, visitor: Visitor) -> Answer {
    let language = visitor.language;
    let orders = shop.database.orders_of(visitor_id(&visitor)).await;
    let orders = orders.map_err(|error| failed(&visitor, &error))?;
    let around = Around::of(&shop, &visitor, language.t("Your orders", "Seus pedidos")).await?;
    let row = |order: &Order| {
        let (state, tone) = words::state(language, &order.state);
        let names = order.items.iter().map(|item| item.name(language));
        Row {
            href: format!("/shop/orders/{}", order.id),
            number: order.number(),
            when: look::moment(language, order.created_at),
            what: names.collect::<Vec<_>>().join(", "),
            total: amount(language, order.total),
            state,
            tone,
        }
    };
    let template = OrdersPage {
        rows: orders.iter().map(row).collect(),
        page: around.page,
        cart_count: around.cart_count,
    };
    Ok(html(StatusCode::OK, &template))
}
