//! Reading in the order of commits while writers commit late: where a reader that follows positions alone loses events.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures::future::join_all;
use sqlx::{PgConnection, PgPool, Row as _, SqliteConnection};
use uuid::Uuid;

use super::given::{Behind, Given, append, new_id};
use crate::event_store::{EventLog, Position, Recorded};

/// A row as postgres-es or sqlite-es would write it: everything else is a default.
fn foreign_row(stream: Uuid, sequence: u64) -> String {
    format!(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) \
         values ('card_account', '{stream}', {sequence}, 'a', '1', '{{}}', '{{}}')"
    )
}

async fn insert(connection: &mut PgConnection, stream: Uuid) {
    sqlx::query(&foreign_row(stream, 1))
        .execute(connection)
        .await
        .expect("inserts");
}

/// Follows the table the way it must not be done.
#[derive(Default)]
struct NaiveReader {
    last: i64,
    seen: Vec<Uuid>,
}

impl NaiveReader {
    async fn read(&mut self, pool: &PgPool) {
        let rows =
            sqlx::query("select position, aggregate_id from events where position > $1 order by position")
                .bind(self.last)
                .fetch_all(pool)
                .await
                .expect("reads");
        for row in rows {
            self.last = row.get(0);
            self.seen.push(row.get::<String, _>(1).parse().expect("an id"));
        }
    }
}

/// Follows the log the way it is meant.
struct Reader<'a> {
    log: &'a dyn EventLog,
    after: Position,
    seen: Vec<Uuid>,
}

impl<'a> Reader<'a> {
    fn new(log: &'a dyn EventLog) -> Self {
        Self {
            log,
            after: Position::default(),
            seen: Vec::new(),
        }
    }

    async fn read(&mut self) -> usize {
        let events: Vec<Recorded> = self
            .log
            .read_committed(self.after, 7)
            .await
            .expect("the log is there");
        assert!(
            events.iter().all(|event| event.position > self.after),
            "nothing comes twice"
        );
        assert!(events.windows(2).all(|pair| pair[0].position < pair[1].position));
        self.after = events.last().map_or(self.after, |event| event.position);
        self.seen.extend(events.iter().map(|event| event.stream_id));
        events.len()
    }

    /// Other tests' transactions in the same cluster may hold up a reader for a moment.
    async fn read_until(&mut self, count: usize) {
        let within = std::time::Duration::from_secs(20);
        test_support::eventually("the reader has seen every event", within, async || {
            self.read().await;
            if self.seen.len() >= count {
                Ok(())
            } else {
                Err(self.seen.len())
            }
        })
        .await;
    }
}

fn pool(given: &Given) -> PgPool {
    match &given.database {
        Behind::Postgres { pool, .. } => pool.clone(),
        Behind::Sqlite { .. } => unreachable!("these tests ask for PostgreSQL"),
    }
}

/// The first to get a position is the last to commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_is_lost_by_a_naive_reader_and_not_by_the_logs() {
    let server = test_support::require!(postgres);
    let given = Given::postgres(&server).await;
    let pool = pool(&given);
    let (late, early) = (new_id(), new_id());
    let (mut naive, mut reader) = (NaiveReader::default(), Reader::new(&*given.log));

    let mut slow = pool.begin().await.expect("begins");
    insert(&mut slow, late).await;
    let mut fast = pool.begin().await.expect("begins");
    insert(&mut fast, early).await;
    fast.commit().await.expect("commits");

    naive.read(&pool).await;
    assert_eq!(naive.seen, [early]);
    assert_eq!(reader.read().await, 0, "an older transaction is still running");

    slow.commit().await.expect("commits");
    naive.read(&pool).await;
    reader.read_until(2).await;
    assert_eq!(naive.seen, [early], "the late one is lost for good");
    assert_eq!(reader.seen, [late, early]);
}

/// The first transaction gets the second position: the pair is compared, never one half.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_against_the_order_of_transactions_are_read_without_a_loss() {
    let server = test_support::require!(postgres);
    let given = Given::postgres(&server).await;
    let pool = pool(&given);
    let (first, second, third) = (new_id(), new_id(), new_id());
    let mut reader = Reader::new(&*given.log);

    let mut older = pool.begin().await.expect("begins");
    sqlx::query("select pg_current_xact_id()")
        .execute(&mut *older)
        .await
        .expect("gets an id");
    let mut younger = pool.begin().await.expect("begins");
    insert(&mut younger, second).await;
    insert(&mut older, first).await;
    older.commit().await.expect("commits");
    reader.read_until(1).await;
    assert_eq!(
        reader.seen,
        [first],
        "the younger transaction's smaller position is not skipped by this"
    );

    younger.commit().await.expect("commits");
    given.recorded(append(third, 1, 1)).await;
    reader.read_until(3).await;
    assert_eq!(reader.seen, [first, second, third]);
}

