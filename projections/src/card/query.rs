//! Card rows → what is told of a card.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use domain::{AccountId, CardId};

use crate::graphql::{Failure, Reads, Seen};
use crate::store::{ReadStore, all, keys_sql, to_json};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) id: CardId,
    pub(crate) last_four: String,
    pub(crate) expiry_year: i64,
    pub(crate) expiry_month: i64,
    pub(crate) status: Status,
}

/// Whether a card can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "CardStatus")]
pub(crate) enum Status {
    /// Made and sent, not activated by the cardholder yet.
    Issued,
    Active,
    /// For the time being.
    Blocked,
    /// For ever.
    Cancelled,
}

/// A card of an account: a damaged event can never show another account's card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CardKey {
    pub(crate) account: AccountId,
    pub(crate) card: CardId,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Row {
    account_id: String,
    card_id: String,
    last_four: String,
    expiry_year: i64,
    expiry_month: i64,
    status: String,
}

/// An account with no card yet has one row of nulls.
#[derive(Debug, sqlx::FromRow)]
struct VersionRow {
    version: i64,
    card_id: Option<String>,
    last_four: Option<String>,
    expiry_year: Option<i64>,
    expiry_month: Option<i64>,
    status: Option<String>,
}

/// The cards of an account, in the order in which they were issued.
pub(crate) async fn of_account(
    store: &ReadStore,
    account: AccountId,
) -> Result<Option<Seen<Vec<Card>>>, Failure> {
    let rows = all!(
        store,
        VersionRow,
        "select v.version, c.card_id, c.last_four, c.expiry_year, c.expiry_month, c.status
         from account_version v left join card c on c.account_id = v.account_id
         where v.account_id = $1 order by c.issued_version",
        account.to_string()
    )?;
    let Some(version) = rows.first().map(|row| row.version) else {
        return Ok(None);
    };
    let cards: Result<Vec<Card>, Failure> = rows
        .into_iter()
        .filter_map(|row| {
            Some(Row {
                account_id: account.to_string(),
                card_id: row.card_id?,
                last_four: row.last_four?,
                expiry_year: row.expiry_year?,
                expiry_month: row.expiry_month?,
                status: row.status?,
            })
        })
        .map(read)
        .collect();
    Ok(Some(Seen {
        version,
        value: cards?,
    }))
}

/// The card with this key, if there is one.
pub(crate) async fn by_key(reads: &Reads, key: CardKey) -> Result<Option<Card>, Failure> {
    reads.load_one(key).await?.map(read).transpose()
}

impl Loader<CardKey> for ReadStore {
    type Value = Row;
    type Error = Failure;

    async fn load(&self, keys: &[CardKey]) -> Result<HashMap<CardKey, Row>, Failure> {
        let accounts: Vec<AccountId> = keys.iter().map(|key| key.account).collect();
        let sql = format!(
            "select account_id, card_id, last_four, expiry_year, expiry_month, status
             from card where account_id in ({})",
            keys_sql(self.dialect())
        );
        let rows = all!(self, Row, &sql, to_json(&accounts)?)?;
        let keyed = rows.into_iter().filter_map(|row| {
            let key = CardKey {
                account: row.account_id.parse().ok()?,
                card: row.card_id.parse().ok()?,
            };
            Some((key, row))
        });
        Ok(keyed.collect())
    }
}

fn read(row: Row) -> Result<Card, Failure> {
    Ok(Card {
        id: row
            .card_id
            .parse()
            .map_err(|_| Failure::Row(format!("the card id {:?}", row.card_id)))?,
        last_four: row.last_four,
        expiry_year: row.expiry_year,
        expiry_month: row.expiry_month,
        status: match row.status.as_str() {
            "issued" => Status::Issued,
            "active" => Status::Active,
            "blocked" => Status::Blocked,
            "cancelled" => Status::Cancelled,
            other => return Err(Failure::Row(format!("the card status {other:?}"))),
        },
    })
}
