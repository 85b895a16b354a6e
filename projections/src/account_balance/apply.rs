//! Events → the account's row.

use std::collections::{BTreeMap, HashMap};

use domain::account::{AccountOpened, Event};
use domain::{AccountId, Currency, Money};

use crate::fold::Inapplicable;
use crate::recorded::Recorded;
use crate::store::{How, Kind, Table, Tx, Writes, all_in, keys_sql, to_json};

const OPENED: Table = Table {
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
    how: How::Add,
};

const MOVED: Table = Table {
    name: "account_balance",
    columns: &[
        ("account_id", Kind::Text),
        ("currency", Kind::Text),
        ("status", Kind::Text),
        ("credit_limit_minor", Kind::Integer),
        ("spent_minor", Kind::Integer),
    ],
    how: How::Change {
        set: "status = coalesce(new.status, account_balance.status),
              credit_limit_minor = coalesce(new.credit_limit_minor, account_balance.credit_limit_minor),
              outstanding_minor = account_balance.outstanding_minor + new.spent_minor",
        only: "account_balance.account_id = new.account_id
               and account_balance.currency = coalesce(new.currency, account_balance.currency)",
    },
};

/// An account that is opened in this batch.
#[derive(Debug)]
struct Row {
    account_id: AccountId,
    status: &'static str,
    currency: Currency,
    closing_day: i64,
    opened_at_micros: i64,
    credit_limit_minor: i64,
    outstanding_minor: i64,
}

/// What a batch does to an account after it was opened.
#[derive(Debug, Default)]
struct Move {
    /// That of the amounts in it, if it has any.
    currency: Option<Currency>,
    status: Option<&'static str>,
    credit_limit_minor: Option<i64>,
    spent_minor: i64,
}

/// What there is of an account before a batch, as far as an event can contradict it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Balance {
    account_id: String,
    currency: String,
    outstanding_minor: i64,
}

/// The batch's accounts before it.
pub(crate) type Known = HashMap<AccountId, Balance>;

pub(crate) async fn load(tx: &mut Tx, accounts: &[AccountId]) -> Result<Known, sqlx::Error> {
    let sql = format!(
        "select account_id, currency, outstanding_minor from account_balance where account_id in ({})",
        keys_sql(tx.dialect())
    );
    let rows = all_in!(tx, Balance, &sql, to_json(accounts)?)?;
    let keyed = rows
        .into_iter()
        .filter_map(|row| Some((row.account_id.parse().ok()?, row)));
    Ok(keyed.collect())
}

/// What a batch changes.
#[derive(Debug)]
pub(crate) struct Changes<'k> {
    /// Nothing where it was not looked: then it is the writing that finds out.
    known: Option<&'k Known>,
    opened: BTreeMap<AccountId, Row>,
    moved: BTreeMap<AccountId, Move>,
}

impl<'k> Changes<'k> {
    pub(crate) fn on(known: Option<&'k Known>) -> Self {
        Self {
            known,
            opened: BTreeMap::new(),
            moved: BTreeMap::new(),
        }
    }

    pub(crate) fn fold(&mut self, recorded: &Recorded) -> Result<(), Inapplicable> {
        let account = recorded.account;
        match &recorded.event {
            Event::AccountOpened(opened) => {
                self.opened.insert(account, opened_row(account, opened));
                Ok(())
            }
            Event::CreditLimitChanged(changed) => self.limit(account, changed.credit_limit),
            Event::AccountClosed(_) => self.close(account),
            Event::PurchaseApproved(approved) => self.spend(account, approved.amount),
            Event::CardIssued(_)
            | Event::CardActivated(_)
            | Event::CardBlocked(_)
            | Event::CardUnblocked(_)
            | Event::CardCancelled(_)
            | Event::PurchaseDeclined(_) => Ok(()),
        }
    }

    fn limit(&mut self, account: AccountId, limit: Money) -> Result<(), Inapplicable> {
        let (moved, _) = self.moved(account, Some(limit))?;
        moved.credit_limit_minor = Some(limit.minor_units());
        Ok(())
    }

    fn close(&mut self, account: AccountId) -> Result<(), Inapplicable> {
        let (moved, _) = self.moved(account, None)?;
        moved.status = Some("closed");
        Ok(())
    }

    fn spend(&mut self, account: AccountId, amount: Money) -> Result<(), Inapplicable> {
        let (moved, outstanding_minor) = self.moved(account, Some(amount))?;
        let spent_minor = moved.spent_minor.checked_add(amount.minor_units());
        let spent_minor = spent_minor.ok_or(Inapplicable::OutOfRange)?;
        outstanding_minor
            .checked_add(spent_minor)
            .ok_or(Inapplicable::OutOfRange)?;
        moved.spent_minor = spent_minor;
        Ok(())
    }

    /// The account's move, with what was outstanding before it as far as that is known; an amount must be in its currency.
    fn moved(&mut self, account: AccountId, amount: Option<Money>) -> Result<(&mut Move, i64), Inapplicable> {
        let before = match (self.opened.get(&account), self.known) {
            (Some(opened), _) => Some((opened.currency.code(), 0)),
            (None, Some(known)) => {
                let balance = known.get(&account);
                let balance = balance.ok_or(Inapplicable::Missing("account_balance"))?;
                Some((balance.currency.as_str(), balance.outstanding_minor))
            }
            (None, None) => None,
        };
        let moved = self.moved.entry(account).or_default();
        if let Some(amount) = amount {
            let currency = *moved.currency.get_or_insert(amount.currency());
            let expected = before.map_or(currency.code(), |(currency, _)| currency);
            if currency != amount.currency() || currency.code() != expected {
                return Err(Inapplicable::Currency);
            }
        }
        Ok((
            moved,
            before.map_or(0, |(_, outstanding_minor)| outstanding_minor),
        ))
    }

    pub(crate) fn write(mut self, writes: &mut Writes<'_>) {
        for (account, row) in &mut self.opened {
            if let Some(moved) = self.moved.remove(account) {
                row.status = moved.status.unwrap_or(row.status);
                row.credit_limit_minor = moved.credit_limit_minor.unwrap_or(row.credit_limit_minor);
                row.outstanding_minor += moved.spent_minor; // from nothing
            }
        }
        writes.add(&OPENED, self.opened.into_values(), |row, values| {
            values
                .text(row.account_id.to_string())
                .text(row.status)
                .text(row.currency.code())
                .integer(row.closing_day)
                .integer(row.opened_at_micros)
                .integer(row.credit_limit_minor)
                .integer(row.outstanding_minor);
        });
        writes.add(&MOVED, self.moved, |(account, moved), values| {
            values
                .text(account.to_string())
                .optional_text(moved.currency.map(Currency::code))
                .optional_text(moved.status)
                .integer(moved.credit_limit_minor)
                .integer(moved.spent_minor);
        });
    }
}

fn opened_row(account: AccountId, opened: &AccountOpened) -> Row {
    Row {
        account_id: account,
        status: "open",
        currency: opened.credit_limit.currency(),
        closing_day: i64::from(opened.closing_day.day()),
        opened_at_micros: opened.occurred_at.timestamp_micros(),
        credit_limit_minor: opened.credit_limit.minor_units(),
        outstanding_minor: 0,
    }
}
