//! Why a purchase is declined: a ladder, checked from the top; the first rung that applies is the reason.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The precise reason, as the bank records it and the cardholder may read it. Names and order are stable: a new reason gets
/// a new name and its place is documented.
///
/// What the card presents comes before the state of account and card, so that who does not hold the card learns nothing
/// about it: `card_not_found`, `expiry_mismatch` and `security_code_mismatch` look the same to a merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The account never issued this card (a card whose issuing was interrupted).
    CardNotFound,
    /// The expiry presented is not the card's.
    ExpiryMismatch,
    /// The security code presented is not the card's.
    SecurityCodeMismatch,
    /// The account takes no purchases any more.
    AccountClosed,
    /// The card was cancelled, for ever.
    CardCancelled,
    /// The cardholder has not activated the card yet.
    CardNotActivated,
    /// The card is blocked, for the time being.
    CardBlocked,
    /// The bank's date is past the card's last month.
    CardExpired,
    /// The amount is above what is left of the credit limit.
    OverLimit,
}

impl DeclineReason {
    /// Every reason, from the top of the ladder.
    pub const LADDER: [Self; 9] = [
        Self::CardNotFound,
        Self::ExpiryMismatch,
        Self::SecurityCodeMismatch,
        Self::AccountClosed,
        Self::CardCancelled,
        Self::CardNotActivated,
        Self::CardBlocked,
        Self::CardExpired,
        Self::OverLimit,
    ];

    /// The stable name, the same as in the event's JSON form.
    pub fn code(self) -> &'static str {
        match self {
            Self::CardNotFound => "card_not_found",
            Self::ExpiryMismatch => "expiry_mismatch",
            Self::SecurityCodeMismatch => "security_code_mismatch",
            Self::AccountClosed => "account_closed",
            Self::CardCancelled => "card_cancelled",
            Self::CardNotActivated => "card_not_activated",
            Self::CardBlocked => "card_blocked",
            Self::CardExpired => "card_expired",
            Self::OverLimit => "over_limit",
        }
    }
}

impl fmt::Display for DeclineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_is_in_order_and_each_rung_has_one_name() {
        assert!(DeclineReason::LADDER.is_sorted_by(|upper, lower| upper < lower));
        for reason in DeclineReason::LADDER {
            assert_eq!(serde_json::to_value(reason).ok(), Some(reason.code().into()));
            assert_eq!(reason.to_string(), reason.code());
        }
    }
}
