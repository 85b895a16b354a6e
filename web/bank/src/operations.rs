//! `/operations`: what the bank decides, across accounts, and how far its read models are. For staff; where the settings or
//! the bank leave it out, there is no such page.

mod view;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{Duration, Utc};
use look::{Visitor, html, not_found};
use serde::Deserialize;
use serde_json::json;

use crate::asked::Asked;
use crate::bank::queries::{OPERATIONS, OperationsAnswer};
use crate::settings::App;

/// The window that is looked at, up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Window {
    #[default]
    Day,
    Week,
    Month,
}

impl Window {
    const EACH: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    fn name(self) -> &'static str {
        match self {
            Self::Day => "",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn length(self) -> Duration {
        match self {
            Self::Day => Duration::days(1),
            Self::Week => Duration::days(7),
            Self::Month => Duration::days(30),
        }
    }

    /// The width of its buckets, in the words of the API.
    fn bucket(self) -> &'static str {
        match self {
            Self::Day => "HOUR",
            Self::Week | Self::Month => "DAY",
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    window: Window,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(question): Asked<Question>,
) -> Response {
    if !app.settings.operations {
        return not_found(visitor).await;
    }
    let since = Utc::now() - question.window.length();
    let variables = json!({ "since": since, "width": question.window.bucket() });
    match app.bank.ask::<OperationsAnswer>(OPERATIONS, variables).await {
        Ok(answer) => html(
            StatusCode::OK,
            &view::OperationsPage::new(&visitor, question.window, answer),
        ),
        Err(failure) => visitor.problem(&failure.problem("/operations")),
    }
}
