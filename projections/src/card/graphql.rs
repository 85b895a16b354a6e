//! `cards`: the cards of an account.

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::query::{self, Status};
use crate::graphql::{Version, at_least};
use crate::store::ReadStore;

/// A card, as far as it may be shown. Its number is in no answer.
#[derive(Debug, SimpleObject)]
pub(crate) struct Card {
    id: ID,
    last_four: String,
    expiry_month: i64,
    /// In four digits. The card is good through its expiry month.
    expiry_year: i64,
    status: Status,
}

/// The cards of an account, in the order in which they were issued.
#[derive(Debug, SimpleObject)]
pub(crate) struct CardList {
    /// The version that this answer shows.
    account_version: Version,
    nodes: Vec<Card>,
}

impl From<query::Card> for Card {
    fn from(card: query::Card) -> Self {
        Self {
            id: card.id.to_string().into(),
            last_four: card.last_four,
            expiry_month: card.expiry_month,
            expiry_year: card.expiry_year,
            status: card.status,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct CardQuery;

#[Object]
impl CardQuery {
    /// The cards of an account. With `atLeastVersion` it waits a moment for that version, and fails if it does not come.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        at_least_version: Option<Version>,
    ) -> Result<Option<CardList>> {
        let store: &ReadStore = ctx.data_unchecked();
        let account = crate::graphql::account_id(&account_id)?;
        let seen = at_least(ctx, account, at_least_version, || {
            query::of_account(store, account)
        })
        .await?;
        Ok(Some(CardList {
            account_version: Version(seen.version),
            nodes: seen.value.into_iter().map(Card::from).collect(),
        }))
    }
}
