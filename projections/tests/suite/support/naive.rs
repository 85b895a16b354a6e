//! Every read model once more, written in another way: each row is computed from an account's whole history, with no batches,
//! no sums carried on and no database. Slow, and easy to believe.

use std::collections::{BTreeMap, BTreeSet};

use domain::AccountId;
use domain::account::{Event, PurchaseApproved};

use super::stores::{Rows, TABLES};

type Histories = BTreeMap<AccountId, Vec<Event>>;

/// What the tables must hold after these histories.
pub(crate) fn rows(histories: &Histories) -> Rows {
    let mut rows: Rows = TABLES.iter().map(|(table, _)| (*table, Vec::new())).collect();
    for (account, events) in histories.iter().filter(|(_, events)| !events.is_empty()) {
        let mut add = |table: &'static str, row: Vec<String>| {
            rows.get_mut(table).unwrap().push(row.join("|"));
        };
        add(
            "account_version",
            vec![account.to_string(), events.len().to_string()],
        );
        add("account_balance", balance(*account, events));
        for row in cards(*account, events) {
            add("card", row);
        }
        for (index, event) in events.iter().enumerate() {
            add("activity", activity(*account, index + 1, event));
        }
        for cycle in cycles(events) {
            add("statement", statement(*account, events, &cycle));
            for row in lines(*account, events, &cycle) {
                add("statement_line", row);
            }
            for merchant in merchants(events, &cycle) {
                add("merchant_spend", spend(*account, events, &cycle, &merchant));
            }
        }
    }
    for rows in rows.values_mut() {
        rows.sort();
    }
    rows
}

fn charges(events: &[Event]) -> Vec<(usize, &PurchaseApproved)> {
    let numbered = events.iter().enumerate();
    numbered
        .filter_map(|(index, event)| match event {
            Event::PurchaseApproved(approved) => Some((index + 1, approved)),
            _ => None,
        })
        .collect()
}

fn charged_on<'e>(events: &'e [Event], cycle: &str) -> Vec<(usize, &'e PurchaseApproved)> {
    charges(events)
        .into_iter()
        .filter(|(_, charge)| charge.billing_cycle.name() == cycle)
        .collect()
}

fn cycles(events: &[Event]) -> BTreeSet<String> {
    charges(events)
        .into_iter()
        .map(|(_, charge)| charge.billing_cycle.name())
        .collect()
}

fn merchants(events: &[Event], cycle: &str) -> BTreeSet<String> {
    charged_on(events, cycle)
        .into_iter()
        .map(|(_, charge)| charge.merchant.id.to_string())
        .collect()
}

fn total<'e>(charges: impl IntoIterator<Item = &'e (usize, &'e PurchaseApproved)>) -> String {
    charges
        .into_iter()
        .map(|(_, charge)| charge.amount.minor_units())
        .sum::<i64>()
        .to_string()
}

fn balance(account: AccountId, events: &[Event]) -> Vec<String> {
    let Event::AccountOpened(opened) = &events[0] else {
        panic!("the first event opens the account")
    };
    let limit = events
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::AccountOpened(opened) => Some(opened.credit_limit),
            Event::CreditLimitChanged(changed) => Some(changed.credit_limit),
            _ => None,
        })
        .unwrap();
    let closed = events
        .iter()
        .any(|event| matches!(event, Event::AccountClosed(_)));
    vec![
        account.to_string(),
        if closed { "closed" } else { "open" }.to_owned(),
        limit.currency().to_string(),
        opened.closing_day.to_string(),
        opened.occurred_at.timestamp_micros().to_string(),
        limit.minor_units().to_string(),
        total(&charges(events)),
    ]
}

