//! Many rows in one statement: the rows go as one JSON text, which each database unfolds in its own words.

use serde::Serialize;

use super::{Dialect, Tx, execute_in};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
}

/// A table as it is written to: its columns are the fields of the rows, by name.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// What follows `on conflict`; the table's name is the row that is there, `excluded` the new one. Where rows are only ever
    /// added there is nothing: a row that is already there is a fault, and must not go unnoticed.
    pub(crate) on_conflict: Option<&'static str>,
}

impl Table {
    /// Writes all rows in one statement. The same key must not come twice.
    pub(crate) async fn write<R: Serialize>(&self, tx: &mut Tx, rows: &[R]) -> Result<(), sqlx::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let json = to_json(rows)?;
        let sql = self.sql(tx.dialect());
        execute_in!(tx, &sql, &json).map(|_| ())
    }

    fn sql(&self, dialect: Dialect) -> String {
        let names = self.list(|name, _| name.to_owned());
        let source = match dialect {
            Dialect::Postgres => {
                let typed = self.list(|name, kind| match kind {
                    Kind::Text => format!("{name} text"),
                    Kind::Integer => format!("{name} bigint"),
                });
                format!("select {names} from json_to_recordset(cast($1 as json)) as unfolded ({typed})")
            }
            Dialect::Sqlite => {
                let extracted = self.list(|name, _| format!("value ->> '{name}'"));
                // `where true` keeps the parser from taking `on conflict` for a join condition.
                format!("select {extracted} from json_each($1) where true")
            }
        };
        let name = self.name;
        match self.on_conflict {
            Some(action) => format!("insert into {name} ({names}) {source} on conflict {action}"),
            None => format!("insert into {name} ({names}) {source}"),
        }
    }

    fn list(&self, column: impl Fn(&str, Kind) -> String) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(name, kind)| column(name, *kind))
            .collect();
        columns.join(", ")
    }
}

/// Keys for `keys_sql`.
pub(crate) fn keys_json<K: Serialize>(keys: &[K]) -> Result<String, sqlx::Error> {
    to_json(keys)
}

/// The keys in `$1` (from `keys_json`) as a relation of one column, for `in (…)`.
pub(crate) fn keys_sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "select json_array_elements_text(cast($1 as json))",
        Dialect::Sqlite => "select value from json_each($1)",
    }
}

fn to_json<T: Serialize + ?Sized>(rows: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}