/// Writers that hold their transactions open for a moment, some of which think better of it, and readers beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_late_writers_loses_nothing() {
    const WRITERS: usize = 6;
    const EACH: usize = 60;
    let server = test_support::require!(postgres);
    let given = Given::postgres(&server).await;
    let pool = pool(&given);
    let (mut naive, mut reader) = (NaiveReader::default(), Reader::new(&*given.log));

    let writer = async |turn: usize| {
        let mut committed = Vec::new();
        for round in 0..EACH {
            let stream = new_id();
            let mut transaction = pool.begin().await.expect("begins");
            insert(&mut transaction, stream).await;
            let hold = format!(
                "select pg_sleep_for('{} milliseconds')",
                (turn * 7 + round * 3) % 5
            );
            sqlx::query(&hold)
                .execute(&mut *transaction)
                .await
                .expect("sleeps");
            if (turn + round).is_multiple_of(10) {
                transaction.rollback().await.expect("rolls back");
            } else {
                transaction.commit().await.expect("commits");
                committed.push(stream);
            }
        }
        committed
    };
    let writers = join_all((0..WRITERS).map(writer));
    let readers = async {
        loop {
            naive.read(&pool).await;
            reader.read().await;
        }
    };
    let mut committed: Vec<Uuid> = tokio::select! {
        committed = writers => committed.concat(),
        () = readers => unreachable!("they read until the writers are done"),
    };
    naive.read(&pool).await;
    reader.read_until(committed.len()).await;
    eprintln!(
        "the naive reader lost {} of {}",
        committed.len() - naive.seen.len(),
        committed.len()
    );
    committed.sort();
    reader.seen.sort();
    assert_eq!(reader.seen, committed);
}

/// In SQLite the second writer waits for the first: positions are given out in the order of commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_writer_of_a_file_waits() {
    let given = Given::sqlite().await;
    let Behind::Sqlite { pool, .. } = &given.database else {
        unreachable!("it was asked for")
    };
    let (first, second) = (new_id(), new_id());
    let mut other = pool.acquire().await.expect("connects");
    let run = async |connection: &mut SqliteConnection, statement: &str| {
        sqlx::query(statement).execute(connection).await.expect(statement);
    };
    run(&mut other, "begin immediate").await;
    run(&mut other, &foreign_row(first, 1)).await;

    let appends = vec![append(second, 1, 1)];
    let mut waiting = pin!(given.log.append(appends));
    let started = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_ready())).await;
    for _ in 0..20 {
        assert!(given.read_all().await.is_empty(), "nothing is committed");
    }
    let done = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_ready())).await;
    assert!(!started && !done, "it waits for the other writer");
    run(&mut other, "commit").await;
    waiting.await.expect("now it is its turn");

    let seen: Vec<(Uuid, i64)> = given
        .read_all()
        .await
        .iter()
        .map(|event| (event.stream_id, event.position.number))
        .collect();
    assert_eq!(seen, [(first, 1), (second, 2)]);
}

/// A feed's offsets are positions: nothing that can be done to the file may change them.
#[tokio::test]
async fn positions_in_a_file_outlive_refusals_and_a_vacuum() {
    let given = Given::sqlite().await;
    let stream = new_id();
    for sequence in 1..=20 {
        // Refused twice in between, once after the rows were already given positions.
        given.append(&[append(stream, sequence + 1, 1)]).await;
        given
            .append(&[append(new_id(), 1, 1), append(stream, sequence, 1)])
            .await;
        given
            .append(&[append(new_id(), 1, 1), append(stream, sequence, 1)])
            .await;
    }
    let positions = async || {
        given
            .read_all()
            .await
            .iter()
            .map(|event| event.position.number)
            .collect::<Vec<_>>()
    };
    assert_eq!(positions().await, (1..=60).collect::<Vec<_>>());
    assert!(
        given.execute("delete from events where rowid = 7").await.is_err(),
        "events are kept for ever"
    );
    given.execute("vacuum").await.expect("vacuums");
    assert_eq!(positions().await, (1..=60).collect::<Vec<_>>());
}
