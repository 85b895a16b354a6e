//! A PostgreSQL database of one's own for each test: a clone of a template that was migrated once.
//!
//! A clone takes some 45 ms, migrations take longer, and no test sees another's rows. The template belongs to one build of one test
//! program: two programs never share one, and a build with other migrations makes another.

use std::fmt::Debug;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor};
use uuid::Uuid;

/// PostgreSQL cuts longer names; what we put around the caller's takes the rest.
const LONGEST_NAME: usize = 24;
const CONNECTIONS_MAX: u32 = 8;
const DROPPED_WITHIN: Duration = Duration::from_secs(10);

/// A test's own database. Dropping it removes it from the server, with whatever is still connected.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
    pool: PgPool,
}

impl Database {
    /// For a program of its own: `postgres://…/name`.
    pub fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let server = std::mem::take(&mut self.server);
        let statement = format!(r#"drop database if exists "{}" with (force)"#, self.name);
        // A test's runtime cannot be waited for inside itself: a thread with one of its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let work = async {
                    let mut connection = PgConnection::connect(&server).await?;
                    connection.execute(statement.as_str()).await
                };
                tokio::time::timeout(DROPPED_WITHIN, work)
                    .await
                    .map_err(std::io::Error::other)
            })
        });
        // A server that a test has killed has nothing to drop from; its folder goes with the run.
        let _ = dropped.join();
    }
}

/// A fresh database on the server, with what `migrate` made in the template that goes by this name.
///
/// `server` is what [`crate::require::postgres`] gives.
pub async fn database<E: Debug>(
    server: &str,
    template: &str,
    migrate: impl AsyncFnOnce(PgPool) -> Result<(), E>,
) -> Database {
    try_database(server, template, migrate)
        .await
        .unwrap_or_else(|error| panic!("no database from the template {template}: {error}"))
}

