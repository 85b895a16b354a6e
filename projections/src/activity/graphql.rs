//! `activity`: the timeline of an account, as a Relay connection.

use async_graphql::connection::Connection;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::AccountId;
use domain::account::DeclineReason;

use super::query::{self, Filter, Row};
use crate::card::graphql::Card;
use crate::card::query::{CardKey, by_key};
use crate::graphql::{Cursor, Failure, Merchant, Money, Page, Version, at_least, instant, money, page_cost};
use crate::store::ReadStore;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ActivityKind {
    AccountOpened,
    CreditLimitChanged,
    CardIssued,
    CardActivated,
    CardBlocked,
    CardUnblocked,
    CardCancelled,
    AccountClosed,
    /// Charged on a statement.
    PurchaseApproved,
    /// Not charged.
    PurchaseDeclined,
}

/// Why a purchase was declined, precisely: for the cardholder's eyes, not the merchant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "DeclineReason", name = "DeclineReason")]
pub(crate) enum Reason {
    /// The account never issued this card.
    CardNotFound,
    /// The expiry given is not the card's.
    ExpiryMismatch,
    /// The security code given is not the card's.
    SecurityCodeMismatch,
    AccountClosed,
    CardCancelled,
    /// The card is not activated yet.
    CardNotActivated,
    CardBlocked,
    CardExpired,
    /// The amount is above what was left of the credit limit.
    OverLimit,
}

/// Something that happened to an account.
#[derive(Debug, SimpleObject)]
#[graphql(complex, serial)]
pub(crate) struct Activity {
    /// The event's id, the same everywhere in the bank.
    id: ID,
    /// The account's version with it.
    version: Version,
    kind: ActivityKind,
    occurred_at: DateTime<Utc>,
    card_id: Option<ID>,
    card_last_four: Option<String>,
    /// The decision about a purchase.
    authorization_id: Option<ID>,
    /// What the purchase costs.
    amount: Option<Money>,
    merchant: Option<Merchant>,
    /// What was bought, in the merchant's words.
    description: Option<String>,
    /// Set when a purchase was declined.
    decline_reason: Option<Reason>,
    /// The statement on which a purchase is charged, such as 2026-12.
    cycle: Option<String>,
    /// The credit limit from then on.
    credit_limit: Option<Money>,
    #[graphql(skip)]
    account: AccountId,
}

#[ComplexObject]
impl Activity {
    /// The card as it is now.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>> {
        let Some(card) = self.card_id.as_ref().and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let key = CardKey {
            account: self.account,
            card,
        };
        let found = by_key(ctx.data_unchecked(), key).await?;
        Ok(found.map(Card::from))
    }
}

/// Which activity is wanted; what is left out does not matter.
#[derive(Debug, Default, InputObject)]
pub(crate) struct ActivityFilter {
    /// At most one kind of each.
    #[graphql(default, validator(max_items = 10))]
    kinds: Vec<ActivityKind>,
    card_id: Option<ID>,
    merchant_id: Option<String>,
    /// Looks in the merchant's name and the description, in lower and upper case alike.
    #[graphql(validator(max_length = 100))]
    search: Option<String>,
    /// From this moment on.
    since: Option<DateTime<Utc>>,
    /// Before this moment.
    until: Option<DateTime<Utc>>,
}

/// What a page of activity says beside its rows.
#[derive(Debug, SimpleObject)]
pub(crate) struct ActivityPage {
    /// The version that this answer shows.
    account_version: Version,
}

#[derive(Debug, Default)]
pub(crate) struct ActivityQuery;

#[Object]
impl ActivityQuery {
    /// What happened to an account, newest first: purchases, approved or declined, and changes of account and cards.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the arguments of a Relay connection"
    )]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ActivityFilter>,
        at_least_version: Option<Version>,
    ) -> Result<Option<Connection<Cursor, Activity, ActivityPage>>> {
        let store: &ReadStore = ctx.data_unchecked();
        let account = crate::graphql::account_id(&account_id)?;
        let page = Page::parse(first, after.as_deref(), last, before.as_deref())?;
        let filter = filter.map(Filter::from).unwrap_or_default();
        let read = || query::page(store, account, page, &filter);
        let seen = at_least(ctx, account, at_least_version, read).await?;
        let fields = ActivityPage {
            account_version: Version(seen.version),
        };
        Ok(Some(page.connection(seen.value, fields, |row| {
            Ok((row.version, Activity::read(account, row)?))
        })?))
    }
}

impl Activity {
    pub(crate) fn read(account: AccountId, row: Row) -> Result<Self, Failure> {
        let currency = row.currency.unwrap_or_default();
        let amount = |minor: Option<i64>| {
            minor
                .map(|minor| money(minor, &currency).map(Money::from))
                .transpose()
        };
        Ok(Self {
            id: format!("{account}-{}", row.version).into(),
            version: Version(row.version),
            kind: kind(&row.kind)?,
            occurred_at: instant(row.occurred_at_micros)?,
            card_id: row.card_id.map(ID),
            card_last_four: row.card_last_four,
            authorization_id: row.authorization_id.map(ID),
            amount: amount(row.amount_minor)?,
            merchant: Merchant::read(row.merchant_id, row.merchant_name, row.mcc),
            description: row.description,
            decline_reason: row.decline_reason.as_deref().map(reason).transpose()?,
            cycle: row.cycle,
            credit_limit: amount(row.credit_limit_minor)?,
            account,
        })
    }
}

impl From<ActivityFilter> for Filter {
    fn from(filter: ActivityFilter) -> Self {
        Self {
            kinds: filter.kinds.into_iter().map(name).collect(),
            card_id: filter.card_id.map(|id| id.0).unwrap_or_default(),
            merchant_id: filter.merchant_id.unwrap_or_default(),
            search: filter.search.unwrap_or_default(),
            since: filter.since,
            until: filter.until,
        }
    }
}

/// The kinds by their event's stable name.
const KINDS: [(ActivityKind, &str); 10] = [
    (ActivityKind::AccountOpened, "account_opened"),
    (ActivityKind::CreditLimitChanged, "credit_limit_changed"),
    (ActivityKind::CardIssued, "card_issued"),
    (ActivityKind::CardActivated, "card_activated"),
    (ActivityKind::CardBlocked, "card_blocked"),
    (ActivityKind::CardUnblocked, "card_unblocked"),
    (ActivityKind::CardCancelled, "card_cancelled"),
    (ActivityKind::AccountClosed, "account_closed"),
    (ActivityKind::PurchaseApproved, "purchase_approved"),
    (ActivityKind::PurchaseDeclined, "purchase_declined"),
];

fn kind(name: &str) -> Result<ActivityKind, Failure> {
    let known = KINDS
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(kind, _)| *kind);
    known.ok_or_else(|| Failure::Row(format!("the kind of activity {name:?}")))
}

fn name(kind: ActivityKind) -> &'static str {
    KINDS
        .iter()
        .find(|(known, _)| *known == kind)
        .map_or("", |(_, name)| name)
}

pub(crate) fn reason(code: &str) -> Result<Reason, Failure> {
    let known = DeclineReason::LADDER
        .into_iter()
        .find(|reason| reason.code() == code);
    known
        .map(Reason::from)
        .ok_or_else(|| Failure::Row(format!("the decline reason {code:?}")))
}
