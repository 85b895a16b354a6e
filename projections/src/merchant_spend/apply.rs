//! Approved purchases → sums by merchant and cycle.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::AccountId;
use domain::account::{Event, PurchaseApproved};

use crate::fold::Inapplicable;
use crate::recorded::Recorded;
use crate::store::{How, Kind, Table, Values, Writes};

const TABLE: Table = Table {
    name: "merchant_spend",
    columns: &[
        ("account_id", Kind::Text),
        ("cycle", Kind::Text),
        ("merchant_id", Kind::Text),
        ("merchant_name", Kind::Text),
        ("mcc", Kind::Text),
        ("currency", Kind::Text),
        ("purchase_count", Kind::Integer),
        ("amount_minor", Kind::Integer),
        ("last_version", Kind::Integer),
        ("last_purchase_at_micros", Kind::Integer),
    ],
    // A merchant is called what its last purchase called it.
    how: How::Merge(
        "(account_id, cycle, merchant_id) do update set merchant_name = excluded.merchant_name, mcc = excluded.mcc,
         purchase_count = merchant_spend.purchase_count + excluded.purchase_count,
         amount_minor = merchant_spend.amount_minor + excluded.amount_minor,
         last_version = excluded.last_version, last_purchase_at_micros = excluded.last_purchase_at_micros",
    ),
};

/// What a batch adds to one merchant's sums.
#[derive(Debug)]
struct Row<'e> {
    account_id: AccountId,
    cycle: String,
    merchant_id: &'e str,
    merchant_name: &'e str,
    mcc: &'e str,
    currency: &'static str,
    purchase_count: i64,
    amount_minor: i64,
    last_version: i64,
    last_purchase_at_micros: i64,
}

impl<'e> Row<'e> {
    fn put(self, values: &mut Values<'_, 'e>) {
        values
            .text(self.account_id.to_string())
            .text(self.cycle)
            .text(self.merchant_id)
            .text(self.merchant_name)
            .text(self.mcc)
            .text(self.currency)
            .integer(self.purchase_count)
            .integer(self.amount_minor)
            .integer(self.last_version)
            .integer(self.last_purchase_at_micros);
    }
}

/// What a batch adds.
#[derive(Debug, Default)]
pub(crate) struct Changes<'e> {
    rows: BTreeMap<(AccountId, String, &'e str), Row<'e>>,
}

impl<'e> Changes<'e> {
    pub(crate) fn fold(&mut self, recorded: &'e Recorded) -> Result<(), Inapplicable> {
        match &recorded.event {
            Event::PurchaseApproved(approved) => self.spend(recorded, approved),
            Event::AccountOpened(_)
            | Event::CreditLimitChanged(_)
            | Event::CardIssued(_)
            | Event::CardActivated(_)
            | Event::CardBlocked(_)
            | Event::CardUnblocked(_)
            | Event::CardCancelled(_)
            | Event::AccountClosed(_)
            | Event::PurchaseDeclined(_) => Ok(()),
        }
    }

    fn spend(&mut self, recorded: &Recorded, approved: &'e PurchaseApproved) -> Result<(), Inapplicable> {
        let latest = row(recorded, approved);
        match self
            .rows
            .entry((recorded.account, latest.cycle.clone(), latest.merchant_id))
        {
            Entry::Vacant(entry) => {
                entry.insert(latest);
            }
            Entry::Occupied(mut entry) => {
                let before = entry.get();
                let amount_minor = before.amount_minor.checked_add(latest.amount_minor);
                let row = Row {
                    purchase_count: before.purchase_count + 1,
                    amount_minor: amount_minor.ok_or(Inapplicable::OutOfRange)?,
                    ..latest
                };
                entry.insert(row);
            }
        }
        Ok(())
    }

    pub(crate) fn write(self, writes: &mut Writes<'e>) {
        writes.add(&TABLE, self.rows.into_values(), Row::put);
    }
}

fn row<'e>(recorded: &Recorded, approved: &'e PurchaseApproved) -> Row<'e> {
    Row {
        account_id: recorded.account,
        cycle: approved.billing_cycle.name(),
        merchant_id: approved.merchant.id.as_str(),
        merchant_name: approved.merchant.name.as_str(),
        mcc: approved.merchant.mcc.as_str(),
        currency: approved.amount.currency().code(),
        purchase_count: 1,
        amount_minor: approved.amount.minor_units(),
        last_version: recorded.version,
        last_purchase_at_micros: approved.occurred_at.timestamp_micros(),
    }
}
