//! What operators ask of a role: `/livez`, `/readyz`, `/metrics`.

use std::time::Duration;

use reqwest::StatusCode;
use test_support::eventually;

/// A start on a busy machine, with a neighbour that is itself just starting.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// The operations endpoints of one role.
#[derive(Debug, Clone)]
pub struct Operations {
    url: String,
    http: reqwest::Client,
}

impl Operations {
    pub fn at(address: impl std::fmt::Display) -> Self {
        Self {
            url: format!("http://{address}"),
            http: reqwest::Client::new(),
        }
    }

    /// The status and the text, or nothing while nobody listens.
    pub async fn get(&self, path: &str) -> Option<(StatusCode, String)> {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.ok()?;
        Some((answer.status(), answer.text().await.ok()?))
    }

    pub async fn is_ready(&self) -> Result<(), String> {
        match self.get("/readyz").await {
            Some((StatusCode::OK, _)) => Ok(()),
            Some((_, why)) => Err(why),
            None => Err(format!("nobody listens at {}", self.url)),
        }
    }

    pub async fn when_ready(&self) {
        let what = format!("{} is ready", self.url);
        eventually(&what, READY_WITHIN, async || self.is_ready().await).await;
    }

    /// The value of the sample that begins with these words, if there is one: a name, or a name with its labels.
    pub async fn metric(&self, name: &str) -> Option<String> {
        let (_, text) = self.get("/metrics").await?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.rsplit_once(' ').map(|(_, value)| value.to_owned())
    }
}
