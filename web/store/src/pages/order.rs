//! One order and its state. While the bank has not answered the page asks again by itself; with scripts in place, without them as a
//! whole.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use look::{Link, Page, Problem, Visitor, html};
use uuid::Uuid;

use super::{Answer, Around, amount, failed, visitor_id, words};
use crate::Shop;
use crate::order::{Order, State as OrderState};

struct Row {
    href: String,
    picture: String,
    name: String,
    quantity: i64,
    sum: String,
}

/// What the page says of the order's end.
enum End {
    Pending,
    Approved { statement_href: String },
    Declined { what: &'static str, next: &'static str },
    NotCharged,
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    page: Page,
    cart_count: i64,
    href: String,
    number: String,
    when: String,
    card: String,
    total: String,
    rows: Vec<Row>,
    state: &'static str,
    tone: &'static str,
    is_pending: bool,
    end: End,
}

pub(super) async fn show(State(shop): State<Shop>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let language = visitor.language;
    let order = match Uuid::parse_str(&id) {
        Ok(id) => shop.database.order(id).await,
        Err(_) => Ok(None),
    };
    let order = order.map_err(|error| failed(&visitor, &error))?;
    let mine = Some(visitor_id(&visitor));
    let Some(order) = order.filter(|order| order.visitor == mine) else {
        return Err(visitor.problem(&no_such_order()));
    };
    let (state, tone) = words::state(language, &order.state);
    let title = match &order.state {
        OrderState::Pending => language.t("We are waiting for the bank", "Estamos aguardando o banco"),
        OrderState::Approved(_) => language.t("Thank you, it is paid", "Obrigado, está pago"),
        OrderState::Declined(_) => language.t("The payment was declined", "O pagamento foi recusado"),
        OrderState::NotCharged => language.t("Nothing was charged", "Nada foi cobrado"),
    };
    let around = Around::of(&shop, &visitor, title).await?;
    let page = match order.state {
        OrderState::Pending => around.page.with_htmx(),
        _ => around.page,
    };
    let rows = order.items.iter().map(|item| Row {
        href: format!("/shop/products/{}", item.slug),
        picture: format!("/shop/pictures/{}.svg", item.slug),
        name: item.name(language).to_owned(),
        quantity: item.quantity.get(),
        sum: item
            .price
            .times(item.quantity)
            .map_or_else(|_| String::new(), |sum| amount(language, sum)),
    });
    let template = OrderPage {
        page,
        cart_count: around.cart_count,
        href: format!("/shop/orders/{}", order.id),
        number: order.number(),
        when: look::moment(language, order.created_at),
        card: order.card.last_four.clone(),
        total: amount(language, order.total),
        rows: rows.collect(),
        state,
        tone,
        is_pending: order.state == OrderState::Pending,
        end: end(&shop, &visitor, &order),
    };
    Ok(html(StatusCode::OK, &template))
}

fn end(shop: &Shop, visitor: &Visitor, order: &Order) -> End {
    match &order.state {
        OrderState::Pending => End::Pending,
        OrderState::NotCharged => End::NotCharged,
        OrderState::Declined(reason) => {
            let (what, next) = words::advice(visitor.language, *reason);
            End::Declined { what, next }
        }
        OrderState::Approved(charge) => End::Approved {
            // The version makes the statement wait until this purchase is on it.
            statement_href: format!(
                "{}?account={}&version={}",
                shop.statement_url, charge.account_id, charge.account_version
            ),
        },
    }
}

fn no_such_order() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        ("There is no such order", "Este pedido não existe"),
        (
            "The address may be mistyped, or the order was made in another browser: orders are shown only where they were made.",
            "O endereço pode estar errado, ou o pedido foi feito em outro navegador: pedidos só aparecem onde foram feitos.",
        ),
    )
    .with_next(Link::new("/shop/orders", "Your orders", "Seus pedidos"))
}
