//! Many rows, or many keys, in one statement. Rows go as a list for each column, or as so many values; keys go as one JSON text,
//! which each database unfolds in its own words.

use std::borrow::Cow;

use serde::Serialize;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{PgExecutor, Postgres, Sqlite, SqliteConnection};

use super::{Dialect, Pool, ReadStore, Tx};

/// Rows in one statement to SQLite, at most: a power of two, so that there are few statements to prepare.
const SQLITE_ROWS_MAX: usize = 64;

/// What PostgreSQL calls it.
const DIVISION_BY_ZERO: &str = "22012";

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
}

/// A table as it is written to.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    pub(crate) how: How,
}

/// How rows go into a table. The same key must not come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A row that is already there is a fault, and must not go unnoticed.
    Add,
    /// What follows `on conflict`: the table's name is the row that is there, `excluded` the new one.
    Merge(&'static str),
    /// Every row must be there: the table's name is it, `new` what is given. `only` says which it is, and in what state it is
    /// held to be; were one in another, nothing at all may be written (`RowNotFound`).
    Change { set: &'static str, only: &'static str },
}

impl Table {
    /// Writes what `source` gives, a relation of the table's columns.
    fn write(&self, source: &str) -> String {
        let name = self.name;
        let names = list(self.columns, |name, _| name.to_owned());
        match self.how {
            How::Add => format!("insert into {name} ({names}) {source}"),
            How::Merge(action) => format!("insert into {name} ({names}) {source} on conflict {action}"),
            How::Change { set, only } => {
                format!("update {name} set {set} from ({source}) as new where {only}")
            }
        }
    }

    /// For PostgreSQL: a parameter for each column, from `first` on, with the column of each row.
    fn write_lists(&self, first: usize) -> String {
        let names = list(self.columns, |name, _| name.to_owned());
        let lists: Vec<String> = (first..)
            .zip(self.columns)
            .map(|(parameter, (_, kind))| match kind {
                Kind::Text => format!("${parameter}::text[]"),
                Kind::Integer => format!("${parameter}::bigint[]"),
            })
            .collect();
        let write = self.write(&format!(
            "select {names} from unnest({}) as unfolded ({names})",
            lists.join(", ")
        ));
        if self.counts() {
            write + " returning 1"
        } else {
            write
        }
    }

    /// For SQLite: a parameter for each value of each row.
    fn write_values(&self, rows: usize) -> String {
        let row = format!("({})", list(self.columns, |_, _| "?".to_owned()));
        let values = format!("values {}", vec![row.as_str(); rows].join(", "));
        if self.counts() {
            // The columns of values have no names of their own.
            let names = list(self.columns, |name, _| name.to_owned());
            format!(
                "with given ({names}) as ({values}) {}",
                self.write("select * from given")
            )
        } else {
            self.write(&values)
        }
    }

    /// Whether it matters how many rows were written.
    fn counts(&self) -> bool {
        matches!(self.how, How::Change { .. })
    }
}

/// The values of a column, row by row.
#[derive(Debug)]
enum Column<'e> {
    Text(Vec<Option<Cow<'e, str>>>),
    Integer(Vec<Option<i64>>),
}

/// Takes the values of one row, one after the other, in the order of the table's columns.
#[derive(Debug)]
pub(crate) struct Values<'c, 'e> {
    columns: std::slice::IterMut<'c, Column<'e>>,
}

impl<'e> Values<'_, 'e> {
    pub(crate) fn text(&mut self, value: impl Into<Cow<'e, str>>) -> &mut Self {
        self.optional_text(Some(value))
    }

    pub(crate) fn optional_text(&mut self, value: Option<impl Into<Cow<'e, str>>>) -> &mut Self {
        match self.columns.next() {
            Some(Column::Text(values)) => values.push(value.map(Into::into)),
            other => debug_assert!(false, "a text for {other:?}"),
        }
        self
    }

    pub(crate) fn integer(&mut self, value: impl Into<Option<i64>>) -> &mut Self {
        match self.columns.next() {
            Some(Column::Integer(values)) => values.push(value.into()),
            other => debug_assert!(false, "a number for {other:?}"),
        }
        self
    }
}

/// Rows for one table.
#[derive(Debug)]
struct Rows<'e> {
    table: &'static Table,
    columns: Vec<Column<'e>>,
    len: usize,
}

/// Rows for several tables, for each at most once.
#[derive(Debug, Default)]
pub(crate) struct Writes<'e> {
    tables: Vec<Rows<'e>>,
}

impl<'e> Writes<'e> {
    /// Adds rows; `put` gives the values of one.
    pub(crate) fn add<R>(
        &mut self,
        table: &'static Table,
        rows: impl IntoIterator<Item = R>,
        put: impl Fn(R, &mut Values<'_, 'e>),
    ) {
        let empty = |(_, kind): &(&str, Kind)| match kind {
            Kind::Text => Column::Text(Vec::new()),
            Kind::Integer => Column::Integer(Vec::new()),
        };
        let mut columns: Vec<Column<'e>> = table.columns.iter().map(empty).collect();
        let mut len = 0;
        for row in rows {
            let columns = columns.iter_mut();
            put(row, &mut Values { columns });
            len += 1;
        }
        if len > 0 {
            self.tables.push(Rows { table, columns, len });
        }
    }

