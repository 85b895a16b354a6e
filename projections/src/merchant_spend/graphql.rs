//! `merchants`: what an account spent where.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::query::{self, Row};
use crate::graphql::{Failure, Merchant, Money, Page, Version, at_least, instant, money, page_cost};
use crate::statement::graphql::month;
use crate::store::ReadStore;

/// What was spent at one merchant.
#[derive(Debug, SimpleObject)]
pub(crate) struct MerchantSpend {
    merchant: Merchant,
    purchase_count: i64,
    amount: Money,
    last_purchase_at: DateTime<Utc>,
}

/// The merchants where most was spent.
#[derive(Debug, SimpleObject)]
pub(crate) struct MerchantSpendList {
    /// The version that this answer shows.
    account_version: Version,
    /// Whether there are more merchants than were asked for.
    has_more: bool,
    nodes: Vec<MerchantSpend>,
}

#[derive(Debug, Default)]
pub(crate) struct MerchantQuery;

#[Object]
impl MerchantQuery {
    /// The merchants where an account spent most, on one statement (named as in `statement`) or on all of them.
    #[graphql(complexity = "page_cost(first, None, child_complexity)")]
    async fn merchants(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        cycle: Option<String>,
        first: Option<i32>,
        at_least_version: Option<Version>,
    ) -> Result<Option<MerchantSpendList>> {
        let store: &ReadStore = ctx.data_unchecked();
        let account = crate::graphql::account_id(&account_id)?;
        let page = Page::parse(first, None, None, None)?;
        if let Some(cycle) = &cycle {
            month(cycle)?;
        }
        let read = || query::merchants(store, account, cycle.as_deref(), page.fetch());
        let seen = at_least(ctx, account, at_least_version, read).await?;
        let (rows, has_more) = page.cut(seen.value);
        let nodes: Result<Vec<MerchantSpend>, Failure> = rows.into_iter().map(spend).collect();
        Ok(Some(MerchantSpendList {
            account_version: Version(seen.version),
            has_more,
            nodes: nodes?,
        }))
    }
}

fn spend(row: Row) -> Result<MerchantSpend, Failure> {
    Ok(MerchantSpend {
        merchant: Merchant {
            id: row.merchant_id,
            name: row.merchant_name,
            mcc: row.mcc,
        },
        purchase_count: row.purchase_count,
        amount: money(row.amount_minor, &row.currency)?.into(),
        last_purchase_at: instant(row.last_purchase_at_micros)?,
    })
}
