//! The vault: the only place where a card number exists.
//!
//! Everything else knows a card by its id, its last four digits and its expiry. The vault finds a card by its number (a
//! keyed index, so that its table says nothing to who has no key), keeps the number encrypted, and says whether a security
//! code (CVV) is right. Security codes are not kept in any form: they are derived from the number with a key, whenever one
//! is to be compared.
//!
//! Deliberately absent: any way to list numbers, and any type holding a number that could be serialized or displayed.

mod card_number;
mod ciphers;
mod issuer_prefix;
mod keys;
mod postgres;
mod security_code;
mod sqlite;
mod store;

use std::fmt;
use std::sync::Arc;

use domain::account::SecurityCodeCheck;
use domain::card::{Expiry, LastFour};
use domain::{AccountId, CardId, RequestId};
use quick_cache::sync::Cache;
use thiserror::Error;

pub use card_number::{CardNumber, InvalidCardNumber};
pub use issuer_prefix::{InvalidIssuerPrefix, IssuerPrefix};
pub use keys::{KeysError, VaultKeys};
pub use postgres::PostgresVaultStore;
pub use security_code::{InvalidSecurityCode, SecurityCode};
pub use sqlite::SqliteVaultStore;
pub use store::{CardToken, InvalidCardToken, VaultStore, VaultStoreError};

use ciphers::{Ciphers, NumberIndex};
use store::{Lookup, StoredCard};

/// How often a number is made anew because the one before was taken, until the prefix is held to be used up.
const GENERATE_TRIES_MAX: usize = 16;

/// How the vault is sized, and what the numbers it makes look like.
#[derive(Debug, Clone)]
pub struct Settings {
    pub issuer_prefix: IssuerPrefix,
    /// Cards kept in memory (without their numbers), at most.
    pub known_cards_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer_prefix: IssuerPrefix::default(),
            known_cards_max: 100_000,
        }
    }
}

/// A card that is to get a number.
#[derive(Debug)]
pub struct Assignment {
    /// The caller's request: a repeat gets what the first call got.
    pub request_id: RequestId,
    pub account_id: AccountId,
    /// The id the card gets, if this is not a repeat.
    pub card_id: CardId,
    pub expiry: Expiry,
    /// A number assigned elsewhere. Without one, the vault makes one.
    pub number: Option<CardNumber>,
}

/// What may be known outside of a card that has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCard {
    pub account_id: AccountId,
    pub card_id: CardId,
    pub token: CardToken,
    pub last_four: LastFour,
    pub expiry: Expiry,
}

/// A card that was found by its number, and how the security code compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognized {
    pub account_id: AccountId,
    pub card_id: CardId,
    pub last_four: LastFour,
    pub expiry: Expiry,
    pub security_code: SecurityCodeCheck,
}

impl Recognized {
    fn of(card: &IssuedCard, security_code: SecurityCodeCheck) -> Self {
        Self {
            account_id: card.account_id,
            card_id: card.card_id,
            last_four: card.last_four.clone(),
            expiry: card.expiry,
            security_code,
        }
    }
}

/// What is printed on a card, for its holder's eyes only.
#[derive(Debug)]
pub struct RevealedCard {
    pub number: CardNumber,
    pub expiry: Expiry,
    pub security_code: SecurityCode,
}

/// Why the vault could not do what was asked.
#[derive(Debug, Error)]
pub enum VaultError {
    #[error("the card number is in use")]
    NumberInUse,
    #[error("the request id was used for another card before")]
    RequestIdReused,
    #[error("no card number is left under the issuer's prefix")]
    NoNumberLeft,
    #[error("the card vault is out of reach")]
    Unavailable(#[source] sqlx::Error),
    /// A row that cannot be read or opened with the keys at hand.
    #[error("the vault's record of a card is damaged: {reason}")]
    Damaged { reason: String },
}

impl From<VaultStoreError> for VaultError {
    fn from(error: VaultStoreError) -> Self {
        match error {
            VaultStoreError::Unavailable(source) => Self::Unavailable(source),
            VaultStoreError::Damaged { reason } => Self::Damaged { reason },
        }
    }
}

/// The vault's front. Clones share everything.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<Shared>,
}

