//! Events → the account's row.

use std::collections::{BTreeMap, HashMap};

use domain::account::{AccountOpened, Event};
use domain::{AccountId, Currency, Money};

use crate::fold::Inapplicable;
use crate::recorded::Recorded;
use crate::store::{Kind, Table, Tx, Values, Writes, all_in, keys_sql, to_json};

const TABLE: Table = Table {
    name: "account_balance",
    columns: &[
        ("account_id", Kind::Text),
        ("status", Kind::Text),
        ("currency", Kind::Text),
        ("closing_day", Kind::Integer),
        ("opened_at_micros", Kind::Integer),
        ("credit_limit_minor", Kind::Integer),
        ("outstanding_minor", Kind::Integer),
    ],
    on_conflict: Some(
        "(account_id) do update set status = excluded.status, credit_limit_minor = excluded.credit_limit_minor,
         outstanding_minor = excluded.outstanding_minor",
    ),
};

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    account_id: String,
    status: String,
    currency: String,
    closing_day: i64,
    opened_at_micros: i64,
    credit_limit_minor: i64,
    outstanding_minor: i64,
}

impl Row {
    fn put(self, values: &mut Values<'_>) {
        values
            .text(self.account_id)
            .text(self.status)
            .text(self.currency)
            .integer(self.closing_day)
            .integer(self.opened_at_micros)
            .integer(self.credit_limit_minor)
            .integer(self.outstanding_minor);
    }
}

/// The rows of a batch's accounts before it.
pub(crate) type Known = HashMap<AccountId, Row>;

pub(crate) async fn load(tx: &mut Tx, accounts: &[AccountId]) -> Result<Known, sqlx::Error> {
    let sql = format!(
        "select account_id, status, currency, closing_day, opened_at_micros, credit_limit_minor, outstanding_minor
         from account_balance where account_id in ({})",
        keys_sql(tx.dialect())
    );
    let rows = all_in!(tx, Row, &sql, to_json(accounts)?)?;
    let keyed = rows
        .into_iter()
        .filter_map(|row| Some((row.account_id.parse().ok()?, row)));
    Ok(keyed.collect())
}

/// The rows that a batch changes.
#[derive(Debug)]
pub(crate) struct Changes<'k> {
    known: &'k Known,
    changed: BTreeMap<AccountId, Row>,
}

impl<'k> Changes<'k> {
    pub(crate) fn on(known: &'k Known) -> Self {
        Self {
            known,
            changed: BTreeMap::new(),
        }
    }

    pub(crate) fn fold(&mut self, recorded: &Recorded) -> Result<(), Inapplicable> {
        let account = recorded.account;
        match &recorded.event {
            Event::AccountOpened(opened) => {
                self.changed.insert(account, opened_row(account, opened));
            }
            Event::CreditLimitChanged(changed) => {
                let row = self.row(account)?;
                same_currency(row, changed.credit_limit)?;
                row.credit_limit_minor = changed.credit_limit.minor_units();
            }
            Event::AccountClosed(_) => "closed".clone_into(&mut self.row(account)?.status),
            Event::PurchaseApproved(approved) => {
                let row = self.row(account)?;
                same_currency(row, approved.amount)?;
                row.outstanding_minor = row
                    .outstanding_minor
                    .checked_add(approved.amount.minor_units())
                    .ok_or(Inapplicable::OutOfRange)?;
            }
            Event::CardIssued(_)
            | Event::CardActivated(_)
            | Event::CardBlocked(_)
            | Event::CardUnblocked(_)
            | Event::CardCancelled(_)
            | Event::PurchaseDeclined(_) => {}
        }
        Ok(())
    }

    fn row(&mut self, account: AccountId) -> Result<&mut Row, Inapplicable> {
        match self.changed.entry(account) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let row = self
                    .known
                    .get(&account)
                    .ok_or(Inapplicable::Missing("account_balance"))?;
                Ok(entry.insert(row.clone()))
            }
        }
    }

    pub(crate) fn write(self, writes: &mut Writes) {
        writes.add(&TABLE, self.changed.into_values(), Row::put);
    }
}

fn opened_row(account: AccountId, opened: &AccountOpened) -> Row {
    let currency: Currency = opened.credit_limit.currency();
    Row {
        account_id: account.to_string(),
        status: "open".to_owned(),
        currency: currency.code().to_owned(),
        closing_day: i64::from(opened.closing_day.day()),
        opened_at_micros: opened.occurred_at.timestamp_micros(),
        credit_limit_minor: opened.credit_limit.minor_units(),
        outstanding_minor: 0,
    }
}

fn same_currency(row: &Row, amount: Money) -> Result<(), Inapplicable> {
    if row.currency == amount.currency().code() {
        Ok(())
    } else {
        Err(Inapplicable::Currency)
    }
}
