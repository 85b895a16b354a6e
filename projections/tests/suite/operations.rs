//! `operations` and `pipeline` over random histories, against a second implementation that has only the events.

mod naive;
mod pipeline;

use domain::account::{AccountOpened, Event};
use domain::calendar::ClosingDay;
use projections::graphql::Settings;
use serde_json::{Value, json};

use self::naive::Purchases;
use crate::support::api::{Api, settings};
use crate::support::events::{self, account, approved, card, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::{Historian, write};
use crate::support::running::start;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    every_answer_is_the_one_that_a_second_implementation_gives,
    a_window_has_its_first_moment_and_not_its_last,
    another_currency_is_another_answer,
    averages_are_rounded_half_away_from_zero_and_ties_have_an_order,
    what_is_not_switched_on_is_refused,
    bad_windows_are_refused,
);

const EVERYTHING: &str = "query($since: DateTime!, $until: DateTime, $currency: String!, $width: BucketWidth!) {
  operations(since: $since, until: $until, currency: $currency) {
    totals { approved { ...volume } declined { ...volume } }
    overTime(width: $width) { start approved { ...volume } declined { ...volume } }
    hoursOfWeek { weekday hour approved { ...volume } declined { ...volume } }
    declineReasons { reason count amount { minorUnits } }
    topMerchants { merchant { id name mcc } count amount { minorUnits } }
    topDescriptions { ...described }
    descriptions(first: 3) { ...described }
    amountPercentiles { percent amount { minorUnits } }
  }
}
fragment volume on Volume { count amount { minorUnits } }
fragment described on DescriptionVolume { description count amount { minorUnits } averageAmount { minorUnits } }";

fn switched_on() -> Settings {
    Settings {
        operations: true,
        ..settings()
    }
}

/// Applies the log and gives the API over it.
async fn applied(test: &TestStore, log: &Log) -> Api {
    let running = start(&test.store, log.feed(100));
    test.drained(&log.ends()).await;
    running.stop().await;
    Api::with(&test.store, switched_on())
}

async fn ask(api: &Api, since: &str, until: &str, currency: &str, width: &str) -> Value {
    let variables = json!({ "since": since, "until": until, "currency": currency, "width": width });
    api.data(EVERYTHING, variables).await["operations"].clone()
}

async fn every_answer_is_the_one_that_a_second_implementation_gives(test: TestStore) {
    let (log, mut historian) = (Log::default(), Historian::new(20_261_125, 12));
    historian.write(&log, 900);
    let api = applied(&test, &log).await;
    let windows = [
        ("2026-11-01T00:00:00Z", "2027-04-01T00:00:00Z", "DAY"),
        ("2026-11-10T02:59:59.999999Z", "2026-11-20T15:30:00Z", "HOUR"),
        ("2026-11-10T03:00:00Z", "2026-11-11T03:00:00Z", "HOUR"),
        ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "HOUR"),
    ];
    for (since, until, width) in windows {
        let purchases = Purchases::of(&historian.histories, since, until, "BRL");
        let answer = ask(&api, since, until, "BRL", width).await;
        for (name, expected) in purchases.answer(width) {
            assert_eq!(answer[name], expected, "{name} from {since} until {until}");
        }
    }
}

async fn a_window_has_its_first_moment_and_not_its_last(test: TestStore) {
    let at = "2026-11-20T12:00:00.000001Z";
    let log = Log::default();
    let purchase = approved(
        at,
        card(1),
        reais(100),
        merchant("livraria-01", "Livraria"),
        "Dom Casmurro",
    );
    write(&log, account(1), &events::active_account(card(1), [purchase]));
    let api = applied(&test, &log).await;
    let counts = [
        (at, "2026-11-20T12:00:00.000002Z", 1),
        ("2026-11-20T12:00:00.000002Z", "2026-11-21T00:00:00Z", 0),
        ("2026-11-20T00:00:00Z", at, 0),
    ];
    for (since, until, count) in counts {
        let answer = ask(&api, since, until, "BRL", "HOUR").await;
        assert_eq!(answer["totals"]["approved"]["count"], count, "{since} {until}");
    }
    // Without an end it is the clock's moment, 15:00 on the 22nd.
    let open = json!({ "since": at, "until": null, "currency": "BRL", "width": "DAY" });
    let answer = api.data(EVERYTHING, open).await;
    assert_eq!(answer["operations"]["overTime"].as_array().unwrap().len(), 3);
}

