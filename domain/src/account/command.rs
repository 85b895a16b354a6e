//! What may be asked of a card account. Each command brings all that the decision needs: the time and the new ids too.

use chrono::{DateTime, Utc};

use crate::calendar::ClosingDay;
use crate::card::{Expiry, LastFour};
use crate::ids::{AuthorizationId, CardId};
use crate::money::Money;
use crate::text::Description;

use super::event::Merchant;

/// A request to change one account. `at` is when the bank received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    OpenAccount(OpenAccount),
    ChangeCreditLimit(ChangeCreditLimit),
    IssueCard(IssueCard),
    ActivateCard(ActivateCard),
    BlockCard(BlockCard),
    UnblockCard(UnblockCard),
    CancelCard(CancelCard),
    CloseAccount(CloseAccount),
    AuthorizePurchase(AuthorizePurchase),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAccount {
    pub at: DateTime<Utc>,
    /// Zero or more; its currency is the account's for ever.
    pub credit_limit: Money,
    pub closing_day: ClosingDay,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCreditLimit {
    pub at: DateTime<Utc>,
    /// Zero or more. May be below what is already spent: then nothing is available until it is paid.
    pub credit_limit: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueCard {
    pub at: DateTime<Utc>,
    pub card_id: CardId,
    pub last_four: LastFour,
    pub expiry: Expiry,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivateCard {
    pub at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCard {
    pub at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnblockCard {
    pub at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelCard {
    pub at: DateTime<Utc>,
    pub card_id: CardId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseAccount {
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizePurchase {
    pub at: DateTime<Utc>,
    pub authorization_id: AuthorizationId,
    pub card_id: CardId,
    pub card_last_four: LastFour,
    pub presented: Presented,
    /// More than zero, in the account's currency.
    pub amount: Money,
    pub merchant: Merchant,
    pub description: Description,
}

/// How the card was presented. The number itself and the security code stay in the vault, which says how they compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// Typed in at a checkout: number, expiry and security code.
    Credentials {
        expiry: Expiry,
        security_code: SecurityCodeCheck,
    },
    /// A token the bank gave out for this card.
    Token,
}

/// The vault's verdict on the security code (CVV2) that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityCodeCheck {
    Match,
    Mismatch,
}
