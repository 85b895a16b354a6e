//! The lines of a statement: rows → lines, in the order in which they were charged.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use domain::AccountId;
use serde::Serialize;

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

/// The number of a page, and a line that is on it, by the order of the columns: to look them up by name costs more than to read them.
type Found = (
    i64,
    i64,
    i64,
    String,
    String,
    String,
    i64,
    String,
    String,
    String,
    String,
    String,
);

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
                let (page, row) = read(found);
                if let Some(&key) = usize::try_from(page).ok().and_then(|page| keys.get(page)) {
                    pages.entry(key.clone()).or_default().push(row);
                }
            }
        }
        let pages = pages.into_iter().map(|(key, rows)| (key, Arc::new(rows)));
        Ok(pages.collect())
    }
}

fn read(found: Found) -> (i64, Row) {
    let (
        page,
        version,
        occurred_at_micros,
        card_id,
        card_last_four,
        authorization_id,
        amount_minor,
        currency,
        merchant_id,
        merchant_name,
        mcc,
        description,
    ) = found;
    let row = Row {
        version,
        occurred_at_micros,
        card_id,
        card_last_four,
        authorization_id,
        amount_minor,
        currency,
        merchant_id,
        merchant_name,
        mcc,
        description,
    };
    (page, row)
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
