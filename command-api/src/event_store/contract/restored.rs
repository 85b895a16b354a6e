//! A database that lost the last events while a writer remembers them, as after a failover to a server that lagged behind or after
//! a restore. Whatever the writer takes for granted, no stream gets a gap.

use super::given::{Given, append, new_id, sequences, words};

#[tokio::test]
async fn events_that_another_server_never_had_are_missed() {
    let server = test_support::require!(postgres);
    let given = Given::postgres(&server).await;
    let started = |at: &str| {
        format!(
            "create or replace function public.pg_postmaster_start_time() returns timestamptz language sql stable \
             as $$ select '{at}'::timestamptz $$"
        )
    };
    // A server cannot be made to fail over here, but it can be made to say that it is another one.
    for statement in [
        started("2026-11-01").as_str(),
        "do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$",
    ] {
        given.execute(statement).await.expect("done");
    }
    let given = Given {
        log: given.again().await,
        ..given
    };
    let stream = new_id();
    given.recorded(append(stream, 1, 2)).await;
    given.recorded(append(stream, 3, 1)).await;

    for statement in [
        "delete from events where sequence = 3",
        started("2026-11-02").as_str(),
    ] {
        given.execute(statement).await.expect("done");
    }
    assert_eq!(words(&given.append(&[append(stream, 4, 1)]).await), ["stale"]);
    given.recorded(append(stream, 3, 1)).await;
    given.recorded(append(stream, 4, 1)).await;
    assert_eq!(sequences(&given.load(stream).await), [1, 2, 3, 4]);
}

#[tokio::test]
async fn events_of_a_table_that_was_filled_again_are_missed() {
    let server = test_support::require!(postgres);
    let given = Given::postgres(&server).await;
    let stream = new_id();
    given.recorded(append(stream, 1, 2)).await;
    given.recorded(append(stream, 3, 1)).await;
    given.execute("truncate events").await.expect("emptied");
    assert_eq!(words(&given.append(&[append(stream, 4, 1)]).await), ["stale"]);
    assert!(given.load(stream).await.is_empty());
}
