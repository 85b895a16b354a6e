//! The statement's page, in the reader's words: everything its template shows is made here.

use askama::Template;
use chrono::Duration;
use look::{Language, Page, amount, date, month};

use super::Question;
use crate::asked::{address, given};
use crate::bank::facts::{Line, Money, Spend, Statement, StatementStatus, Summary};
use crate::bank::queries::StatementAnswer;
use crate::cardholder::Cardholder;
use crate::cards::{Limit, part};
use crate::words::purchases;

/// Stores in the breakdown; the rest is one bar.
const STORES_SHOWN: usize = 6;

struct LineView {
    version: u64,
    day: String,
    merchant: String,
    description: String,
    last_four: String,
    amount: String,
    is_new: bool,
}

struct Bar {
    label: String,
    count: String,
    amount: String,
    /// Of the longest bar, in thousandths.
    length: i64,
    href: String,
}

struct Choice {
    id: String,
    name: String,
    is_chosen: bool,
}

struct Cycle {
    label: String,
    href: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "statement.html")]
pub(super) struct StatementPage {
    page: Page,
    label: String,
    version: u64,
    cycle: String,
    is_open: bool,
    /// The first page of all lines; what comes in is shown by itself.
    is_live: bool,
    /// Where the live region is asked for again.
    refresh: String,
    path: String,
    opens: String,
    last_day: String,
    closes: String,
    due: String,
    total: String,
    line_count: i64,
    limit: Limit,
    lines: Vec<LineView>,
    is_filtered: bool,
    search: String,
    stores: Vec<Choice>,
    bars: Vec<Bar>,
    cycles: Vec<Cycle>,
    newer: Option<String>,
    older: Option<String>,
}

impl StatementPage {
    pub(super) fn new(holder: &Cardholder, question: &Question, answer: StatementAnswer, path: &str) -> Self {
        let language = holder.visitor.language;
        let statement = answer.statement;
        let month = month(language, statement.closes_on);
        let is_filtered = given(&question.search).is_some() || given(&question.merchant).is_some();
        let is_open = statement.status == StatementStatus::Open;
        let is_first_page = given(&question.newer).is_none() && given(&question.older).is_none();
        let title = match language {
            Language::En => format!("Statement of {month}"),
            Language::Pt => format!("Fatura de {month}"),
        };
        let fields = [
            ("search", question.search.as_str()),
            ("merchant", &question.merchant),
        ];
        let (newer, older) = pages(&statement, path, &fields);
        let version = statement.account_version.to_string();
        let [search, merchant] = fields;
        Self {
            page: holder.page(title).with_back(&address(path, &fields)).with_htmx(),
            label: holder.label.clone(),
            version: statement.account_version,
            is_open,
            is_live: is_open && is_first_page,
            refresh: address(path, &[search, merchant, ("seen", &version)]),
            path: path.to_owned(),
            opens: date(language, statement.opens_on),
            last_day: date(language, statement.closes_on - Duration::days(1)),
            closes: date(language, statement.closes_on),
            due: date(language, statement.due_on),
            total: text(language, &statement.total),
            line_count: statement.line_count,
            limit: Limit::new(language, &answer.account),
            lines: lines(language, statement.lines.nodes, question.seen),
            is_filtered,
            search: question.search.clone(),
            stores: choices(&answer.merchants.nodes, &question.merchant),
            bars: bars(language, &statement.total, &answer.merchants.nodes, path),
            cycles: cycles(language, answer.statements.nodes, &statement.cycle, is_open),
            cycle: statement.cycle,
            newer,
            older,
        }
    }
}

fn text(language: Language, money: &Money) -> String {
    amount(language, money.minor_units, &money.currency)
}

fn lines(language: Language, lines: Vec<Line>, seen: Option<u64>) -> Vec<LineView> {
    lines
        .into_iter()
        .rev()
        .map(|line| LineView {
            version: line.version,
            day: look::moment(language, line.occurred_at),
            merchant: line.merchant.name,
            description: line.description,
            last_four: line.card_last_four,
            amount: text(language, &line.amount),
            is_new: seen.is_some_and(|seen| line.version > seen),
        })
        .collect()
}

/// The ways to the newer and the older lines.
fn pages(statement: &Statement, path: &str, fields: &[(&str, &str); 2]) -> (Option<String>, Option<String>) {
    let info = &statement.lines.page_info;
    let [search, merchant] = *fields;
    let link = |name, cursor: &Option<String>, is_more: bool| {
        let cursor = cursor.as_deref().filter(|_| is_more)?;
        Some(address(path, &[search, merchant, (name, cursor)]))
    };
    (
        link("newer", &info.end_cursor, info.has_next_page),
        link("older", &info.start_cursor, info.has_previous_page),
    )
}

fn choices(spends: &[Spend], chosen: &str) -> Vec<Choice> {
    spends
        .iter()
        .map(|spend| Choice {
            is_chosen: spend.merchant.id == chosen,
            id: spend.merchant.id.clone(),
            name: spend.merchant.name.clone(),
        })
        .collect()
}

/// The stores with most on the statement, and the rest of the total as one more bar.
fn bars(language: Language, total: &Money, spends: &[Spend], path: &str) -> Vec<Bar> {
    let longest = spends.first().map_or(0, |spend| spend.amount.minor_units);
    let mut rest = total.minor_units;
    let mut bars = Vec::new();
    for spend in spends.iter().take(STORES_SHOWN) {
        rest = rest.saturating_sub(spend.amount.minor_units);
        bars.push(Bar {
            label: spend.merchant.name.clone(),
            count: purchases(language, spend.purchase_count),
            amount: text(language, &spend.amount),
            length: part(spend.amount.minor_units, longest),
            href: address(path, &[("merchant", &spend.merchant.id)]),
        });
    }
    if rest > 0 && spends.len() > STORES_SHOWN {
        bars.push(Bar {
            label: language.t("All other stores", "Todas as outras lojas").to_owned(),
            count: String::new(),
            amount: amount(language, rest, &total.currency),
            length: part(rest, longest),
            href: String::new(),
        });
    }
    bars
}

/// The cycles to choose from, the one that is shown among them even if nothing is charged on it.
fn cycles(language: Language, summaries: Vec<Summary>, shown: &str, is_open: bool) -> Vec<Cycle> {
    let mut cycles = Vec::new();
    if !is_open || !summaries.iter().any(|summary| summary.cycle == shown) {
        cycles.push(Cycle {
            label: language.t("Current", "Atual").to_owned(),
            href: "/statements".to_owned(),
            is_current: is_open,
        });
    }
    for summary in summaries {
        cycles.push(Cycle {
            label: month(language, summary.closes_on),
            href: format!("/statements/{}", summary.cycle),
            is_current: summary.cycle == shown,
        });
    }
    cycles
}
