//! Faults in a request: nothing is recorded, the caller is told what to mend. A declined purchase is not among them.

use thiserror::Error;

use crate::money::Currency;

/// Why a command was refused, in order of precedence. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Rejection {
    #[error("no such account")]
    AccountNotFound,
    #[error("the account is already open")]
    AccountAlreadyOpen,
    #[error("the account is closed")]
    AccountClosed,
    #[error("the account has no such card")]
    CardNotFound,
    #[error("the account already has this card")]
    CardAlreadyIssued,
    #[error("the card is cancelled")]
    CardCancelled,
    #[error("the card is already active")]
    CardAlreadyActive,
    #[error("the card is not activated yet")]
    CardNotActivated,
    #[error("the card is already blocked")]
    CardAlreadyBlocked,
    #[error("the card is not blocked")]
    CardNotBlocked,
    #[error("the account is kept in {account}")]
    CurrencyMismatch {
        /// The account's currency.
        account: Currency,
    },
    #[error("the amount must be more than zero")]
    AmountNotPositive,
    #[error("the credit limit must not be negative")]
    CreditLimitNegative,
}

impl Rejection {
    pub fn code(self) -> &'static str {
        match self {
            Self::AccountNotFound => "account_not_found",
            Self::AccountAlreadyOpen => "account_already_open",
            Self::AccountClosed => "account_closed",
            Self::CardNotFound => "card_not_found",
            Self::CardAlreadyIssued => "card_already_issued",
            Self::CardCancelled => "card_cancelled",
            Self::CardAlreadyActive => "card_already_active",
            Self::CardNotActivated => "card_not_activated",
            Self::CardAlreadyBlocked => "card_already_blocked",
            Self::CardNotBlocked => "card_not_blocked",
            Self::CurrencyMismatch { .. } => "currency_mismatch",
            Self::AmountNotPositive => "amount_not_positive",
            Self::CreditLimitNegative => "credit_limit_negative",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rejection_has_its_own_stable_code() {
        let cases = [
            (Rejection::AccountNotFound, "account_not_found"),
            (Rejection::AccountAlreadyOpen, "account_already_open"),
            (Rejection::AccountClosed, "account_closed"),
            (Rejection::CardNotFound, "card_not_found"),
            (Rejection::CardAlreadyIssued, "card_already_issued"),
            (Rejection::CardCancelled, "card_cancelled"),
            (Rejection::CardAlreadyActive, "card_already_active"),
            (Rejection::CardNotActivated, "card_not_activated"),
            (Rejection::CardAlreadyBlocked, "card_already_blocked"),
            (Rejection::CardNotBlocked, "card_not_blocked"),
            (
                Rejection::CurrencyMismatch {
                    account: Currency::Brl,
                },
                "currency_mismatch",
            ),
            (Rejection::AmountNotPositive, "amount_not_positive"),
            (Rejection::CreditLimitNegative, "credit_limit_negative"),
        ];
        for (rejection, code) in cases {
            assert_eq!(rejection.code(), code);
        }
        let mismatch = Rejection::CurrencyMismatch {
            account: Currency::Brl,
        };
        assert_eq!(mismatch.to_string(), "the account is kept in BRL");
    }
}
