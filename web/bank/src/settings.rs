//! What the pages have to be told, and what their handlers share.

use look::{Frame, Key, Language, Link};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::bank::Bank;
use crate::live::Seats;
use crate::search::{Search, SearchIndex};

/// A card that a newcomer may pay with, as it is printed. For demo cards alone.
#[derive(Debug, Clone)]
pub struct DemoCard {
    pub number: String,
    /// `MM/YY`
    pub expiry: String,
    pub security_code: String,
    pub is_blocked: bool,
}

/// An account that may be looked at here.
#[derive(Debug, Clone)]
pub struct Holder {
    pub account_id: String,
    /// What the holder is called, in English and in Portuguese.
    pub label: (String, String),
    pub cards: Vec<DemoCard>,
}

impl Holder {
    pub(crate) fn label(&self, language: Language) -> &str {
        match language {
            Language::En => &self.label.0,
            Language::Pt => &self.label.1,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Settings {
    /// Where GraphQL is served: `http://host:port/graphql`. The socket is at the same address.
    pub graphql: String,
    /// The bank's gRPC services.
    pub commands: Channel,
    pub key: Key,
    /// Whether the public address is https.
    pub secure: bool,
    /// Pages with a key of their own at a host with others need a session cookie of their own.
    pub session_cookie: &'static str,
    /// Whose statements may be looked at.
    pub holders: Vec<Holder>,
    /// Where there is something to buy; no link without it.
    pub shop_url: Option<String>,
    /// Whether `/operations` is among the pages' links; it is for staff.
    pub operations: bool,
    /// Where `/operations` has its figures from, instead of the read models.
    pub search: Option<SearchIndex>,
    /// Whether the REST routes of the bank before this one are served, which want whole card numbers in their addresses.
    pub legacy_rest: bool,
    /// How many pages may be kept up to date at a time.
    pub live_max: usize,
    /// Ends the pages that are kept up to date, which would hold a server open.
    pub stop: CancellationToken,
}

impl Settings {
    pub fn new(graphql: impl Into<String>, commands: Channel, key: Key, holders: Vec<Holder>) -> Self {
        Self {
            graphql: graphql.into(),
            commands,
            key,
            secure: false,
            session_cookie: "session",
            holders,
            shop_url: None,
            operations: false,
            search: None,
            legacy_rest: false,
            live_max: 256,
            stop: CancellationToken::new(),
        }
    }

    /// The pages' look; for `look::fallback` too.
    pub fn look(&self) -> look::Settings {
        let mut links = vec![
            Link::new("/statements", "Statement", "Fatura"),
            Link::new("/activity", "Activity", "Atividade"),
            Link::new("/cards", "Cards", "Cartões"),
        ];
        if let Some(shop) = &self.shop_url {
            links.push(Link::new(shop.clone(), "Shop", "Loja"));
        }
        if self.operations {
            links.push(Link::new("/operations", "Operations", "Operações"));
        }
        let frame = Frame {
            brand: "codebank",
            home: "/".to_owned(),
            links,
            note: (
                "A bank for trying out. No real money is moved here.",
                "Um banco para experimentar. Aqui não se move dinheiro de verdade.",
            ),
        };
        look::Settings {
            secure: self.secure,
            session_cookie: self.session_cookie,
            ..look::Settings::new(self.key.clone(), frame)
        }
    }

    pub(crate) fn holder(&self, account_id: &str) -> Option<&Holder> {
        self.holders.iter().find(|holder| holder.account_id == account_id)
    }
}

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) bank: Bank,
    pub(crate) seats: Seats,
    pub(crate) search: Option<Search>,
}
