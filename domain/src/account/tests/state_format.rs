//! The form in which states are kept. Where this table changes, `STATE_FORMAT` has to change too: a state written by the
//! program of yesterday would otherwise be read by the one of today as something else.

use super::scenario::*;
use crate::account::{STATE_FORMAT, State};

/// Format 1, once for each kind of state, with every status a card may have.
const FORMAT: i32 = 1;

#[track_caller]
fn check_form(given: &History, json: &str) {
    assert_eq!(
        STATE_FORMAT, FORMAT,
        "the forms below are those of format {FORMAT}"
    );
    let state = given.state();
    assert_eq!(serde_json::to_string(&state).expect("has a form"), json);
    assert_eq!(serde_json::from_str::<State>(json).expect("is read"), state);
}

const ISSUED: &str = r#""00000000-0000-0000-0000-000000000002":{"last_four":"1111","expiry":{"year":2028,"month":11},"status":"Issued"}"#;

fn with_card(kind: &str, outstanding: i64, status: &str) -> String {
    format!(
        r#"{{"{kind}":{{"credit_limit":{{"minor_units":500,"currency":"BRL"}},"outstanding":{{"minor_units":{outstanding},"currency":"BRL"}},"closing_day":25,"cards":{{"00000000-0000-0000-0000-000000000001":{{"last_four":"1111","expiry":{{"year":2028,"month":11}},"status":"{status}"}},{ISSUED}}}}}}}"#
    )
}

#[test]
fn a_state_is_kept_in_the_form_of_its_format() {
    check_form(&nothing(), r#""Unopened""#);
    let open = active_card(500).and(issue(SECOND_CARD)).and(buy(CARD, 120));
    check_form(&open, &with_card("Open", 120, "Active"));
    let blocked = open.and(block(CARD));
    check_form(&blocked, &with_card("Open", 120, "Blocked"));
    let cancelled = active_card(500).and(issue(SECOND_CARD)).and(cancel(CARD));
    check_form(&cancelled, &with_card("Open", 0, "Cancelled"));
    check_form(&cancelled.and(close()), &with_card("Closed", 0, "Cancelled"));
}
