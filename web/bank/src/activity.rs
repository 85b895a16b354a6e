//! The timeline: everything that happened to the account, newest first. What was declined is marked and costs nothing; what
//! is charged is on the statement.

mod view;
mod why;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use look::html;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::asked::{Asked, SEARCH_CHARACTERS_MAX, given};
use crate::bank::bad_address;
use crate::bank::queries::{ACTIVITY, ActivityAnswer};
use crate::cardholder::Cardholder;
use crate::settings::App;

pub(crate) use why::why;

/// Events on a page.
const PAGE_EVENTS: i32 = 25;

/// What the timeline may be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Show {
    #[default]
    All,
    Approved,
    Declined,
    Changes,
}

impl Show {
    const EACH: [Self; 4] = [Self::All, Self::Approved, Self::Declined, Self::Changes];

    fn name(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Changes => "changes",
        }
    }

    fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::All => &[],
            Self::Approved => &["PURCHASE_APPROVED"],
            Self::Declined => &["PURCHASE_DECLINED"],
            Self::Changes => &CHANGES,
        }
    }
}

/// What happens to account and cards without a purchase.
const CHANGES: [&str; 8] = [
    "ACCOUNT_OPENED",
    "CREDIT_LIMIT_CHANGED",
    "CARD_ISSUED",
    "CARD_ACTIVATED",
    "CARD_BLOCKED",
    "CARD_UNBLOCKED",
    "CARD_CANCELLED",
    "ACCOUNT_CLOSED",
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    show: Show,
    search: String,
    newer: String,
    older: String,
    seen: Option<u64>,
}

impl Question {
    fn variables(&self, account: &str, version: Option<u64>) -> Value {
        let (first, last) = match given(&self.newer) {
            Some(_) => (None, Some(PAGE_EVENTS)),
            None => (Some(PAGE_EVENTS), None),
        };
        json!({
            "account": account,
            "version": version,
            "filter": { "kinds": self.show.kinds(), "search": given(&self.search) },
            "first": first,
            "after": if last.is_some() { None } else { given(&self.older) },
            "last": last,
            "before": given(&self.newer),
        })
    }
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    holder: Cardholder,
    Asked(question): Asked<Question>,
) -> Response {
    if question.search.chars().count() > SEARCH_CHARACTERS_MAX {
        return holder.visitor.problem(&bad_address());
    }
    let variables = question.variables(&holder.account_id, holder.at_least_version);
    match app.bank.ask::<ActivityAnswer>(ACTIVITY, variables).await {
        Ok(answer) => html(
            StatusCode::OK,
            &view::ActivityPage::new(&holder, &question, answer.activity),
        ),
        Err(failure) => holder.failed(&failure),
    }
}
