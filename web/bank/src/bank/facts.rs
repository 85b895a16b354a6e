//! The bank's answers, as far as the pages show them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, de};

/// An amount, in whole minor units.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Money {
    #[serde(deserialize_with = "decimal_text")]
    pub(crate) minor_units: i64,
    pub(crate) currency: String,
}

impl Money {
    /// Major units as a plain decimal, for programs.
    pub(crate) fn decimal(&self) -> String {
        look::decimal(self.minor_units, &self.currency)
    }
}

/// The API writes whole numbers as text, since readers of JSON make floats of numbers.
fn decimal_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    #[serde(rename = "accountVersion")]
    pub(crate) version: u64,
    pub(crate) status: AccountStatus,
    pub(crate) credit_limit: Money,
    pub(crate) outstanding: Money,
    pub(crate) available: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AccountStatus {
    Open,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StatementStatus {
    Open,
    Closed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement {
    pub(crate) account_version: u64,
    pub(crate) cycle: String,
    pub(crate) status: StatementStatus,
    pub(crate) opens_on: NaiveDate,
    pub(crate) closes_on: NaiveDate,
    pub(crate) due_on: NaiveDate,
    pub(crate) total: Money,
    pub(crate) line_count: i64,
    pub(crate) lines: Listed<Line>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) cycle: String,
    pub(crate) closes_on: NaiveDate,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    pub(crate) version: u64,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) amount: Money,
    pub(crate) merchant: Merchant,
    pub(crate) description: String,
    pub(crate) card_last_four: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Merchant {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) mcc: String,
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed<T> {
    pub(crate) nodes: Vec<T>,
    pub(crate) page_info: PageInfo,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub(crate) has_previous_page: bool,
    pub(crate) has_next_page: bool,
    pub(crate) start_cursor: Option<String>,
    pub(crate) end_cursor: Option<String>,
}

/// A list that comes whole.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Nodes<T> {
    pub(crate) nodes: Vec<T>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spend {
    pub(crate) merchant: Merchant,
    pub(crate) purchase_count: i64,
    pub(crate) amount: Money,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) last_four: String,
    pub(crate) expiry_month: u32,
    pub(crate) expiry_year: u32,
    pub(crate) status: CardStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum CardStatus {
    Issued,
    Active,
    Blocked,
    Cancelled,
}

/// Something that happened.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Activity {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) kind: ActivityKind,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) card_id: Option<String>,
    pub(crate) card_last_four: Option<String>,
    pub(crate) authorization_id: Option<String>,
    pub(crate) amount: Option<Money>,
    pub(crate) merchant: Option<Merchant>,
    pub(crate) description: Option<String>,
    pub(crate) decline_reason: Option<DeclineReason>,
    pub(crate) cycle: Option<String>,
    pub(crate) credit_limit: Option<Money>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ActivityKind {
    AccountOpened,
    CreditLimitChanged,
    CardIssued,
    CardActivated,
    CardBlocked,
    CardUnblocked,
    CardCancelled,
    AccountClosed,
    PurchaseApproved,
    PurchaseDeclined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum DeclineReason {
    CardNotFound,
    ExpiryMismatch,
    SecurityCodeMismatch,
    AccountClosed,
    CardCancelled,
    CardNotActivated,
    CardBlocked,
    CardExpired,
    OverLimit,
}

/// How many purchases, and of what sum.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Volume {
    pub(crate) count: i64,
    pub(crate) amount: Money,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Decided {
    pub(crate) approved: Volume,
    pub(crate) declined: Volume,
}

/// What was decided across all accounts in a window of time.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operations {
    pub(crate) totals: Decided,
    pub(crate) over_time: Vec<TimeBucket>,
    pub(crate) hours_of_week: Vec<HourOfWeek>,
    pub(crate) decline_reasons: Vec<ReasonVolume>,
    pub(crate) top_merchants: Vec<MerchantVolume>,
    pub(crate) top_descriptions: Vec<DescriptionVolume>,
    pub(crate) descriptions: Vec<DescriptionVolume>,
    pub(crate) amount_percentiles: Vec<Percentile>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TimeBucket {
    pub(crate) start: DateTime<Utc>,
    #[serde(flatten)]
    pub(crate) decided: Decided,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HourOfWeek {
    /// 1 for Monday.
    pub(crate) weekday: usize,
    pub(crate) hour: usize,
    #[serde(flatten)]
    pub(crate) decided: Decided,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReasonVolume {
    pub(crate) reason: DeclineReason,
    pub(crate) count: i64,
    pub(crate) amount: Money,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MerchantVolume {
    pub(crate) merchant: Merchant,
    pub(crate) count: i64,
    pub(crate) amount: Money,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescriptionVolume {
    pub(crate) description: String,
    pub(crate) count: i64,
    pub(crate) amount: Money,
    pub(crate) average_amount: Money,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Percentile {
    pub(crate) percent: i64,
    pub(crate) amount: Money,
    /// The search index estimates where there are too many different amounts; the read models never do.
    #[serde(default)]
    pub(crate) is_estimate: bool,
}

/// How far the search index is.
#[derive(Debug, Clone)]
pub(crate) struct Indexed {
    pub(crate) documents: i64,
    /// The moment of the newest event in it,
    pub(crate) newest_at: Option<DateTime<Utc>>,
    /// when an event was last sent to it,
    pub(crate) ingested_at: Option<DateTime<Utc>>,
    /// and how long that one took from the bank's decision.
    pub(crate) delay_millis: Option<i64>,
}

/// How far the read models are.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pipeline {
    pub(crate) latest_purchase_at: Option<DateTime<Utc>>,
    pub(crate) stopped_count: i64,
    /// Nothing where there is no search sink, or Kafka does not say.
    pub(crate) dead_letter_count: Option<i64>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) places: Vec<Place>,
}

/// How late one read model is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stage {
    pub(crate) projection: String,
    pub(crate) waiting_count: Option<i64>,
    pub(crate) applied_at: Option<DateTime<Utc>>,
    /// Of the event that was applied last.
    pub(crate) delay_millis: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    pub(crate) projection: String,
    pub(crate) partition: i64,
    pub(crate) next_offset: i64,
    pub(crate) stopped: Option<Stop>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stop {
    pub(crate) event_id: String,
    pub(crate) reason: String,
}