async fn another_currency_is_another_answer(test: TestStore) {
    let log = Log::default();
    let shop = || merchant("livraria-01", "Livraria");
    let in_reais = approved(
        "2026-11-20T12:00:00Z",
        card(1),
        reais(100),
        shop(),
        "Dom Casmurro",
    );
    write(&log, account(1), &events::active_account(card(1), [in_reais]));
    let yen = |amount| domain::Money::new(amount, domain::Currency::Jpy);
    let in_yen = [
        Event::AccountOpened(AccountOpened {
            occurred_at: events::at("2026-11-01T12:00:00Z"),
            credit_limit: yen(10_000),
            closing_day: ClosingDay::try_new(events::CLOSING_DAY).unwrap(),
        }),
        events::issued("2026-11-01T12:00:01Z", card(2)),
        approved("2026-11-20T12:00:01Z", card(2), yen(250), shop(), "Kokoro"),
    ];
    write(&log, account(2), &in_yen);
    let api = applied(&test, &log).await;
    let (since, until) = ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
    let answer = ask(&api, since, until, "JPY", "DAY").await;
    assert_eq!(
        answer["totals"]["approved"],
        json!({ "count": 1, "amount": { "minorUnits": "250" } })
    );
    assert_eq!(answer["topDescriptions"][0]["description"], "Kokoro");
    let answer = ask(&api, since, until, "BRL", "DAY").await;
    assert_eq!(answer["totals"]["approved"]["count"], 1);
}

async fn averages_are_rounded_half_away_from_zero_and_ties_have_an_order(test: TestStore) {
    let log = Log::default();
    let bought = |second: u32, amount: i64, shop: (&str, &str), what: &str| {
        let when = format!("2026-11-20T12:00:{second:02}Z");
        approved(&when, card(1), reais(amount), merchant(shop.0, shop.1), what)
    };
    // 3 over 2 is 1.5 and rounds to 2; 4 over 3 rounds to 1. "a" after "Z", byte by byte, and "é" after both.
    let purchases = [
        bought(0, 1, ("b", "Loja B"), "Z"),
        bought(1, 2, ("b", "Loja B, nova"), "Z"),
        bought(2, 3, ("a", "Loja A"), "a"),
        bought(3, 1, ("c", "Loja C"), "é"),
        bought(4, 1, ("c", "Loja C"), "é"),
        bought(5, 2, ("c", "Loja C"), "é"),
    ];
    write(&log, account(1), &events::active_account(card(1), purchases));
    let api = applied(&test, &log).await;
    let answer = ask(&api, "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", "BRL", "DAY").await;
    let found = |list: &str, pointer: &str| -> Vec<String> {
        let rows = answer[list].as_array().unwrap().iter();
        rows.map(|row| row.pointer(pointer).unwrap().as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found("descriptions", "/description"), ["é", "Z", "a"]);
    assert_eq!(
        found("descriptions", "/averageAmount/minorUnits"),
        ["1", "2", "3"]
    );
    assert_eq!(found("topDescriptions", "/description"), ["é", "Z", "a"]);
    assert_eq!(found("topMerchants", "/merchant/id"), ["c", "a", "b"]);
    assert_eq!(
        found("topMerchants", "/merchant/name"),
        ["Loja C", "Loja A", "Loja B, nova"]
    );
    // Six amounts, 1 1 1 2 2 3: the third, then ranks 5.4, 5.7 and 5.94, rounded up.
    assert_eq!(
        found("amountPercentiles", "/amount/minorUnits"),
        ["1", "3", "3", "3"]
    );
}

async fn what_is_not_switched_on_is_refused(test: TestStore) {
    let api = Api::with(&test.store, settings());
    let operations = "{ operations(since: \"2026-11-20T00:00:00Z\") { currency } }";
    for query in [operations, "{ pipeline { stoppedCount } }"] {
        assert_eq!(api.code(query, json!({})).await, "NOT_ENABLED", "{query}");
    }
}

async fn bad_windows_are_refused(test: TestStore) {
    let api = Api::with(&test.store, switched_on());
    let window = |since: &str, until: &str, currency: &str, field: &str| {
        format!(
            "{{ operations(since: \"{since}\", until: \"{until}\", currency: \"{currency}\") {{ {field} }} }}"
        )
    };
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z");
    let cases = [
        (window(late, early, "BRL", "currency"), "BAD_USER_INPUT"),
        (window(late, late, "BRL", "currency"), "BAD_USER_INPUT"),
        (
            window("1969-01-01T00:00:00Z", late, "BRL", "currency"),
            "BAD_USER_INPUT",
        ),
        (window(early, late, "XXX", "currency"), "BAD_USER_INPUT"),
        (window("yesterday", late, "BRL", "currency"), "BAD_USER_INPUT"),
        (
            window(early, late, "BRL", "overTime(width: HOUR) { start }"),
            "LIMIT_EXCEEDED",
        ),
        (
            window(early, late, "BRL", "descriptions(first: 201) { count }"),
            "LIMIT_EXCEEDED",
        ),
        (
            window(early, late, "BRL", "descriptions(first: -1) { count }"),
            "BAD_USER_INPUT",
        ),
    ];
    for (query, code) in cases {
        assert_eq!(api.code(&query, json!({})).await, code, "{query}");
    }
}
