//! The operators' questions, asked of the search index instead of the read models: the same definitions, so the same figures.
//! Only `/operations` asks it; a cardholder's pages never do.

mod answer;
mod number;
mod question;

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::bank::Failure;
use crate::bank::facts::{Indexed, Operations};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Elasticsearch, and where the bank's events are in it.
#[derive(Debug, Clone)]
pub struct SearchIndex {
    /// The base address of a node, `http://host:port`.
    pub url: String,
    /// An index, an alias or a pattern.
    pub index: String,
}

impl SearchIndex {
    /// All indices of account events at a node.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            index: "codebank.account.events.*".to_owned(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Search {
    http: reqwest::Client,
    url: String,
}

/// What is looked at: from a moment on and before another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) since: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    /// The width of a bucket, in hours.
    pub(crate) bucket_hours: u32,
}

impl Search {
    pub(crate) fn new(index: &SearchIndex) -> Self {
        Self {
            http: reqwest::Client::new(),
            url: format!("{}/{}/_search", index.url.trim_end_matches('/'), index.index),
        }
    }

    pub(crate) async fn operations(&self, span: Span) -> Result<(Operations, Indexed), Failure> {
        let answer = self
            .http
            .post(&self.url)
            .timeout(ANSWER_WITHIN)
            .json(&question::body(span))
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(Failure::Unavailable(format!(
                "the search index answered {status}"
            )));
        }
        if !status.is_success() {
            return Err(Failure::Unreadable(format!(
                "the search index answered {status}: {text}"
            )));
        }
        answer::read(&text)
    }
}
