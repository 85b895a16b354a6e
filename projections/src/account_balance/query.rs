//! The account's row → what is told of it.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use chrono::{DateTime, Utc};
use domain::calendar::ClosingDay;
use domain::{AccountId, Money};

use crate::graphql::{Failure, Reads, Seen, instant, money};
use crate::store::{ReadStore, all, keys_sql, to_json};

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

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Row {
    account_id: String,
    version: i64,
    status: String,
    currency: String,
    closing_day: i64,
    opened_at_micros: i64,
    credit_limit_minor: i64,
    outstanding_minor: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BalanceKey(AccountId);

pub(crate) async fn account(reads: &Reads, account: AccountId) -> Result<Option<Seen<Account>>, Failure> {
    let row = reads.load_one(BalanceKey(account)).await?;
    row.map(|row| {
        Ok(Seen {
            version: row.version,
            value: read(&row)?,
        })
    })
    .transpose()
}

impl Loader<BalanceKey> for ReadStore {
    type Value = Row;
    type Error = Failure;

    async fn load(&self, keys: &[BalanceKey]) -> Result<HashMap<BalanceKey, Row>, Failure> {
        let accounts: Vec<AccountId> = keys.iter().map(|BalanceKey(account)| *account).collect();
        let sql = format!(
            "select account_id, version, status, currency, closing_day, opened_at_micros, credit_limit_minor, outstanding_minor
             from account_version join account_balance using (account_id) where account_id in ({})",
            keys_sql(self.dialect())
        );
        let rows = all!(self, Row, &sql, to_json(&accounts)?)?;
        let keyed = rows
            .into_iter()
            .filter_map(|row| Some((BalanceKey(row.account_id.parse().ok()?), row)));
        Ok(keyed.collect())
    }
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
