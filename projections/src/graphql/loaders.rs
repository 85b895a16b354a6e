//! What many rows of one answer ask for, each by its key, is read in one statement.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use domain::{AccountId, CardId};

use super::Failure;
use crate::card::graphql::Card;
use crate::card::query;
use crate::store::ReadStore;

/// A card of an account: a damaged event can never show another account's card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CardKey {
    pub(crate) account: AccountId,
    pub(crate) card: CardId,
}

/// Reads cards by key.
#[derive(Debug)]
pub(crate) struct CardLoader {
    pub(crate) store: ReadStore,
}

impl Loader<CardKey> for CardLoader {
    type Value = query::Card;
    type Error = Arc<Failure>; // every waiting row gets it

    async fn load(&self, keys: &[CardKey]) -> Result<HashMap<CardKey, query::Card>, Arc<Failure>> {
        query::by_key(&self.store, keys).await.map_err(Arc::new)
    }
}

/// The card with this key, read together with the others that the same answer asks for.
pub(crate) async fn card_by_key(
    loader: &DataLoader<CardLoader>,
    key: CardKey,
) -> async_graphql::Result<Option<Card>> {
    match loader.load_one(key).await {
        Ok(card) => Ok(card.map(Card::from)),
        Err(failure) => Err(failure.to_error()),
    }
}