async fn try_database<E: Debug>(
    server: &str,
    template: &str,
    migrate: impl AsyncFnOnce(PgPool) -> Result<(), E>,
) -> Result<Database, sqlx::Error> {
    let wanted = TemplateName::of_this_program(template);
    let mut connection = PgConnection::connect(server).await?;
    // Tests run at once, in several programs: one makes the template while the others wait. The lock goes with the connection.
    sqlx::query("select pg_advisory_lock(hashtextextended($1, 0))")
        .bind(&wanted.name)
        .execute(&mut connection)
        .await?;
    if !exists(&mut connection, &wanted.name).await? {
        make(&mut connection, server, &wanted, migrate).await?;
    }
    sqlx::query("select pg_advisory_unlock_all()")
        .execute(&mut connection)
        .await?;

    let name = format!("test_{template}_{}", Uuid::now_v7().simple());
    connection
        .execute(format!(r#"create database "{name}" template "{}""#, wanted.name).as_str())
        .await?;
    connection.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .connect(&with_database(server, &name))
        .await?;
    Ok(Database {
        server: server.to_owned(),
        name,
        pool,
    })
}

/// Migrated under another name first, so that a program that is killed half-way leaves no half a template.
async fn make<E: Debug>(
    connection: &mut PgConnection,
    server: &str,
    wanted: &TemplateName,
    migrate: impl AsyncFnOnce(PgPool) -> Result<(), E>,
) -> Result<(), sqlx::Error> {
    for outdated in outdated(connection, wanted).await? {
        connection
            .execute(format!(r#"drop database if exists "{outdated}" with (force)"#).as_str())
            .await?;
    }
    let unfinished = format!("making_{}", Uuid::now_v7().simple());
    connection
        .execute(format!(r#"create database "{unfinished}""#).as_str())
        .await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .connect(&with_database(server, &unfinished))
        .await?;
    let migrated = migrate(pool.clone()).await;
    pool.close().await;
    if let Err(error) = migrated {
        connection
            .execute(format!(r#"drop database "{unfinished}" with (force)"#).as_str())
            .await?;
        panic!("the template cannot be migrated: {error:?}");
    }
    // A pool that says it is closed may still be closing its last connection, and a database in use cannot be renamed.
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1")
        .bind(&unfinished)
        .execute(&mut *connection)
        .await?;
    let rename = format!(r#"alter database "{unfinished}" rename to "{}""#, wanted.name);
    connection.execute(rename.as_str()).await?;
    Ok(())
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let question = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    question.bind(name).fetch_one(connection).await
}

/// Templates of earlier builds of this very program.
async fn outdated(connection: &mut PgConnection, wanted: &TemplateName) -> Result<Vec<String>, sqlx::Error> {
    let question = sqlx::query_scalar(
        "select datname::text from pg_database where starts_with(datname, $1) and datname <> $2",
    );
    question
        .bind(&wanted.of_any_build)
        .bind(&wanted.name)
        .fetch_all(connection)
        .await
}

struct TemplateName {
    /// What the names of all builds of this program's template begin with.
    of_any_build: String,
    name: String,
}

impl TemplateName {
    /// Migrations are compiled into the program, or are made by the bank's binary: a change of either is a change of its file.
    fn of_this_program(template: &str) -> Self {
        assert!(
            template.len() <= LONGEST_NAME,
            "{template:?} is longer than {LONGEST_NAME} bytes"
        );
        let program = std::env::current_exe().unwrap_or_default();
        let bank = std::env::var_os("CODEBANK_TEST_BIN").unwrap_or_default();
        let of_any_build = format!("template_{template}_{:08x}_", short_hash(&program));
        let name = format!(
            "{of_any_build}{:08x}",
            short_hash(&(build_of(&program), build_of(Path::new(&bank))))
        );
        Self { of_any_build, name }
    }
}

fn build_of(program: &Path) -> Option<(u64, std::time::SystemTime)> {
    let metadata = fs::metadata(program).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

fn short_hash(value: &impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

/// The same server, another database: the path of the URL is replaced.
fn with_database(server: &str, name: &str) -> String {
    let (before, parameters) = server
        .split_once('?')
        .map_or((server, None), |(before, after)| (before, Some(after)));
    let authority = before.find("://").map_or(0, |scheme| scheme + 3);
    let end = before[authority..]
        .find('/')
        .map_or(before.len(), |path| authority + path);
    let parameters = parameters
        .map(|parameters| format!("?{parameters}"))
        .unwrap_or_default();
    format!("{}/{name}{parameters}", &before[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::require;

    #[test]
    fn the_path_of_the_url_is_replaced() {
        for (server, expected) in [
            ("postgres://me@host:1/postgres", "postgres://me@host:1/mine"),
            ("postgres://me@host:1", "postgres://me@host:1/mine"),
            (
                "postgres://host/postgres?sslmode=disable",
                "postgres://host/mine?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(server, "mine"), expected);
        }
    }

    #[tokio::test]
    async fn each_test_has_a_clone_of_its_own_and_leaves_nothing() {
        let server = require!(postgres);
        let migrate = async |pool: PgPool| pool.execute("create table note (text text)").await.map(drop);
        let first = database(&server, "support", migrate).await;
        let second = database(&server, "support", async |_| -> Result<(), String> {
            Err("migrated twice".into())
        })
        .await;
        sqlx::query("insert into note values ('mine')")
            .execute(first.pool())
            .await
            .unwrap();
        let seen: i64 = sqlx::query_scalar("select count(*) from note")
            .fetch_one(second.pool())
            .await
            .unwrap();
        assert_eq!(seen, 0);

        let name = first.name.clone();
        drop(first);
        let mut connection = PgConnection::connect(&server).await.unwrap();
        assert!(!exists(&mut connection, &name).await.unwrap());
    }

    #[tokio::test]
    async fn tests_that_come_at_once_make_one_template() {
        let server = require!(postgres);
        let one = || {
            database(&server, "at_once", async |pool: PgPool| {
                pool.execute("create table note (text text)").await.map(drop)
            })
        };
        let (first, second, third) = tokio::join!(one(), one(), one());
        assert!(first.name != second.name && second.name != third.name);
    }
}
