//! What an account's holder, an operator and a consumer of the topic see, against the log.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::graph::{Shown, minor_units};
use tests::search::Document;
use tests::topic::Record;

use crate::findings::Findings;
use crate::log::{Account, Event, Log};

/// The timeline has every event once; statements and spend have every charge once and nothing else; sums agree to the cent.
pub(crate) fn in_graphql(account: &Account, shown: &Shown, findings: &mut Findings) {
    let id = &account.id;
    let activity: Vec<Value> = account.events.iter().map(as_activity).collect();
    let seen: Vec<Value> = shown.activity.iter().map(activity_seen).collect();
    each(&format!("account {id}: activity"), &seen, &activity, findings);

    let approved: Vec<Value> = account
        .events
        .iter()
        .filter(|event| event.is_approval())
        .map(as_line)
        .collect();
    let mut lines: Vec<Value> = Vec::new();
    for statement in &shown.statements {
        let cycle = &statement.cycle;
        lines.extend(statement.lines.iter().map(|line| line_seen(line, cycle)));
        let total: i64 = statement
            .lines
            .iter()
            .map(|line| minor_units(&line["amount"]))
            .sum();
        let what = format!("account {id}: total of statement {cycle}");
        findings.equal(&what, &minor_units(&statement.summary["total"]), &total);
        let what = format!("account {id}: lines of statement {cycle}");
        findings.equal(
            &what,
            &statement.summary["lineCount"],
            &json!(statement.lines.len()),
        );
    }
    lines.sort_by_key(|line| line["version"].as_u64());
    each(
        &format!("account {id}: statement lines"),
        &lines,
        &approved,
        findings,
    );

    let charged = account.charged();
    let limit = account.credit_limit();
    let outstanding = minor_units(&shown.account["outstanding"]);
    findings.equal(&format!("account {id}: outstanding"), &outstanding, &charged);
    let available = minor_units(&shown.account["available"]);
    findings.equal(
        &format!("account {id}: available"),
        &available,
        &(limit - charged),
    );
    let spent: i64 = shown
        .merchants
        .iter()
        .map(|spend| minor_units(&spend["amount"]))
        .sum();
    findings.equal(&format!("account {id}: spent at merchants"), &spent, &charged);
    let purchases: u64 = shown
        .merchants
        .iter()
        .filter_map(|spend| spend["purchaseCount"].as_u64())
        .sum();
    findings.equal(
        &format!("account {id}: purchases at merchants"),
        &purchases,
        &(approved.len() as u64),
    );
}

fn as_activity(event: &Event) -> Value {
    json!({
        "id": event.recorded.event_id,
        "version": event.recorded.sequence,
        "kind": event.kind().to_uppercase(),
        "amount": event.is_decision().then(|| event.amount()),
        "authorization": event.data["authorization_id"],
        "reason": event.reason().map(str::to_uppercase),
        "description": event.data["description"],
        "merchant": event.data["merchant"]["id"],
        "at": millis(&event.data["occurred_at"]),
    })
}

fn activity_seen(row: &Value) -> Value {
    json!({
        "id": row["id"],
        "version": row["version"],
        "kind": row["kind"],
        "amount": row["amount"].is_object().then(|| minor_units(&row["amount"])),
        "authorization": row["authorizationId"],
        "reason": row["declineReason"],
        "description": row["description"],
        "merchant": row["merchant"]["id"],
        "at": millis(&row["occurredAt"]),
    })
}

fn as_line(event: &Event) -> Value {
    // Statements are called after the month in which they close.
    let closes_on = event.data["billing_cycle"]["closes_on"]
        .as_str()
        .unwrap_or_default();
    json!({
        "id": event.recorded.event_id,
        "version": event.recorded.sequence,
        "amount": event.amount(),
        "authorization": event.data["authorization_id"],
        "description": event.data["description"],
        "cycle": closes_on.get(..7),
    })
}

fn line_seen(line: &Value, cycle: &str) -> Value {
    json!({
        "id": line["id"],
        "version": line["version"],
        "amount": minor_units(&line["amount"]),
        "authorization": line["authorizationId"],
        "description": line["description"],
        "cycle": cycle,
    })
}

fn millis(time: &Value) -> Option<i64> {
    let time: chrono::DateTime<chrono::Utc> = time.as_str()?.parse().ok()?;
    Some(time.timestamp_millis())
}

/// One document per event, written once, with the event's data in it.
pub(crate) fn in_search(account: &Account, documents: &[Document], findings: &mut Findings) {
    let wanted: Vec<Value> = account
        .events
        .iter()
        .map(|event| {
            let recorded = &event.recorded;
            json!({
                "id": recorded.event_id,
                "written": 1,
                "sequence": recorded.sequence,
                "subject": recorded.stream_id,
                "type": format!("codebank.account.{}.v{}", recorded.r#type, recorded.type_version),
                "data": event.data,
            })
        })
        .collect();
    let found: Vec<Value> = documents
        .iter()
        .map(|document| {
            json!({
                "id": document.id,
                "written": document.version,
                "sequence": document.source["sequence"],
                "subject": document.source["subject"],
                "type": document.source["type"],
                "data": document.source["data"],
            })
        })
        .collect();
    each(
        &format!("account {}: documents", account.id),
        &found,
        &wanted,
        findings,
    );
}

/// Row by row, so that a difference is seen at its place.
fn each(what: &str, found: &[Value], wanted: &[Value], findings: &mut Findings) {
    findings.equal(&format!("{what}, how many"), &found.len(), &wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        if found != wanted {
            findings.add(format!("{what}: {found} where {wanted} was expected"));
            // One row that is missing shifts all that follow.
            return;
        }
    }
}

/// At least once, and never out of order: a repeat may go back, but nothing may be jumped over.
pub(crate) fn in_the_topic(log: &Log, records: &[Record], findings: &mut Findings) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for record in records {
        let envelope: Value = serde_json::from_slice(&record.value).unwrap_or_default();
        let account = String::from_utf8_lossy(&record.key).into_owned();
        let sequence = envelope["sequence"].as_u64().unwrap_or_default();
        let last = seen.entry(account.clone()).or_default();
        let place = format!("partition {}, offset {}", record.partition, record.offset);
        findings.holds((1..=*last + 1).contains(&sequence), || {
            format!("{place}: event {sequence} of account {account} follows event {last}")
        });
        *last = sequence.max(*last);
        let event = log.accounts.get(&account).and_then(|account| {
            let index = usize::try_from(sequence).ok()?.checked_sub(1)?;
            account.events.get(index)
        });
        let data = event.map(|event| &event.data);
        findings.equal(&place, &data, &Some(&envelope["data"]));
    }
    let all: BTreeMap<String, u64> = log
        .accounts
        .values()
        .map(|account| (account.id.clone(), account.events.len() as u64))
        .collect();
    findings.holds(seen == all, || {
        format!("the topic has other accounts or events than the log: {seen:?} where {all:?} was expected")
    });
}
