//! Statements of twenty lines, asked for as the statement page does, over HTTP/1.1 connections that stay open.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::bank::Account;
use crate::load::{self, Caller, Load};
use crate::measurement::{Answer, Failure};
use crate::row::{self, Conditions, Mode, Row};
use crate::settings::cores;
use crate::statements::Statements;

use super::fill::PURCHASES_OF_AN_ACCOUNT;

const QUERY: &str = "query Page($account: ID!, $lines: Int!) { \
    account(id: $account) { accountVersion status creditLimit { minorUnits currency } outstanding { minorUnits currency } \
        available { minorUnits currency } } \
    statement(accountId: $account) { accountVersion cycle status opensOn closesOn dueOn lineCount total { minorUnits currency } \
        lines(first: $lines) { \
            nodes { version occurredAt description cardLastFour merchant { id name } amount { minorUnits currency } } \
            pageInfo { hasPreviousPage hasNextPage startCursor endCursor } } } }";

pub(super) async fn measure(
    graphql: &str,
    accounts: &Arc<[Account]>,
    clients: NonZeroUsize,
    load: &Load,
    seed: u64,
) -> Result<Row> {
    eprintln!("asking for statements");
    let readers = Reader::many(graphql, accounts, clients, seed)?;
    let measurement = load::run(load, readers).await?;
    let conditions = Conditions {
        clients: clients.get(),
        connections: clients.get(),
        accounts: accounts.len(),
        seconds: load.measured.as_secs_f64(),
        warm_up_seconds: load.warm_up.as_secs_f64(),
        seed,
        mode: Mode::ClosedLoop,
        rate: None,
        cores: cores(),
        load_average_at_start: None,
        bank: row::Bank::PrivateStack,
        particular: BTreeMap::from([("lines", json!(PURCHASES_OF_AN_ACCOUNT))]),
    };
    Ok(Row::new("statements", measurement, conditions))
}

/// Asks for one page after another.
pub(crate) struct Reader {
    statements: Statements,
    accounts: Arc<[Account]>,
    random: StdRng,
}

impl Reader {
    pub(crate) fn many(
        graphql: &str,
        accounts: &Arc<[Account]>,
        clients: NonZeroUsize,
        seed: u64,
    ) -> Result<Vec<Self>> {
        let statements = Statements::at(graphql)?;
        let mut seeds = StdRng::seed_from_u64(seed);
        let readers = (0..clients.get()).map(|_| Self {
            statements: statements.clone(),
            accounts: Arc::clone(accounts),
            random: StdRng::seed_from_u64(seeds.random()),
        });
        Ok(readers.collect())
    }
}

#[derive(Debug, Deserialize)]
struct Page {
    account: Balance,
    statement: Statement,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    credit_limit: Money,
    available: Money,
}

#[derive(Debug, Deserialize)]
struct Statement {
    total: Money,
    lines: Lines,
}

#[derive(Debug, Deserialize)]
struct Lines {
    nodes: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    amount: Money,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money {
    #[serde(deserialize_with = "decimal_text")]
    minor_units: i64,
}

/// As the schema writes minor units.
fn decimal_text<'de, D: Deserializer<'de>>(text: D) -> Result<i64, D::Error> {
    let text = <Cow<'_, str>>::deserialize(text)?;
    text.parse().map_err(D::Error::custom)
}

impl Caller for Reader {
    async fn call(&mut self) -> Result<Answer, Failure> {
        let account = &self.accounts[self.random.random_range(0..self.accounts.len())];
        let variables = json!({ "account": account.id, "lines": PURCHASES_OF_AN_ACCOUNT });
        let page: Page = self.statements.ask(QUERY, &variables).await?;
        page.check().map(|()| Answer::Done)
    }
}

impl Page {
    /// All lines are there, and they are what was spent.
    fn check(&self) -> Result<(), Failure> {
        let lines = &self.statement.lines.nodes;
        let sum: i64 = lines.iter().map(|line| line.amount.minor_units).sum();
        let total = self.statement.total.minor_units;
        let spent = self.account.credit_limit.minor_units - self.account.available.minor_units;
        if lines.len() == PURCHASES_OF_AN_ACCOUNT && sum == total && total == spent {
            return Ok(());
        }
        let told = format!("{} lines of {sum}, total {total}, spent {spent}", lines.len());
        Err(Failure::new("OTHER_STATEMENT", told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: usize, total: i64, available: i64) -> Page {
        let money = |minor_units: i64| json!({ "minorUnits": minor_units.to_string(), "currency": "BRL" });
        serde_json::from_value(json!({
            "account": { "creditLimit": money(1000), "available": money(available) },
            "statement": { "total": money(total), "lines": { "nodes": vec![json!({ "amount": money(3) }); lines] } },
        }))
        .unwrap()
    }

    #[test]
    fn a_statement_must_add_up() {
        assert_eq!(page(20, 60, 940).check(), Ok(()));
        for other in [page(19, 57, 943), page(20, 61, 939), page(20, 60, 941)] {
            assert!(other.check().is_err(), "{other:?}");
        }
    }
}