    /// Writes it all, or nothing, in a transaction of its own.
    pub(crate) async fn write(self, store: &ReadStore) -> Result<(), sqlx::Error> {
        if let Pool::Postgres(pool) = &store.writers {
            // A statement is a transaction, without a way there and back for its beginning and another for its end.
            return self.write_at_once(pool).await;
        }
        let mut tx = store.begin().await?;
        self.write_in(&mut tx).await?;
        tx.commit().await
    }

    /// Writes it all. After an error the transaction must not be committed.
    pub(crate) async fn write_in(self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        match tx {
            Tx::Postgres(tx) => self.write_at_once(&mut **tx).await,
            Tx::Sqlite(tx) => self.write_in_turn(tx).await,
        }
    }

    /// In one statement, since each is a way there and back.
    async fn write_at_once(self, db: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
        if self.tables.is_empty() {
            return Ok(());
        }
        let expected = self.changes_expected();
        let sql = self.together();
        let columns = self.tables.into_iter().flat_map(|rows| rows.columns);
        let statement = columns.fold(sqlx::query::<Postgres>(&sql), |statement, column| match column {
            Column::Text(values) => statement.bind(values),
            Column::Integer(values) => statement.bind(values),
        });
        match statement.bind(expected.cast_signed()).execute(db).await {
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(DIVISION_BY_ZERO) => {
                Err(sqlx::Error::RowNotFound)
            }
            Err(error) => Err(error),
        }
    }

    async fn write_in_turn(self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let expected = self.changes_expected();
        let mut changed = 0;
        for mut rows in self.tables {
            let mut first = 0;
            while first < rows.len {
                let count = 1 << (rows.len - first).min(SQLITE_ROWS_MAX).ilog2();
                let sql = rows.table.write_values(count);
                let statement = rows.bind(sqlx::query(&sql), first..first + count);
                let written = statement.execute(&mut *db).await?.rows_affected();
                changed += if rows.table.counts() { written } else { 0 };
                first += count;
            }
        }
        if changed == expected {
            Ok(())
        } else {
            Err(sqlx::Error::RowNotFound)
        }
    }

    fn changes_expected(&self) -> u64 {
        let counted = self.tables.iter().filter(|rows| rows.table.counts());
        counted.map(|rows| rows.len as u64).sum()
    }

    /// One statement for all tables. It fails, and so writes nothing, unless as many rows were changed as its last parameter says:
    /// it divides by whether that is so. What is counted is written first, in this order.
    fn together(&self) -> String {
        let mut parameter = 1;
        let (mut writes, mut counts) = (
            Vec::with_capacity(self.tables.len()),
            vec!["0::bigint".to_owned()],
        );
        for (at, rows) in self.tables.iter().enumerate() {
            writes.push(format!("w{at} as ({})", rows.table.write_lists(parameter)));
            parameter += rows.columns.len();
            if rows.table.counts() {
                counts.push(format!("(select count(*) from w{at})"));
            }
        }
        format!(
            "with {} select 1 / ({} = ${parameter})::int",
            writes.join(", "),
            counts.join(" + ")
        )
    }
}

impl<'e> Rows<'e> {
    /// Takes the values of these rows, row by row.
    fn bind<'q>(
        &mut self,
        mut statement: Query<'q, Sqlite, SqliteArguments<'q>>,
        rows: std::ops::Range<usize>,
    ) -> Query<'q, Sqlite, SqliteArguments<'q>>
    where
        'e: 'q,
    {
        for row in rows {
            for column in &mut self.columns {
                statement = match column {
                    Column::Text(values) => statement.bind(values.get_mut(row).and_then(Option::take)),
                    Column::Integer(values) => statement.bind(values.get(row).copied().flatten()),
                };
            }
        }
        statement
    }
}

/// Keys in `$1` (from `to_json`) as a relation of this name, with these columns.
pub(crate) fn unfolded(dialect: Dialect, name: &str, columns: &[(&'static str, Kind)]) -> String {
    match dialect {
        Dialect::Postgres => {
            let typed = list(columns, |name, kind| match kind {
                Kind::Text => format!("{name} text"),
                Kind::Integer => format!("{name} bigint"),
            });
            format!("json_to_recordset(cast($1 as json)) as {name} ({typed})")
        }
        Dialect::Sqlite => {
            let extracted = list(columns, |name, _| format!("value ->> '{name}' as {name}"));
            format!("(select {extracted} from json_each($1)) as {name}")
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

/// Keys for `unfolded` or `keys_sql`.
pub(crate) fn to_json<T: Serialize + ?Sized>(keys: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(keys).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}
