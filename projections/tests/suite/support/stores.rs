//! A read store of its own for each test, and its rows as text.

use std::collections::BTreeMap;
use std::time::Duration;

use projections::ReadStore;
use sqlx::AnyPool;
use tempfile::TempDir;
use test_support::Database;

/// Every table of the read models with its columns.
pub(crate) const TABLES: [(&str, &str); 7] = [
    ("account_version", "account_id, version"),
    (
        "account_balance",
        "account_id, status, currency, closing_day, opened_at_micros, credit_limit_minor, outstanding_minor",
    ),
    ("card", "account_id, card_id, last_four, expiry_year, expiry_month, status, issued_version"),
    (
        "activity",
        "account_id, version, kind, occurred_at_micros, card_id, card_last_four, authorization_id, amount_minor,
         credit_limit_minor, currency, merchant_id, merchant_name, mcc, description, search_text, decline_reason, cycle",
    ),
    ("statement", "account_id, cycle, opens_on, closes_on, due_on, currency, total_minor, line_count"),
    (
        "statement_line",
        "account_id, cycle, version, occurred_at_micros, card_id, card_last_four, authorization_id, amount_minor,
         currency, merchant_id, merchant_name, mcc, description, search_text",
    ),
    (
        "merchant_spend",
        "account_id, cycle, merchant_id, merchant_name, mcc, currency, purchase_count, amount_minor, last_version,
         last_purchase_at_micros",
    ),
];

/// Table → its rows as text, sorted.
pub(crate) type Rows = BTreeMap<&'static str, Vec<String>>;

pub(crate) struct TestStore {
    pub(crate) store: ReadStore,
    pub(crate) url: String,
    raw: AnyPool,
    _home: Home,
}

enum Home {
    Folder(#[expect(dead_code, reason = "held until the test ends")] TempDir),
    Database(#[expect(dead_code, reason = "held until the test ends")] Database),
}

impl TestStore {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("read.db").display());
        let store = ReadStore::open(&url, 8).unwrap();
        store.migrate().await.unwrap();
        Self::over(store, url, Home::Folder(folder)).await
    }

    pub(crate) async fn postgres(server: &str) -> Self {
        let database = test_support::database(server, "projections", async |pool| {
            let url = sqlx::ConnectOptions::to_url_lossy(pool.connect_options().as_ref());
            ReadStore::open(url.as_str(), 2).unwrap().migrate().await
        })
        .await;
        let url = database.url();
        Self::over(ReadStore::open(&url, 8).unwrap(), url, Home::Database(database)).await
    }

    async fn over(store: ReadStore, url: String, home: Home) -> Self {
        sqlx::any::install_default_drivers();
        let raw = AnyPool::connect(&url).await.unwrap();
        Self {
            store,
            url,
            raw,
            _home: home,
        }
    }

    /// The same tables as another process sees them: nothing is shared in memory.
    pub(crate) fn another(&self) -> ReadStore {
        ReadStore::open(&self.url, 4).unwrap()
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        sqlx::raw_sql(sql)
            .execute(&self.raw)
            .await
            .unwrap()
            .rows_affected()
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(&self.raw).await.unwrap()
    }

    /// Every row of every read model.
    pub(crate) async fn rows(&self) -> Rows {
        let mut rows = Rows::new();
        for (table, columns) in TABLES {
            let texts: Vec<String> = columns
                .split(',')
                .map(|column| format!("coalesce(cast({} as text), '-')", column.trim()))
                .collect();
            let mut found = self
                .texts(&format!("select {} from {table}", texts.join(" || '|' || ")))
                .await;
            found.sort();
            rows.insert(table, found);
        }
        rows
    }

    /// The checkpoints, as `projection/partition@offset` and what stopped it.
    pub(crate) async fn checkpoints(&self) -> Vec<String> {
        self.texts(
            "select projection || '/' || cast(feed_partition as text) || '@' || cast(next_offset as text)
                    || coalesce(' stopped at ' || stopped_event_id || ': ' || stopped_reason, '')
             from projection_checkpoint order by projection, feed_partition",
        )
        .await
    }

    /// Waits until the account stands at a version.
    pub(crate) async fn reaches(&self, account: domain::AccountId, version: u64) {
        let sql = format!("select cast(version as text) from account_version where account_id = '{account}'");
        test_support::eventually(
            "the account stands at the version",
            Duration::from_secs(20),
            async || {
                let seen = self.texts(&sql).await;
                if seen == [version.to_string()] {
                    Ok(())
                } else {
                    Err(seen)
                }
            },
        )
        .await;
    }

    /// Waits until every partition is applied to its end.
    pub(crate) async fn drained(&self, ends: &[i64]) {
        let expected: Vec<String> = ends
            .iter()
            .enumerate()
            .filter(|(_, end)| **end > 0)
            .map(|(partition, end)| format!("{partition}@{end}"))
            .collect();
        test_support::eventually("everything is applied", Duration::from_mins(1), async || {
            let seen = self
                .texts(
                    "select cast(feed_partition as text) || '@' || cast(next_offset as text)
                     from projection_checkpoint where projection = 'statement' and next_offset > 0 order by feed_partition",
                )
                .await;
            if seen == expected { Ok(()) } else { Err(seen) }
        })
        .await;
    }
}

/// Runs tests that take a `TestStore` on each kind of store.
macro_rules! on_each_store {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::support::stores::TestStore::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let server = test_support::require!(postgres);
                super::$test($crate::support::stores::TestStore::postgres(&server).await).await;
            })*
        }
    };
}

pub(crate) use on_each_store;
