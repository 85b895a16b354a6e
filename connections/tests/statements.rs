//! Which connection a statement gets, on a real server.

#![allow(clippy::expect_used, reason = "helpers of tests fail like tests")]

use std::time::Duration;

use connections::Connections;
use futures::future::try_join_all;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
const SERVER_PROCESS: &str = "select pg_backend_pid()";

async fn connections(server: &str, connections_max: u32) -> Connections {
    let pool = connections::options(connections_max, PATIENCE)
        .connect(server)
        .await
        .expect("connects");
    Connections::of(pool)
}

/// The process that answers the next statement.
async fn answering(connections: &Connections) -> i32 {
    sqlx::query_scalar(SERVER_PROCESS)
        .fetch_one(connections)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn a_connection_goes_from_one_statement_straight_to_the_next() {
    let server = test_support::require!(postgres);
    let connections = connections(&server, 4).await;
    let first = answering(&connections).await;
    for _ in 0..5 {
        assert_eq!(connections.num_idle(), 0, "the pool has it back");
        let rows: Vec<i32> = sqlx::query_scalar(SERVER_PROCESS)
            .fetch_all(&connections)
            .await
            .expect("an answer");
        assert_eq!(rows, [first]);
    }
    assert_eq!(connections.size(), 1);
}

/// What has just run has its tables and plans at hand, and the next statement with it.
#[tokio::test]
async fn of_too_many_those_used_last_are_kept() {
    let server = test_support::require!(postgres);
    let connections = connections(&server, 8).await;
    let sleeping = |seconds: f64| {
        sqlx::query_scalar("select pg_backend_pid() from pg_sleep($1)")
            .bind(seconds)
            .fetch_one(&connections)
    };
    let used: (Result<i32, _>, Result<i32, _>, Result<i32, _>) =
        tokio::join!(sleeping(0.1), sleeping(0.3), sleeping(0.5));
    let last = used.2.expect("it sleeps");
    assert_eq!(answering(&connections).await, last);
}

#[tokio::test]
async fn one_whose_statement_failed_is_left_to_the_pool() {
    let server = test_support::require!(postgres);
    let connections = connections(&server, 4).await;
    answering(&connections).await;
    let refused = sqlx::query("select 1 / 0").execute(&connections).await;
    assert!(refused.is_err(), "{refused:?}");
    test_support::eventually("the pool has it", PATIENCE, async || {
        test_support::holds(connections.num_idle() == 1)
    })
    .await;

    let first = answering(&connections).await;
    let cut = sqlx::query("select pg_terminate_backend(pg_backend_pid())")
        .execute(&connections)
        .await;
    assert!(cut.is_err(), "{cut:?}");
    assert_ne!(answering(&connections).await, first);
}

#[tokio::test]
async fn one_that_was_given_up_half_way_keeps_nobody_waiting() {
    let server = test_support::require!(postgres);
    let connections = connections(&server, 4).await;
    let first = answering(&connections).await;
    let slow = sqlx::query("select pg_sleep(30)").execute(&connections);
    let given_up = timeout(Duration::from_millis(100), slow).await;
    assert!(given_up.is_err(), "{given_up:?}");
    let next = timeout(PATIENCE, answering(&connections)).await;
    assert_ne!(next.expect("at once"), first);
}

#[tokio::test]
async fn most_connections_are_for_whoever_waits_at_the_pool() {
    let server = test_support::require!(postgres);
    for (connections_max, for_the_pool) in [(1, 1), (4, 3), (8, 6)] {
        let connections = connections(&server, connections_max).await;
        // As many as there are go from hand to hand.
        let all = (0..connections_max).map(|_| sqlx::query("select pg_sleep(0.1)").execute(&connections));
        try_join_all(all).await.expect("they sleep");
        let transactions = (0..for_the_pool).map(|_| connections.begin());
        let begun = timeout(PATIENCE, try_join_all(transactions)).await;
        begun.expect("at once").expect("they begin");
    }
}

#[tokio::test]
async fn one_that_was_idle_for_a_while_is_the_pool_s_before_another_is_asked_for() {
    let server = test_support::require!(postgres);
    let connections = connections(&server, 4).await;
    let first = answering(&connections).await;
    let others = try_join_all((0..3).map(|_| connections.begin())).await;
    let others = others.expect("they begin");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    // Every other one is in use.
    let next = timeout(PATIENCE / 2, answering(&connections)).await;
    assert_eq!(next.expect("at once"), first);
    drop(others);
}

#[tokio::test]
async fn closing_waits_for_no_statement_to_come() {
    let server = test_support::require!(postgres);
    let connections = connections(&server, 4).await;
    answering(&connections).await;
    timeout(PATIENCE, connections.close()).await.expect("closes");
    let refused = sqlx::query(SERVER_PROCESS).execute(&connections).await;
    assert!(matches!(refused, Err(sqlx::Error::PoolClosed)), "{refused:?}");
}
