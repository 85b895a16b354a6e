//! A shop of one test, before the stub of the bank, on a database of its own.

use std::path::Path;
use std::time::Duration;

use store::{Database, Patience, Settings, Store};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::bank::Bank;
use crate::browser::Browser;

/// Short, so that silence is over soon; and long enough for a busy machine to answer in.
pub(crate) fn patience() -> Patience {
    Patience {
        authorize: Duration::from_millis(800),
        outcome: Duration::from_secs(2),
        grace: Duration::from_millis(300),
        doubt_interval: Duration::from_millis(50),
        reconcile_interval: Duration::from_millis(30),
        ..Patience::default()
    }
}

enum Place {
    Sqlite(TempDir),
    Postgres(test_support::Database),
}

pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) bank: Bank,
    place: Place,
    _stop: DropGuard,
}

impl Shop {
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_file(&folder.path().join("store.db"));
        Self::open(database, Place::Sqlite(folder)).await
    }

    pub(crate) async fn on_postgres(server: &str) -> Self {
        let own = test_support::database(server, "store", async |_| Ok::<_, String>(())).await;
        let database = Database::open(&own.url(), store::CONNECTIONS_MAX).unwrap();
        Self::open(database, Place::Postgres(own)).await
    }

    async fn open(database: Database, place: Place) -> Self {
        let (bank, channel) = Bank::open().await;
        let settings = Settings {
            patience: patience(),
            ..Settings::new(channel, look::Key::generate())
        };
        let store = Store::new(database, settings);
        store.prepare().await.unwrap();
        let stop = CancellationToken::new();
        let (reconciled, until) = (store.clone(), stop.clone());
        tokio::spawn(async move { reconciled.reconcile(until).await });
        Self {
            store,
            bank,
            place,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn visitor(&self) -> Browser {
        let router = self.store.router().merge(look::router());
        Browser::new(router.fallback_service(look::fallback(self.store.look())))
    }

    /// A number out of the shop's own database.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        match &self.place {
            Place::Sqlite(folder) => {
                let pool = sqlite(folder.path()).await;
                sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
            }
            Place::Postgres(own) => sqlx::query_scalar(sql).fetch_one(own.pool()).await.unwrap(),
        }
    }

    /// Changes the shop's own database, as its keeper does.
    pub(crate) async fn execute(&self, sql: &str) {
        match &self.place {
            Place::Sqlite(folder) => {
                sqlx::query(sql)
                    .execute(&sqlite(folder.path()).await)
                    .await
                    .unwrap();
            }
            Place::Postgres(own) => {
                sqlx::query(sql).execute(own.pool()).await.unwrap();
            }
        }
    }

    pub(crate) async fn orders(&self) -> i64 {
        self.number("select count(*) from orders").await
    }

    /// The folder of the database's files.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(folder) => Some(folder.path()),
            Place::Postgres(_) => None,
        }
    }
}

async fn sqlite(folder: &Path) -> sqlx::SqlitePool {
    let url = format!("sqlite://{}", folder.join("store.db").display());
    sqlx::SqlitePool::connect(&url).await.unwrap()
}

/// The same scenarios on both databases.
macro_rules! on_both_databases {
    ($($scenario:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::opened::Shop::on_sqlite().await).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $scenario() {
                let server = test_support::require!(postgres);
                super::$scenario($crate::opened::Shop::on_postgres(&server).await).await;
            })*
        }
    };
}

pub(crate) use on_both_databases;
