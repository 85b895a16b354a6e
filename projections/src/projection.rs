//! The read models by name: what may be rebuilt, and which tables are whose.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Projection {
    AccountBalance,
    Card,
    Activity,
    Statement,
    MerchantSpend,
}

/// A name that is not a read model's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "there is no projection {0:?}; there are account_balance, card, activity, statement and merchant_spend"
)]
pub struct UnknownProjection(pub String);

impl Projection {
    pub const ALL: [Self; 5] = [
        Self::AccountBalance,
        Self::Card,
        Self::Activity,
        Self::Statement,
        Self::MerchantSpend,
    ];

    /// The stable name, as operators type it and as its checkpoints are kept.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountBalance => "account_balance",
            Self::Card => "card",
            Self::Activity => "activity",
            Self::Statement => "statement",
            Self::MerchantSpend => "merchant_spend",
        }
    }

    /// The tables that hold it, and nothing else.
    pub(crate) fn tables(self) -> &'static [&'static str] {
        match self {
            Self::AccountBalance => &["account_balance"],
            Self::Card => &["card"],
            Self::Activity => &["activity"],
            Self::Statement => &["statement", "statement_line"],
            Self::MerchantSpend => &["merchant_spend"],
        }
    }
}

/// The tables that rows are only added to, and never read to apply an event.
pub(crate) const ADDED_TO: [&str; 2] = ["activity", "statement_line"];

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Projection {
    type Err = UnknownProjection;

    fn from_str(name: &str) -> Result<Self, UnknownProjection> {
        Self::ALL
            .into_iter()
            .find(|projection| projection.name() == name)
            .ok_or_else(|| UnknownProjection(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_is_known_by_its_name_and_an_unknown_one_learns_which_there_are() {
        for projection in Projection::ALL {
            assert_eq!(projection.name().parse(), Ok(projection));
        }
        let refused = "statements"
            .parse::<Projection>()
            .expect_err("no such projection")
            .to_string();
        for projection in Projection::ALL {
            assert!(refused.contains(projection.name()), "{refused}");
        }
    }
}
