//! `/credit-cards/{number}/invoices`: what is charged to a card, newest first. Declined purchases are never among it.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::card_number::{CardNumber, Found};
use super::problem::Problem;
use crate::bank::facts::{Listed, Merchant, Money, Nodes};
use crate::bank::{Bank, Failure};
use crate::settings::App;

/// The most that one answer has; the oldest are left out.
const INVOICES_MAX: usize = 20_000;

const STATEMENTS: &str = "
query CardStatements($account: ID!) {
  statements(accountId: $account) { nodes { cycle } }
}";

#[derive(Debug, Deserialize)]
struct StatementsAnswer {
    statements: Nodes<Cycle>,
}

#[derive(Debug, Deserialize)]
struct Cycle {
    cycle: String,
}

const INVOICES: &str = "
query CardInvoices($account: ID!, $cycle: String!, $before: String) {
  statement(accountId: $account, cycle: $cycle) {
    lines(last: 200, before: $before) {
      nodes { id occurredAt authorizationId cardId description merchant { id name } amount { minorUnits currency } }
      pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
    }
  }
}";

#[derive(Debug, Deserialize)]
struct InvoicesAnswer {
    statement: Lines,
}

#[derive(Debug, Deserialize)]
struct Lines {
    lines: Listed<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    occurred_at: DateTime<Utc>,
    authorization_id: String,
    card_id: String,
    description: String,
    merchant: Merchant,
    amount: Money,
}

#[derive(Debug, Serialize)]
pub(super) struct Invoice {
    /// Always the same for the same charge.
    id: Uuid,
    /// A JSON number in major units, of just these digits.
    amount: Box<RawValue>,
    payment_date: String,
    credit_card_id: String,
    transaction_id: String,
    store: String,
    description: String,
    created_at: String,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    number: Result<Path<CardNumber>, PathRejection>,
) -> Result<Json<Vec<Invoice>>, Problem> {
    let Ok(Path(number)) = number else {
        return Err(Problem::not_found());
    };
    let (account_id, card_id) = match number.find(&app).await? {
        Found::Card {
            account_id, card_id, ..
        } if app.settings.holder(&account_id).is_some() => (account_id, card_id),
        Found::Card { .. } | Found::Nobodys | Found::NoNumber => return Err(Problem::not_found()),
    };
    Ok(Json(invoices(&app.bank, &account_id, &card_id).await?))
}

async fn invoices(bank: &Bank, account: &str, card: &str) -> Result<Vec<Invoice>, Failure> {
    let mut invoices = Vec::new();
    let answer: StatementsAnswer = bank.ask(STATEMENTS, json!({ "account": account })).await?;
    for Cycle { cycle } in answer.statements.nodes {
        let mut before: Option<String> = None;
        loop {
            let variables = json!({ "account": account, "cycle": cycle, "before": before });
            let answer: InvoicesAnswer = bank.ask(INVOICES, variables).await?;
            let Listed { nodes, page_info } = answer.statement.lines;
            for line in nodes.into_iter().rev().filter(|line| line.card_id == card) {
                if invoices.len() == INVOICES_MAX {
                    return Ok(invoices);
                }
                invoices.push(Invoice::of(line)?);
            }
            if !page_info.has_previous_page {
                break;
            }
            before = page_info.start_cursor;
        }
    }
    Ok(invoices)
}

impl Invoice {
    fn of(line: Line) -> Result<Self, Failure> {
        // The bank's own ids of events are account and version; old clients expect a UUID.
        let id = Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("codebank event: {}", line.id).as_bytes(),
        );
        let amount = RawValue::from_string(line.amount.decimal());
        let at = line.occurred_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        Ok(Self {
            id,
            amount: amount.map_err(|error| Failure::Unreadable(error.to_string()))?,
            payment_date: at.clone(),
            credit_card_id: line.card_id,
            transaction_id: line.authorization_id,
            store: line.merchant.name,
            description: line.description,
            created_at: at,
        })
    }
}
