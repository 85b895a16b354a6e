//! `statement` and `statements`: what is charged, by cycle.

use async_graphql::connection::Connection;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use domain::AccountId;
use domain::calendar::business_date;

use super::line::{self, Filter};
use super::query::{self, Wanted};
use crate::card::graphql::Card;
use crate::card::query::{CardKey, by_key};
use crate::graphql::{
    Cursor, Date, Failure, Merchant, Money, Page, Reads, Settings, Version, at_least, instant, money,
    page_cost,
};
use crate::store::ReadStore;

/// Whether purchases still fall on a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum StatementStatus {
    Open,
    Closed,
}

/// A statement without its lines.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(serial)]
pub(crate) struct StatementSummary {
    /// The statement's name: year and month of its closing, such as 2026-12.
    cycle: String,
    status: StatementStatus,
    /// First day of the period.
    opens_on: Date,
    /// The closing day, the first one that is not in the period.
    closes_on: Date,
    /// When the total is to be paid.
    due_on: Date,
    total: Money,
    line_count: i64,
}

/// What is charged in one billing cycle. Declined purchases are never on it.
#[derive(Debug, SimpleObject)]
#[graphql(complex, serial)]
pub(crate) struct Statement {
    /// The version that this answer shows.
    account_version: Version,
    #[graphql(flatten)]
    summary: StatementSummary,
    #[graphql(skip)]
    account: AccountId,
}

/// One purchase on a statement.
#[derive(Debug, SimpleObject)]
#[graphql(complex, serial)]
pub(crate) struct StatementLine {
    /// The id of the event that charged it, the same everywhere in the bank.
    id: ID,
    /// The account's version with it.
    version: Version,
    occurred_at: DateTime<Utc>,
    authorization_id: ID,
    amount: Money,
    merchant: Merchant,
    /// What was bought, in the merchant's words.
    description: String,
    card_id: ID,
    card_last_four: String,
    #[graphql(skip)]
    account: AccountId,
}

#[ComplexObject]
impl StatementLine {
    /// The card as it is now.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>> {
        let Ok(card) = self.card_id.parse() else {
            return Ok(None);
        };
        let key = CardKey {
            account: self.account,
            card,
        };
        let found = by_key(ctx.data_unchecked(), key).await?;
        Ok(found.map(Card::from))
    }
}

/// Which lines are wanted; what is left out does not matter.
#[derive(Debug, Default, InputObject)]
pub(crate) struct StatementLineFilter {
    merchant_id: Option<String>,
    /// Looks in the merchant's name and the description, in lower and upper case alike.
    #[graphql(validator(max_length = 100))]
    search: Option<String>,
}

#[ComplexObject]
impl Statement {
    /// The lines, in the order in which they were charged; those of the version that the whole answer shows.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn lines(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<StatementLineFilter>,
    ) -> Result<Connection<Cursor, StatementLine>> {
        let page = Page::parse(first, after.as_deref(), last, before.as_deref())?;
        let filter = filter.map(Filter::from).unwrap_or_default();
        let rows = if self.summary.line_count == 0 {
            Vec::new()
        } else {
            let Version(version) = self.account_version;
            let cycle = self.summary.cycle.clone();
            line::page(ctx.data_unchecked(), self.account, cycle, version, page, filter).await?
        };
        let edge = |row: line::Row| Ok((row.version, StatementLine::read(self.account, row)?));
        Ok(page.connection(rows, async_graphql::connection::EmptyFields, edge)?)
    }
}

/// The statements of an account on which something is charged, newest first.
#[derive(Debug, SimpleObject)]
pub(crate) struct StatementList {
    /// The version that this answer shows.
    account_version: Version,
    nodes: Vec<StatementSummary>,
}

#[derive(Debug, Default)]
pub(crate) struct StatementQuery;

#[Object]
impl StatementQuery {
    /// One statement: that of the cycle named by the month in which it closes, such as 2026-12, or of the cycle that is open
    /// now. With `atLeastVersion` it waits a moment for that version, and fails if it does not come: it never shows less.
    async fn statement(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        cycle: Option<String>,
        at_least_version: Option<Version>,
    ) -> Result<Option<Statement>> {
        let reads: &Reads = ctx.data_unchecked();
        let now = now(ctx);
        let account = crate::graphql::account_id(&account_id)?;
        let wanted = match cycle {
            Some(cycle) => Wanted::Closing {
                month: month(&cycle)?,
                now,
            },
            None => Wanted::Open { now },
        };
        let read = || query::statement(reads, account, wanted);
        let seen = at_least(ctx, account, at_least_version, read).await?;
        let found = seen.value.ok_or(Failure::NotFound("cycle on this account"))?;
        Ok(Some(Statement {
            account_version: Version(seen.version),
            summary: StatementSummary::of(&found, now),
            account,
        }))
    }

    /// The statements of an account on which something is charged, newest first, without their lines.
    #[graphql(complexity = "1 + 24 * child_complexity")]
    async fn statements(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        at_least_version: Option<Version>,
    ) -> Result<Option<StatementList>> {
        let store: &ReadStore = ctx.data_unchecked();
        let account = crate::graphql::account_id(&account_id)?;
        let read = || query::statements(store, account);
        let seen = at_least(ctx, account, at_least_version, read).await?;
        let summaries = seen
            .value
            .iter()
            .map(|found| StatementSummary::of(found, now(ctx)));
        Ok(Some(StatementList {
            account_version: Version(seen.version),
            nodes: summaries.collect(),
        }))
    }
}

impl StatementSummary {
    fn of(statement: &query::Statement, now: DateTime<Utc>) -> Self {
        let cycle = statement.cycle;
        Self {
            cycle: cycle.name(),
            status: if business_date(now) < cycle.closes_on {
                StatementStatus::Open
            } else {
                StatementStatus::Closed
            },
            opens_on: Date(cycle.opens_on),
            closes_on: Date(cycle.closes_on),
            due_on: Date(cycle.due_on),
            total: statement.total.into(),
            line_count: statement.line_count,
        }
    }
}

impl StatementLine {
    fn read(account: AccountId, row: line::Row) -> Result<Self, Failure> {
        Ok(Self {
            id: format!("{account}-{}", row.version).into(),
            version: Version(row.version),
            occurred_at: instant(row.occurred_at_micros)?,
            authorization_id: row.authorization_id.into(),
            amount: money(row.amount_minor, &row.currency)?.into(),
            merchant: Merchant {
                id: row.merchant_id,
                name: row.merchant_name,
                mcc: row.mcc,
            },
            description: row.description,
            card_id: row.card_id.into(),
            card_last_four: row.card_last_four,
            account,
        })
    }
}

impl From<StatementLineFilter> for Filter {
    fn from(filter: StatementLineFilter) -> Self {
        Self {
            merchant_id: filter.merchant_id.unwrap_or_default(),
            search: filter.search.unwrap_or_default(),
        }
    }
}

fn now(ctx: &Context<'_>) -> DateTime<Utc> {
    let settings: &Settings = ctx.data_unchecked();
    (settings.now)()
}

/// The first day of the month that a cycle's name says.
pub(crate) fn month(cycle: &str) -> Result<NaiveDate, Failure> {
    let well_formed = cycle.len() == 7 && cycle.is_ascii();
    let first_day = well_formed.then(|| format!("{cycle}-01").parse().ok()).flatten();
    first_day
        .ok_or_else(|| Failure::BadUserInput("a cycle is a year and a month, such as 2026-12".to_owned()))
}
