//! A front end: asks the bank's GraphQL API, page by page.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::eventually;

/// Longer than any page of the API may be.
const PAGES_MAX: usize = 1_000;
const ROWS_PER_PAGE: u32 = 100;

/// The API of one bank.
#[derive(Debug, Clone)]
pub struct Graph {
    url: String,
    http: reqwest::Client,
}

/// What the read side shows of one account, all of it.
#[derive(Debug)]
pub struct Shown {
    pub account: Value,
    /// Oldest first.
    pub activity: Vec<Value>,
    pub statements: Vec<Statement>,
    /// Spend by merchant, over all statements.
    pub merchants: Vec<Value>,
    pub cards: Vec<Value>,
}

/// A statement with all its lines, in the order in which they were charged.
#[derive(Debug)]
pub struct Statement {
    pub cycle: String,
    pub summary: Value,
    pub lines: Vec<Value>,
}

/// Each field waits for the version by itself: they are answered side by side.
const ACCOUNT: &str = "query($id: ID!, $version: Version) {
    account(id: $id, atLeastVersion: $version) {
        accountVersion status currency closingDay
        creditLimit { minorUnits } outstanding { minorUnits } available { minorUnits }
    }
    cards(accountId: $id, atLeastVersion: $version) { nodes { id lastFour expiryMonth expiryYear status } }
    merchants(accountId: $id, first: 100, atLeastVersion: $version) {
        hasMore nodes { purchaseCount amount { minorUnits } merchant { id name mcc } }
    }
    statements(accountId: $id, atLeastVersion: $version) {
        nodes { cycle total { minorUnits currency } lineCount opensOn closesOn dueOn }
    }
}";

const ACTIVITY: &str = "query($id: ID!, $last: Int, $before: String) {
    activity(accountId: $id, last: $last, before: $before) {
        pageInfo { hasPreviousPage startCursor }
        edges { node {
            id version kind occurredAt cardId cardLastFour authorizationId declineReason cycle description
            amount { minorUnits currency } creditLimit { minorUnits } merchant { id name mcc }
        } }
    }
}";

const LINES: &str = "query($id: ID!, $cycle: String!, $first: Int, $after: String) {
    statement(accountId: $id, cycle: $cycle) { lines(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        edges { node {
            id version occurredAt authorizationId cardId cardLastFour description
            amount { minorUnits currency } merchant { id name mcc }
        } }
    } }
}";

impl Graph {
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// The data, or the errors, or why there is no answer at all.
    pub async fn ask(&self, query: &str, variables: Value) -> Result<Value, Value> {
        let body = json!({"query": query, "variables": variables});
        let sent = self.http.post(&self.url).json(&body).send().await;
        let answer = sent.map_err(|error| json!(format!("{error:?}")))?;
        let mut answer: Value = answer.json().await.map_err(|error| json!(format!("{error:?}")))?;
        match answer.get_mut("errors") {
            Some(errors) => Err(errors.take()),
            None => Ok(answer["data"].take()),
        }
    }

    /// Everything there is to see of an account, once it is seen at this version.
    pub async fn shown(&self, account: &str, version: u64, within: Duration) -> Shown {
        let what = format!("GraphQL shows account {account} at version {version}");
        let data = eventually(&what, within, async || {
            self.ask(ACCOUNT, json!({"id": account, "version": version}))
                .await
        })
        .await;
        assert_eq!(
            data["merchants"]["hasMore"], false,
            "account {account} has too many merchants for this test"
        );
        let mut statements = Vec::new();
        for summary in nodes(&data["statements"]) {
            let cycle = summary["cycle"].as_str().expect("a cycle has a name").to_owned();
            let lines = self.lines(account, &cycle).await;
            statements.push(Statement {
                cycle,
                summary,
                lines,
            });
        }
        Shown {
            activity: self.activity(account).await,
            statements,
            merchants: nodes(&data["merchants"]),
            cards: nodes(&data["cards"]),
            account: data["account"].clone(),
        }
    }

    async fn activity(&self, account: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut before = Value::Null;
        for _ in 0..PAGES_MAX {
            let variables = json!({"id": account, "last": ROWS_PER_PAGE, "before": before});
            let data = self.ask(ACTIVITY, variables).await;
            let page =
                data.unwrap_or_else(|errors| panic!("activity of {account}: {errors}"))["activity"].take();
            // The list is newest first, and its pages are read from its end.
            rows.extend(edges(&page).into_iter().rev());
            if page["pageInfo"]["hasPreviousPage"] != true {
                return rows;
            }
            before = page["pageInfo"]["startCursor"].clone();
        }
        panic!("the activity of {account} has no end");
    }

    async fn lines(&self, account: &str, cycle: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut after = Value::Null;
        for _ in 0..PAGES_MAX {
            let variables = json!({"id": account, "cycle": cycle, "first": ROWS_PER_PAGE, "after": after});
            let data = self.ask(LINES, variables).await;
            let mut data = data.unwrap_or_else(|errors| panic!("statement {cycle} of {account}: {errors}"));
            let page = data["statement"]["lines"].take();
            rows.extend(edges(&page));
            if page["pageInfo"]["hasNextPage"] != true {
                return rows;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        panic!("statement {cycle} of {account} has no end");
    }
}

fn nodes(list: &Value) -> Vec<Value> {
    list["nodes"].as_array().cloned().unwrap_or_default()
}

fn edges(page: &Value) -> Vec<Value> {
    let edges = page["edges"].as_array().into_iter().flatten();
    edges.map(|edge| edge["node"].clone()).collect()
}

/// Amounts are text, so that no reader takes them for floats.
pub fn minor_units(money: &Value) -> i64 {
    let text = money["minorUnits"].as_str();
    text.and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("an amount: {money}"))
}
