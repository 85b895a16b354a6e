//! The shop: a customer of the bank, not a part of it. It sells things on pages and over a REST API, and has cards charged by the
//! bank over gRPC.
//!
//! It has a database of its own and knows of the bank what any merchant knows: two calls of the authorization service. Absent: stored
//! card numbers and security codes, prices that come from a browser, a charge without a stored order.

mod card;
mod price;

mod catalogue;
mod order;

mod database;
mod ordering;

mod pages;
mod rest;

use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

pub use database::{CONNECTIONS_MAX, Database, DatabaseError};
pub use ordering::Patience;

use ordering::Ordering;

/// The shop's name, over its door and on the cardholder's statement.
pub const MERCHANT_NAME: &str = "Armazém Aroeira";
/// The acquirer's identifier of the shop.
const MERCHANT_ID: &str = "armazem-aroeira";

/// What whoever runs a shop decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bank's gRPC. A channel that connects when it is used: a shop shows its goods while the bank is away.
    pub bank: Channel,
    /// Where cardholders see their statements; the link gets `?account=…&version=…`.
    pub statement_url: String,
    /// Signs cookies and hidden fields.
    pub key: look::Key,
    /// Whether the shop's public address is https.
    pub secure: bool,
    /// The session's cookie: a name of its own where another key signs other cookies of the same host.
    pub session_cookie: &'static str,
    pub patience: Patience,
}

impl Settings {
    pub fn new(bank: Channel, key: look::Key) -> Self {
        Self {
            bank,
            statement_url: "/statements".to_owned(),
            key,
            secure: false,
            session_cookie: "session",
            patience: Patience::default(),
        }
    }
}

/// A shop; clones share its database and its bank.
#[derive(Debug, Clone)]
pub struct Store {
    shop: Shop,
    look: look::Settings,
}

/// What the handlers share.
#[derive(Debug, Clone)]
struct Shop {
    database: Database,
    ordering: Ordering,
    key: look::Key,
    statement_url: Arc<str>,
}

impl Store {
    /// Connects to nothing yet.
    pub fn new(database: Database, settings: Settings) -> Self {
        let look = look::Settings {
            secure: settings.secure,
            session_cookie: settings.session_cookie,
            body_bytes_max: pages::BODY_BYTES_MAX,
            ..look::Settings::new(settings.key.clone(), pages::frame())
        };
        Self {
            shop: Shop {
                ordering: Ordering::new(database.clone(), settings.bank, settings.patience),
                database,
                key: settings.key,
                statement_url: settings.statement_url.into(),
            },
            look,
        }
    }

    /// Brings the database to this version's form, and puts the shop's own goods on the shelves where they are missing. May be repeated.
    pub async fn prepare(&self) -> Result<(), DatabaseError> {
        self.shop.database.migrate().await?;
        for product in catalogue::seeded() {
            self.shop.database.add_product(&product).await?;
        }
        Ok(())
    }

    /// `/shop…`, `/products…`, `/orders…` and `/openapi.json`. Whoever serves it adds `look::router` and a fallback.
    pub fn router(&self) -> Router {
        pages::router(self.shop.clone(), self.look.clone()).merge(rest::router(self.shop.clone()))
    }

    /// For the fallback of whoever serves the shop alone.
    pub fn look(&self) -> look::Settings {
        self.look.clone()
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<(), DatabaseError> {
        self.shop.database.ping().await
    }

    /// Finishes orders whose end nobody heard, until told to stop.
    pub async fn reconcile(&self, stop: CancellationToken) {
        self.shop.ordering.reconcile(stop).await;
    }

    /// Waits for the orders that are being asked about, for as long as such a call may take, then closes the database.
    pub async fn close(&self) {
        self.shop.ordering.finish().await;
        self.shop.database.close().await;
    }
}
