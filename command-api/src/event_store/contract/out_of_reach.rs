//! A database that is not there.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;

use super::given::{Behind, Given, append, key, new_id};
use crate::event_store::postgres::{self, PostgresEventLog};
use crate::event_store::{ACCOUNT_STREAM, EventLog, Position, StoreError};

async fn assert_out_of_reach(log: &dyn EventLog) {
    let stream = new_id();
    let errors = [
        log.append(vec![append(stream, 1, 1)]).await.map(|_| ()),
        log.load(ACCOUNT_STREAM, &[(stream, 0)]).await.map(|_| ()),
        log.find_request(key(new_id()).id).await.map(|_| ()),
        log.read_committed(Position::default(), 1).await.map(|_| ()),
        log.load_snapshots(ACCOUNT_STREAM, &[stream]).await.map(|_| ()),
        log.store_snapshots(ACCOUNT_STREAM, &[]).await,
    ];
    for error in errors {
        assert!(matches!(error, Err(StoreError::Unavailable(_))), "{error:?}");
    }
}

pub(super) async fn a_log_that_is_closed_says_so(given: &Given) {
    given.recorded(append(new_id(), 1, 1)).await;
    given.close().await;
    assert_out_of_reach(&*given.log).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_at_once_and_unavailable_later() {
    // A port that was free a moment ago, on which nobody listens.
    let port = test_support::free_port();
    let url = format!("postgres://nobody@127.0.0.1:{port}/nothing");
    let refused = postgres::connect(&url, 1).await;
    assert!(matches!(refused, Err(sqlx::Error::Io(_))), "{refused:?}");
    let pool = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(200))
        .connect_lazy(&url)
        .expect("a URL");
    assert_out_of_reach(&PostgresEventLog::new(pool)).await;
}

/// The connections of a pool outlive the server's; what they lead to is noticed before the next append is risked on one.
#[tokio::test]
async fn the_log_recovers_when_the_server_has_cut_its_connections() {
    let server = test_support::require!(postgres);
    let given = Given::postgres(&server).await;
    let stream = new_id();
    given.recorded(append(stream, 1, 1)).await;
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and pid <> pg_backend_pid()";
    let Behind::Postgres { database, .. } = &given.database else {
        unreachable!("it was asked for")
    };
    sqlx::query(cut).execute(database.pool()).await.expect("cuts");
    // Right after the cut a call may fail, which says that nothing is known; soon it works again.
    test_support::eventually("the log is back", Duration::from_secs(10), async || {
        given.log.append(vec![append(stream, 2, 1)]).await
    })
    .await;
    assert_eq!(given.load(stream).await.len(), 2);
}
