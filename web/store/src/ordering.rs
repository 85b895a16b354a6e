//! Ordering: an order is stored, then the bank is asked, then its decision is stored. In that order, so that whatever breaks in
//! between leaves an order whose end can be found out: its id is the request id at the bank.
//!
//! The bank is asked to charge once per order and never again; what was not heard is asked for by `GetOutcome`.

mod bank;
mod reconciler;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::transport::Channel;
use uuid::Uuid;

use crate::card::Card;
use crate::database::{CartLine, Database, DatabaseError, FromCart, Settled};
use crate::order::{Order, State};
use crate::price::{Price, PriceError};
use bank::{Answer, Bank, Outcome};

/// Orders that wait for the bank in one process, at most. Past it a shopper is told to come back, before anything is stored.
const ASKS_MAX: usize = 256;

/// How long the bank is waited for, and what is made of its silence.
#[derive(Debug, Clone)]
pub struct Patience {
    /// The deadline of the call that charges; the bank knows it too.
    pub authorize: Duration,
    /// The deadline of the question whether it did.
    pub outcome: Duration,
    /// How long after the deadline of its call an order may still be charged: the bank was deciding when the time was up, or its clock
    /// is behind.
    pub grace: Duration,
    /// How long after it was made an order that counts as not charged is looked at again.
    pub doubt: Duration,
    /// Pause between two looks at an order that counts as not charged.
    pub doubt_interval: Duration,
    /// Pause between two rounds of the reconciler.
    pub reconcile_interval: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            authorize: Duration::from_secs(5),
            outcome: Duration::from_secs(2),
            grace: Duration::from_secs(20),
            doubt: Duration::from_hours(1),
            doubt_interval: Duration::from_mins(1),
            reconcile_interval: Duration::from_secs(2),
        }
    }
}

#[derive(Debug, Error)]
pub(crate) enum OrderingError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Nothing was stored.
    #[error("too many orders wait for the bank")]
    Busy,
    #[error("the total {0}")]
    Total(#[from] PriceError),
}

/// What came of placing a cart's order.
#[derive(Debug)]
pub(crate) enum Placed {
    /// It is there, be it new or made before by the same form.
    Order(Box<Order>),
    /// The cart, or a price in it, is not what the form showed. Nothing was stored.
    CartChanged,
}

/// What came of placing a list.
#[derive(Debug)]
pub(crate) enum PlacedList {
    New(Box<Order>),
    /// There was an order of this id already; whether it is the same one is for the caller to judge.
    Before(Box<Order>),
}

/// The one way from a cart to a charge; clones share the bank and the places.
#[derive(Debug, Clone)]
pub(crate) struct Ordering {
    database: Database,
    bank: Bank,
    patience: Arc<Patience>,
    asks: Arc<Semaphore>,
}

impl Ordering {
    pub(crate) fn new(database: Database, channel: Channel, patience: Patience) -> Self {
        Self {
            database,
            bank: Bank::new(channel, patience.clone()),
            patience: Arc::new(patience),
            asks: Arc::new(Semaphore::new(ASKS_MAX)),
        }
    }

    /// Orders what is in the visitor's cart, if it is what the order id and the total were made for. Sent twice, it is one order.
    pub(crate) async fn place_cart(
        &self,
        visitor: Uuid,
        order: Uuid,
        shown_total: Price,
        card: Card,
    ) -> Result<Placed, OrderingError> {
        let place = self.take_place()?;
        let made = self
            .database
            .order_cart(visitor, order, shown_total, card.print())
            .await?;
        Ok(match made {
            FromCart::Made(order) => Placed::Order(Box::new(self.ask(order, card, place).await?)),
            FromCart::Exists(order) => Placed::Order(Box::new(order)),
            FromCart::Changed => Placed::CartChanged,
        })
    }

    /// Orders a list of products at the catalogue's prices.
    pub(crate) async fn place_list(
        &self,
        order: Uuid,
        lines: Vec<CartLine>,
        card: Card,
    ) -> Result<PlacedList, OrderingError> {
        let prices: Result<Vec<Price>, _> =
            lines.iter().map(|line| line.price.times(line.quantity)).collect();
        let total = Price::sum(prices?)?;
        let place = self.take_place()?;
        let made = self
            .database
            .order_lines(order, total, card.print(), lines)
            .await?;
        if let Some(made) = made {
            return Ok(PlacedList::New(Box::new(self.ask(made, card, place).await?)));
        }
        let before = self.database.order(order).await?;
        let missing = DatabaseError::Damaged("an order that is there and not there");
        Ok(PlacedList::Before(Box::new(before.ok_or(missing)?)))
    }

    /// Waits until nobody waits for the bank any more; what it did not say by then is the next start's.
    pub(crate) async fn finish(&self) {
        let all = self
            .asks
            .acquire_many(u32::try_from(ASKS_MAX).unwrap_or(u32::MAX));
        let _ = tokio::time::timeout(self.patience.authorize + self.patience.outcome, all).await; // both ends are fine
    }

    fn take_place(&self) -> Result<OwnedSemaphorePermit, OrderingError> {
        // It is never closed: without a place there are too many.
        Arc::clone(&self.asks)
            .try_acquire_owned()
            .map_err(|_| OrderingError::Busy)
    }

    /// Asks the bank in a task of its own: a browser that goes away must not take the answer with it.
    async fn ask(
        &self,
        order: Order,
        card: Card,
        place: OwnedSemaphorePermit,
    ) -> Result<Order, OrderingError> {
        let (ordering, id) = (self.clone(), order.id);
        let asked = tokio::spawn(async move {
            let settled = ordering.authorize(&order, card).await;
            drop(place);
            settled
        });
        match asked.await {
            Ok(settled) => settled?,
            // The task panicked or the program ends; the order is stored, and the reconciler finishes it.
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, order = %id, "asking the bank broke off");
            }
        }
        let missing = DatabaseError::Damaged("an order that was stored and is not there");
        Ok(self.database.order(id).await?.ok_or(missing)?)
    }

    async fn authorize(&self, order: &Order, card: Card) -> Result<(), OrderingError> {
        let state = match self.bank.authorize(order, card).await {
            Answer::Decided(state) => state,
            // The bank read the request and refused it; nothing was recorded.
            Answer::Refused => State::NotCharged,
            Answer::Unknown => match self.bank.outcome(order.id).await {
                Outcome::Decided(state) => state,
                // It may still be deciding: only after the grace does "nothing recorded" mean "not charged".
                Outcome::NothingRecorded | Outcome::Unknown => return Ok(()),
            },
        };
        self.settle(order.id, &state).await?;
        Ok(())
    }

    async fn settle(&self, order: Uuid, state: &State) -> Result<(), DatabaseError> {
        if self.database.settle(order, state).await? == Settled::Before {
            return Ok(());
        }
        metrics::counter!("codebank_store_orders_total", "status" => state.key()).increment(1);
        tracing::info!(%order, status = state.key(), "order settled");
        Ok(())
    }

    /// From when on an order of this age can no longer be charged.
    fn is_past_grace(&self, created_at: chrono::DateTime<Utc>) -> bool {
        let age = Utc::now().signed_duration_since(created_at);
        age.to_std()
            .is_ok_and(|age| age > self.patience.authorize + self.patience.grace)
    }
}
