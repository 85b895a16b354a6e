//! Statements as a front end sees them: one GraphQL query at a time.

use anyhow::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::error::Elapsed;

use crate::http::Http;
use crate::measurement::Failure;

/// The newest lines that are asked for. A purchase that is not among them must have been followed by as many others.
const LINES: usize = 10;

const QUERY: &str = "query Newest($account: ID!, $version: Version, $lines: Int!) { \
    statement(accountId: $account, atLeastVersion: $version) { accountVersion lines(last: $lines) { nodes { version } } } }";

/// Where statements are asked for. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Statements {
    http: Http,
}

/// What a statement showed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement {
    pub(crate) account_version: u64,
    lines: Lines,
}

#[derive(Debug, Deserialize)]
struct Lines {
    nodes: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    version: u64,
}

impl Statement {
    /// Whether the purchase is where it must be, given that the statement shows its version: among the newest lines, or
    /// behind as many newer ones.
    pub(crate) fn charges(&self, version: u64) -> bool {
        let lines = &self.lines.nodes;
        let is_behind = lines.len() == LINES && lines.iter().all(|line| line.version > version);
        is_behind || lines.iter().any(|line| line.version == version)
    }
}

/// What an answer with errors says beside them may be in pieces, and is not looked at.
#[derive(Debug, Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

#[derive(Debug, Deserialize)]
struct Data {
    statement: Statement,
}

#[derive(Debug, Deserialize)]
struct GraphqlError {
    message: String,
    extensions: Option<Extensions>,
}

#[derive(Debug, Deserialize)]
struct Extensions {
    code: Option<String>,
}

impl Statements {
    pub(crate) fn at(url: &str) -> Result<Self> {
        Ok(Self { http: Http::to(url)? })
    }

    /// The account's open statement. With a version, the server waits for that version within its own bound.
    pub(crate) async fn newest(
        &self,
        account_id: &str,
        at_least_version: Option<u64>,
    ) -> Result<Statement, Failure> {
        let variables = json!({ "account": account_id, "version": at_least_version, "lines": LINES });
        let data: Data = self.ask(QUERY, &variables).await?;
        Ok(data.statement)
    }

    /// What is answered to a query, if it is answered without errors.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: &Value,
    ) -> Result<T, Failure> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let (status, answer) = self
            .http
            .post(body.into_bytes())
            .await
            .map_err(|error| transport(&error))?;
        if !status.is_success() {
            return Err(Failure::new(
                format!("HTTP_{}", status.as_u16()),
                "GraphQL refused the request",
            ));
        }
        read(&answer)
    }
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Failure> {
    let other = |error: serde_json::Error| {
        Failure::new(
            "NO_STATEMENT",
            format!("GraphQL answered without a statement: {error}"),
        )
    };
    let reply: Reply<'_> = serde_json::from_slice(answer).map_err(other)?;
    if let Some(error) = reply.errors.into_iter().next() {
        let code = error.extensions.and_then(|extensions| extensions.code);
        return Err(Failure::new(
            code.unwrap_or_else(|| "GRAPHQL_ERROR".to_owned()),
            error.message,
        ));
    }
    serde_json::from_str(reply.data.map_or("null", RawValue::get)).map_err(other)
}

fn transport(error: &anyhow::Error) -> Failure {
    let code = if error.is::<Elapsed>() {
        "GRAPHQL_TIMEOUT"
    } else {
        "GRAPHQL_UNREACHABLE"
    };
    Failure::new(code, format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(reply: &Value) -> Result<Statement, Failure> {
        read(reply.to_string().as_bytes()).map(|data: Data| data.statement)
    }

    fn showing(versions: impl IntoIterator<Item = u64>) -> Statement {
        let nodes: Vec<_> = versions
            .into_iter()
            .map(|version| json!({ "version": version }))
            .collect();
        let statement = json!({ "accountVersion": 100, "lines": { "nodes": nodes } });
        answered(&json!({ "data": { "statement": statement } })).unwrap()
    }

    #[test]
    fn a_purchase_is_looked_for_on_the_statement_itself() {
        assert!(showing([7, 8]).charges(8));
        assert!(!showing([7, 9]).charges(8), "a line is missing");
        assert!(!showing([]).charges(8));
        assert!(showing(11..=20).charges(8), "as many newer ones are before it");
        assert!(!showing(12..=20).charges(8), "there was room for it");
    }

    #[test]
    fn an_error_has_the_code_that_the_bank_gave() {
        let reply = json!({ "data": { "statement": { "accountVersion": 3 } }, "errors": [
            { "message": "not yet", "extensions": { "code": "VERSION_NOT_YET_VISIBLE", "versionSeen": 3 } }
        ] });
        assert_eq!(
            answered(&reply).unwrap_err(),
            Failure::new("VERSION_NOT_YET_VISIBLE", "not yet")
        );
        let reply = json!({ "data": { "statement": null } });
        assert_eq!(answered(&reply).unwrap_err().code, "NO_STATEMENT");
    }
}
