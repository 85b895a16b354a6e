//! Statement rows → statements.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::calendar::{BillingCycle, business_date};
use domain::{AccountId, Money};
use serde::Serialize;

use crate::account_balance::query::closing_day;
use crate::graphql::{Failure, Reads, Seen, instant, money};
use crate::store::{Kind, ReadStore, all, to_json, unfolded};

/// Statements in one list at most: twenty years.
const STATEMENTS_MAX: i64 = 240;

/// A statement without its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) cycle: BillingCycle,
    pub(crate) total: Money,
    pub(crate) line_count: i64,
}

/// Which statement is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The cycle that is open at this moment.
    Open { now: DateTime<Utc> },
    /// The cycle that closes in this month, given by its first day.
    Closing { month: NaiveDate, now: DateTime<Utc> },
}

/// A statement by its cycle's name, or the latest on which something is charged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct StatementKey {
    account_id: AccountId,
    cycle: Option<String>,
}

/// The same, with what there is of it.
#[derive(Debug, sqlx::FromRow)]
struct Found {
    wanted_account: String,
    wanted_cycle: Option<String>,
    #[sqlx(flatten)]
    row: Row,
}

/// An account without purchases in the cycle has nulls for it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Row {
    version: i64,
    currency: String,
    closing_day: i64,
    opened_at_micros: i64,
    opens_on: Option<String>,
    closes_on: Option<String>,
    due_on: Option<String>,
    total_minor: Option<i64>,
    line_count: Option<i64>,
}

/// One statement. A cycle in which nothing was charged yet is an empty statement; a cycle before the account was opened, or
/// one that has not begun, is none.
pub(crate) async fn statement(
    reads: &Reads,
    account: AccountId,
    wanted: Wanted,
) -> Result<Option<Seen<Option<Statement>>>, Failure> {
    let key = StatementKey {
        account_id: account,
        cycle: wanted.name(),
    };
    let row = reads.load_one(key).await?;
    row.map(|row| {
        Ok(Seen {
            version: row.version,
            value: choose(&row, wanted)?,
        })
    })
    .transpose()
}

impl Loader<StatementKey> for ReadStore {
    type Value = Row;
    type Error = Failure;

    async fn load(&self, keys: &[StatementKey]) -> Result<HashMap<StatementKey, Row>, Failure> {
        let wanted = [("account_id", Kind::Text), ("cycle", Kind::Text)];
        let sql = format!(
            "select w.account_id as wanted_account, w.cycle as wanted_cycle,
                    v.version, b.currency, b.closing_day, b.opened_at_micros,
                    s.opens_on, s.closes_on, s.due_on, s.total_minor, s.line_count
             from {}
             join account_version v on v.account_id = w.account_id
             join account_balance b on b.account_id = w.account_id
             left join statement s on s.account_id = w.account_id
                  and s.cycle = coalesce(w.cycle, (select max(cycle) from statement where account_id = w.account_id))",
            unfolded(self.dialect(), "w", &wanted)
        );
        let rows = all!(self, Found, &sql, to_json(keys)?)?;
        let keyed = rows.into_iter().filter_map(|found| {
            let key = StatementKey {
                account_id: found.wanted_account.parse().ok()?,
                cycle: found.wanted_cycle,
            };
            Some((key, found.row))
        });
        Ok(keyed.collect())
    }
}

impl Wanted {
    fn name(self) -> Option<String> {
        match self {
            Self::Open { .. } => None,
            Self::Closing { month, .. } => Some(month.format("%Y-%m").to_string()),
        }
    }
}

fn choose(row: &Row, wanted: Wanted) -> Result<Option<Statement>, Failure> {
    let charged = charged(row)?;
    let closing_day = closing_day(row.closing_day)?;
    let opened_on = business_date(instant(row.opened_at_micros)?);
    Ok(match wanted {
        Wanted::Open { now } => {
            let open = BillingCycle::containing(business_date(now), closing_day);
            // A purchase just made may fall in a cycle that this process's clock has not reached.
            match charged {
                Some(latest) if latest.cycle.closes_on >= open.closes_on => Some(latest),
                Some(_) | None => Some(empty(open, row)?),
            }
        }
        Wanted::Closing { month, now } => {
            let last_day = month + Days::new(u64::from(closing_day.day())) - Days::new(2);
            let cycle = BillingCycle::containing(last_day, closing_day);
            let existed = cycle.closes_on > opened_on && cycle.opens_on <= business_date(now);
            match charged {
                None if existed => Some(empty(cycle, row)?),
                found => found,
            }
        }
    })
}

fn empty(cycle: BillingCycle, row: &Row) -> Result<Statement, Failure> {
    Ok(Statement {
        cycle,
        total: money(0, &row.currency)?,
        line_count: 0,
    })
}

fn charged(row: &Row) -> Result<Option<Statement>, Failure> {
    let (Some(opens_on), Some(closes_on), Some(due_on)) = (&row.opens_on, &row.closes_on, &row.due_on) else {
        return Ok(None);
    };
    let cycle = BillingCycle {
        opens_on: date(opens_on)?,
        closes_on: date(closes_on)?,
        due_on: date(due_on)?,
    };
    Ok(Some(Statement {
        cycle,
        total: money(row.total_minor.unwrap_or_default(), &row.currency)?,
        line_count: row.line_count.unwrap_or_default(),
    }))
}

/// The statements on which something is charged, newest first.
pub(crate) async fn statements(
    store: &ReadStore,
    account: AccountId,
) -> Result<Option<Seen<Vec<Statement>>>, Failure> {
    let rows = all!(
        store,
        Row,
        "select v.version, b.currency, b.closing_day, b.opened_at_micros,
                s.opens_on, s.closes_on, s.due_on, s.total_minor, s.line_count
         from account_version v
         join account_balance b on b.account_id = v.account_id
         left join statement s on s.account_id = v.account_id
         where v.account_id = $1 order by s.cycle desc limit $2",
        account.to_string(),
        STATEMENTS_MAX
    )?;
    let Some(version) = rows.first().map(|row| row.version) else {
        return Ok(None);
    };
    let charged: Result<Vec<Option<Statement>>, Failure> = rows.iter().map(charged).collect();
    Ok(Some(Seen {
        version,
        value: charged?.into_iter().flatten().collect(),
    }))
}

fn date(text: &str) -> Result<NaiveDate, Failure> {
    text.parse()
        .map_err(|_| Failure::Row(format!("the date {text:?}")))
}
