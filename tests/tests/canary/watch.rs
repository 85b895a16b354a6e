//! Who watches: looks at texts, JSON, rows and folders, and gathers every leak with its place.

use std::path::Path;

use serde_json::Value;
use sqlx::PgPool;
use tests::scan::{Scanner, SecurityCodes};

const SHOWN_MAX: usize = 30;
/// Numbers of the database's own, which may be any number: a code among them means nothing.
const BOOKKEEPING: [&str; 3] = ["position", "transaction_id", "next_offset"];

pub(crate) struct Watch {
    numbers: Scanner,
    codes: SecurityCodes,
    leaks: Vec<String>,
    looked_at: usize,
}

impl Watch {
    pub(crate) fn for_cards(numbers: &[String], codes: &[String]) -> Self {
        Self {
            numbers: Scanner::of(numbers),
            codes: SecurityCodes::of(codes),
            leaks: Vec::new(),
            looked_at: 0,
        }
    }

    /// Numbers in any form, and codes after a word that means one.
    pub(crate) fn text(&mut self, place: &str, text: &str) {
        self.looked_at += 1;
        for hit in self.numbers.find(text.as_bytes()) {
            self.leaks.push(format!(
                "{place}: {} as {}: …{}…",
                hit.number, hit.form, hit.around
            ));
        }
        for hit in self.codes.find_in_text(text) {
            self.leaks.push(format!("{place}: a security code: {hit}"));
        }
    }

    /// Besides, codes that stand as a value of their own.
    pub(crate) fn json(&mut self, place: &str, json: &Value) {
        self.text(place, &json.to_string());
        for hit in self.codes.find_in_json(json) {
            self.leaks.push(format!("{place}: a security code: {hit}"));
        }
    }

    /// Every row of every table of a database.
    pub(crate) async fn database(&mut self, name: &str, pool: &PgPool) {
        let tables: Vec<String> = sqlx::query_scalar(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables
             where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'",
        )
        .fetch_all(pool)
        .await
        .expect("the tables");
        assert!(
            !tables.is_empty(),
            "{name} has no tables: is it the right database?"
        );
        for table in tables {
            let rows: Vec<Value> = sqlx::query_scalar(&format!("select to_jsonb(t) from {table} t"))
                .fetch_all(pool)
                .await
                .expect("the rows");
            for mut row in rows {
                // What is JSON in a column is JSON in the row; what is text is looked at as text.
                if let Some(columns) = row.as_object_mut() {
                    columns.retain(|column, _| !BOOKKEEPING.contains(&column.as_str()));
                }
                self.json(&format!("{name}, table {table}"), &row);
            }
        }
    }

    /// Every byte of every file.
    pub(crate) fn folder(&mut self, folder: &Path) {
        let found = self.numbers.find_below(folder).expect("the folder is read");
        assert!(found.files > 0, "{} holds no files", folder.display());
        self.looked_at += found.files;
        for (file, hit) in found.hits {
            self.leaks.push(format!(
                "{file}, byte {}: {} as {}: …{}…",
                hit.at, hit.number, hit.form, hit.around
            ));
        }
    }

    #[track_caller]
    pub(crate) fn verdict(&self, at_least: usize) {
        assert!(
            self.looked_at >= at_least,
            "only {} things were looked at: the watch is asleep",
            self.looked_at
        );
        let shown: Vec<&str> = self.leaks.iter().take(SHOWN_MAX).map(String::as_str).collect();
        assert!(
            self.leaks.is_empty(),
            "{} leaks in {} places that were looked at:\n  {}",
            self.leaks.len(),
            self.looked_at,
            shown.join("\n  ")
        );
    }
}
