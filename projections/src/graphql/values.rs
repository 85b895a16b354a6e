//! Values that several parts of the schema share, and how they are read from tables and callers.
//!
//! What is at hand is answered field by field (`serial`): to poll side by side what never waits costs more than the answer.

use async_graphql::{ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::AccountId;

use super::{Failure, MinorUnits};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Money(domain::Money);

/// An amount of money.
#[Object(serial)]
impl Money {
    /// The amount in the currency's minor units: 4990 for 49.90 BRL.
    async fn minor_units(&self) -> MinorUnits {
        MinorUnits(self.0.minor_units())
    }

    /// ISO 4217 code, such as BRL.
    async fn currency(&self) -> &'static str {
        self.0.currency().code()
    }

    /// The amount as a plain decimal, without separators or currency: 49.90.
    async fn decimal(&self) -> String {
        self.0.to_decimal()
    }
}

impl From<domain::Money> for Money {
    fn from(money: domain::Money) -> Self {
        Self(money)
    }
}

/// Where a purchase was made.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
#[graphql(serial)]
pub(crate) struct Merchant {
    /// The acquirer's identifier.
    pub(crate) id: String,
    /// As the statement calls it.
    pub(crate) name: String,
    /// Merchant category code (ISO 18245).
    pub(crate) mcc: String,
}

impl Merchant {
    /// The merchant of a row, which has all three or none.
    pub(crate) fn read(id: Option<String>, name: Option<String>, mcc: Option<String>) -> Option<Self> {
        Some(Self {
            id: id?,
            name: name?,
            mcc: mcc?,
        })
    }
}

/// An account id from a caller.
pub(crate) fn account_id(id: &ID) -> Result<AccountId, Failure> {
    id.parse()
        .map_err(|error| Failure::BadUserInput(format!("the account id {error}")))
}

/// An instant from a table.
pub(crate) fn instant(micros: i64) -> Result<DateTime<Utc>, Failure> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| Failure::Row(format!("the instant {micros}")))
}

/// An amount from a table.
pub(crate) fn money(minor_units: i64, currency: &str) -> Result<domain::Money, Failure> {
    let currency = currency
        .parse()
        .map_err(|error| Failure::Row(format!("the currency {currency:?}: {error}")))?;
    Ok(domain::Money::new(minor_units, currency))
}

/// A pattern for `like … escape '\\'` that finds `search` anywhere in a search text; nothing for nothing.
pub(crate) fn like(search: &str) -> String {
    if search.trim().is_empty() {
        return String::new();
    }
    let mut pattern = String::from("%");
    for character in search.trim().to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
