//! Connections to PostgreSQL for statements that come by the thousand.
//!
//! sqlx's pool tries out every connection that comes back to it, which is a way to the server and back beside each statement, and
//! hands out the one that was idle longest, whose process has the least at hand. Here a connection goes from one statement straight
//! to the next; what went wrong, or had nothing to do for a while, goes back to the pool.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection as _, Describe, Either, Error, Execute, Executor, PgPool, Postgres};

/// A connection that was idle for longer is tried out before it is used: the server may have been restarted.
const TRUSTED_WHILE_IDLE: Duration = Duration::from_secs(1);
/// How long a connection goes from statement to statement before the pool may renew it.
const OUT_MAX: Duration = Duration::from_mins(1);
/// Of the pool's connections, one in so many waits here: the others are for whoever waits at the pool.
const POOL_PER_IDLE: u32 = 4;

/// A pool that does not ask before each statement whether the server is there.
pub fn options(connections_max: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_WHILE_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// A pool, and those of its connections that wait for the next statement. Clones are one.
///
/// Single statements are sent to this; for a transaction it is the pool.
#[derive(Debug, Clone)]
pub struct Connections {
    pool: PgPool,
    idle: Arc<Mutex<Vec<Idle>>>,
}

/// Taken out of the pool.
#[derive(Debug)]
struct Out {
    connection: PoolConnection<Postgres>,
    since: Instant,
}

#[derive(Debug)]
struct Idle {
    out: Out,
    since: Instant,
}

impl Connections {
    pub fn of(pool: PgPool) -> Self {
        Self {
            pool,
            idle: Arc::default(),
        }
    }

    /// Closes them all, after what is under way. The pool by itself would wait for those that are here.
    pub async fn close(&self) {
        let closed = self.pool.close();
        self.idle().clear();
        closed.await;
    }

    /// The one that was in use last, or one of the pool's.
    async fn take(&self) -> Result<Out, Error> {
        let is_trusted = |idle: &Idle| idle.since.elapsed() < TRUSTED_WHILE_IDLE && !self.pool.is_closed();
        // One that is not goes back to the pool here, and may be the very one that the pool gives.
        let last = self.idle().pop().filter(is_trusted);
        match last {
            Some(idle) => Ok(idle.out),
            None => Ok(Out {
                connection: self.pool.acquire().await?,
                since: Instant::now(),
            }),
        }
    }

    /// After a statement that went well; after any other the pool gets it, and tries it out. Where there are too many, the pool
    /// gets the one whose use is longest ago.
    fn hand_on(&self, out: Out) {
        let idle_max = self.pool.options().get_max_connections() / POOL_PER_IDLE;
        if out.since.elapsed() >= OUT_MAX || self.pool.is_closed() {
            return;
        }
        let since = Instant::now();
        let mut idle = self.idle();
        idle.push(Idle { out, since });
        if idle.len() as u64 > u64::from(idle_max) {
            idle.remove(0);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Connections {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.pool
    }
}

/// A statement that is given up half-way leaves its connection to the pool.
impl<'c> Executor<'c> for &'c Connections {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let answers = async move {
            let mut out = self.take().await?;
            let answers: Vec<_> = out.connection.fetch_many(query).try_collect().await?;
            self.hand_on(out);
            Ok(stream::iter(answers.into_iter().map(Ok)))
        };
        answers.try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let answer = async move {
            let mut out = self.take().await?;
            let row = out.connection.fetch_optional(query).await?;
            self.hand_on(out);
            Ok(row)
        };
        answer.boxed()
    }

    fn prepare_with<'e, 'q: 'e>(
        self,
        sql: &'q str,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement<'q>, Error>>
    where
        'c: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }

    fn describe<'e, 'q: 'e>(self, sql: &'q str) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        self.pool.describe(sql)
    }
}
