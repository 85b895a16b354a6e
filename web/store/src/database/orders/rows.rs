//! Rows of orders, and the orders they stand for. What the columns' constraints keep out is an error here, not a guess.

use sqlx::FromRow;
use uuid::Uuid;

use crate::card::{CardPrint, Expiry};
use crate::database::{DatabaseError, instant};
use crate::order::{Charge, Item, Order, Reason, State};
use crate::price::{Price, Quantity};

#[derive(Debug, FromRow)]
pub(super) struct Row {
    id: String,
    visitor: Option<String>,
    status: String,
    decline_reason: Option<String>,
    total_minor_units: i64,
    card_last_four: String,
    card_expiry_month: i64,
    card_expiry_year: i64,
    account_id: Option<String>,
    account_version: Option<i64>,
    created_at: i64,
}

pub(super) const COLUMNS: &str =
    "id, visitor, status, decline_reason, total_minor_units, card_last_four, card_expiry_month,
     card_expiry_year, account_id, account_version, created_at";

#[derive(Debug, FromRow)]
pub(super) struct ItemRow {
    id: String,
    product_id: String,
    slug: String,
    name_en: String,
    name_pt: String,
    quantity: i64,
    price_minor_units: i64,
}

impl TryFrom<ItemRow> for Item {
    type Error = DatabaseError;

    fn try_from(row: ItemRow) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: id(&row.id)?,
            product_id: id(&row.product_id)?,
            slug: row.slug,
            name_en: row.name_en,
            name_pt: row.name_pt,
            quantity: Quantity::try_new(row.quantity).ok_or(DatabaseError::Damaged("a quantity"))?,
            price: price(row.price_minor_units)?,
        })
    }
}

impl Row {
    pub(super) fn with(self, items: Vec<Item>) -> Result<Order, DatabaseError> {
        let state = match (self.status.as_str(), self.decline_reason) {
            ("pending", None) => State::Pending,
            ("not_charged", None) => State::NotCharged,
            ("declined", Some(reason)) => State::Declined(Reason::from_key(&reason)),
            ("approved", None) => State::Approved(Charge {
                account_id: self.account_id.unwrap_or_default(),
                account_version: self.account_version.unwrap_or_default(),
            }),
            _ => return Err(DatabaseError::Damaged("an order's status")),
        };
        Ok(Order {
            id: id(&self.id)?,
            visitor: self.visitor.as_deref().map(id).transpose()?,
            state,
            total: price(self.total_minor_units)?,
            card: CardPrint {
                last_four: self.card_last_four,
                expiry: Expiry::try_new(self.card_expiry_month, self.card_expiry_year)
                    .map_err(|_| DatabaseError::Damaged("an expiry"))?,
            },
            created_at: instant(self.created_at)?,
            items,
        })
    }
}

pub(super) fn id(text: &str) -> Result<Uuid, DatabaseError> {
    Uuid::parse_str(text).map_err(|_| DatabaseError::Damaged("an id"))
}

fn price(minor_units: i64) -> Result<Price, DatabaseError> {
    Price::try_new(minor_units).map_err(|_| DatabaseError::Damaged("an amount"))
}
