//! Rows by merchant and cycle → what was spent where, most first.

use domain::AccountId;

use crate::graphql::{Failure, Seen};
use crate::store::{ReadStore, all};

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) merchant_id: String,
    pub(crate) merchant_name: String,
    pub(crate) mcc: String,
    pub(crate) currency: String,
    pub(crate) purchase_count: i64,
    pub(crate) amount_minor: i64,
    pub(crate) last_purchase_at_micros: i64,
}

/// An account that bought nothing has one row of nulls.
#[derive(Debug, sqlx::FromRow)]
struct VersionRow {
    version: i64,
    merchant_id: Option<String>,
    merchant_name: Option<String>,
    mcc: Option<String>,
    currency: Option<String>,
    purchase_count: Option<i64>,
    amount_minor: Option<i64>,
    last_purchase_at_micros: Option<i64>,
}

/// The merchants where most was spent, in one cycle or in all of them. A merchant is called what its last purchase called it.
pub(crate) async fn merchants(
    store: &ReadStore,
    account: AccountId,
    cycle: Option<&str>,
    rows_max: i64,
) -> Result<Option<Seen<Vec<Row>>>, Failure> {
    let rows = all!(
        store,
        VersionRow,
        "select v.version, m.merchant_id, m.merchant_name, m.mcc, m.currency, m.purchase_count, m.amount_minor,
                m.last_purchase_at_micros
         from account_version v
         left join (
             select s.account_id, s.merchant_id, s.merchant_name, s.mcc, s.currency, sums.purchase_count,
                    sums.amount_minor, s.last_purchase_at_micros
             from (
                 select merchant_id, cast(sum(purchase_count) as bigint) as purchase_count,
                        cast(sum(amount_minor) as bigint) as amount_minor, max(last_version) as last_version
                 from merchant_spend
                 where account_id = $1 and ($2 = '' or cycle = $2)
                 group by merchant_id
             ) sums
             join merchant_spend s on s.account_id = $1 and s.merchant_id = sums.merchant_id
                  and s.last_version = sums.last_version
             order by sums.amount_minor desc, s.merchant_id
             limit $3
         ) m on m.account_id = v.account_id
         where v.account_id = $1
         order by m.amount_minor desc, m.merchant_id",
        account.to_string(),
        cycle.unwrap_or(""),
        rows_max
    )?;
    let Some(version) = rows.first().map(|row| row.version) else {
        return Ok(None);
    };
    Ok(Some(Seen {
        version,
        value: rows.into_iter().filter_map(read).collect(),
    }))
}

fn read(row: VersionRow) -> Option<Row> {
    Some(Row {
        merchant_id: row.merchant_id?,
        merchant_name: row.merchant_name?,
        mcc: row.mcc?,
        currency: row.currency?,
        purchase_count: row.purchase_count?,
        amount_minor: row.amount_minor?,
        last_purchase_at_micros: row.last_purchase_at_micros?,
    })
}
