//! The operators' questions once more, answered from the events alone: a list of purchases, gone through for each.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta, Timelike};
use domain::AccountId;
use domain::account::Event;
use serde_json::{Value, json};

use crate::support::events;

type Local = DateTime<FixedOffset>;

#[derive(Debug, Clone)]
struct Purchase {
    at: Local,
    /// Absent where it was approved.
    reason: Option<&'static str>,
    amount: i64,
    merchant: (String, String, String),
    description: String,
}

/// The purchases of a window.
#[derive(Debug)]
pub(crate) struct Purchases {
    since: Local,
    until: Local,
    all: Vec<Purchase>,
}

fn brasilia(text: &str) -> Local {
    events::at(text).with_timezone(&FixedOffset::west_opt(3 * 3_600).unwrap())
}

fn purchase(event: &Event, currency: &str) -> Option<Purchase> {
    let (amount, merchant, description, reason) = match event {
        Event::PurchaseApproved(it) => (it.amount, &it.merchant, &it.description, None),
        Event::PurchaseDeclined(it) => (it.amount, &it.merchant, &it.description, Some(it.reason.code())),
        _ => return None,
    };
    (amount.currency().code() == currency).then(|| Purchase {
        at: brasilia(&event.occurred_at().to_rfc3339()),
        reason,
        amount: amount.minor_units(),
        merchant: (
            merchant.id.to_string(),
            merchant.name.to_string(),
            merchant.mcc.to_string(),
        ),
        description: description.to_string(),
    })
}

fn volume<'p>(purchases: impl Iterator<Item = &'p Purchase>) -> (usize, i64) {
    purchases.fold((0, 0), |(count, amount), purchase| {
        (count + 1, amount + purchase.amount)
    })
}

fn cents(minor_units: i64) -> Value {
    json!({ "minorUnits": minor_units.to_string() })
}

impl Purchases {
    pub(crate) fn of(
        histories: &BTreeMap<AccountId, Vec<Event>>,
        since: &str,
        until: &str,
        currency: &str,
    ) -> Self {
        let (since, until) = (brasilia(since), brasilia(until));
        let mut all: Vec<Purchase> = histories
            .values()
            .flatten()
            .filter_map(|event| purchase(event, currency))
            .filter(|purchase| since <= purchase.at && purchase.at < until)
            .collect();
        all.sort_by_key(|purchase| purchase.at);
        Self { since, until, all }
    }

    /// Each field of the answer.
    pub(crate) fn answer(&self, width: &str) -> Vec<(&'static str, Value)> {
        vec![
            ("totals", self.decided(|_| true)),
            ("overTime", self.over_time(width)),
            ("hoursOfWeek", self.hours_of_week()),
            ("declineReasons", self.decline_reasons()),
            ("topMerchants", self.top_merchants()),
            ("topDescriptions", self.described(5, |(_, amount)| *amount)),
            (
                "descriptions",
                self.described(3, |(count, _)| i64::try_from(*count).unwrap()),
            ),
            ("amountPercentiles", self.percentiles()),
        ]
    }

    fn approved(&self) -> impl Iterator<Item = &Purchase> {
        self.all.iter().filter(|purchase| purchase.reason.is_none())
    }

    fn decided(&self, wanted: impl Fn(&Purchase) -> bool) -> Value {
        let of = |approved: bool| {
            let (count, amount) = volume(
                self.all
                    .iter()
                    .filter(|purchase| wanted(purchase) && purchase.reason.is_none() == approved),
            );
            json!({ "count": count, "amount": cents(amount) })
        };
        json!({ "approved": of(true), "declined": of(false) })
    }

    fn over_time(&self, width: &str) -> Value {
        let hour = self.since.with_minute(0).unwrap().with_second(0).unwrap();
        let hour = hour.with_nanosecond(0).unwrap();
        let (mut start, width) = match width {
            "HOUR" => (hour, TimeDelta::hours(1)),
            _ => (hour.with_hour(0).unwrap(), TimeDelta::days(1)),
        };
        let mut buckets = Vec::new();
        while start < self.until {
            let mut bucket = self.decided(|purchase| start <= purchase.at && purchase.at < start + width);
            bucket["start"] = json!(start.to_utc().to_rfc3339());
            buckets.push(bucket);
            start += width;
        }
        buckets.into()
    }

