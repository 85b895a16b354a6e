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
use crate::bank::Failure;
use crate::bank::facts::{Indexed, Operations, Pipeline};
use crate::bank::queries::{OPERATIONS, OperationsAnswer, PIPELINE, PipelineAnswer};
use crate::search::Span;
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

    fn bucket_hours(self) -> u32 {
        match self {
            Self::Day => 1,
            Self::Week | Self::Month => 24,
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
    match ask(&app, question.window).await {
        Ok(answer) => html(
            StatusCode::OK,
            &view::OperationsPage::new(&visitor, question.window, answer),
        ),
        Err(failure) => visitor.problem(&failure.problem("/operations")),
    }
}

/// The figures, and how far what they come from is.
struct Answer {
    operations: Operations,
    pipeline: Pipeline,
    indexed: Option<Indexed>,
}

async fn ask(app: &App, window: Window) -> Result<Answer, Failure> {
    let until = Utc::now();
    let since = until - window.length();
    let Some(search) = &app.search else {
        let variables = json!({ "since": since, "width": window.bucket() });
        let answer: OperationsAnswer = app.bank.ask(OPERATIONS, variables).await?;
        return Ok(Answer {
            operations: answer.operations,
            pipeline: answer.pipeline,
            indexed: None,
        });
    };
    let span = Span {
        since,
        until,
        bucket_hours: window.bucket_hours(),
    };
    let (found, health) = tokio::join!(
        search.operations(span),
        app.bank.ask::<PipelineAnswer>(PIPELINE, json!({}))
    );
    let (operations, indexed) = found?;
    Ok(Answer {
        operations,
        pipeline: health?.pipeline,
        indexed: Some(indexed),
    })
}
