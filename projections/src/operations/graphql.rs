//! `operations`: the bank's purchases across accounts.

use std::collections::HashMap;

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::query::{self, APPROVED, By, DECLINED, Named, Sum};
use super::window::{self, BucketWidth, Window};
use crate::activity::graphql::{Reason, reason};
use crate::graphql::{Failure, Merchant, Money, Settings, instant};

/// How many rows a list of the best has.
const TOP: i64 = 5;
/// Rows of the table of descriptions if nothing is said, and at most.
const DESCRIPTIONS_DEFAULT: i32 = 50;
const DESCRIPTIONS_MAX: i32 = 200;
const PERCENTS: [i64; 4] = [50, 90, 95, 99];

/// How many purchases, and how much together.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct Volume {
    count: i64,
    amount: Money,
}

/// Purchases by what was decided.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct Decided {
    approved: Volume,
    declined: Volume,
}

/// Purchases of one bucket of time.
#[derive(Debug, SimpleObject)]
pub(crate) struct TimeBucket {
    /// When the bucket begins; it ends where the next one begins.
    start: DateTime<Utc>,
    approved: Volume,
    declined: Volume,
}

/// Purchases of one hour of the week.
#[derive(Debug, SimpleObject)]
pub(crate) struct HourOfWeek {
    /// ISO weekday: 1 for Monday, 7 for Sunday.
    weekday: i32,
    /// 0 to 23, in Brasília (UTC-3).
    hour: i32,
    approved: Volume,
    declined: Volume,
}

/// Declined purchases of one reason.
#[derive(Debug, SimpleObject)]
pub(crate) struct DeclineReasonVolume {
    reason: Reason,
    count: i64,
    amount: Money,
}

/// Approved purchases at one merchant.
#[derive(Debug, SimpleObject)]
pub(crate) struct MerchantVolume {
    /// As its latest purchase of the window calls it.
    merchant: Merchant,
    count: i64,
    amount: Money,
}

/// Approved purchases of one description: what was bought, as the store calls it.
#[derive(Debug, SimpleObject)]
pub(crate) struct DescriptionVolume {
    description: String,
    count: i64,
    amount: Money,
    /// The amount divided by the count, rounded to whole minor units, halves away from zero.
    average_amount: Money,
}

/// One percentile of the approved amounts.
#[derive(Debug, SimpleObject)]
pub(crate) struct AmountPercentile {
    percent: i64,
    amount: Money,
}

/// The purchases of all accounts that were decided (approved or declined) within a window, in one currency. A purchase counts at
/// the moment the bank received it. Purchases with a card number that the bank does not know have no account and are not here.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Operations {
    /// The window begins here,
    since: DateTime<Utc>,
    /// and ends before this moment.
    until: DateTime<Utc>,
    /// ISO 4217 code of the currency that is looked at.
    currency: String,
    #[graphql(skip)]
    window: Window,
}

#[derive(Debug, Default)]
pub(crate) struct OperationsQuery;

#[Object]
impl OperationsQuery {
    /// The purchases of all accounts from `since` on and before `until` (now, if absent). For staff: without the operator's switch
    /// (`CODEBANK_OPERATIONS`) it is answered with the code `NOT_ENABLED`.
    #[graphql(complexity = "1 + child_complexity")]
    #[expect(clippy::unused_async, reason = "a field of the schema is")]
    async fn operations(
        &self,
        ctx: &Context<'_>,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        #[graphql(default = "BRL")] currency: String,
    ) -> Result<Option<Operations>> {
        let now = enabled(ctx)?.now;
        let until = until.unwrap_or_else(now);
        let window = Window::parse(since, until, &currency)?;
        Ok(Some(Operations {
            since,
            until,
            currency: window.currency.code().to_owned(),
            window,
        }))
    }
}

#[ComplexObject]
impl Operations {
    /// All purchases of the window.
    #[graphql(complexity = "50 + child_complexity")]
    async fn totals(&self, ctx: &Context<'_>) -> Result<Decided> {
        let sums = query::totals(ctx.data_unchecked(), &self.window).await?;
        Ok(self.by_slot(&sums)?.remove(&0).unwrap_or_else(|| self.nothing()))
    }

    /// The purchases by bucket of time, oldest first, empty buckets included. The first and the last bucket have only what is
    /// within the window. At most 2,400 buckets, otherwise `LIMIT_EXCEEDED`.
    #[graphql(complexity = "50 + 24 * child_complexity")]
    async fn over_time(&self, ctx: &Context<'_>, width: BucketWidth) -> Result<Vec<TimeBucket>> {
        let buckets = self.window.buckets(width)?;
        let sums = query::over_time(ctx.data_unchecked(), &self.window, width).await?;
        let decided = self.by_slot(&sums)?;
        let bucket = |number: i64| {
            let Decided { approved, declined } =
                decided.get(&number).copied().unwrap_or_else(|| self.nothing());
            Ok(TimeBucket {
                start: instant(window::bucket_start_micros(number, width))?,
                approved,
                declined,
            })
        };
        buckets.map(bucket).collect()
    }

    /// The purchases by hour of the day and weekday in Brasília (UTC-3): all 168 hours of a week, Monday's midnight first.
    #[graphql(complexity = "50 + 24 * child_complexity")]
    async fn hours_of_week(&self, ctx: &Context<'_>) -> Result<Vec<HourOfWeek>> {
        let sums = query::hours_of_week(ctx.data_unchecked(), &self.window).await?;
        let decided = self.by_slot(&sums)?;
        let hours = window::hours_of_week().map(|(number, weekday, hour)| {
            let Decided { approved, declined } =
                decided.get(&number).copied().unwrap_or_else(|| self.nothing());
            HourOfWeek {
                weekday,
                hour,
                approved,
                declined,
            }
        });
        Ok(hours.collect())
    }

