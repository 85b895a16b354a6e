//! A statement: the open one or that of a past cycle, as a page and as files. Declined purchases are never on it.

mod csv;
mod file;
mod pdf;
mod view;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use look::html;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::asked::{Asked, SEARCH_CHARACTERS_MAX, given};
use crate::bank::bad_address;
use crate::bank::queries::{OPEN_CYCLE, OpenCycle, STATEMENT, StatementAnswer};
use crate::cardholder::Cardholder;
use crate::settings::App;

/// Lines on a page.
const PAGE_LINES: i32 = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    /// Looks for this in store and description.
    search: String,
    merchant: String,
    /// Cursors of the bank's: lines newer than this one,
    newer: String,
    /// or older.
    older: String,
    /// Lines above this version came since the page was last drawn.
    seen: Option<u64>,
}

impl Question {
    /// The lines are shown newest first; the bank lists them oldest first.
    fn variables(&self, account: &str, cycle: &str, version: Option<u64>) -> Value {
        let (first, last) = match given(&self.newer) {
            Some(_) => (Some(PAGE_LINES), None),
            None => (None, Some(PAGE_LINES)),
        };
        json!({
            "account": account,
            "cycle": cycle,
            "version": version,
            "filter": { "search": given(&self.search), "merchantId": given(&self.merchant) },
            "first": first,
            "after": given(&self.newer),
            "last": last,
            "before": if first.is_some() { None } else { given(&self.older) },
        })
    }
}

pub(crate) async fn current(
    State(app): State<Arc<App>>,
    holder: Cardholder,
    Asked(question): Asked<Question>,
) -> Response {
    let variables = json!({ "account": holder.account_id, "version": holder.at_least_version });
    match app.bank.ask::<OpenCycle>(OPEN_CYCLE, variables).await {
        Ok(open) => page(&app, &holder, &question, &open.statement.cycle, "/statements").await,
        Err(failure) => holder.failed(&failure),
    }
}

/// `2026-12`, and the files `2026-12.csv` and `2026-12.pdf`.
pub(crate) async fn of_cycle(
    State(app): State<Arc<App>>,
    holder: Cardholder,
    Path(name): Path<String>,
    Asked(question): Asked<Question>,
) -> Response {
    match name.split_once('.') {
        None => page(&app, &holder, &question, &name, &format!("/statements/{name}")).await,
        Some((cycle, "csv")) => file::csv(&app, &holder, cycle).await,
        Some((cycle, "pdf")) => file::pdf(&app, &holder, cycle).await,
        Some(_) => look::not_found(holder.visitor).await,
    }
}

async fn page(app: &App, holder: &Cardholder, question: &Question, cycle: &str, path: &str) -> Response {
    if question.search.chars().count() > SEARCH_CHARACTERS_MAX {
        return holder.visitor.problem(&bad_address());
    }
    if !is_cycle(cycle) {
        return look::not_found(holder.visitor.clone()).await;
    }
    let variables = question.variables(&holder.account_id, cycle, holder.at_least_version);
    match app.bank.ask::<StatementAnswer>(STATEMENT, variables).await {
        Ok(answer) => html(
            StatusCode::OK,
            &view::StatementPage::new(holder, question, answer, path),
        ),
        Err(failure) => holder.failed(&failure),
    }
}

/// Year and month, such as 2026-12. What is none names no statement, and need not be asked for.
fn is_cycle(text: &str) -> bool {
    text.len() == 7
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
