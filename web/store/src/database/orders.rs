//! Orders: made from a cart or a list in one transaction, settled once the bank's decision is known.

mod rows;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    CartLine, Database, DatabaseError, Tx, all, carts, execute, execute_in, instant, now_micros, optional,
    optional_in,
};
use crate::card::CardPrint;
use crate::order::{Item, Order, State};
use crate::price::Price;
use rows::{COLUMNS, ItemRow, Row, id};

/// A history longer than this is not shown to its end.
const HISTORY_MAX: i64 = 100;

/// What came of an attempt to make a cart an order.
#[derive(Debug)]
pub(crate) enum FromCart {
    /// It is stored, and whoever asked is the one who asks the bank.
    Made(Order),
    /// It was made before: by the same form sent twice, or by another tab.
    Exists(Order),
    /// The cart, or a price in it, is not what the form showed.
    Changed,
}

/// What came of settling.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Now,
    /// It was settled already, and stays as it is.
    Before,
}

impl Database {
    pub(crate) async fn order(&self, order: Uuid) -> Result<Option<Order>, DatabaseError> {
        let sql = format!("select {COLUMNS} from orders where id = $1");
        let Some(row) = optional!(self, Row, &sql, order.to_string())? else {
            return Ok(None);
        };
        let items = all!(
            self,
            ItemRow,
            "select order_items.id, product_id, slug, name_en, name_pt, quantity, order_items.price_minor_units
             from order_items join products on products.id = product_id where order_id = $1 order by place",
            order.to_string()
        )?;
        let items: Result<_, _> = items.into_iter().map(Item::try_from).collect();
        row.with(items?).map(Some)
    }

    /// A visitor's orders, newest first.
    pub(crate) async fn orders_of(&self, visitor: Uuid) -> Result<Vec<Order>, DatabaseError> {
        let ids = all!(
            self,
            (String,),
            "select id from orders where visitor = $1 order by created_at desc limit $2",
            visitor.to_string(),
            HISTORY_MAX
        )?;
        let mut orders = Vec::with_capacity(ids.len());
        for (order,) in ids {
            orders.extend(self.order(id(&order)?).await?);
        }
        Ok(orders)
    }

    /// Makes the cart the order that it was shown as. Whoever changes the cart's order id makes the order: of two that try at
    /// once, the second finds the id changed and the order there.
    pub(crate) async fn order_cart(
        &self,
        visitor: Uuid,
        order: Uuid,
        shown_total: Price,
        card: CardPrint,
    ) -> Result<FromCart, DatabaseError> {
        let mut tx = self.begin().await?;
        let taken = execute_in!(
            &mut tx,
            "update carts set order_id = $3 where visitor = $1 and order_id = $2",
            visitor.to_string(),
            order.to_string(),
            Uuid::now_v7().to_string()
        )?;
        if taken == 0 {
            drop(tx);
            let existing = self.order(order).await?;
            return Ok(
                match existing.filter(|existing| existing.visitor == Some(visitor)) {
                    Some(existing) => FromCart::Exists(existing),
                    None => FromCart::Changed,
                },
            );
        }
        let lines = carts::lines(&mut tx, visitor).await?;
        let total = total(&lines);
        if total != Some(shown_total) {
            return Ok(FromCart::Changed);
        }
        let made = new_order(order, Some(visitor), shown_total, card, lines);
        if !insert(&mut tx, &made).await? {
            return Ok(FromCart::Changed);
        }
        carts::empty(&mut tx, visitor).await?;
        tx.commit().await?;
        Ok(FromCart::Made(made))
    }

    /// Stores an order that came as a list. `None`: there is one of that id already.
    pub(crate) async fn order_lines(
        &self,
        order: Uuid,
        total: Price,
        card: CardPrint,
        lines: Vec<CartLine>,
    ) -> Result<Option<Order>, DatabaseError> {
        let mut tx = self.begin().await?;
        let made = new_order(order, None, total, card, lines);
        if !insert(&mut tx, &made).await? {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(made))
    }

    /// Writes down what the bank decided. A decision is final; only "not charged", which the bank never said, can be corrected.
    pub(crate) async fn settle(&self, order: Uuid, state: &State) -> Result<Settled, DatabaseError> {
        let mut tx = self.begin().await?;
        let sql = "select status, visitor from orders where id = $1";
        let row = optional_in!(&mut tx, (String, Option<String>), sql, order.to_string())?;
        let Some((before, visitor)) = row else {
            return Err(DatabaseError::Damaged("an order that is settled but not there"));
        };
        if !write_state(&mut tx, order, state).await? {
            return Ok(Settled::Before);
        }
        let visitor = visitor.as_deref().map(id).transpose()?;
        match (visitor, state, before.as_str()) {
            (Some(visitor), State::Declined(_) | State::NotCharged, "pending") => {
                carts::put_back(&mut tx, visitor, order).await?;
            }
            (Some(visitor), State::Approved(_), "not_charged") => {
                carts::take_out(&mut tx, visitor, order).await?;
            }
            _ => {}
        }
        tx.commit().await?;
        Ok(Settled::Now)
    }