    fn hours_of_week(&self) -> Value {
        let mut hours = Vec::new();
        for weekday in 1..=7 {
            for hour in 0..24 {
                let mut row = self.decided(|purchase| {
                    purchase.at.weekday().number_from_monday() == weekday && purchase.at.hour() == hour
                });
                row["weekday"] = weekday.into();
                row["hour"] = hour.into();
                hours.push(row);
            }
        }
        hours.into()
    }

    fn decline_reasons(&self) -> Value {
        let reasons: BTreeSet<&str> = self.all.iter().filter_map(|purchase| purchase.reason).collect();
        let mut rows: Vec<(usize, &str, i64)> = reasons
            .into_iter()
            .map(|reason| {
                let of = self.all.iter().filter(|purchase| purchase.reason == Some(reason));
                let (count, amount) = volume(of);
                (count, reason, amount)
            })
            .collect();
        rows.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
        let rows = rows.into_iter().map(|(count, reason, amount)| {
            json!({ "reason": reason.to_uppercase(), "count": count, "amount": cents(amount) })
        });
        rows.collect::<Vec<_>>().into()
    }

    fn top_merchants(&self) -> Value {
        let ids: BTreeSet<&str> = self
            .approved()
            .map(|purchase| purchase.merchant.0.as_str())
            .collect();
        let mut rows: Vec<(i64, Value)> = ids
            .into_iter()
            .map(|id| {
                let there = || self.approved().filter(|purchase| purchase.merchant.0 == id);
                let (count, amount) = volume(there());
                let (_, name, mcc) = &there().last().unwrap().merchant;
                let merchant = json!({ "id": id, "name": name, "mcc": mcc });
                let row = json!({ "merchant": merchant, "count": count, "amount": cents(amount) });
                (amount, row)
            })
            .collect();
        rows.sort_by_key(|(amount, _)| std::cmp::Reverse(*amount));
        let rows = rows.into_iter().take(5).map(|(_, row)| row);
        rows.collect::<Vec<_>>().into()
    }

    fn described(&self, rows_max: usize, by: impl Fn(&(usize, i64)) -> i64) -> Value {
        let texts: BTreeSet<&str> = self
            .approved()
            .map(|purchase| purchase.description.as_str())
            .collect();
        let mut rows: Vec<(&str, (usize, i64))> = texts
            .into_iter()
            .map(|text| {
                (
                    text,
                    volume(self.approved().filter(|purchase| purchase.description == text)),
                )
            })
            .collect();
        rows.sort_by_key(|(_, sums)| std::cmp::Reverse(by(sums)));
        let rows = rows.into_iter().take(rows_max).map(|(text, (count, amount))| {
            let (whole, rest) = (amount / i64::try_from(count).unwrap(), amount % i64::try_from(count).unwrap());
            let half_or_more = rest * 2 >= i64::try_from(count).unwrap();
            let average = if half_or_more { whole + 1 } else { whole };
            json!({ "description": text, "count": count, "amount": cents(amount), "averageAmount": cents(average) })
        });
        rows.collect::<Vec<_>>().into()
    }

    fn percentiles(&self) -> Value {
        let mut amounts: Vec<i64> = self.approved().map(|purchase| purchase.amount).collect();
        amounts.sort_unstable();
        // The least amount that at least p percent of the amounts do not exceed.
        let rows = [50, 90, 95, 99].into_iter().filter_map(|percent| {
            let reached = |index: &usize| (index + 1) * 100 >= percent * amounts.len();
            let index = (0..amounts.len()).find(reached)?;
            Some(json!({ "percent": percent, "amount": cents(amounts[index]) }))
        });
        rows.collect::<Vec<_>>().into()
    }
}
