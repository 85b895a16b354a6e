//! What a query reads does not grow with the bank. PostgreSQL keeps the plan it made first, so this must hold over a connection
//! that has known the tables all but empty, when every way of reading them seemed as cheap.

use std::collections::BTreeMap;
use std::time::Duration;

use projections::ReadStore;
use projections::graphql::Settings;
use serde_json::json;

use crate::support::api::{Api, settings};
use crate::support::events::{self, account, approved, card, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::write;
use crate::support::running::start;
use crate::support::stores::TestStore;

const OTHERS: u64 = 20_000;
/// Of all that is asked below, and far less than a table has then.
const READ_MAX: i64 = 5_000;
/// A connection tells the statistics what it read when it has been a second since it last did.
const TOLD_AFTER: Duration = Duration::from_millis(1_100);

/// Other accounts' rows, months before the account's own.
const GROW: [&str; 7] = [
    "insert into account_version select id, 9 from other",
    "insert into account_balance select id, 'open', 'BRL', 25, 0, 100000, 100 from other",
    "insert into card select id, id, '1111', 2030, 11, 'active', 2 from other",
    "insert into activity select id, 9, 'PurchaseApproved', 1e15 + n, id, '1111', id, 100, null, 'BRL', 'shop', 'Shop', '5942',
     'bread', 'shop bread', null, '2026-11' from other",
    "insert into statement select id, '2026-11', '2026-10-25', '2026-11-25', '2026-12-05', 'BRL', 100, 1 from other",
    "insert into statement_line select id, '2026-11', 9, 1e15 + n, id, '1111', id, 100, 'BRL', 'shop', 'Shop', '5942', 'bread',
     'shop bread' from other",
    "insert into merchant_spend select id, '2026-11', 'shop', 'Shop', '5942', 'BRL', 1, 100, 9, 1e15 + n from other",
];

#[tokio::test]
async fn what_is_read_does_not_grow_with_the_bank() {
    let server = test_support::require!(postgres);
    let test = TestStore::postgres(&server).await;
    let (log, shop) = (Log::default(), || merchant("livraria-01", "Livraria"));
    let bought = |when: &str| approved(when, card(1), reais(100), shop(), "Dom Casmurro");
    let mut history = events::active_account(card(1), [bought("2026-11-20T12:00:00Z")]);
    write(&log, account(1), &history);
    let running = start(&test.store, log.feed(100));
    test.reaches(account(1), 4).await;
    let api = Api::with(
        // With one connection: what is asked later is asked over the same.
        &ReadStore::open(&test.url, 1).unwrap(),
        Settings {
            operations: true,
            ..settings()
        },
    );
    ask_everything(&api).await;
    grow(&test).await;
    tokio::time::sleep(TOLD_AFTER).await;
    ask_everything(&api).await;
    let before = rows_read(&test).await;

    ask_everything(&api).await;
    for minute in 10..20 {
        history.push(bought(&format!("2026-11-21T12:{minute}:00Z")));
        let sequence = history.len() as u64;
        log.append(account(1), sequence, history.last().unwrap());
        test.reaches(account(1), sequence).await;
    }
    tokio::time::sleep(TOLD_AFTER).await;
    ask_everything(&api).await;
    history.push(bought("2026-11-21T13:00:00Z"));
    log.append(account(1), history.len() as u64, history.last().unwrap());
    test.reaches(account(1), history.len() as u64).await;
    running.stop().await;

    let after = rows_read(&test).await;
    let read: BTreeMap<&String, i64> = after
        .iter()
        .map(|(table, rows)| (table, rows - before[table]))
        .collect();
    assert!(read.values().sum::<i64>() > 0, "{read:?}");
    assert!(read.values().all(|rows| *rows < READ_MAX), "{read:?}");
}

async fn grow(test: &TestStore) {
    let others = format!(
        "create table other as select n, overlay(md5(n::text) placing '-' from 9 for 0) as id from generate_series(1, {OTHERS}) as n"
    );
    test.execute(&others).await;
    for sql in GROW {
        assert_eq!(test.execute(sql).await, OTHERS, "{sql}");
    }
    test.execute("drop table other").await;
}

/// How many rows were read so far, through indexes or not, by table.
async fn rows_read(test: &TestStore) -> BTreeMap<String, i64> {
    let rows = test
        .texts(
            "select t.relname || ' ' || (t.seq_tup_read + coalesce(sum(i.idx_tup_read), 0))
             from pg_stat_user_tables t left join pg_stat_user_indexes i using (relid) group by relid, t.relname, t.seq_tup_read",
        )
        .await;
    let rows = rows.iter().filter_map(|row| row.rsplit_once(' '));
    rows.map(|(table, rows)| (table.to_owned(), rows.parse().unwrap()))
        .collect()
}

/// Every read model, and every form of each question.
async fn ask_everything(api: &Api) {
    let id = account(1).to_string();
    let of_account = "query($id: ID!) {
        account(id: $id) { status available { minorUnits } }
        cards(accountId: $id) { nodes { status } }
        statements(accountId: $id) { nodes { cycle } }
        open: statement(accountId: $id) { total { decimal }
            first: lines(first: 3) { nodes { card { status } } }
            last: lines(last: 3) { nodes { version } }
            found: lines(first: 3, filter: { search: \"casmurro\" }) { nodes { version } } }
        closed: statement(accountId: $id, cycle: \"2026-11\") { lineCount }
        first: activity(accountId: $id, first: 3) { nodes { kind card { status } } }
        last: activity(accountId: $id, last: 3) { nodes { kind } }
        merchants(accountId: $id) { nodes { purchaseCount } } }";
    api.data(of_account, json!({ "id": id })).await;
    let of_bank = "query { operations(since: \"2026-11-19T00:00:00Z\", currency: \"BRL\") {
        totals { approved { count } } overTime(width: HOUR) { start } hoursOfWeek { hour } declineReasons { count }
        topMerchants { count } topDescriptions { count } descriptions(first: 3) { count } amountPercentiles { percent } }
        pipeline { latestPurchaseAt stoppedCount } }";
    api.data(of_bank, json!({})).await;
}
