//! Activity rows → the timeline, newest first.

use chrono::{DateTime, Utc};
use domain::AccountId;

use crate::graphql::{Failure, Page, Seen, like};
use crate::store::{ReadStore, all};

/// Which of an account's activity is asked for; nothing means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) card_id: String,
    pub(crate) merchant_id: String,
    pub(crate) search: String,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) occurred_at_micros: i64,
    pub(crate) card_id: Option<String>,
    pub(crate) card_last_four: Option<String>,
    pub(crate) authorization_id: Option<String>,
    pub(crate) amount_minor: Option<i64>,
    pub(crate) credit_limit_minor: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) merchant_id: Option<String>,
    pub(crate) merchant_name: Option<String>,
    pub(crate) mcc: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) decline_reason: Option<String>,
    pub(crate) cycle: Option<String>,
}

const COLUMNS: &str =
    "version, kind, occurred_at_micros, card_id, card_last_four, authorization_id, amount_minor,
    credit_limit_minor, currency, merchant_id, merchant_name, mcc, description, decline_reason, cycle";

/// A page of the timeline, up to one row more than the page holds.
pub(crate) async fn page(
    store: &ReadStore,
    account: AccountId,
    page: Page,
    filter: &Filter,
) -> Result<Option<Seen<Vec<Row>>>, Failure> {
    let Some(version) = version(store, account).await? else {
        return Ok(None);
    };
    // Rows are only ever added, so the rows up to a version are what that version shows, whatever was added since.
    let newest = page.after.unwrap_or(i64::MAX).min(version.saturating_add(1));
    let order = if page.from_end { "asc" } else { "desc" };
    let sql = format!(
        "select {COLUMNS} from activity
         where account_id = $1 and version < $2 and version > $3
           and ($4 = '' or $4 like '%|' || kind || '|%')
           and ($5 = '' or card_id = $5)
           and ($6 = '' or merchant_id = $6)
           and ($7 = '' or search_text like $7 escape '\\')
           and occurred_at_micros >= $8 and occurred_at_micros < $9
         order by version {order} limit $10"
    );
    let rows = all!(
        store,
        Row,
        &sql,
        account.to_string(),
        newest,
        page.before.unwrap_or(0),
        kinds(filter),
        &filter.card_id,
        &filter.merchant_id,
        like(&filter.search),
        filter.since.map_or(i64::MIN, |at| at.timestamp_micros()),
        filter.until.map_or(i64::MAX, |at| at.timestamp_micros()),
        page.fetch()
    )?;
    Ok(Some(Seen { version, value: rows }))
}

/// What follows a version, oldest first: what a subscriber has not seen.
pub(crate) async fn after(
    store: &ReadStore,
    account: AccountId,
    version: i64,
    rows_max: i64,
) -> Result<Vec<Row>, Failure> {
    let sql = format!(
        "select {COLUMNS} from activity where account_id = $1 and version > $2 order by version limit $3"
    );
    Ok(all!(store, Row, &sql, account.to_string(), version, rows_max)?)
}

pub(crate) async fn version(store: &ReadStore, account: AccountId) -> Result<Option<i64>, Failure> {
    let row = crate::store::optional!(
        store,
        (i64,),
        "select version from account_version where account_id = $1",
        account.to_string()
    )?;
    Ok(row.map(|(version,)| version))
}

/// The kinds as one text, `|a|b|`, which both databases can look into.
fn kinds(filter: &Filter) -> String {
    if filter.kinds.is_empty() {
        String::new()
    } else {
        format!("|{}|", filter.kinds.join("|"))
    }
}
