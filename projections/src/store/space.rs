//! A second place for read models: tables of the same names, beside the ones that serve, and the way to put them in their
//! place. In PostgreSQL it is another schema, in SQLite another file.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, Executor};

use super::indexes::{self, Indexes};
use super::{Pool, ReadStore, StoreError, Tx};

/// A rebuild needs few connections.
const CONNECTIONS_MAX: u32 = 2;
/// How long the swap waits for readers to leave a table before it gives up; they queue behind it meanwhile.
const SWAP_LOCK_TIMEOUT: &str = "10s";

/// Tables of the same names as the live ones, empty at first. One at a time of each name.
#[derive(Debug)]
pub(crate) struct Space {
    store: ReadStore,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The connection holds an advisory lock on the name, which goes with it, even if this process is killed.
    Postgres {
        schema: String,
        live: PgPool,
        lock: PgConnection,
    },
    /// The lock on the file goes with this process too.
    Sqlite {
        file: PathBuf,
        live: SqlitePool,
        _lock: File,
    },
}

/// The live tables, with every writer kept out until this ends.
#[derive(Debug)]
pub(crate) struct Swap {
    pub(crate) tx: Tx,
    place: SwapPlace,
}

#[derive(Debug)]
enum SwapPlace {
    Postgres {
        from: String,
    },
    /// The pool of the one connection that sees both files.
    Sqlite {
        pool: SqlitePool,
    },
}

impl Space {
    /// Makes the space; what a killed rebuild of this name left behind is thrown away.
    pub(crate) async fn make(live: &ReadStore, name: &str) -> Result<Self, StoreError> {
        let space = match &live.pool {
            Pool::Postgres(pool) => Self::make_schema(pool, format!("rebuild_{name}")).await?,
            Pool::Sqlite(pool) => Self::make_file(pool, name)?,
        };
        space.store.migrate().await?;
        Ok(space)
    }

    async fn make_schema(live: &PgPool, schema: String) -> Result<Self, StoreError> {
        let options = live.connect_options();
        let mut lock = options.connect().await?;
        let free: bool = sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(&schema)
            .fetch_one(&mut lock)
            .await?;
        if !free {
            return Err(StoreError::RebuildUnderWay);
        }
        let remake = format!("drop schema if exists {schema} cascade; create schema {schema}");
        lock.execute(remake.as_str()).await?;
        let inside = options.as_ref().clone().options([("search_path", &schema)]);
        Ok(Self {
            store: ReadStore::in_postgres(&inside, CONNECTIONS_MAX),
            place: Place::Postgres {
                schema,
                live: live.clone(),
                lock,
            },
        })
    }

