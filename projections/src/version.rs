//! How far each account is applied, in all read models alike: what tells a repeat from news and a gap from the next event,
//! and the version that every answer carries.

use std::collections::{BTreeMap, HashMap};

use domain::AccountId;

use crate::store::{Dialect, How, Kind, ReadStore, Table, Tx, Writes, all, all_in, keys_sql, to_json};

const OPENED: Table = Table {
    name: "account_version",
    columns: &[("account_id", Kind::Text), ("version", Kind::Integer)],
    how: How::Add,
};

const MOVED: Table = Table {
    name: "account_version",
    columns: &[
        ("account_id", Kind::Text),
        ("version", Kind::Integer),
        ("before", Kind::Integer),
    ],
    how: How::Change {
        set: "version = new.version",
        only: "account_version.account_id = new.account_id and account_version.version = new.before",
    },
};

pub(crate) async fn load(
    tx: &mut Tx,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, i64>, sqlx::Error> {
    let sql = select(tx.dialect());
    let rows = all_in!(tx, (String, i64), &sql, to_json(accounts)?)?;
    Ok(keyed(rows).collect())
}

/// As it can be seen outside a transaction.
pub(crate) async fn of(
    store: &ReadStore,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, i64>, sqlx::Error> {
    let sql = select(store.dialect());
    let rows = all!(store, (String, i64), &sql, to_json(accounts)?)?;
    Ok(keyed(rows).collect())
}

fn select(dialect: Dialect) -> String {
    let keys = keys_sql(dialect);
    format!("select account_id, version from account_version where account_id in ({keys})")
}

fn keyed(rows: Vec<(String, i64)>) -> impl Iterator<Item = (AccountId, i64)> {
    rows.into_iter()
        .filter_map(|(account, version)| Some((account.parse().ok()?, version)))
}

/// Moves accounts on from where they are held to be: from `before`, or from nothing.
pub(crate) fn write(
    writes: &mut Writes<'_>,
    before: &HashMap<AccountId, i64>,
    versions: &BTreeMap<AccountId, i64>,
) {
    let at = |account| before.get(account).copied().unwrap_or(0);
    let (opened, moved): (Vec<_>, Vec<_>) = versions.iter().partition(|(account, _)| at(*account) == 0);
    writes.add(&OPENED, opened, |(account, version), values| {
        values.text(account.to_string()).integer(*version);
    });
    writes.add(&MOVED, moved, |(account, version), values| {
        values
            .text(account.to_string())
            .integer(*version)
            .integer(at(account));
    });
}
