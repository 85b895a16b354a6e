//! A whole statement, for files: all of its lines, page by page, and an answer that a browser saves.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use look::{Link, Problem};
use serde_json::json;
use tracing::error;

use super::{csv as table, is_cycle, pdf as document};
use crate::bank::Failure;
use crate::bank::facts::{Line, Statement};
use crate::bank::queries::{LINES, LinesAnswer};
use crate::cardholder::Cardholder;
use crate::settings::App;

/// The longest statement that is made into a file.
const LINES_MAX: usize = 20_000;

/// A statement with all of its lines, oldest first.
pub(super) struct Whole {
    pub(super) statement: Statement,
    pub(super) lines: Vec<Line>,
}

pub(super) async fn csv(app: &App, holder: &Cardholder, cycle: &str) -> Response {
    match whole(app, holder, cycle).await {
        Ok(whole) => {
            let text = table::write(holder.visitor.language, &whole.lines);
            saved(text.into_bytes(), "text/csv; charset=utf-8", cycle, "csv")
        }
        Err(failure) => holder.failed(&failure),
    }
}

pub(super) async fn pdf(app: &App, holder: &Cardholder, cycle: &str) -> Response {
    let whole = match whole(app, holder, cycle).await {
        Ok(whole) => whole,
        Err(failure) => return holder.failed(&failure),
    };
    let language = holder.visitor.language;
    let label = holder.label.clone();
    let account = holder.account_id.clone();
    // Thousands of lines take their time to be set: not on the threads that answer others.
    let made = tokio::task::spawn_blocking(move || document::write(language, &label, &account, &whole)).await;
    match made {
        Ok(Ok(bytes)) => saved(bytes, "application/pdf", cycle, "pdf"),
        Ok(Err(failure)) => {
            error!(
                error = &failure as &dyn std::error::Error,
                "a statement cannot be set"
            );
            holder.visitor.problem(&no_file())
        }
        Err(panic) => {
            error!(
                error = &panic as &dyn std::error::Error,
                "setting a statement broke off"
            );
            holder.visitor.problem(&no_file())
        }
    }
}

fn no_file() -> Problem {
    let next = Link::new("/statements", "To your statement", "Ir para a sua fatura");
    Problem::of(StatusCode::INTERNAL_SERVER_ERROR).with_next(next)
}

async fn whole(app: &App, holder: &Cardholder, cycle: &str) -> Result<Whole, Failure> {
    if !is_cycle(cycle) {
        return Err(Failure::NotFound);
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let variables = json!({ "account": holder.account_id, "cycle": cycle, "after": after });
        let mut answer: LinesAnswer = app.bank.ask(LINES, variables).await?;
        lines.append(&mut answer.statement.lines.nodes);
        let info = &answer.statement.lines.page_info;
        if !info.has_next_page || lines.len() >= LINES_MAX {
            // A purchase may have been charged between two pages; the last answer has its total.
            return Ok(Whole {
                statement: answer.statement,
                lines,
            });
        }
        after.clone_from(&info.end_cursor);
    }
}

fn saved(bytes: Vec<u8>, kind: &'static str, cycle: &str, ending: &str) -> Response {
    // A cycle is digits and a dash: nothing that would have to be quoted.
    let disposition = format!("attachment; filename=\"statement-{cycle}.{ending}\"");
    (
        [
            (CONTENT_TYPE, kind.to_owned()),
            (CONTENT_DISPOSITION, disposition),
        ],
        bytes,
    )
        .into_response()
}
