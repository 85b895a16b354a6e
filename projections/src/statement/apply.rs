//! Approved purchases → a line each, and the statement's total.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::NaiveDate;
use domain::account::{Event, PurchaseApproved};
use domain::{AccountId, AuthorizationId, CardId};

use crate::fold::{Inapplicable, search_text};
use crate::recorded::Recorded;
use crate::store::{How, Kind, Table, Values, Writes};

const STATEMENT: Table = Table {
    name: "statement",
    columns: &[
        ("account_id", Kind::Text),
        ("cycle", Kind::Text),
        ("opens_on", Kind::Text),
        ("closes_on", Kind::Text),
        ("due_on", Kind::Text),
        ("currency", Kind::Text),
        ("total_minor", Kind::Integer),
        ("line_count", Kind::Integer),
    ],
    how: How::Merge(
        "(account_id, cycle) do update set total_minor = statement.total_minor + excluded.total_minor,
         line_count = statement.line_count + excluded.line_count",
    ),
};

const LINE: Table = Table {
    name: "statement_line",
    columns: &[
        ("account_id", Kind::Text),
        ("cycle", Kind::Text),
        ("version", Kind::Integer),
        ("occurred_at_micros", Kind::Integer),
        ("card_id", Kind::Text),
        ("card_last_four", Kind::Text),
        ("authorization_id", Kind::Text),
        ("amount_minor", Kind::Integer),
        ("currency", Kind::Text),
        ("merchant_id", Kind::Text),
        ("merchant_name", Kind::Text),
        ("mcc", Kind::Text),
        ("description", Kind::Text),
        ("search_text", Kind::Text),
    ],
    how: How::Add,
};

/// What a batch adds to one statement.
#[derive(Debug)]
struct StatementRow {
    account_id: AccountId,
    cycle: String,
    opens_on: NaiveDate,
    closes_on: NaiveDate,
    due_on: NaiveDate,
    currency: &'static str,
    total_minor: i64,
    line_count: i64,
}

#[derive(Debug)]
struct LineRow<'e> {
    account_id: AccountId,
    cycle: String,
    version: i64,
    occurred_at_micros: i64,
    card_id: CardId,
    card_last_four: &'e str,
    authorization_id: AuthorizationId,
    amount_minor: i64,
    currency: &'static str,
    merchant_id: &'e str,
    merchant_name: &'e str,
    mcc: &'e str,
    description: &'e str,
    search_text: String,
}

impl StatementRow {
    fn put(self, values: &mut Values<'_, '_>) {
        values
            .text(self.account_id.to_string())
            .text(self.cycle)
            .text(self.opens_on.to_string())
            .text(self.closes_on.to_string())
            .text(self.due_on.to_string())
            .text(self.currency)
            .integer(self.total_minor)
            .integer(self.line_count);
    }
}

impl<'e> LineRow<'e> {
    fn put(self, values: &mut Values<'_, 'e>) {
        values
            .text(self.account_id.to_string())
            .text(self.cycle)
            .integer(self.version)
            .integer(self.occurred_at_micros)
            .text(self.card_id.to_string())
            .text(self.card_last_four)
            .text(self.authorization_id.to_string())
            .integer(self.amount_minor)
            .text(self.currency)
            .text(self.merchant_id)
            .text(self.merchant_name)
            .text(self.mcc)
            .text(self.description)
            .text(self.search_text);
    }
}

/// What a batch adds.
#[derive(Debug, Default)]
pub(crate) struct Changes<'e> {
    statements: BTreeMap<(AccountId, NaiveDate), StatementRow>,
    lines: Vec<LineRow<'e>>,
}

impl<'e> Changes<'e> {
    pub(crate) fn fold(&mut self, recorded: &'e Recorded) -> Result<(), Inapplicable> {
        match &recorded.event {
            Event::PurchaseApproved(approved) => self.charge(recorded, approved),
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

    fn charge(&mut self, recorded: &Recorded, approved: &'e PurchaseApproved) -> Result<(), Inapplicable> {
        let amount_minor = approved.amount.minor_units();
        match self
            .statements
            .entry((recorded.account, approved.billing_cycle.closes_on))
        {
            Entry::Occupied(mut entry) => {
                let row = entry.get_mut();
                row.total_minor = row
                    .total_minor
                    .checked_add(amount_minor)
                    .ok_or(Inapplicable::OutOfRange)?;
                row.line_count += 1;
            }
            Entry::Vacant(entry) => {
                entry.insert(first_charge(recorded.account, approved));
            }
        }
        self.lines.push(line(recorded, approved));
        Ok(())
    }

    pub(crate) fn write(self, writes: &mut Writes<'e>) {
        writes.add(&STATEMENT, self.statements.into_values(), StatementRow::put);
        writes.add(&LINE, self.lines, LineRow::put);
    }
}

fn first_charge(account_id: AccountId, approved: &PurchaseApproved) -> StatementRow {
    let cycle = approved.billing_cycle;
    StatementRow {
        account_id,
        cycle: cycle.name(),
        opens_on: cycle.opens_on,
        closes_on: cycle.closes_on,
        due_on: cycle.due_on,
        currency: approved.amount.currency().code(),
        total_minor: approved.amount.minor_units(),
        line_count: 1,
    }
}

fn line<'e>(recorded: &Recorded, approved: &'e PurchaseApproved) -> LineRow<'e> {
    LineRow {
        account_id: recorded.account,
        cycle: approved.billing_cycle.name(),
        version: recorded.version,
        occurred_at_micros: approved.occurred_at.timestamp_micros(),
        card_id: approved.card_id,
        card_last_four: approved.card_last_four.as_str(),
        authorization_id: approved.authorization_id,
        amount_minor: approved.amount.minor_units(),
        currency: approved.amount.currency().code(),
        merchant_id: approved.merchant.id.as_str(),
        merchant_name: approved.merchant.name.as_str(),
        mcc: approved.merchant.mcc.as_str(),
        description: approved.description.as_str(),
        search_text: search_text(&approved.merchant, &approved.description),
    }
}
