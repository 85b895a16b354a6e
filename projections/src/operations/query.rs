//! Activity rows of all accounts → sums over a window.

use super::window::{BucketWidth, Window, bucket_sql, hour_of_week_sql};
use crate::graphql::Failure;
use crate::store::{Dialect, ReadStore, all};

/// How many purchases of one kind, and how much together.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Sum {
    /// Which group; the number of a bucket or of an hour of the week.
    pub(crate) slot: i64,
    /// `purchase_approved` or `purchase_declined`.
    pub(crate) kind: String,
    pub(crate) purchase_count: i64,
    pub(crate) amount_minor: i64,
}

/// How many purchases, and how much together, under a name.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) purchase_count: i64,
    pub(crate) amount_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct MerchantRow {
    pub(crate) merchant_id: String,
    pub(crate) merchant_name: String,
    pub(crate) mcc: String,
    pub(crate) purchase_count: i64,
    pub(crate) amount_minor: i64,
}

/// How a list is cut: the first of this order are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Amount,
    Count,
}

pub(crate) const APPROVED: &str = "purchase_approved";
pub(crate) const DECLINED: &str = "purchase_declined";

/// What every query looks at: `$1` currency, `$2` since, `$3` until. Only purchases have an authorization; that is also what
/// the index over them says.
const PURCHASES: &str = "authorization_id is not null and currency = $1 and occurred_at_micros >= $2 and \
                         occurred_at_micros < $3";
const SUMS: &str =
    "count(*) as purchase_count, cast(coalesce(sum(amount_minor), 0) as bigint) as amount_minor";

/// Approved and declined, all in slot 0.
pub(crate) async fn totals(store: &ReadStore, window: &Window) -> Result<Vec<Sum>, Failure> {
    let sql = format!(
        "select cast(0 as bigint) as slot, kind, {SUMS} from activity where {PURCHASES} group by kind"
    );
    Ok(all!(
        store,
        Sum,
        &sql,
        window.currency.code(),
        window.since_micros,
        window.until_micros
    )?)
}

/// By bucket of time.
pub(crate) async fn over_time(
    store: &ReadStore,
    window: &Window,
    width: BucketWidth,
) -> Result<Vec<Sum>, Failure> {
    let bucket = bucket_sql();
    let sql =
        format!("select {bucket} as slot, kind, {SUMS} from activity where {PURCHASES} group by slot, kind");
    let (currency, since, until) = (window.currency.code(), window.since_micros, window.until_micros);
    Ok(all!(store, Sum, &sql, currency, since, until, width.micros())?)
}

/// By hour of the week.
pub(crate) async fn hours_of_week(store: &ReadStore, window: &Window) -> Result<Vec<Sum>, Failure> {
    let hour = hour_of_week_sql();
    let sql =
        format!("select {hour} as slot, kind, {SUMS} from activity where {PURCHASES} group by slot, kind");
    Ok(all!(
        store,
        Sum,
        &sql,
        window.currency.code(),
        window.since_micros,
        window.until_micros
    )?)
}

/// Declined purchases by reason, the most frequent first.
pub(crate) async fn decline_reasons(store: &ReadStore, window: &Window) -> Result<Vec<Named>, Failure> {
    let sql = format!(
        "select decline_reason as name, {SUMS} from activity where {PURCHASES} and kind = '{DECLINED}'
         group by decline_reason order by purchase_count desc, {}",
        bytewise(store, "decline_reason")
    );
    Ok(all!(
        store,
        Named,
        &sql,
        window.currency.code(),
        window.since_micros,
        window.until_micros
    )?)
}

/// The merchants where most was approved. A merchant is called what its latest purchase of the window called it.
pub(crate) async fn merchants(
    store: &ReadStore,
    window: &Window,
    rows_max: i64,
) -> Result<Vec<MerchantRow>, Failure> {
    let sql = format!(
        "select merchant_id, max(case when nth = 1 then merchant_name end) as merchant_name,
                max(case when nth = 1 then mcc end) as mcc, {SUMS}
         from (
             select merchant_id, merchant_name, mcc, amount_minor,
                    row_number() over (partition by merchant_id
                                       order by occurred_at_micros desc, account_id desc, version desc) as nth
             from activity where {PURCHASES} and kind = '{APPROVED}'
         ) purchase
         group by merchant_id order by amount_minor desc, {} limit $4",
        bytewise(store, "merchant_id")
    );
    let (currency, since, until) = (window.currency.code(), window.since_micros, window.until_micros);
    Ok(all!(store, MerchantRow, &sql, currency, since, until, rows_max)?)
}

/// Approved purchases by description.
pub(crate) async fn descriptions(
    store: &ReadStore,
    window: &Window,
    by: By,
    rows_max: i64,
) -> Result<Vec<Named>, Failure> {
    let order = match by {
        By::Amount => "amount_minor",
        By::Count => "purchase_count",
    };
    // The order looks at the sums, so the rows must not have a column of the same name.
    let sql = format!(
        "select name, purchase_count, amount_minor
         from (select description as name, {SUMS} from activity where {PURCHASES} and kind = '{APPROVED}'
               group by description) described
         order by {order} desc, {} limit $4",
        bytewise(store, "name")
    );
    let (currency, since, until) = (window.currency.code(), window.since_micros, window.until_micros);
    Ok(all!(store, Named, &sql, currency, since, until, rows_max)?)
}

/// Percentiles of the approved amounts by nearest rank: the p-th of n amounts in ascending order is number ⌈p·n/100⌉. Gives
/// (p, amount) for each, or nothing where there are none.
pub(crate) async fn percentiles(
    store: &ReadStore,
    window: &Window,
    percents: &[i64],
) -> Result<Vec<(i64, i64)>, Failure> {
    let wanted: Vec<String> = percents
        .iter()
        .map(|percent| format!("select cast({percent} as bigint) as percent"))
        .collect();
    let wanted = wanted.join(" union all ");
    let sql = format!(
        "select wanted.percent, ranked.amount_minor
         from ({wanted}) wanted
         join (
             select amount_minor, row_number() over (order by amount_minor) as nth, count(*) over () as amounts
             from activity where {PURCHASES} and kind = '{APPROVED}'
         ) ranked on ranked.nth = (wanted.percent * ranked.amounts + 99) / 100
         order by wanted.percent"
    );
    Ok(all!(
        store,
        (i64, i64),
        &sql,
        window.currency.code(),
        window.since_micros,
        window.until_micros
    )?)
}

/// Text compared byte by byte, as SQLite and Elasticsearch do by themselves.
fn bytewise(store: &ReadStore, column: &str) -> String {
    match store.dialect() {
        Dialect::Postgres => format!("{column} collate \"C\""),
        Dialect::Sqlite => column.to_owned(),
    }
}
