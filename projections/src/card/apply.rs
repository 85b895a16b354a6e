//! Events → the card's row.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use domain::account::{CardIssued, Event};
use domain::{AccountId, CardId};

use crate::fold::Inapplicable;
use crate::recorded::Recorded;
use crate::store::{How, Kind, Table, Tx, Values, Writes, all_in, keys_sql, to_json};

const TABLE: Table = Table {
    name: "card",
    columns: &[
        ("account_id", Kind::Text),
        ("card_id", Kind::Text),
        ("last_four", Kind::Text),
        ("expiry_year", Kind::Integer),
        ("expiry_month", Kind::Integer),
        ("status", Kind::Text),
        ("issued_version", Kind::Integer),
    ],
    how: How::Merge("(account_id, card_id) do update set status = excluded.status"),
};

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Row {
    account_id: String,
    card_id: String,
    last_four: String,
    expiry_year: i64,
    expiry_month: i64,
    status: String,
    issued_version: i64,
}

impl Row {
    fn put(self, values: &mut Values<'_, '_>) {
        values
            .text(self.account_id)
            .text(self.card_id)
            .text(self.last_four)
            .integer(self.expiry_year)
            .integer(self.expiry_month)
            .text(self.status)
            .integer(self.issued_version);
    }
}

type Key = (AccountId, CardId);

/// The cards that a batch changes, before it.
pub(crate) type Known = HashMap<Key, Row>;

/// Loads what the batch's card events change. Purchases change no card, so most batches ask for nothing.
pub(crate) async fn load(tx: &mut Tx, events: &[&Recorded]) -> Result<Known, sqlx::Error> {
    let accounts: Vec<AccountId> = events
        .iter()
        .filter(|recorded| changes(recorded))
        .map(|recorded| recorded.account)
        .collect();
    if accounts.is_empty() {
        return Ok(Known::new());
    }
    let sql = format!(
        "select account_id, card_id, last_four, expiry_year, expiry_month, status, issued_version
         from card where account_id in ({})",
        keys_sql(tx.dialect())
    );
    let rows = all_in!(tx, Row, &sql, to_json(&accounts)?)?;
    let keyed = rows
        .into_iter()
        .filter_map(|row| Some(((row.account_id.parse().ok()?, row.card_id.parse().ok()?), row)));
    Ok(keyed.collect())
}

/// Whether a card is not what it was, after this.
pub(crate) fn changes(recorded: &Recorded) -> bool {
    match &recorded.event {
        Event::CardIssued(_)
        | Event::CardActivated(_)
        | Event::CardBlocked(_)
        | Event::CardUnblocked(_)
        | Event::CardCancelled(_) => true,
        Event::AccountOpened(_)
        | Event::CreditLimitChanged(_)
        | Event::AccountClosed(_)
        | Event::PurchaseApproved(_)
        | Event::PurchaseDeclined(_) => false,
    }
}

/// The rows that a batch changes.
#[derive(Debug)]
pub(crate) struct Changes<'k> {
    known: &'k Known,
    changed: BTreeMap<Key, Row>,
}

impl<'k> Changes<'k> {
    pub(crate) fn on(known: &'k Known) -> Self {
        Self {
            known,
            changed: BTreeMap::new(),
        }
    }

    pub(crate) fn fold(&mut self, recorded: &Recorded) -> Result<(), Inapplicable> {
        let account = recorded.account;
        match &recorded.event {
            Event::CardIssued(issued) => self.issue(recorded, issued),
            Event::CardActivated(card) => self.set((account, card.card_id), "active"),
            Event::CardUnblocked(card) => self.set((account, card.card_id), "active"),
            Event::CardBlocked(card) => self.set((account, card.card_id), "blocked"),
            Event::CardCancelled(card) => self.set((account, card.card_id), "cancelled"),
            Event::AccountOpened(_)
            | Event::CreditLimitChanged(_)
            | Event::AccountClosed(_)
            | Event::PurchaseApproved(_)
            | Event::PurchaseDeclined(_) => Ok(()),
        }
    }

    fn issue(&mut self, recorded: &Recorded, issued: &CardIssued) -> Result<(), Inapplicable> {
        let key = (recorded.account, issued.card_id);
        if self.known.contains_key(&key) || self.changed.contains_key(&key) {
            return Err(Inapplicable::CardAlreadyIssued);
        }
        let row = Row {
            account_id: recorded.account.to_string(),
            card_id: issued.card_id.to_string(),
            last_four: issued.card_last_four.to_string(),
            expiry_year: i64::from(issued.expiry.year()),
            expiry_month: i64::from(issued.expiry.month()),
            status: "issued".to_owned(),
            issued_version: recorded.version,
        };
        self.changed.insert(key, row);
        Ok(())
    }

    fn set(&mut self, key: Key, status: &str) -> Result<(), Inapplicable> {
        let row = match self.changed.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let row = self.known.get(&key).ok_or(Inapplicable::Missing("card"))?;
                entry.insert(row.clone())
            }
        };
        status.clone_into(&mut row.status);
        Ok(())
    }

    pub(crate) fn write(self, writes: &mut Writes<'_>) {
        writes.add(&TABLE, self.changed.into_values(), Row::put);
    }
}
