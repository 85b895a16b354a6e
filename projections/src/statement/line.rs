//! The lines of a statement: rows → lines, in the order in which they were charged.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use domain::AccountId;
use serde::Serialize;
use sqlx::{ColumnIndex, Decode, FromRow, Type};

use crate::graphql::{Failure, Page, Reads, like};
use crate::store::{Kind, ReadStore, all, to_json, unfolded};

/// Which lines are asked for; nothing means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Filter {
    pub(crate) merchant_id: String,
    pub(crate) search: String,
}

/// A page of the lines of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    range: Range,
    form: Form,
}

/// Where a page's lines are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
struct Range {
    account_id: AccountId,
    cycle: String,
    after_version: i64,
    before_version: i64,
}

/// A range, and its place among those that are read in one statement.
#[derive(Debug, Serialize)]
struct NumberedRange<'a> {
    page: usize,
    #[serde(flatten)]
    range: &'a Range,
}

const RANGE: [(&str, Kind); 5] = [
    ("page", Kind::Integer),
    ("account_id", Kind::Text),
    ("cycle", Kind::Text),
    ("after_version", Kind::Integer),
    ("before_version", Kind::Integer),
];

/// What pages that are read in one statement have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Form {
    from_end: bool,
    rows_max: i64,
    filter: Filter,
}

/// A line, and the number of the page that it is on.
#[derive(Debug)]
struct Found {
    page: i64,
    row: Row,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) version: i64,
    pub(crate) occurred_at_micros: i64,
    pub(crate) card_id: String,
    pub(crate) card_last_four: String,
    pub(crate) authorization_id: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) merchant_id: String,
    pub(crate) merchant_name: String,
    pub(crate) mcc: String,
    pub(crate) description: String,
}

/// A page of the lines that `version` of the account shows, up to one row more than the page holds. Lines are only ever
/// added, so these agree with the total of that version whatever was charged since.
pub(crate) async fn page(
    reads: &Reads,
    account: AccountId,
    cycle: String,
    version: i64,
    page: Page,
    filter: Filter,
) -> Result<Vec<Row>, Failure> {
    let range = Range {
        account_id: account,
        cycle,
        after_version: page.after.unwrap_or(0),
        before_version: page.before.unwrap_or(i64::MAX).min(version.saturating_add(1)),
    };
    let form = Form {
        from_end: page.from_end,
        rows_max: page.fetch(),
        filter,
    };
    let rows = reads.load_one(PageKey { range, form }).await?;
    Ok(rows.map(Arc::unwrap_or_clone).unwrap_or_default())
}

impl Loader<PageKey> for ReadStore {
    /// Handed out as a clone, though only one has asked.
    type Value = Arc<Vec<Row>>;
    type Error = Failure;

    async fn load(&self, keys: &[PageKey]) -> Result<HashMap<PageKey, Arc<Vec<Row>>>, Failure> {
        let mut alike: HashMap<&Form, Vec<&PageKey>> = HashMap::new();
        for key in keys {
            alike.entry(&key.form).or_default().push(key);
        }
        let mut pages: HashMap<PageKey, Vec<Row>> = HashMap::new();
        for (form, keys) in alike {
            for found in pages_alike(self, form, &keys).await? {
                let key = usize::try_from(found.page).ok().and_then(|page| keys.get(page));
                if let Some(&key) = key {
                    pages.entry(key.clone()).or_default().push(found.row);
                }
            }
        }
        let pages = pages.into_iter().map(|(key, rows)| (key, Arc::new(rows)));
        Ok(pages.collect())
    }
}

/// By the order of the columns: to look each up by its name costs more than to read it.
impl<'r, R> FromRow<'r, R> for Found
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(found: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            page: found.try_get(0)?,
            row: Row {
                version: found.try_get(1)?,
                occurred_at_micros: found.try_get(2)?,
                card_id: found.try_get(3)?,
                card_last_four: found.try_get(4)?,
                authorization_id: found.try_get(5)?,
                amount_minor: found.try_get(6)?,
                currency: found.try_get(7)?,
                merchant_id: found.try_get(8)?,
                merchant_name: found.try_get(9)?,
                mcc: found.try_get(10)?,
                description: found.try_get(11)?,
            },
        })
    }
}

/// The lines of pages of one form, each page's in its order.
async fn pages_alike(store: &ReadStore, form: &Form, keys: &[&PageKey]) -> Result<Vec<Found>, sqlx::Error> {
    let ranges: Vec<NumberedRange<'_>> = keys
        .iter()
        .enumerate()
        .map(|(page, key)| NumberedRange {
            page,
            range: &key.range,
        })
        .collect();
    let (order, within) = if form.from_end {
        (
            "desc",
            "l.version > coalesce(p.beyond, p.after_version) and l.version < p.before_version",
        )
    } else {
        (
            "asc",
            "l.version > p.after_version and l.version < coalesce(p.beyond, p.before_version)",
        )
    };
    // A left join: the other way round all lines of all accounts would be read, which seems cheap while there are none.
    // Where all are wanted, the first look finds what it looks for in the index alone.
    let wanted = if form.filter == Filter::default() {
        "true"
    } else {
        "($3 = '' or l.merchant_id = $3) and ($4 = '' or l.search_text like $4 escape '\\')"
    };
    let sql = format!(
        "with p as materialized (
            select w.page, w.account_id, w.cycle, w.after_version, w.before_version,
                   (select l.version from statement_line l
                    where l.account_id = w.account_id and l.cycle = w.cycle
                      and l.version > w.after_version and l.version < w.before_version and {wanted}
                    order by l.version {order} limit 1 offset $2) as beyond
            from {ranges_sql})
         select p.page, l.version, l.occurred_at_micros, l.card_id, l.card_last_four, l.authorization_id, l.amount_minor,
                l.currency, l.merchant_id, l.merchant_name, l.mcc, l.description
         from p left join statement_line l
              on l.account_id = p.account_id and l.cycle = p.cycle and {within} and {wanted}
         where coalesce(l.version, 0) > 0
         order by p.page, l.version {order}",
        ranges_sql = unfolded(store.dialect(), "w", &RANGE)
    );
    all!(
        store,
        Found,
        &sql,
        to_json(&ranges)?,
        form.rows_max,
        &form.filter.merchant_id,
        like(&form.filter.search)
    )
}
