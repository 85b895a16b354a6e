//! Events → one row each.

use domain::account::{Event, Merchant, PurchaseApproved, PurchaseDeclined};
use domain::card::LastFour;
use domain::text::Description;
use domain::{AccountId, AuthorizationId, CardId, Money};

use crate::fold::search_text;
use crate::recorded::Recorded;
use crate::store::{How, Kind, Table, Values, Writes};

const TABLE: Table = Table {
    name: "activity",
    columns: &[
        ("account_id", Kind::Text),
        ("version", Kind::Integer),
        ("kind", Kind::Text),
        ("occurred_at_micros", Kind::Integer),
        ("card_id", Kind::Text),
        ("card_last_four", Kind::Text),
        ("authorization_id", Kind::Text),
        ("amount_minor", Kind::Integer),
        ("credit_limit_minor", Kind::Integer),
        ("currency", Kind::Text),
        ("merchant_id", Kind::Text),
        ("merchant_name", Kind::Text),
        ("mcc", Kind::Text),
        ("description", Kind::Text),
        ("search_text", Kind::Text),
        ("decline_reason", Kind::Text),
        ("cycle", Kind::Text),
    ],
    how: How::Add,
};

/// What was not part of the event is null in the table.
#[derive(Debug)]
struct Row<'e> {
    account_id: AccountId,
    version: i64,
    kind: &'static str,
    occurred_at_micros: i64,
    card_id: Option<CardId>,
    card_last_four: Option<&'e LastFour>,
    credit_limit_minor: Option<i64>,
    currency: Option<&'static str>,
    purchase: Option<Purchase<'e>>,
}

#[derive(Debug)]
struct Purchase<'e> {
    authorization_id: AuthorizationId,
    amount_minor: i64,
    merchant_id: &'e str,
    merchant_name: &'e str,
    mcc: &'e str,
    description: &'e str,
    search_text: String,
    decline_reason: Option<&'static str>,
    cycle: Option<String>,
}

/// The rows that a batch adds.
#[derive(Debug, Default)]
pub(crate) struct Changes<'e> {
    rows: Vec<Row<'e>>,
}

impl<'e> Changes<'e> {
    pub(crate) fn fold(&mut self, recorded: &'e Recorded) {
        let row = Row::of(recorded);
        let row = match &recorded.event {
            Event::AccountOpened(opened) => row.limit(opened.credit_limit),
            Event::CreditLimitChanged(changed) => row.limit(changed.credit_limit),
            Event::CardIssued(issued) => row.card(issued.card_id, Some(&issued.card_last_four)),
            Event::CardActivated(card) => row.card(card.card_id, None),
            Event::CardBlocked(card) => row.card(card.card_id, None),
            Event::CardUnblocked(card) => row.card(card.card_id, None),
            Event::CardCancelled(card) => row.card(card.card_id, None),
            Event::AccountClosed(_) => row,
            Event::PurchaseApproved(purchase) => row.approved(purchase),
            Event::PurchaseDeclined(purchase) => row.declined(purchase),
        };
        self.rows.push(row);
    }

    pub(crate) fn write(self, writes: &mut Writes<'e>) {
        writes.add(&TABLE, self.rows, Row::put);
    }
}

impl<'e> Row<'e> {
    fn put(self, values: &mut Values<'_, 'e>) {
        let purchase = self.purchase.as_ref();
        values
            .text(self.account_id.to_string())
            .integer(self.version)
            .text(self.kind)
            .integer(self.occurred_at_micros)
            .optional_text(self.card_id.map(|id| id.to_string()))
            .optional_text(self.card_last_four.map(LastFour::as_str))
            .optional_text(purchase.map(|purchase| purchase.authorization_id.to_string()))
            .integer(purchase.map(|purchase| purchase.amount_minor))
            .integer(self.credit_limit_minor)
            .optional_text(self.currency)
            .optional_text(purchase.map(|purchase| purchase.merchant_id))
            .optional_text(purchase.map(|purchase| purchase.merchant_name))
            .optional_text(purchase.map(|purchase| purchase.mcc))
            .optional_text(purchase.map(|purchase| purchase.description))
            .optional_text(purchase.map(|purchase| purchase.search_text.clone()))
            .optional_text(purchase.and_then(|purchase| purchase.decline_reason))
            .optional_text(purchase.and_then(|purchase| purchase.cycle.clone()));
    }

    fn of(recorded: &'e Recorded) -> Self {
        Self {
            account_id: recorded.account,
            version: recorded.version,
            kind: recorded.event.name(),
            occurred_at_micros: recorded.event.occurred_at().timestamp_micros(),
            card_id: None,
            card_last_four: None,
            credit_limit_minor: None,
            currency: None,
            purchase: None,
        }
    }

    fn limit(self, credit_limit: Money) -> Self {
        Self {
            credit_limit_minor: Some(credit_limit.minor_units()),
            currency: Some(credit_limit.currency().code()),
            ..self
        }
    }

    fn card(self, card_id: CardId, card_last_four: Option<&'e LastFour>) -> Self {
        Self {
            card_id: Some(card_id),
            card_last_four,
            ..self
        }
    }

    fn approved(self, approved: &'e PurchaseApproved) -> Self {
        let purchase = purchase(
            approved.authorization_id,
            approved.amount,
            &approved.merchant,
            &approved.description,
        );
        Self {
            currency: Some(approved.amount.currency().code()),
            purchase: Some(Purchase {
                cycle: Some(approved.billing_cycle.name()),
                ..purchase
            }),
            ..self.card(approved.card_id, Some(&approved.card_last_four))
        }
    }

    fn declined(self, declined: &'e PurchaseDeclined) -> Self {
        let purchase = purchase(
            declined.authorization_id,
            declined.amount,
            &declined.merchant,
            &declined.description,
        );
        Self {
            currency: Some(declined.amount.currency().code()),
            purchase: Some(Purchase {
                decline_reason: Some(declined.reason.code()),
                ..purchase
            }),
            ..self.card(declined.card_id, Some(&declined.card_last_four))
        }
    }
}

fn purchase<'e>(
    authorization_id: AuthorizationId,
    amount: Money,
    merchant: &'e Merchant,
    description: &'e Description,
) -> Purchase<'e> {
    Purchase {
        authorization_id,
        amount_minor: amount.minor_units(),
        merchant_id: merchant.id.as_str(),
        merchant_name: merchant.name.as_str(),
        mcc: merchant.mcc.as_str(),
        description: description.as_str(),
        search_text: search_text(merchant, description),
        decline_reason: None,
        cycle: None,
    }
}