fn cards(account: AccountId, events: &[Event]) -> Vec<Vec<String>> {
    let issued = events
        .iter()
        .enumerate()
        .filter_map(|(index, event)| match event {
            Event::CardIssued(issued) => Some((index + 1, issued)),
            _ => None,
        });
    issued
        .map(|(version, issued)| {
            let status = events.iter().rev().find_map(|event| match event {
                Event::CardActivated(card) if card.card_id == issued.card_id => Some("active"),
                Event::CardUnblocked(card) if card.card_id == issued.card_id => Some("active"),
                Event::CardBlocked(card) if card.card_id == issued.card_id => Some("blocked"),
                Event::CardCancelled(card) if card.card_id == issued.card_id => Some("cancelled"),
                _ => None,
            });
            vec![
                account.to_string(),
                issued.card_id.to_string(),
                issued.card_last_four.to_string(),
                issued.expiry.year().to_string(),
                issued.expiry.month().to_string(),
                status.unwrap_or("issued").to_owned(),
                version.to_string(),
            ]
        })
        .collect()
}

/// A row of the timeline, out of the event's own JSON.
fn activity(account: AccountId, version: usize, event: &Event) -> Vec<String> {
    let json = serde_json::to_value(event).unwrap();
    let text = |pointer: &str| match json.pointer(pointer) {
        None => "-".to_owned(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let either = |one: &str, other: &str| if text(one) == "-" { text(other) } else { text(one) };
    let cycle = text("/billing_cycle/closes_on");
    let search = format!("{} {}", text("/merchant/name"), text("/description")).to_lowercase();
    vec![
        account.to_string(),
        version.to_string(),
        text("/type"),
        event.occurred_at().timestamp_micros().to_string(),
        text("/card_id"),
        text("/card_last_four"),
        text("/authorization_id"),
        text("/amount/minor_units"),
        text("/credit_limit/minor_units"),
        either("/amount/currency", "/credit_limit/currency"),
        text("/merchant/id"),
        text("/merchant/name"),
        text("/merchant/mcc"),
        text("/description"),
        if search == "- -" { "-".to_owned() } else { search },
        text("/reason"),
        cycle.get(..7).unwrap_or("-").to_owned(),
    ]
}

fn statement(account: AccountId, events: &[Event], cycle: &str) -> Vec<String> {
    let charges = charged_on(events, cycle);
    let (_, first) = charges[0];
    vec![
        account.to_string(),
        cycle.to_owned(),
        first.billing_cycle.opens_on.to_string(),
        first.billing_cycle.closes_on.to_string(),
        first.billing_cycle.due_on.to_string(),
        first.amount.currency().to_string(),
        total(&charges),
        charges.len().to_string(),
    ]
}

fn lines(account: AccountId, events: &[Event], cycle: &str) -> Vec<Vec<String>> {
    let line = |(version, charge): (usize, &PurchaseApproved)| {
        vec![
            account.to_string(),
            cycle.to_owned(),
            version.to_string(),
            charge.occurred_at.timestamp_micros().to_string(),
            charge.card_id.to_string(),
            charge.card_last_four.to_string(),
            charge.authorization_id.to_string(),
            charge.amount.minor_units().to_string(),
            charge.amount.currency().to_string(),
            charge.merchant.id.to_string(),
            charge.merchant.name.to_string(),
            charge.merchant.mcc.to_string(),
            charge.description.to_string(),
            format!("{} {}", charge.merchant.name, charge.description).to_lowercase(),
        ]
    };
    charged_on(events, cycle).into_iter().map(line).collect()
}

fn spend(account: AccountId, events: &[Event], cycle: &str, merchant: &str) -> Vec<String> {
    let charges: Vec<_> = charged_on(events, cycle)
        .into_iter()
        .filter(|(_, charge)| charge.merchant.id.as_str() == merchant)
        .collect();
    let (version, last) = charges[charges.len() - 1];
    vec![
        account.to_string(),
        cycle.to_owned(),
        merchant.to_owned(),
        last.merchant.name.to_string(),
        last.merchant.mcc.to_string(),
        last.amount.currency().to_string(),
        charges.len().to_string(),
        total(&charges),
        version.to_string(),
        last.occurred_at.timestamp_micros().to_string(),
    ]
}
