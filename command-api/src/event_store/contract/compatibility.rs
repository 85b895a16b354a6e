//! cqrs-es on our log, and the crates whose tables we use on those tables.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use cqrs_es::{AggregateContext as _, AggregateError, CqrsFramework, EventStore};
use domain::account::{
    Account, AccountClosed, CardAccount, ChangeCreditLimit, CloseAccount, Command, Event, OpenAccount,
    Rejection, State,
};
use domain::calendar::ClosingDay;
use domain::{Currency, Money};
use postgres_es::PostgresEventRepository;
use sqlite_es::SqliteEventRepository;

use super::given::{Behind, Given, append, event, new_id, sequences, time};
use crate::event_store::{AccountEvents, Append, EventLog, NewEvent, envelope_of};

fn money(minor_units: i64) -> Money {
    Money::new(minor_units, Currency::Brl)
}

fn open() -> Command {
    let closing_day = ClosingDay::try_new(5).expect("a day of every month");
    Command::OpenAccount(OpenAccount {
        at: time(),
        credit_limit: money(1_000),
        closing_day,
    })
}

fn limit(minor_units: i64) -> Command {
    Command::ChangeCreditLimit(ChangeCreditLimit {
        at: time(),
        credit_limit: money(minor_units),
    })
}

fn credit_limit(state: &State) -> Option<Money> {
    state.account().map(|account: &Account| account.credit_limit)
}

fn framework(log: &Arc<dyn EventLog>) -> CqrsFramework<CardAccount, AccountEvents> {
    CqrsFramework::new(AccountEvents::new(Arc::clone(log)), Vec::new(), ())
}

pub(super) async fn cqrs_es_runs_on_the_log(given: &Given) {
    let account = new_id().to_string();
    let cqrs = framework(&given.log);
    let trace = HashMap::from([("traceparent".to_owned(), "00-a".to_owned())]);
    cqrs.execute_with_metadata(&account, open(), trace)
        .await
        .expect("opens");
    cqrs.execute(&account, limit(2_000)).await.expect("changes");
    let again = cqrs.execute(&account, open()).await;
    assert!(
        matches!(
            again,
            Err(AggregateError::UserError(Rejection::AccountAlreadyOpen))
        ),
        "{again:?}"
    );
    assert!(cqrs.execute("42", open()).await.is_err(), "not an account's id");

    let store = AccountEvents::new(Arc::clone(&given.log));
    let events = store.load_events(&account).await.expect("loads");
    let found: Vec<_> = events
        .iter()
        .map(|event| (event.sequence, event.payload.name()))
        .collect();
    assert_eq!(found, [(1, "account_opened"), (2, "credit_limit_changed")]);
    assert_eq!(
        events[0].metadata.get("traceparent").map(String::as_str),
        Some("00-a")
    );

    // Two at once: the one that comes second is told, and nothing of it is recorded.
    let one = store.load_aggregate(&account).await.expect("loads");
    let mut other = store.load_aggregate(&account).await.expect("loads");
    assert_eq!(credit_limit(&other.aggregate().state), Some(money(2_000)));
    let closed = || vec![Event::AccountClosed(AccountClosed { occurred_at: time() })];
    let committed = store
        .commit(closed(), one, HashMap::new())
        .await
        .expect("commits");
    assert_eq!(committed[0].sequence, 3);
    let conflict = store.commit(closed(), other, HashMap::new()).await;
    assert!(
        matches!(conflict, Err(AggregateError::AggregateConflict)),
        "{conflict:?}"
    );
    assert_eq!(given.read_all().await.len(), 3);
}

pub(super) async fn a_damaged_history_is_not_acted_upon(given: &Given) {
    let limit_before_opening = {
        let closed = Event::AccountClosed(AccountClosed { occurred_at: time() });
        NewEvent {
            name: closed.name(),
            ..event(&serde_json::to_string(&closed).expect("writes"))
        }
    };
    let (impossible, unreadable) = (new_id(), new_id());
    given
        .recorded(Append {
            events: vec![limit_before_opening],
            ..append(impossible, 1, 1)
        })
        .await;
    given.recorded(append(unreadable, 1, 1)).await;
    let cqrs = framework(&given.log);
    for account in [impossible, unreadable] {
        let refused = cqrs.execute(&account.to_string(), open()).await;
        let Err(AggregateError::DeserializationError(error)) = refused else {
            panic!("acted upon: {refused:?}")
        };
        assert!(
            error
                .to_string()
                .contains(&format!("event {account}-1 is damaged")),
            "{error}"
        );
        assert_eq!(given.load(account).await.len(), 1);
    }
}

pub(super) async fn the_crate_whose_table_it_is_reads_and_writes_it(given: &Given) {
    match &given.database {
        Behind::Sqlite { pool, .. } => {
            reads_and_writes(given, || SqliteEventRepository::new(pool.clone())).await;
        }
        Behind::Postgres { pool, .. } => {
            reads_and_writes(given, || PostgresEventRepository::new(pool.clone())).await;
        }
    }
}

async fn reads_and_writes<R: PersistedEventRepository>(given: &Given, repository: impl Fn() -> R) {
    let account = new_id();
    let id = account.to_string();
    framework(&given.log).execute(&id, open()).await.expect("opens");

    // They read what we wrote,
    let store = PersistedEventStore::<R, CardAccount>::new_event_store(repository());
    let theirs = store.load_events(&id).await.expect("loads");
    let ours = AccountEvents::new(Arc::clone(&given.log))
        .load_events(&id)
        .await
        .expect("loads");
    assert_eq!(theirs[0].payload, ours[0].payload);
    assert_eq!(theirs[0].metadata.keys().collect::<Vec<_>>(), ["occurred_at"]);

    // we read what they wrote, in the stream and in the feed,
    CqrsFramework::new(store, Vec::new(), ())
        .execute(&id, limit(3_000))
        .await
        .expect("changes");
    framework(&given.log)
        .execute(&id, Command::CloseAccount(CloseAccount { at: time() }))
        .await
        .expect("closes");
    let loaded = given.load(account).await;
    assert_eq!(sequences(&loaded), [1, 2, 3]);
    assert!(
        loaded
            .iter()
            .all(|event| event.account_event().is_ok() && envelope_of(event).is_ok())
    );
    assert_eq!(loaded[1].metadata.occurred_at, time());
    assert_eq!(sequences(&given.read_all().await), [1, 2, 3]);

    // and each is told when the other was faster.
    let store = PersistedEventStore::<R, CardAccount>::new_event_store(repository());
    let stale = store.load_aggregate(&id).await.expect("loads");
    given.recorded(append(account, 4, 1)).await;
    let closed = Event::AccountClosed(AccountClosed { occurred_at: time() });
    let conflict = store.commit(vec![closed], stale, HashMap::new()).await;
    assert!(
        matches!(conflict, Err(AggregateError::AggregateConflict)),
        "{conflict:?}"
    );
}