    fn make_file(live: &SqlitePool, name: &str) -> Result<Self, StoreError> {
        let options = live.connect_options();
        let file = beside(options.get_filename(), &format!("rebuild-{name}"));
        let lock = File::create(beside(&file, "lock")).map_err(sqlx::Error::Io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::RebuildUnderWay),
            Err(TryLockError::Error(error)) => return Err(sqlx::Error::Io(error).into()),
        }
        remove(&file).map_err(sqlx::Error::Io)?;
        let inside = options.as_ref().clone().filename(&file);
        Ok(Self {
            store: ReadStore::in_sqlite(&inside, CONNECTIONS_MAX),
            place: Place::Sqlite {
                file,
                live: live.clone(),
                _lock: lock,
            },
        })
    }

    pub(crate) fn store(&self) -> &ReadStore {
        &self.store
    }

    /// Takes the indexes off tables that rows are only added to, as long as nobody reads them. SQLite's keys cannot be taken off.
    pub(crate) async fn take_off_indexes(&self, tables: &[&str]) -> Result<Indexes, sqlx::Error> {
        match &self.store.pool {
            Pool::Postgres(pool) => indexes::take_off(pool, tables).await,
            Pool::Sqlite(_) => Ok(Indexes::default()),
        }
    }

    /// Puts them on again; a row that is there twice is found now.
    pub(crate) async fn put_on_indexes(&self, indexes: &Indexes) -> Result<(), sqlx::Error> {
        match &self.store.pool {
            Pool::Postgres(pool) => indexes::put_on(pool, indexes).await,
            Pool::Sqlite(_) => Ok(()),
        }
    }

    /// Keeps every worker out of the live tables until the swap is done or dropped; readers go on.
    pub(crate) async fn begin_swap(&self) -> Result<Swap, sqlx::Error> {
        match &self.place {
            Place::Postgres { schema, live, .. } => {
                let mut tx = live.begin().await?;
                // Every worker takes a row lock in this table first, which this mode conflicts with.
                let keep_out = format!(
                    "set local lock_timeout = '{SWAP_LOCK_TIMEOUT}';
                     lock table projection_checkpoint in exclusive mode"
                );
                tx.execute(keep_out.as_str()).await?;
                Ok(Swap {
                    tx: Tx::Postgres(tx),
                    place: SwapPlace::Postgres { from: schema.clone() },
                })
            }
            Place::Sqlite { file, live, .. } => {
                let pool = both_files(live, file);
                let mut tx = pool.begin().await?;
                // A write to the live file alone takes its lock; `begin immediate` would lock the space too.
                sqlx::query("update main.projection_checkpoint set next_offset = next_offset where 0 = 1")
                    .execute(&mut *tx)
                    .await?;
                Ok(Swap {
                    tx: Tx::Sqlite(tx),
                    place: SwapPlace::Sqlite { pool },
                })
            }
        }
    }

    /// Throws the space away, with whatever is still in it.
    pub(crate) async fn discard(self) -> Result<(), sqlx::Error> {
        self.store.close().await;
        match self.place {
            Place::Postgres { schema, mut lock, .. } => {
                let discard = format!(
                    "drop schema if exists {schema} cascade;
                     select pg_advisory_unlock(hashtextextended('{schema}', 0))"
                );
                lock.execute(discard.as_str()).await?;
                lock.close().await
            }
            Place::Sqlite { file, .. } => {
                remove(&file)?;
                Ok(std::fs::remove_file(beside(&file, "lock"))?)
            }
        }
    }
}

impl Swap {
    /// Puts the space's tables in the place of the live ones; nobody sees it before `commit`.
    pub(crate) async fn replace(&mut self, tables: &[&str]) -> Result<(), sqlx::Error> {
        match (&mut self.tx, &self.place) {
            (Tx::Postgres(tx), SwapPlace::Postgres { from }) => {
                let live: String = sqlx::query_scalar("select quote_ident(current_schema())")
                    .fetch_one(&mut **tx)
                    .await?;
                for table in tables {
                    let swap =
                        format!("drop table {live}.{table}; alter table {from}.{table} set schema {live}");
                    tx.execute(swap.as_str()).await?;
                }
            }
            (Tx::Sqlite(tx), _) => {
                for table in tables {
                    let swap = format!(
                        "delete from main.{table}; insert into main.{table} select * from space.{table}"
                    );
                    tx.execute(swap.as_str()).await?;
                }
            }
            (Tx::Postgres(_), SwapPlace::Sqlite { .. }) => {} // not made: `begin_swap` pairs them
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.tx.commit().await?;
        if let SwapPlace::Sqlite { pool } = self.place {
            pool.close().await;
        }
        Ok(())
    }
}

/// A pool of one connection that sees the live file as `main` and the space as `space`.
fn both_files(live: &SqlitePool, space: &Path) -> SqlitePool {
    let space = space.to_string_lossy().into_owned();
    SqlitePoolOptions::new()
        .max_connections(1)
        .after_connect(move |connection, _| {
            let space = space.clone();
            Box::pin(async move {
                sqlx::query("attach database $1 as space")
                    .bind(space)
                    .execute(connection)
                    .await
                    .map(|_| ())
            })
        })
        .connect_lazy_with(live.connect_options().as_ref().clone())
}

/// `read.db` → `read.db.NAME`.
fn beside(file: &Path, name: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".");
    path.push(name);
    PathBuf::from(path)
}

fn remove(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
