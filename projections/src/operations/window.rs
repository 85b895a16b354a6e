//! The window that is looked at, and how it is divided: by hours and days as the bank counts them.

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use domain::Currency;

use crate::graphql::Failure;

const MICROS_PER_HOUR: i64 = 3_600_000_000;
const HOURS_PER_DAY: i64 = 24;
const HOURS_PER_WEEK: i64 = 7 * HOURS_PER_DAY;
/// Brasília time, which has been a fixed offset since 2019: UTC minus three hours.
const BRASILIA_OFFSET_MICROS: i64 = -3 * MICROS_PER_HOUR;
/// 1970-01-01 was a Thursday, the fourth day of the ISO week: so many hours after the Monday before it.
const EPOCH_HOUR_OF_WEEK: i64 = 3 * HOURS_PER_DAY;
/// A hundred days by the hour, six and a half years by the day.
const BUCKETS_MAX: i64 = 2_400;

/// How wide a bucket of time is. Hours and days begin as they do in Brasília (UTC-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum BucketWidth {
    Hour,
    Day,
}

/// The purchases that are looked at: from `since` on, before `until`, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) currency: Currency,
    pub(crate) since_micros: i64,
    pub(crate) until_micros: i64,
}

impl BucketWidth {
    pub(crate) fn micros(self) -> i64 {
        match self {
            Self::Hour => MICROS_PER_HOUR,
            Self::Day => HOURS_PER_DAY * MICROS_PER_HOUR,
        }
    }
}

impl Window {
    pub(crate) fn parse(since: DateTime<Utc>, until: DateTime<Utc>, currency: &str) -> Result<Self, Failure> {
        let currency = currency
            .parse()
            .map_err(|error| Failure::BadUserInput(format!("the currency is {error}")))?;
        let window = Self {
            currency,
            since_micros: since.timestamp_micros(),
            until_micros: until.timestamp_micros(),
        };
        // Before the day the bank's clock counts from there is nothing, and division rounds the other way.
        if window.since_micros < BucketWidth::Day.micros() {
            return Err(Failure::BadUserInput("since is before 1970-01-02".to_owned()));
        }
        if window.until_micros <= window.since_micros {
            return Err(Failure::BadUserInput("until must be after since".to_owned()));
        }
        Ok(window)
    }

    /// Every bucket that the window touches, by its number, oldest first.
    pub(crate) fn buckets(&self, width: BucketWidth) -> Result<std::ops::RangeInclusive<i64>, Failure> {
        let number = |micros: i64| (micros + BRASILIA_OFFSET_MICROS).div_euclid(width.micros());
        let (first, last) = (number(self.since_micros), number(self.until_micros - 1));
        if last - first >= BUCKETS_MAX {
            return Err(Failure::LimitExceeded(format!(
                "a window is divided into at most {BUCKETS_MAX} buckets; ask for a shorter one, or for wider buckets"
            )));
        }
        Ok(first..=last)
    }
}

/// A purchase's bucket as SQL; the width is the parameter `$4`.
pub(crate) fn bucket_sql() -> String {
    format!("(occurred_at_micros + {BRASILIA_OFFSET_MICROS}) / $4")
}

/// When a bucket begins.
pub(crate) fn bucket_start_micros(number: i64, width: BucketWidth) -> i64 {
    number * width.micros() - BRASILIA_OFFSET_MICROS
}

/// A purchase's hour of the week as SQL: 0 for Monday from midnight to one, 167 for Sunday's last.
pub(crate) fn hour_of_week_sql() -> String {
    format!(
        "((occurred_at_micros + {BRASILIA_OFFSET_MICROS}) / {MICROS_PER_HOUR} + {EPOCH_HOUR_OF_WEEK}) % {HOURS_PER_WEEK}"
    )
}

/// ISO weekday (Monday is 1) and hour (0 to 23) of every hour of a week, in the order of `hour_of_week_sql`.
pub(crate) fn hours_of_week() -> impl Iterator<Item = (i64, i32, i32)> {
    let days = (1..=7).flat_map(|weekday| (0..24).map(move |hour| (weekday, hour)));
    (0..)
        .zip(days)
        .map(|(number, (weekday, hour))| (number, weekday, hour))
}
