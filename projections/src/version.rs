//! How far each account is applied, in all read models alike: what tells a repeat from news and a gap from the next event,
//! and the version that every answer carries.

use std::collections::{BTreeMap, HashMap};

use domain::AccountId;

use crate::store::{Dialect, Kind, ReadStore, Table, Tx, Writes, all, all_in, keys_sql, to_json};

const TABLE: Table = Table {
    name: "account_version",
    columns: &[("account_id", Kind::Text), ("version", Kind::Integer)],
    on_conflict: Some("(account_id) do update set version = excluded.version"),
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

pub(crate) fn write(writes: &mut Writes, versions: &BTreeMap<AccountId, i64>) {
    writes.add(&TABLE, versions, |(account, version), values| {
        values.text(account.to_string()).integer(*version);
    });
}
