//! `/orders`: buying without pages. An order is the same thing as on the pages, and is made the same way.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::decimal::Decimal;
use super::problem::{FieldError, Problem};
use crate::Shop;
use crate::card::{Card, CardFaults, Expiry, Fault, Typed};
use crate::database::CartLine;
use crate::order::{Item, Order, Reason, State as OrderState};
use crate::ordering::PlacedList;
use crate::price::Quantity;

/// Lines of one order.
const ITEMS_MAX: usize = 50;
const NAME_CHARS_MAX: usize = 200;
/// Optional: a UUID by which a repeat of the same request is known.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// An order to be placed. Prices are the shop's.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewOrder {
    credit_card: NewCard,
    #[schema(min_items = 1, max_items = 50)]
    items: Vec<NewItem>,
}

/// Sent to the bank, and not kept.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewCard {
    #[schema(value_type = String, example = "4111111111111111")]
    number: Typed,
    name: String,
    #[schema(minimum = 1, maximum = 12)]
    expiration_month: i64,
    #[schema(example = 2035)]
    expiration_year: i64,
    #[schema(value_type = String, example = "123")]
    cvv: Typed,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct NewItem {
    #[schema(minimum = 1, maximum = 99)]
    quantity: i64,
    #[schema(value_type = Uuid)]
    product_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(super) struct OrderBody {
    /// `pending`, `approved`, `declined`, or `not_charged` when the bank knows nothing of it.
    status: &'static str,
    id: Uuid,
    total: Decimal,
    created_at: DateTime<Utc>,
    credit_card: CardBody,
    items: Vec<ItemBody>,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaskedCard)]
struct CardBody {
    expiration_month: i64,
    expiration_year: i64,
    #[schema(example = "************1111")]
    number: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Item)]
struct ItemBody {
    id: Uuid,
    quantity: i64,
    price: Decimal,
    product_id: Uuid,
    order_id: Uuid,
}

/// Why nothing was charged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Declined {
    message: &'static str,
}

#[utoipa::path(
    post, path = "/orders", tag = "orders", request_body = NewOrder,
    params(("Idempotency-Key" = Option<Uuid>, Header, description = "A repeat with the same key and body gets the first order's answer.")),
    responses(
        (status = 201, description = "Charged.", body = OrderBody),
        (status = 202, description = "Stored, and the bank has not decided yet: ask again at `Location`. Do not send it again without an Idempotency-Key.", body = OrderBody),
        (status = 400, description = "Fields that cannot be used.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The Idempotency-Key stands for another order.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not charged: the bank declined.", body = Declined),
        (status = 503, description = "Nothing was stored; send it again later.", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn create(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Body(new): Body<NewOrder>,
) -> Result<Response, Problem> {
    let id = order_id(&headers)?;
    let (card, lines) = read(&shop, new).await?;
    let print = card.print();
    let asked: Vec<(Uuid, i64)> = lines
        .iter()
        .map(|line| (line.product_id, line.quantity.get()))
        .collect();
    match shop.ordering.place_list(id, lines, card).await? {
        PlacedList::New(order) => Ok(answer(*order)),
        PlacedList::Before(order) => {
            let items = order
                .items
                .iter()
                .map(|item| (item.product_id, item.quantity.get()));
            if order.visitor.is_none() && order.card == print && items.eq(asked) {
                Ok(answer(*order))
            } else {
                Err(Problem::new(
                    StatusCode::CONFLICT,
                    "The Idempotency-Key stands for another order. Nothing was stored.",
                ))
            }
        }
    }
}

#[utoipa::path(
    get, path = "/orders/{id}", tag = "orders",
    params(("id" = Uuid, Path, description = "The order's id.")),
    responses(
        (status = 200, description = "The order as it is now.", body = OrderBody),
        (status = 404, description = "There is no such order.", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn find(
    State(shop): State<Shop>,
    Path(id): Path<String>,
) -> Result<Json<OrderBody>, Problem> {
    let order = match Uuid::parse_str(&id) {
        Ok(id) => shop.database.order(id).await?,
        Err(_) => None,
    };
    // Orders of the pages are shown to the browser that made them, and nowhere else.
    match order.filter(|order| order.visitor.is_none()) {
        Some(order) => Ok(Json(order.into())),
        None => Err(Problem::new(StatusCode::NOT_FOUND, "There is no such order.")),
    }
}

fn answer(order: Order) -> Response {
    let message = refusal(&order.state);
    match (&order.state, message) {
        (OrderState::Pending, _) => {
            let place = format!("/orders/{}", order.id);
            let body = Json(OrderBody::from(order));
            (StatusCode::ACCEPTED, [(LOCATION, place)], body).into_response()
        }
        (_, Some(message)) => (StatusCode::UNPROCESSABLE_ENTITY, Json(Declined { message })).into_response(),
        (_, None) => (StatusCode::CREATED, Json(OrderBody::from(order))).into_response(),
    }
}

fn order_id(headers: &HeaderMap) -> Result<Uuid, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(Uuid::now_v7());
    };
    let key = key.to_str().ok().and_then(|key| Uuid::parse_str(key).ok());
    key.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "The Idempotency-Key must be a UUID."))
}

