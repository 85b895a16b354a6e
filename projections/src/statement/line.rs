//! The lines of a statement: rows → lines, in the order in which they were charged.

use domain::AccountId;

use crate::graphql::{Failure, Page, like};
use crate::store::{ReadStore, all};

/// Which lines are asked for; nothing means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) merchant_id: String,
    pub(crate) search: String,
}

#[derive(Debug, Clone, sqlx::FromRow)]
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
    store: &ReadStore,
    account: AccountId,
    cycle: &str,
    version: i64,
    page: Page,
    filter: &Filter,
) -> Result<Vec<Row>, Failure> {
    let order = if page.from_end { "desc" } else { "asc" };
    let sql = format!(
        "select version, occurred_at_micros, card_id, card_last_four, authorization_id, amount_minor, currency,
                merchant_id, merchant_name, mcc, description
         from statement_line
         where account_id = $1 and cycle = $2 and version > $3 and version < $4
           and ($5 = '' or merchant_id = $5)
           and ($6 = '' or search_text like $6 escape '\\')
         order by version {order} limit $7"
    );
    Ok(all!(
        store,
        Row,
        &sql,
        account.to_string(),
        cycle,
        page.after.unwrap_or(0),
        page.before.unwrap_or(i64::MAX).min(version.saturating_add(1)),
        &filter.merchant_id,
        like(&filter.search),
        page.fetch()
    )?)
}
