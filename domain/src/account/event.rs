//! What is recorded of a card account, for ever: past-tense facts, each with all that a reader needs to use it without
//! knowing the bank's rules.
//!
//! The JSON form is the contract: `type` names the variant, fields are only ever added. It is stored, published to Kafka and
//! indexed byte for byte as written here.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::calendar::{BillingCycle, ClosingDay};
use crate::card::{Expiry, LastFour};
use crate::ids::{AuthorizationId, CardId};
use crate::money::Money;
use crate::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};

use super::decline::DeclineReason;

/// The version of every event's JSON form; raised when a form changes in a way that its readers must know.
pub const EVENT_VERSION: &str = "1";

/// A fact about one card account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    AccountOpened(AccountOpened),
    CreditLimitChanged(CreditLimitChanged),
    CardIssued(CardIssued),
    CardActivated(CardActivated),
    CardBlocked(CardBlocked),
    CardUnblocked(CardUnblocked),
    CardCancelled(CardCancelled),
    AccountClosed(AccountClosed),
    PurchaseApproved(PurchaseApproved),
    PurchaseDeclined(PurchaseDeclined),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOpened {
    pub occurred_at: DateTime<Utc>,
    pub credit_limit: Money,
    pub closing_day: ClosingDay,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLimitChanged {
    pub occurred_at: DateTime<Utc>,
    pub credit_limit: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardIssued {
    pub occurred_at: DateTime<Utc>,
    pub card_id: CardId,
    pub card_last_four: LastFour,
    pub expiry: Expiry,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardActivated {
    pub occurred_at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardBlocked {
    pub occurred_at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardUnblocked {
    pub occurred_at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardCancelled {
    pub occurred_at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountClosed {
    pub occurred_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseApproved {
    pub occurred_at: DateTime<Utc>,
    pub authorization_id: AuthorizationId,
    pub card_id: CardId,
    pub card_last_four: LastFour,
    pub amount: Money,
    pub merchant: Merchant,
    pub description: Description,
    /// The statement this purchase is charged on.
    pub billing_cycle: BillingCycle,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseDeclined {
    pub occurred_at: DateTime<Utc>,
    pub authorization_id: AuthorizationId,
    pub card_id: CardId,
    pub card_last_four: LastFour,
    pub amount: Money,
    pub merchant: Merchant,
    pub description: Description,
    pub reason: DeclineReason,
}

/// Where a purchase was made, as the merchant's acquirer named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    pub id: MerchantId,
    pub name: MerchantName,
    pub mcc: MerchantCategoryCode,
}

impl Event {
    /// The stable name of this kind of event, the same as `type` in its JSON form.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AccountOpened(_) => "account_opened",
            Self::CreditLimitChanged(_) => "credit_limit_changed",
            Self::CardIssued(_) => "card_issued",
            Self::CardActivated(_) => "card_activated",
            Self::CardBlocked(_) => "card_blocked",
            Self::CardUnblocked(_) => "card_unblocked",
            Self::CardCancelled(_) => "card_cancelled",
            Self::AccountClosed(_) => "account_closed",
            Self::PurchaseApproved(_) => "purchase_approved",
            Self::PurchaseDeclined(_) => "purchase_declined",
        }
    }

    /// When the bank received the command that this event records.
    pub fn occurred_at(&self) -> DateTime<Utc> {
        match self {
            Self::AccountOpened(event) => event.occurred_at,
            Self::CreditLimitChanged(event) => event.occurred_at,
            Self::CardIssued(event) => event.occurred_at,
            Self::CardActivated(event) => event.occurred_at,
            Self::CardBlocked(event) => event.occurred_at,
            Self::CardUnblocked(event) => event.occurred_at,
            Self::CardCancelled(event) => event.occurred_at,
            Self::AccountClosed(event) => event.occurred_at,
            Self::PurchaseApproved(event) => event.occurred_at,
            Self::PurchaseDeclined(event) => event.occurred_at,
        }
    }
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        EVENT_VERSION.to_owned()
    }
}