async fn read(shop: &Shop, new: NewOrder) -> Result<(Card, Vec<CartLine>), Problem> {
    let mut errors = Vec::new();
    let name_length = new.credit_card.name.trim().chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&name_length) {
        errors.push(FieldError::new(
            "/credit_card/name",
            format!("must have 1 to {NAME_CHARS_MAX} characters"),
        ));
    }
    let expiry = Expiry::try_new(new.credit_card.expiration_month, new.credit_card.expiration_year);
    let card = Card::parse(new.credit_card.number, expiry, new.credit_card.cvv, Utc::now());
    let lines = lines(shop, &new.items, &mut errors).await?;
    match card {
        Ok(card) if errors.is_empty() => Ok((card, lines)),
        Ok(_) => Err(Problem::fields(errors)),
        Err(faults) => {
            errors.extend(card_errors(faults));
            Err(Problem::fields(errors))
        }
    }
}

async fn lines(
    shop: &Shop,
    items: &[NewItem],
    errors: &mut Vec<FieldError>,
) -> Result<Vec<CartLine>, Problem> {
    if !(1..=ITEMS_MAX).contains(&items.len()) {
        errors.push(FieldError::new("/items", format!("must be 1 to {ITEMS_MAX}")));
        return Ok(Vec::new());
    }
    let mut lines = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let product = match Uuid::parse_str(&item.product_id) {
            Ok(id) => shop.database.product_by_id(id).await?,
            Err(_) => None,
        };
        if product.is_none() {
            let pointer = format!("/items/{place}/product_id");
            errors.push(FieldError::new(pointer, "is not a product of this shop"));
        }
        let quantity = Quantity::try_new(item.quantity);
        if quantity.is_none() {
            let range = format!("must be 1 to {}", Quantity::MAX);
            errors.push(FieldError::new(format!("/items/{place}/quantity"), range));
        }
        if let (Some(product), Some(quantity)) = (product, quantity) {
            lines.push(CartLine {
                product_id: product.id,
                slug: product.slug,
                name_en: product.name_en,
                name_pt: product.name_pt,
                price: product.price,
                quantity,
            });
        }
    }
    Ok(lines)
}

fn card_errors(faults: CardFaults) -> impl Iterator<Item = FieldError> {
    let fields = [
        ("/credit_card/number", faults.number),
        ("/credit_card/expiration_month", faults.expiry),
        ("/credit_card/cvv", faults.security_code),
    ];
    fields.into_iter().filter_map(|(pointer, fault)| {
        let detail = match fault? {
            Fault::Missing => "is missing",
            Fault::Malformed => "does not have the form it must have",
            Fault::Mistyped => "is mistyped: its check digit does not fit",
            Fault::Expired => "is over: the card has expired",
        };
        Some(FieldError::new(pointer, detail))
    })
}

/// What a client may tell the shopper.
fn refusal(state: &OrderState) -> Option<&'static str> {
    match state {
        OrderState::Pending | OrderState::Approved(_) => None,
        OrderState::NotCharged => Some("the bank did not take the order; nothing was charged"),
        OrderState::Declined(reason) => Some(match reason {
            Reason::CardNotRecognized => "card declined: number, expiry or security code is wrong",
            Reason::AccountClosed => "card declined: the account is closed",
            Reason::CardCancelled => "card declined: the card is cancelled",
            Reason::CardNotActivated => "card declined: the card is not activated yet",
            Reason::CardBlocked => "card declined: the card is blocked",
            Reason::CardExpired => "card declined: the card has expired",
            Reason::OverLimit => "card declined: above what is left of the limit",
            Reason::Other => "card declined",
        }),
    }
}

impl From<Order> for OrderBody {
    fn from(order: Order) -> Self {
        let order_id = order.id;
        Self {
            status: order.state.key(),
            id: order_id,
            total: order.total.into(),
            created_at: order.created_at,
            credit_card: CardBody {
                expiration_month: order.card.expiry.month(),
                expiration_year: order.card.expiry.year(),
                number: format!("{}{}", "*".repeat(12), order.card.last_four),
            },
            message: refusal(&order.state),
            items: order
                .items
                .iter()
                .map(|item| ItemBody::new(item, order_id))
                .collect(),
        }
    }
}

impl ItemBody {
    fn new(item: &Item, order_id: Uuid) -> Self {
        Self {
            id: item.id,
            quantity: item.quantity.get(),
            price: item.price.into(),
            product_id: item.product_id,
            order_id,
        }
    }
}
