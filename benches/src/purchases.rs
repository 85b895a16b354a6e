//! Purchases to be made, and whether an answer is that of the purchase: the same over every wire.

use std::sync::Arc;

use proto::codebank::v1::authorize_request::Card;
use proto::codebank::v1::{Authorization, AuthorizeRequest, Decision, Merchant, Money};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::bank::{Account, CURRENCY, fresh_request_id};
use crate::choice::Choice;
use crate::measurement::Failure;

const AMOUNT_MINOR_UNITS: std::ops::RangeInclusive<i64> = 1..=50_000;

/// One caller's purchases, with one card after another, as its choice says.
pub(crate) struct Purchases {
    accounts: Arc<[Account]>,
    choice: Choice,
    random: StdRng,
    merchant: Merchant,
}

/// What must be in the answer to a purchase.
pub(crate) struct Expected {
    account: usize,
    amount: Money,
}

impl Purchases {
    /// Each caller buys in a store of its own; the same seed gives the same purchases.
    pub(crate) fn many(accounts: &Arc<[Account]>, choice: Choice, count: usize, seed: u64) -> Vec<Self> {
        let mut seeds = StdRng::seed_from_u64(seed);
        let one = |number: usize| Self {
            accounts: Arc::clone(accounts),
            choice,
            random: StdRng::seed_from_u64(seeds.random()),
            merchant: Merchant {
                id: format!("bench-{number}"),
                name: format!("Livraria {number}"),
                mcc: "5942".to_owned(),
            },
        };
        (0..count).map(one).collect()
    }

    /// The next purchase, by the account that is its turn.
    pub(crate) fn next(&mut self) -> (AuthorizeRequest, Expected) {
        let account = self.choice.of(self.accounts.len(), &mut self.random);
        self.of(account)
    }

    /// A purchase with the card of this account.
    pub(crate) fn of(&mut self, account: usize) -> (AuthorizeRequest, Expected) {
        let amount = Money {
            minor_units: self.random.random_range(AMOUNT_MINOR_UNITS),
            currency_code: CURRENCY.to_owned(),
        };
        let request = AuthorizeRequest {
            request_id: fresh_request_id(),
            card: Some(Card::Credentials(self.accounts[account].card.clone())),
            amount: Some(amount.clone()),
            merchant: Some(self.merchant.clone()),
            description: "Dom Casmurro".to_owned(),
        };
        (request, Expected { account, amount })
    }

    /// Anything but an approval of this very purchase is a failure.
    pub(crate) fn check(
        &self,
        authorization: Authorization,
        expected: &Expected,
    ) -> Result<Authorization, Failure> {
        let account = &self.accounts[expected.account];
        check(authorization, &account.id, &expected.amount)
    }
}

fn check(authorization: Authorization, account_id: &str, amount: &Money) -> Result<Authorization, Failure> {
    if authorization.decision() != Decision::Approved {
        let reason = authorization.decline_reason().as_str_name();
        return Err(Failure::new(reason, authorization.decision().as_str_name()));
    }
    if authorization.account_id != account_id || authorization.amount.as_ref() != Some(amount) {
        return Err(Failure::new(
            "OTHER_PURCHASE",
            "the answer is about another account or amount",
        ));
    }
    if authorization.account_version == 0 {
        return Err(Failure::new(
            "NO_VERSION",
            "the answer does not say which version of the account it made",
        ));
    }
    Ok(authorization)
}

#[cfg(test)]
mod tests {
    use proto::codebank::v1::DeclineReason;

    use super::*;

    fn approved() -> Authorization {
        Authorization {
            decision: Decision::Approved.into(),
            account_id: "mine".to_owned(),
            account_version: 4,
            amount: Some(amount()),
            ..Authorization::default()
        }
    }

    fn amount() -> Money {
        Money {
            minor_units: 4990,
            currency_code: CURRENCY.to_owned(),
        }
    }

    #[test]
    fn only_an_approval_of_this_purchase_is_an_answer() {
        let declined = Authorization {
            decision: Decision::Declined.into(),
            decline_reason: DeclineReason::OverLimit.into(),
            ..approved()
        };
        let cases = [
            (approved(), None),
            (declined, Some("DECLINE_REASON_OVER_LIMIT")),
            (
                Authorization {
                    account_id: "yours".to_owned(),
                    ..approved()
                },
                Some("OTHER_PURCHASE"),
            ),
            (
                Authorization {
                    amount: None,
                    ..approved()
                },
                Some("OTHER_PURCHASE"),
            ),
            (
                Authorization {
                    account_version: 0,
                    ..approved()
                },
                Some("NO_VERSION"),
            ),
            (Authorization::default(), Some("DECLINE_REASON_UNSPECIFIED")),
        ];
        for (authorization, expected) in cases {
            let code = check(authorization, "mine", &amount())
                .err()
                .map(|failure| failure.code);
            assert_eq!(code.as_deref(), expected);
        }
    }
}
