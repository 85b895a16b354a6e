//! An order and the states it can be in. It knows neither the database nor the bank.

use chrono::{DateTime, Utc};
use look::Language;
use uuid::Uuid;

use crate::card::CardPrint;
use crate::price::{Price, Quantity};

/// What somebody ordered. The id is also the request id at the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: Uuid,
    /// Nobody's when it came over the REST API.
    pub(crate) visitor: Option<Uuid>,
    pub(crate) state: State,
    pub(crate) total: Price,
    pub(crate) card: CardPrint,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: Uuid,
    pub(crate) product_id: Uuid,
    pub(crate) slug: String,
    pub(crate) name_en: String,
    pub(crate) name_pt: String,
    pub(crate) quantity: Quantity,
    /// The price of one, at the moment of ordering.
    pub(crate) price: Price,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Stored; what the bank decided is not known yet.
    Pending,
    Approved(Charge),
    Declined(Reason),
    /// The bank knows nothing of it, and will not learn of it any more.
    NotCharged,
}

/// Where the cardholder finds it on the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) account_id: String,
    pub(crate) account_version: i64,
}

/// What the bank told the merchant of a decline; it may have told the cardholder more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    CardNotRecognized,
    AccountClosed,
    CardCancelled,
    CardNotActivated,
    CardBlocked,
    CardExpired,
    OverLimit,
    /// A reason that this version has no word for.
    Other,
}

impl Order {
    /// What people call it: the end of the id, which is its random part.
    pub(crate) fn number(&self) -> String {
        let id = self.id.simple().to_string().to_uppercase();
        let (_, end) = id.split_at(id.len() - 8);
        end.to_owned()
    }
}

impl Item {
    pub(crate) fn name(&self, language: Language) -> &str {
        match language {
            Language::Pt => &self.name_pt,
            Language::En => &self.name_en,
        }
    }
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::CardNotRecognized,
        Self::AccountClosed,
        Self::CardCancelled,
        Self::CardNotActivated,
        Self::CardBlocked,
        Self::CardExpired,
        Self::OverLimit,
        Self::Other,
    ];

    /// As it is stored.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::CardNotRecognized => "card_not_recognized",
            Self::AccountClosed => "account_closed",
            Self::CardCancelled => "card_cancelled",
            Self::CardNotActivated => "card_not_activated",
            Self::CardBlocked => "card_blocked",
            Self::CardExpired => "card_expired",
            Self::OverLimit => "over_limit",
            Self::Other => "other",
        }
    }

    pub(crate) fn from_key(key: &str) -> Self {
        let known = Self::ALL.into_iter().find(|reason| reason.key() == key);
        known.unwrap_or(Self::Other)
    }
}

impl State {
    /// As it is stored and sent.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved(_) => "approved",
            Self::Declined(_) => "declined",
            Self::NotCharged => "not_charged",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_key(reason.key()), reason);
        }
        assert_eq!(Reason::from_key("of_tomorrow"), Reason::Other);
    }
}