    /// Declined purchases by reason, the most frequent first; equal ones by the reason's stable name.
    #[graphql(complexity = "50 + 9 * child_complexity")]
    async fn decline_reasons(&self, ctx: &Context<'_>) -> Result<Vec<DeclineReasonVolume>> {
        let rows = query::decline_reasons(ctx.data_unchecked(), &self.window).await?;
        let volume = |row: Named| {
            Ok(DeclineReasonVolume {
                reason: reason(&row.name)?,
                count: row.purchase_count,
                amount: self.money(row.amount_minor),
            })
        };
        rows.into_iter().map(volume).collect()
    }

    /// The five merchants with the largest sum of approved purchases, largest first; equal ones by id.
    #[graphql(complexity = "50 + 5 * child_complexity")]
    async fn top_merchants(&self, ctx: &Context<'_>) -> Result<Vec<MerchantVolume>> {
        let rows = query::merchants(ctx.data_unchecked(), &self.window, TOP).await?;
        let volume = |row: query::MerchantRow| MerchantVolume {
            merchant: Merchant {
                id: row.merchant_id,
                name: row.merchant_name,
                mcc: row.mcc,
            },
            count: row.purchase_count,
            amount: self.money(row.amount_minor),
        };
        Ok(rows.into_iter().map(volume).collect())
    }

    /// The five descriptions (products) with the largest sum of approved purchases, largest first; equal ones by their text.
    #[graphql(complexity = "50 + 5 * child_complexity")]
    async fn top_descriptions(&self, ctx: &Context<'_>) -> Result<Vec<DescriptionVolume>> {
        self.described(ctx, By::Amount, TOP).await
    }

    /// The descriptions (products) of approved purchases, the most frequent first; equal ones by their text. At most 200.
    #[graphql(complexity = "50 + 20 * child_complexity")]
    async fn descriptions(&self, ctx: &Context<'_>, first: Option<i32>) -> Result<Vec<DescriptionVolume>> {
        let first = first.unwrap_or(DESCRIPTIONS_DEFAULT);
        if first < 0 {
            return Err(Failure::BadUserInput("first must not be negative".to_owned()).into());
        }
        if first > DESCRIPTIONS_MAX {
            let message = format!("the table has at most {DESCRIPTIONS_MAX} descriptions");
            return Err(Failure::LimitExceeded(message).into());
        }
        self.described(ctx, By::Count, i64::from(first)).await
    }

    /// Percentiles 50, 90, 95 and 99 of the approved amounts by nearest rank: the p-th of n amounts in ascending order is number
    /// p·n/100, rounded up. So each is an amount that was paid. Nothing where there is no approved purchase.
    #[graphql(complexity = "50 + 4 * child_complexity")]
    async fn amount_percentiles(&self, ctx: &Context<'_>) -> Result<Vec<AmountPercentile>> {
        let rows = query::percentiles(ctx.data_unchecked(), &self.window, &PERCENTS).await?;
        let percentile = |(percent, amount)| AmountPercentile {
            percent,
            amount: self.money(amount),
        };
        Ok(rows.into_iter().map(percentile).collect())
    }
}

impl Operations {
    async fn described(&self, ctx: &Context<'_>, by: By, rows_max: i64) -> Result<Vec<DescriptionVolume>> {
        let rows = query::descriptions(ctx.data_unchecked(), &self.window, by, rows_max).await?;
        let volume = |row: Named| DescriptionVolume {
            average_amount: self.money(average(row.amount_minor, row.purchase_count)),
            description: row.name,
            count: row.purchase_count,
            amount: self.money(row.amount_minor),
        };
        Ok(rows.into_iter().map(volume).collect())
    }

    fn by_slot(&self, sums: &[Sum]) -> Result<HashMap<i64, Decided>, Failure> {
        let mut decided = HashMap::new();
        for sum in sums {
            let entry = decided.entry(sum.slot).or_insert_with(|| self.nothing());
            let volume = Volume {
                count: sum.purchase_count,
                amount: self.money(sum.amount_minor),
            };
            match sum.kind.as_str() {
                APPROVED => entry.approved = volume,
                DECLINED => entry.declined = volume,
                other => return Err(Failure::Row(format!("the kind of purchase {other:?}"))),
            }
        }
        Ok(decided)
    }

    fn nothing(&self) -> Decided {
        let volume = Volume {
            count: 0,
            amount: self.money(0),
        };
        Decided {
            approved: volume,
            declined: volume,
        }
    }

    fn money(&self, minor_units: i64) -> Money {
        domain::Money::new(minor_units, self.window.currency).into()
    }
}

/// The settings, if they allow this.
pub(super) fn enabled<'c>(ctx: &Context<'c>) -> Result<&'c Settings, Failure> {
    let settings: &Settings = ctx.data_unchecked();
    if settings.operations {
        Ok(settings)
    } else {
        Err(Failure::NotEnabled("operations"))
    }
}

/// Whole minor units, halves away from zero. Amounts are never negative, and what has no purchase has no row.
fn average(amount_minor: i64, count: i64) -> i64 {
    let (amount, count) = (i128::from(amount_minor), i128::from(count.max(1)));
    i64::try_from((2 * amount + count) / (2 * count)).unwrap_or(i64::MAX)
}
