//! `codebank statement`: an account's statement as a table, asked of GraphQL as any front end would.

use anyhow::{Context, bail};
use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Deserialize;
use serde_json::json;

/// All lines in one page: the server's own limit is what a person reads.
const LINES_MAX: i32 = 100;

const QUERY: &str = "
query Statement($account: ID!, $cycle: String, $version: Version, $lines: Int!, $after: String) {
  account(id: $account, atLeastVersion: $version) { creditLimit { decimal } available { decimal } }
  statement(accountId: $account, cycle: $cycle, atLeastVersion: $version) {
    accountVersion cycle status opensOn closesOn dueOn lineCount
    total { decimal currency }
    lines(first: $lines, after: $after) {
      nodes { occurredAt amount { decimal } merchant { name } description cardLastFour }
      pageInfo { hasNextPage endCursor }
    }
  }
}";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The account's id.
    #[arg(value_name = "ACCOUNT")]
    account_id: String,
    /// The statement's name, year and month of its closing, such as 2026-12. The open one without it.
    #[arg(long, value_name = "YYYY-MM")]
    cycle: Option<String>,
    /// Wait until the statement shows this version of the account, as an answer to a payment gave it.
    #[arg(long, value_name = "VERSION")]
    at_least_version: Option<u64>,
    /// Address of the bank's GraphQL server.
    #[arg(
        long = "http",
        env = "CODEBANK_HTTP_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    account: Option<Account>,
    statement: Option<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    credit_limit: Amount,
    available: Amount,
}

#[derive(Debug, Deserialize)]
struct Amount {
    decimal: String,
    #[serde(default)]
    currency: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    account_version: u64,
    cycle: String,
    status: String,
    opens_on: String,
    closes_on: String,
    due_on: String,
    line_count: i64,
    total: Amount,
    lines: Lines,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lines {
    nodes: Vec<Line>,
    page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    occurred_at: String,
    amount: Amount,
    merchant: Merchant,
    description: String,
    card_last_four: String,
}

#[derive(Debug, Deserialize)]
struct Merchant {
    name: String,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let first = ask(&args, None).await?;
    let account = first.account.context("the bank shows no such account (yet)")?;
    let mut statement = first.statement.context("the bank shows no such statement")?;
    while statement.lines.page_info.has_next_page {
        let next = ask(&args, statement.lines.page_info.end_cursor.as_deref()).await?;
        let next = next.statement.context("the statement is gone")?;
        statement.lines.nodes.extend(next.lines.nodes);
        statement.lines.page_info = next.lines.page_info;
    }
    print(&account, &statement);
    Ok(())
}

async fn ask(args: &Args, after: Option<&str>) -> anyhow::Result<Data> {
    #[derive(Deserialize)]
    struct Answer {
        data: Option<Data>,
        #[serde(default)]
        errors: Vec<GraphqlError>,
    }
    #[derive(Deserialize)]
    struct GraphqlError {
        message: String,
    }

    let variables = json!({
        "account": args.account_id, "cycle": args.cycle, "version": args.at_least_version, "lines": LINES_MAX, "after": after,
    });
    let url = if args.url.contains("://") {
        args.url.clone()
    } else {
        format!("http://{}", args.url)
    };
    let unreachable = || format!("no bank answers at {url}; is it running? (`codebank up` starts one)");
    let response = reqwest::Client::new()
        .post(format!("{url}/graphql"))
        .json(&json!({ "query": QUERY, "variables": variables }))
        .send()
        .await
        .with_context(unreachable)?;
    let answer: Answer = response.json().await.context("the answer is not GraphQL")?;
    if let Some(error) = answer.errors.first() {
        bail!("{}", error.message);
    }
    answer.data.context("the answer is empty")
}

fn print(account: &Account, statement: &Statement) {
    let money = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let texts = ["when (UTC)", "store", "description", "card"].map(Cell::new);
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_header(texts.into_iter().chain([money("amount")]));
    for line in &statement.lines.nodes {
        table.add_row([
            Cell::new(
                line.occurred_at
                    .get(..16)
                    .unwrap_or(&line.occurred_at)
                    .replace('T', " "),
            ),
            Cell::new(&line.merchant.name),
            Cell::new(&line.description),
            Cell::new(format!("•••• {}", line.card_last_four)),
            money(&line.amount.decimal),
        ]);
    }
    let total = format!("{} {}", statement.total.decimal, statement.total.currency);
    table.add_row([
        Cell::new("total"),
        Cell::new(""),
        Cell::new(""),
        Cell::new(""),
        money(&total),
    ]);
    let status = statement.status.to_lowercase();
    println!(
        "Statement {} ({status}), version {}",
        statement.cycle, statement.account_version
    );
    println!(
        "purchases from {} to the day before {}, due on {}",
        statement.opens_on, statement.closes_on, statement.due_on
    );
    println!("{table}");
    let lines = if statement.line_count == 1 {
        "line"
    } else {
        "lines"
    };
    println!(
        "{} {lines}; {} of {} {} available",
        statement.line_count,
        account.available.decimal,
        account.credit_limit.decimal,
        statement.total.currency
    );
}
