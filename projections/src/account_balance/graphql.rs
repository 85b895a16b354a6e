//! `account`: one account and its credit.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::query::{self, Status};
use crate::graphql::{Money, Reads, Version, account_id, at_least};

/// A card account: a credit line and the cards that draw on it.
#[derive(Debug, SimpleObject)]
#[graphql(serial)]
pub(crate) struct Account {
    id: ID,
    /// The version that this answer shows.
    #[graphql(name = "accountVersion")]
    version: Version,
    status: Status,
    /// ISO 4217 code of the only currency the account is kept in.
    currency: &'static str,
    /// Day of the month on which statements close.
    closing_day: u32,
    opened_at: DateTime<Utc>,
    credit_limit: Money,
    /// What was charged and is not paid yet.
    outstanding: Money,
    /// What may still be spent.
    available: Money,
}

#[derive(Debug, Default)]
pub(crate) struct AccountQuery;

#[Object]
impl AccountQuery {
    /// An account. With `atLeastVersion` it waits a moment for that version, and fails if it does not come.
    async fn account(
        &self,
        ctx: &Context<'_>,
        id: ID,
        at_least_version: Option<Version>,
    ) -> Result<Option<Account>> {
        let reads: &Reads = ctx.data_unchecked();
        let account = account_id(&id)?;
        let seen = at_least(ctx, account, at_least_version, || query::account(reads, account)).await?;
        let found = seen.value;
        Ok(Some(Account {
            id: account.to_string().into(),
            version: Version(seen.version),
            status: found.status,
            currency: found.credit_limit.currency().code(),
            closing_day: found.closing_day.day(),
            opened_at: found.opened_at,
            credit_limit: found.credit_limit.into(),
            outstanding: found.outstanding.into(),
            available: found.available().into(),
        }))
    }
}
