//! Carts: what a visitor has gathered, and the id of the order it would become.
//!
//! Every change gives the cart a new order id. So two tabs that show the same cart make the same order, and a checkout form that
//! was drawn before a change makes none.

use look::Language;
use uuid::Uuid;

use super::{Database, DatabaseError, Tx, all, execute_in, now_micros, optional, rows_in};
use crate::price::{Price, Quantity};

/// A product in the cart, with today's price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CartLine {
    pub(crate) product_id: Uuid,
    pub(crate) slug: String,
    pub(crate) name_en: String,
    pub(crate) name_pt: String,
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
}

impl CartLine {
    pub(crate) fn name(&self, language: Language) -> &str {
        match language {
            Language::Pt => &self.name_pt,
            Language::En => &self.name_en,
        }
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    product_id: String,
    slug: String,
    name_en: String,
    name_pt: String,
    price_minor_units: i64,
    quantity: i64,
}

const LINES: &str = "select product_id, slug, name_en, name_pt, price_minor_units, quantity
     from cart_lines join products on products.id = product_id where visitor = $1 order by added_at, slug";

impl TryFrom<Row> for CartLine {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            product_id: Uuid::parse_str(&row.product_id)
                .map_err(|_| DatabaseError::Damaged("a product's id"))?,
            slug: row.slug,
            name_en: row.name_en,
            name_pt: row.name_pt,
            price: Price::try_new(row.price_minor_units)
                .map_err(|_| DatabaseError::Damaged("a product's price"))?,
            quantity: Quantity::try_new(row.quantity).ok_or(DatabaseError::Damaged("a quantity"))?,
        })
    }
}

impl Database {
    /// What is in a visitor's cart, in the order in which it was put there.
    pub(crate) async fn cart(&self, visitor: Uuid) -> Result<Vec<CartLine>, DatabaseError> {
        let rows = all!(self, Row, LINES, visitor.to_string())?;
        rows.into_iter().map(CartLine::try_from).collect()
    }

    /// How many things are in it.
    pub(crate) async fn cart_count(&self, visitor: Uuid) -> Result<i64, DatabaseError> {
        let row = optional!(
            self,
            (i64,),
            "select cast(coalesce(sum(quantity), 0) as bigint) from cart_lines where visitor = $1",
            visitor.to_string()
        )?;
        Ok(row.map_or(0, |(count,)| count))
    }

    /// The id of the order that the cart would become as it is now.
    pub(crate) async fn cart_order(&self, visitor: Uuid) -> Result<Option<Uuid>, DatabaseError> {
        let row = optional!(
            self,
            (String,),
            "select order_id from carts where visitor = $1",
            visitor.to_string()
        )?;
        row.map(|(id,)| Uuid::parse_str(&id).map_err(|_| DatabaseError::Damaged("a cart's order")))
            .transpose()
    }

    /// Puts more of a product into the cart, up to what one line may have.
    pub(crate) async fn add_to_cart(
        &self,
        visitor: Uuid,
        product: Uuid,
        quantity: Quantity,
    ) -> Result<(), DatabaseError> {
        let mut tx = self.begin().await?;
        touch(&mut tx, visitor).await?;
        add(&mut tx, visitor, product, quantity).await?;
        Ok(tx.commit().await?)
    }

    /// Changes how many of a product are in the cart; `None` takes it out.
    pub(crate) async fn change_cart(
        &self,
        visitor: Uuid,
        product: Uuid,
        quantity: Option<Quantity>,
    ) -> Result<(), DatabaseError> {
        let mut tx = self.begin().await?;
        touch(&mut tx, visitor).await?;
        let (visitor, product) = (visitor.to_string(), product.to_string());
        match quantity {
            Some(quantity) => execute_in!(
                &mut tx,
                "update cart_lines set quantity = $3 where visitor = $1 and product_id = $2",
                visitor,
                product,
                quantity.get()
            )?,
            None => execute_in!(
                &mut tx,
                "delete from cart_lines where visitor = $1 and product_id = $2",
                visitor,
                product
            )?,
        };
        Ok(tx.commit().await?)
    }
}

/// A new order id: what was drawn before this change is no longer what would be ordered.
pub(super) async fn touch(tx: &mut Tx, visitor: Uuid) -> Result<(), DatabaseError> {
    execute_in!(
        tx,
        "insert into carts (visitor, order_id, changed_at) values ($1, $2, $3)
         on conflict (visitor) do update set order_id = excluded.order_id, changed_at = excluded.changed_at",
        visitor.to_string(),
        Uuid::now_v7().to_string(),
        now_micros()
    )?;
    Ok(())
}

async fn add(tx: &mut Tx, visitor: Uuid, product: Uuid, quantity: Quantity) -> Result<(), DatabaseError> {
    execute_in!(
        tx,
        "insert into cart_lines (visitor, product_id, quantity, added_at) values ($1, $2, $3, $4)
         on conflict (visitor, product_id) do update set quantity =
             case when cart_lines.quantity + excluded.quantity > 99 then 99 else cart_lines.quantity + excluded.quantity end",
        visitor.to_string(),
        product.to_string(),
        quantity.get(),
        now_micros()
    )?;
    Ok(())
}

/// The lines as they are inside a transaction.
pub(super) async fn lines(tx: &mut Tx, visitor: Uuid) -> Result<Vec<CartLine>, DatabaseError> {
    let rows = rows_in!(tx, Row, LINES, visitor.to_string())?;
    rows.into_iter().map(CartLine::try_from).collect()
}

/// Takes everything out: it has become an order.
pub(super) async fn empty(tx: &mut Tx, visitor: Uuid) -> Result<(), DatabaseError> {
    execute_in!(
        tx,
        "delete from cart_lines where visitor = $1",
        visitor.to_string()
    )?;
    Ok(())
}

/// Puts the items of an order that was not charged back, so that another try does not begin with gathering. What the visitor put
/// into the cart meanwhile stays as it is.
pub(super) async fn put_back(tx: &mut Tx, visitor: Uuid, order: Uuid) -> Result<(), DatabaseError> {
    touch(tx, visitor).await?;
    execute_in!(
        tx,
        "insert into cart_lines (visitor, product_id, quantity, added_at)
         select $1, product_id, quantity, place from order_items where order_id = $2
         on conflict (visitor, product_id) do nothing",
        visitor.to_string(),
        order.to_string()
    )?;
    Ok(())
}

/// Takes out again what `put_back` put there, where the visitor has not changed it: the order was charged after all.
pub(super) async fn take_out(tx: &mut Tx, visitor: Uuid, order: Uuid) -> Result<(), DatabaseError> {
    touch(tx, visitor).await?;
    execute_in!(
        tx,
        "delete from cart_lines where visitor = $1 and exists (
             select 1 from order_items where order_id = $2
             and order_items.product_id = cart_lines.product_id and order_items.quantity = cart_lines.quantity
             and order_items.place = cart_lines.added_at)",
        visitor.to_string(),
        order.to_string()
    )?;
    Ok(())
}
