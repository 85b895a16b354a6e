//! Where the vault keeps its rows: a port of three calls, the row, and the SQL that both adapters share.

use std::fmt;

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore;
use async_trait::async_trait;
use domain::card::{Expiry, LastFour};
use domain::{AccountId, CardId, RequestId};
use thiserror::Error;
use uuid::Uuid;

use super::IssuedCard;
use super::ciphers::{NumberIndex, SealedNumber};

/// Stands for a card at merchants that keep it on file. Whoever has it can buy with it, so it is kept out of logs as well.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CardToken(String);

/// A text that cannot be a card token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 64 letters, digits, hyphens or underscores")]
pub struct InvalidCardToken;

impl CardToken {
    pub const MAX_CHARS: usize = 64;

    /// Reads a token. What it looks like inside is no business of anybody's: a well-formed one that was never given out is
    /// simply unknown.
    pub fn parse(text: &str) -> Result<Self, InvalidCardToken> {
        let is_token_character = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=Self::MAX_CHARS).contains(&text.len()) && text.bytes().all(is_token_character) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCardToken)
        }
    }

    /// A new token of 128 random bits.
    pub(super) fn random() -> Self {
        let mut bits = [0; 16];
        OsRng.fill_bytes(&mut bits);
        Self(format!("tok_{:032x}", u128::from_be_bytes(bits)))
    }

    /// The token itself, for whom it is given out to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardToken(…)")
    }
}

/// One row of the vault.
#[derive(Debug, Clone)]
pub struct StoredCard {
    pub(super) number_index: NumberIndex,
    pub(super) request_id: RequestId,
    pub(super) account_id: AccountId,
    pub(super) card_id: CardId,
    pub(super) card_token: CardToken,
    pub(super) sealed: SealedNumber,
    pub(super) last_four: LastFour,
    pub(super) expiry: Expiry,
}

impl StoredCard {
    pub(super) fn issued(&self) -> IssuedCard {
        IssuedCard {
            account_id: self.account_id,
            card_id: self.card_id,
            token: self.card_token.clone(),
            last_four: self.last_four.clone(),
            expiry: self.expiry,
        }
    }
}

/// By which of its unique values a row is looked up.
#[derive(Debug, Clone, Copy)]
pub enum Lookup<'a> {
    Number(&'a NumberIndex),
    Token(&'a CardToken),
    Card(CardId),
    Request(RequestId),
}

/// Why the store could not do what was asked.
#[derive(Debug, Error)]
pub enum VaultStoreError {
    #[error("the card vault is out of reach")]
    Unavailable(#[source] sqlx::Error),
    #[error("a row of the card vault is damaged: {reason}")]
    Damaged { reason: String },
}

impl From<sqlx::Error> for VaultStoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Damaged {
                reason: error.to_string(),
            },
            _ => Self::Unavailable(error),
        }
    }
}

/// The vault's rows, durable. Only the vault itself can make a row or a lookup.
#[async_trait]
pub trait VaultStore: Send + Sync + fmt::Debug {
    /// Adds a row; says false, and changes nothing, when one of its unique values is taken.
    async fn insert(&self, card: &StoredCard) -> Result<bool, VaultStoreError>;

    async fn find(&self, lookup: Lookup<'_>) -> Result<Option<StoredCard>, VaultStoreError>;

    /// Whether the store answers and has its table.
    async fn check(&self) -> Result<(), VaultStoreError>;
}

pub(super) const INSERT: &str = "
    insert into vault_cards (
        number_index, request_id, account_id, card_id, card_token,
        number_ciphertext, nonce, key_version, last_four, expiry_month, expiry_year
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict do nothing";

pub(super) const CHECK: &str = "select count(*) from (select 1 from vault_cards limit 1) as one";

macro_rules! select_by {
    ($column:literal) => {
        concat!(
            "select number_index, request_id, account_id, card_id, card_token, ",
            "number_ciphertext, nonce, key_version, last_four, expiry_month, expiry_year ",
            "from vault_cards where ",
            $column,
            " = $1"
        )
    };
}

pub(super) const SELECT_BY_NUMBER: &str = select_by!("number_index");
pub(super) const SELECT_BY_TOKEN: &str = select_by!("card_token");
pub(super) const SELECT_BY_CARD: &str = select_by!("card_id");
pub(super) const SELECT_BY_REQUEST: &str = select_by!("request_id");

/// A row as it is stored, before it is checked.
#[derive(sqlx::FromRow)]
pub(super) struct CardRow {
    pub(super) number_index: Vec<u8>,
    pub(super) request_id: Uuid,
    pub(super) account_id: Uuid,
    pub(super) card_id: Uuid,
    pub(super) card_token: String,
    pub(super) number_ciphertext: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) key_version: i32,
    pub(super) last_four: String,
    pub(super) expiry_month: i32,
    pub(super) expiry_year: i32,
}

impl From<&StoredCard> for CardRow {
    fn from(card: &StoredCard) -> Self {
        Self {
            number_index: card.number_index.0.to_vec(),
            request_id: card.request_id.as_uuid(),
            account_id: card.account_id.as_uuid(),
            card_id: card.card_id.as_uuid(),
            card_token: card.card_token.expose().to_owned(),
            number_ciphertext: card.sealed.ciphertext.clone(),
            nonce: card.sealed.nonce.to_vec(),
            key_version: card.sealed.key_version.cast_signed(),
            last_four: card.last_four.to_string(),
            expiry_month: card.expiry.month().cast_signed(),
            expiry_year: card.expiry.year(),
        }
    }
}

impl TryFrom<CardRow> for StoredCard {
    type Error = VaultStoreError;

    fn try_from(row: CardRow) -> Result<Self, VaultStoreError> {
        let damaged = |column: &str| VaultStoreError::Damaged {
            reason: format!("card {}: {column}", row.card_id),
        };
        let number_index = row.number_index.try_into().map_err(|_| damaged("number_index"))?;
        let sealed = SealedNumber {
            key_version: u32::try_from(row.key_version).map_err(|_| damaged("key_version"))?,
            nonce: row.nonce.try_into().map_err(|_| damaged("nonce"))?,
            ciphertext: row.number_ciphertext,
        };
        let expiry_month = u32::try_from(row.expiry_month).map_err(|_| damaged("expiry_month"))?;
        Ok(Self {
            number_index: NumberIndex(number_index),
            request_id: RequestId::new(row.request_id),
            account_id: AccountId::new(row.account_id),
            card_id: CardId::new(row.card_id),
            card_token: CardToken::parse(&row.card_token).map_err(|_| damaged("card_token"))?,
            sealed,
            last_four: LastFour::parse(&row.last_four).map_err(|_| damaged("last_four"))?,
            expiry: Expiry::try_new(expiry_month, row.expiry_year).map_err(|_| damaged("expiry"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_opaque_and_not_shown() {
        let token = CardToken::random();
        assert_eq!(CardToken::parse(token.expose()), Ok(token.clone()));
        assert_ne!(token, CardToken::random());
        assert_eq!(format!("{token:?}"), "CardToken(…)");
        for text in ["", "tok 1", "tök", &"t".repeat(65)] {
            assert_eq!(CardToken::parse(text), Err(InvalidCardToken), "{text:?}");
        }
    }
}
