//! The bank's calendar: which day it is for the bank, and which statement a purchase falls on.

use std::fmt;

use chrono::{DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Brasília time. A fixed offset, since Brazil has kept no daylight saving time since 2019 (Decree 9,772).
const BRASILIA_OFFSET_SECONDS: i32 = -3 * 60 * 60;

/// Days between a statement's closing and its due date.
pub const DUE_AFTER_DAYS: u64 = 7;

/// The date at the bank at a moment.
pub fn business_date(at: DateTime<Utc>) -> NaiveDate {
    match FixedOffset::east_opt(BRASILIA_OFFSET_SECONDS) {
        Some(offset) => at.with_timezone(&offset).date_naive(),
        None => at.date_naive(), // not reached: three hours are within the day that an offset may have
    }
}

/// A closing day outside 1 to 28.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the closing day must be 1 to 28, so that every month has it")]
pub struct InvalidClosingDay;

/// The day of the month on which an account's statement closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct ClosingDay(u32);

impl ClosingDay {
    pub fn try_new(day: u32) -> Result<Self, InvalidClosingDay> {
        if (1..=28).contains(&day) {
            Ok(Self(day))
        } else {
            Err(InvalidClosingDay)
        }
    }

    pub fn day(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for ClosingDay {
    type Error = InvalidClosingDay;

    fn try_from(day: u32) -> Result<Self, InvalidClosingDay> {
        Self::try_new(day)
    }
}

impl fmt::Display for ClosingDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One statement's period and dates. A purchase on the closing day already falls on the next statement, which is why
/// cardholders call it the best day to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingCycle {
    /// First day of the period: the closing day of the statement before.
    pub opens_on: NaiveDate,
    /// The closing day, the first one that is not in the period.
    pub closes_on: NaiveDate,
    /// When the total is to be paid.
    pub due_on: NaiveDate,
}

impl BillingCycle {
    /// The cycle that a purchase on `date` falls into.
    pub fn containing(date: NaiveDate, closing_day: ClosingDay) -> Self {
        let this_month = date.with_day(closing_day.day()).unwrap_or(date); // every month has days 1 to 28
        let one_month = Months::new(1);
        let (opens_on, closes_on) = if date < this_month {
            (this_month - one_month, this_month)
        } else {
            (this_month, this_month + one_month)
        };
        Self {
            opens_on,
            closes_on,
            due_on: closes_on + Days::new(DUE_AFTER_DAYS),
        }
    }

    /// The statement's name: year and month of its closing, `2026-12`.
    pub fn name(&self) -> String {
        self.closes_on.format("%Y-%m").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn check(bought_on: &str, closing_day: u32, expected: [&str; 4]) {
        let cycle =
            BillingCycle::containing(date(bought_on), ClosingDay::try_new(closing_day).expect("valid"));
        let [name, opens_on, closes_on, due_on] = expected;
        assert_eq!(cycle.name(), name);
        assert_eq!(
            [cycle.opens_on, cycle.closes_on, cycle.due_on],
            [opens_on, closes_on, due_on].map(date)
        );
    }

    #[test]
    fn the_closing_day_decides_the_statement() {
        check(
            "2026-11-22",
            25,
            ["2026-11", "2026-10-25", "2026-11-25", "2026-12-02"],
        );
        check(
            "2026-11-24",
            25,
            ["2026-11", "2026-10-25", "2026-11-25", "2026-12-02"],
        );
        check(
            "2026-11-25",
            25,
            ["2026-12", "2026-11-25", "2026-12-25", "2027-01-01"],
        );
        check(
            "2026-12-31",
            1,
            ["2027-01", "2026-12-01", "2027-01-01", "2027-01-08"],
        );
        check(
            "2028-02-29",
            28,
            ["2028-03", "2028-02-28", "2028-03-28", "2028-04-04"],
        );
    }

    #[test]
    fn the_day_is_the_day_in_brasilia() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        assert_eq!(business_date(at("2026-11-23T02:59:59Z")), date("2026-11-22"));
        assert_eq!(business_date(at("2026-11-23T03:00:00Z")), date("2026-11-23"));
    }

    #[test]
    fn every_month_has_the_closing_day() {
        for day in [0, 29, u32::MAX] {
            assert_eq!(ClosingDay::try_new(day), Err(InvalidClosingDay));
            assert!(serde_json::from_value::<ClosingDay>(day.into()).is_err(), "{day}");
        }
        let last = ClosingDay::try_new(28).expect("the last one");
        assert_eq!(last.to_string(), "28");
        assert_eq!(serde_json::from_value::<ClosingDay>(28.into()).ok(), Some(last));
    }
}
