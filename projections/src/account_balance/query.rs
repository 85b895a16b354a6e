//! The account's row → what is told of it.

use chrono::{DateTime, Utc};
use domain::calendar::ClosingDay;
use domain::{AccountId, Money};

use crate::graphql::{Failure, Seen, instant, money};
use crate::store::{ReadStore, optional};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) status: Status,
    pub(crate) closing_day: ClosingDay,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) credit_limit: Money,
    pub(crate) outstanding: Money,
}

/// Whether the account takes purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "AccountStatus")]
pub(crate) enum Status {
    Open,
    /// For ever; what is owed stays owed.
    Closed,
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    version: i64,
    status: String,
    currency: String,
    closing_day: i64,
    opened_at_micros: i64,
    credit_limit_minor: i64,
    outstanding_minor: i64,
}

pub(crate) async fn account(store: &ReadStore, account: AccountId) -> Result<Option<Seen<Account>>, Failure> {
    let row = optional!(
        store,
        Row,
        "select version, status, currency, closing_day, opened_at_micros, credit_limit_minor, outstanding_minor
         from account_version join account_balance using (account_id) where account_id = $1",
        account.to_string()
    )?;
    row.map(|row| {
        Ok(Seen {
            version: row.version,
            value: read(&row)?,
        })
    })
    .transpose()
}

fn read(row: &Row) -> Result<Account, Failure> {
    Ok(Account {
        status: match row.status.as_str() {
            "open" => Status::Open,
            "closed" => Status::Closed,
            other => return Err(Failure::Row(format!("the account status {other:?}"))),
        },
        closing_day: closing_day(row.closing_day)?,
        opened_at: instant(row.opened_at_micros)?,
        credit_limit: money(row.credit_limit_minor, &row.currency)?,
        outstanding: money(row.outstanding_minor, &row.currency)?,
    })
}

pub(crate) fn closing_day(day: i64) -> Result<ClosingDay, Failure> {
    let valid = u32::try_from(day)
        .ok()
        .and_then(|day| ClosingDay::try_new(day).ok());
    valid.ok_or_else(|| Failure::Row(format!("the closing day {day}")))
}

impl Account {
    /// Limit less what is owed; nothing where a lowered limit is below that.
    pub(crate) fn available(&self) -> Money {
        match self.credit_limit.checked_sub(self.outstanding) {
            Ok(available) if available.is_positive() => available,
            Ok(_) | Err(_) => Money::zero(self.credit_limit.currency()),
        }
    }
}