struct Shared {
    ciphers: Ciphers,
    store: Box<dyn VaultStore>,
    issuer_prefix: IssuerPrefix,
    by_number: Cache<NumberIndex, Arc<IssuedCard>>,
    by_token: Cache<CardToken, IssuedCard>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("store", &self.shared.store)
            .finish_non_exhaustive()
    }
}

impl Vault {
    pub fn new(store: impl VaultStore + 'static, keys: &VaultKeys, settings: &Settings) -> Self {
        let shared = Shared {
            ciphers: Ciphers::new(keys),
            store: Box::new(store),
            issuer_prefix: settings.issuer_prefix.clone(),
            by_number: Cache::new(settings.known_cards_max),
            by_token: Cache::new(settings.known_cards_max),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Whether the vault's database answers.
    pub async fn check(&self) -> Result<(), VaultError> {
        Ok(self.shared.store.check().await?)
    }

    /// Gives a card its number, durably. The vault's row comes first and the account's `CardIssued` second: when only the row
    /// was written, a repeat of the request finds it and goes on, and until then a purchase with the number is declined.
    pub async fn assign(&self, mut assignment: Assignment) -> Result<IssuedCard, VaultError> {
        let given = assignment.number.take();
        if let Some(first) = self.find(Lookup::Request(assignment.request_id)).await? {
            return self.assigned_before(&first, &assignment, given.as_ref());
        }
        for _ in 0..GENERATE_TRIES_MAX {
            let made = match given {
                Some(_) => None,
                None => Some(self.shared.issuer_prefix.new_number()),
            };
            let Some(number) = given.as_ref().or(made.as_ref()) else {
                break; // not reached: where none was given, one was made
            };
            let card = self.seal(&assignment, number)?;
            if self.shared.store.insert(&card).await? {
                return Ok(card.issued());
            }
            // Taken: by a repeat of this request that ran beside it, or by another card.
            if let Some(first) = self.find(Lookup::Request(assignment.request_id)).await? {
                return self.assigned_before(&first, &assignment, given.as_ref());
            }
            if given.is_some() {
                return Err(VaultError::NumberInUse);
            }
        }
        Err(VaultError::NoNumberLeft)
    }

    /// The card with this number, and how the code compared; nothing when the number is not of this vault.
    ///
    /// Whoever does not hold the card gets no hint from the time it takes: a security code is derived and compared for an unknown
    /// number too, and only who presents the right expiry and code is served from memory; all others wait for the database, as
    /// an unknown number must.
    pub async fn recognize(
        &self,
        number: &CardNumber,
        expiry: Expiry,
        security_code: &SecurityCode,
    ) -> Result<Option<Recognized>, VaultError> {
        let index = self.shared.ciphers.number_index(number);
        let remembered = self.shared.by_number.get(&index);
        let remembered_expiry = remembered.as_ref().map(|card| card.expiry);
        let derived = self.shared.ciphers.security_code(number, remembered_expiry);
        if let Some(card) = remembered
            && card.expiry == expiry
            && derived.matches(security_code)
        {
            return Ok(Some(Recognized::of(&card, SecurityCodeCheck::Match)));
        }
        let card = self.look_up(index).await?;
        let derived = self
            .shared
            .ciphers
            .security_code(number, card.as_ref().map(|card| card.expiry));
        let check = if derived.matches(security_code) {
            SecurityCodeCheck::Match
        } else {
            SecurityCodeCheck::Mismatch
        };
        Ok(card.map(|card| Recognized::of(&card, check)))
    }

    /// The card a token stands for.
    pub async fn by_token(&self, token: &CardToken) -> Result<Option<IssuedCard>, VaultError> {
        if let Some(card) = self.shared.by_token.get(token) {
            return Ok(Some(card));
        }
        let card = self.find(Lookup::Token(token)).await?.map(|card| card.issued());
        if let Some(card) = &card {
            self.shared.by_token.insert(token.clone(), card.clone());
        }
        Ok(card)
    }

    /// What may be known outside of a card.
    pub async fn by_card_id(&self, card_id: CardId) -> Result<Option<IssuedCard>, VaultError> {
        Ok(self.find(Lookup::Card(card_id)).await?.map(|card| card.issued()))
    }

    /// What may be known outside of the card with this number. For the bank's own front ends: whoever buys with a number is
    /// answered by [`Vault::recognize`], which gives no hint to who does not hold the card.
    pub async fn by_number(&self, number: &CardNumber) -> Result<Option<IssuedCard>, VaultError> {
        self.look_up(self.shared.ciphers.number_index(number)).await
    }

    /// What is printed on a card: number, expiry, security code.
    pub async fn reveal(&self, card_id: CardId) -> Result<Option<RevealedCard>, VaultError> {
        let Some(card) = self.find(Lookup::Card(card_id)).await? else {
            return Ok(None);
        };
        let number = self.open(&card)?;
        let security_code = self.shared.ciphers.security_code(&number, Some(card.expiry));
        Ok(Some(RevealedCard {
            number,
            expiry: card.expiry,
            security_code,
        }))
    }

    /// A card's number, for the compatibility topic alone: it is the one reader of the bank that needs it.
    pub async fn number_of(&self, card_id: CardId) -> Result<Option<CardNumber>, VaultError> {
        let card = self.find(Lookup::Card(card_id)).await?;
        card.map(|card| self.open(&card)).transpose()
    }

    /// A digest of what a request asked for, under a key, so that the log does not tell what the body was. `method` keeps
    /// the same bytes sent to two methods apart.
    pub fn fingerprint(&self, method: &str, body: &[u8]) -> [u8; 32] {
        self.shared.ciphers.fingerprint(method, body)
    }

    /// What stands for a card number where a request is compared with an earlier one: its index in hexadecimal.
    pub fn number_alias(&self, number: &CardNumber) -> String {
        self.shared.ciphers.number_index(number).to_string()
    }

    async fn look_up(&self, index: NumberIndex) -> Result<Option<IssuedCard>, VaultError> {
        let card = self.find(Lookup::Number(&index)).await?.map(|card| card.issued());
        // Only what is found is kept: a number that is unknown now may be issued by another process in a moment.
        if let Some(card) = &card {
            self.shared.by_number.insert(index, Arc::new(card.clone()));
        }
        Ok(card)
    }

    async fn find(&self, lookup: Lookup<'_>) -> Result<Option<StoredCard>, VaultError> {
        Ok(self.shared.store.find(lookup).await?)
    }

    fn seal(&self, assignment: &Assignment, number: &CardNumber) -> Result<StoredCard, VaultError> {
        Ok(StoredCard {
            number_index: self.shared.ciphers.number_index(number),
            request_id: assignment.request_id,
            account_id: assignment.account_id,
            card_id: assignment.card_id,
            card_token: CardToken::random(),
            sealed: self.shared.ciphers.seal(number, assignment.card_id)?,
            last_four: number.last_four(),
            expiry: assignment.expiry,
        })
    }

    fn open(&self, card: &StoredCard) -> Result<CardNumber, VaultError> {
        self.shared.ciphers.open(&card.sealed, card.card_id)
    }

    /// The first answer, if this is what was asked then too: a card must not end up on another account than its row says.
    fn assigned_before(
        &self,
        first: &StoredCard,
        assignment: &Assignment,
        given: Option<&CardNumber>,
    ) -> Result<IssuedCard, VaultError> {
        let same_number =
            given.is_none_or(|number| self.shared.ciphers.number_index(number) == first.number_index);
        if same_number && first.account_id == assignment.account_id && first.expiry == assignment.expiry {
            Ok(first.issued())
        } else {
            Err(VaultError::RequestIdReused)
        }
    }
}

#[cfg(test)]
mod tests;
