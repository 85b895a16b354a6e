//! Many rows, or many keys, in one statement: they go as one JSON text, which each database unfolds in its own words.

use serde::Serialize;

use super::{Dialect, Tx};

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
    /// Writes the rows that are given as JSON in this parameter. The same key must not come twice.
    fn insert(&self, dialect: Dialect, parameter: usize) -> String {
        let name = self.name;
        let names = list(self.columns, |name, _| name.to_owned());
        let rows = unfolded_from(dialect, parameter, "unfolded", self.columns);
        // `where true` keeps SQLite's parser from taking `on conflict` for a join condition.
        let insert = format!("insert into {name} ({names}) select {names} from {rows} where true");
        match self.on_conflict {
            Some(action) => format!("{insert} on conflict {action}"),
            None => insert,
        }
    }
}

/// Rows for several tables, for each at most once.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    tables: Vec<(&'static Table, String)>,
}

impl Writes {
    pub(crate) fn add<R: Serialize>(&mut self, table: &'static Table, rows: &[R]) -> Result<(), sqlx::Error> {
        if !rows.is_empty() {
            self.tables.push((table, to_json(rows)?));
        }
        Ok(())
    }

    /// Writes it all: in PostgreSQL in one statement, since each is a way there and back.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        match tx {
            Tx::Postgres(tx) => {
                let Some(sql) = self.together() else {
                    return Ok(());
                };
                let statement = self
                    .tables
                    .iter()
                    .fold(sqlx::query(&sql), |statement, (_, rows)| statement.bind(rows));
                statement.execute(&mut **tx).await?;
            }
            Tx::Sqlite(tx) => {
                for (table, rows) in &self.tables {
                    let sql = table.insert(Dialect::Sqlite, 1);
                    sqlx::query(&sql).bind(rows).execute(&mut **tx).await?;
                }
            }
        }
        Ok(())
    }

    /// One statement for all tables, whose parameters are their rows; nothing for no table.
    fn together(&self) -> Option<String> {
        let insert =
            |(at, (table, _)): (usize, &(&'static Table, String))| table.insert(Dialect::Postgres, at + 1);
        let mut inserts: Vec<String> = self.tables.iter().enumerate().map(insert).collect();
        let last = inserts.pop()?;
        let others: Vec<String> = inserts
            .into_iter()
            .enumerate()
            .map(|(at, insert)| format!("w{at} as ({insert})"))
            .collect();
        Some(if others.is_empty() {
            last
        } else {
            format!("with {} {last}", others.join(", "))
        })
    }
}

/// The rows in `$1` (from `to_json`) as a relation of this name, with these columns.
pub(crate) fn unfolded(dialect: Dialect, name: &str, columns: &[(&'static str, Kind)]) -> String {
    unfolded_from(dialect, 1, name, columns)
}

fn unfolded_from(dialect: Dialect, parameter: usize, name: &str, columns: &[(&'static str, Kind)]) -> String {
    match dialect {
        Dialect::Postgres => {
            let typed = list(columns, |name, kind| match kind {
                Kind::Text => format!("{name} text"),
                Kind::Integer => format!("{name} bigint"),
            });
            format!("json_to_recordset(cast(${parameter} as json)) as {name} ({typed})")
        }
        Dialect::Sqlite => {
            let extracted = list(columns, |name, _| format!("value ->> '{name}' as {name}"));
            format!("(select {extracted} from json_each(${parameter})) as {name}")
        }
    }
}

fn list(columns: &[(&'static str, Kind)], column: impl Fn(&str, Kind) -> String) -> String {
    let columns: Vec<String> = columns.iter().map(|(name, kind)| column(name, *kind)).collect();
    columns.join(", ")
}

/// The keys in `$1` (from `to_json`) as a relation of one column, for `in (…)`.
pub(crate) fn keys_sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "select json_array_elements_text(cast($1 as json))",
        Dialect::Sqlite => "select value from json_each($1)",
    }
}

/// Rows for `unfolded`, or keys for `keys_sql`.
pub(crate) fn to_json<T: Serialize + ?Sized>(rows: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}