    /// Orders whose end is not known, or not certain, the longest unlooked-at first: pending ones from before `pending_before`, and
    /// those that count as not charged from after `doubted_after` that were not looked at since `looked_before`.
    pub(crate) async fn unsettled(
        &self,
        pending_before: DateTime<Utc>,
        doubted_after: DateTime<Utc>,
        looked_before: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<(Uuid, DateTime<Utc>)>, DatabaseError> {
        let rows = all!(
            self,
            (String, i64),
            "select id, created_at from orders
             where (status = 'pending' and created_at < $1)
                or (status = 'not_charged' and created_at > $2 and coalesce(looked_at, 0) < $3)
             order by coalesce(looked_at, 0), created_at limit $4",
            pending_before.timestamp_micros(),
            doubted_after.timestamp_micros(),
            looked_before.timestamp_micros(),
            most
        )?;
        rows.into_iter()
            .map(|(order, created_at)| Ok((id(&order)?, instant(created_at)?)))
            .collect()
    }

    /// How many orders wait for the bank's word.
    pub(crate) async fn pending_count(&self) -> Result<i64, DatabaseError> {
        let row = optional!(
            self,
            (i64,),
            "select count(*) from orders where status = 'pending'"
        )?;
        Ok(row.map_or(0, |(count,)| count))
    }

    /// Remembers that an order was asked about, so that the others get their turn.
    pub(crate) async fn looked_at(&self, order: Uuid) -> Result<(), DatabaseError> {
        execute!(
            self,
            "update orders set looked_at = $2 where id = $1",
            order.to_string(),
            now_micros()
        )?;
        Ok(())
    }
}

fn total(lines: &[CartLine]) -> Option<Price> {
    let prices: Result<Vec<Price>, _> = lines.iter().map(|line| line.price.times(line.quantity)).collect();
    Price::sum(prices.ok()?).ok()
}

fn new_order(id: Uuid, visitor: Option<Uuid>, total: Price, card: CardPrint, lines: Vec<CartLine>) -> Order {
    let items = lines.into_iter().map(|line| Item {
        id: Uuid::now_v7(),
        product_id: line.product_id,
        slug: line.slug,
        name_en: line.name_en,
        name_pt: line.name_pt,
        quantity: line.quantity,
        price: line.price,
    });
    Order {
        id,
        visitor,
        state: State::Pending,
        total,
        card,
        created_at: instant(now_micros()).unwrap_or_default(), // as it will be read back; the clock is within range
        items: items.collect(),
    }
}

/// `false`: there is an order of that id already.
async fn insert(tx: &mut Tx, order: &Order) -> Result<bool, DatabaseError> {
    let inserted = execute_in!(
        &mut *tx,
        "insert into orders (id, visitor, status, total_minor_units, card_last_four, card_expiry_month, card_expiry_year,
             created_at)
         values ($1, $2, 'pending', $3, $4, $5, $6, $7) on conflict (id) do nothing",
        order.id.to_string(),
        order.visitor.map(|visitor| visitor.to_string()),
        order.total.minor_units(),
        &order.card.last_four,
        order.card.expiry.month(),
        order.card.expiry.year(),
        order.created_at.timestamp_micros()
    )?;
    if inserted == 0 {
        return Ok(false);
    }
    for (place, item) in (1_i64..).zip(&order.items) {
        execute_in!(
            &mut *tx,
            "insert into order_items (id, order_id, place, product_id, quantity, price_minor_units)
             values ($1, $2, $3, $4, $5, $6)",
            item.id.to_string(),
            order.id.to_string(),
            place,
            item.product_id.to_string(),
            item.quantity.get(),
            item.price.minor_units()
        )?;
    }
    Ok(true)
}

/// `false`: it has a state that this one must not replace.
async fn write_state(tx: &mut Tx, order: Uuid, state: &State) -> Result<bool, DatabaseError> {
    let (reason, charge, is_decision) = match state {
        State::Pending => return Ok(false),
        State::NotCharged => (None, None, false),
        State::Declined(reason) => (Some(reason.key()), None, true),
        State::Approved(charge) => (None, Some(charge), true),
    };
    let now = now_micros();
    let written = execute_in!(
        tx,
        "update orders set status = $2, decline_reason = $3, account_id = $4, account_version = $5, decided_at = $6
         where id = $1 and (status = 'pending' or (status = 'not_charged' and $2 <> 'not_charged'))",
        order.to_string(),
        state.key(),
        reason,
        charge.map(|charge| charge.account_id.as_str()),
        charge.map(|charge| charge.account_version),
        is_decision.then_some(now)
    )?;
    Ok(written == 1)
}
