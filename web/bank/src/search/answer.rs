//! The index's answer, read into the figures that the read models answer with.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::number::whole;
use super::question::{CURRENCY, PERCENTS};
use crate::bank::Failure;
use crate::bank::facts::{
    Decided, DeclineReason, DescriptionVolume, HourOfWeek, Indexed, Merchant, MerchantVolume, Money,
    Operations, Percentile, ReasonVolume, TimeBucket, Volume,
};

const HOUR_MILLIS: i64 = 3_600_000;
/// Brasília is so many hours behind UTC.
const BRASILIA_HOURS: i64 = 3;
/// The first hour of 1970 was a Thursday's: hours since a Monday's midnight.
const EPOCH_HOUR_OF_WEEK: i64 = 3 * 24;
const HOURS_PER_WEEK: i64 = 7 * 24;

#[derive(Deserialize)]
struct Answer {
    aggregations: Aggregations,
}

#[derive(Deserialize)]
struct Aggregations {
    window: Window,
    newest: Latest,
    ingested: Latest,
    last: Last,
    documents: Count,
}

#[derive(Deserialize)]
struct Last {
    event: Value,
}

#[derive(Deserialize)]
struct Latest {
    value_as_string: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Count {
    value: i64,
}

#[derive(Deserialize)]
struct Window {
    kinds: Buckets,
    time: Buckets,
    hours: Buckets,
    declined: Declined,
    approved: Approved,
}

#[derive(Deserialize)]
struct Declined {
    reasons: Buckets,
}

#[derive(Deserialize)]
struct Approved {
    merchants: Buckets,
    products: Buckets,
    descriptions: Buckets,
    amounts: Buckets,
    estimate: Estimate,
}

#[derive(Deserialize)]
struct Buckets {
    #[serde(default)]
    sum_other_doc_count: i64,
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    key: Value,
    doc_count: i64,
    amount: Option<Sum>,
    kinds: Option<Buckets>,
    latest: Option<Value>,
}

#[derive(Deserialize)]
struct Sum {
    #[serde(deserialize_with = "whole")]
    value: i64,
}

#[derive(Deserialize)]
struct Estimate {
    values: Vec<Sum>,
}

pub(super) fn read(text: &str) -> Result<(Operations, Indexed), Failure> {
    let answer: Answer = serde_json::from_str(text)
        .map_err(|error| Failure::Unreadable(format!("the search index: {error}")))?;
    let Aggregations {
        window,
        newest,
        ingested,
        last,
        documents,
    } = answer.aggregations;
    let indexed = Indexed {
        documents: documents.value,
        newest_at: newest.value_as_string,
        ingested_at: ingested.value_as_string,
        delay_millis: last.delay_millis(),
    };
    let operations = Operations {
        totals: decided(&window.kinds),
        over_time: window.time.buckets.iter().filter_map(time_bucket).collect(),
        hours_of_week: hours_of_week(&window.hours),
        decline_reasons: window
            .declined
            .reasons
            .buckets
            .iter()
            .map(reason)
            .collect::<Result<_, _>>()?,
        top_merchants: window
            .approved
            .merchants
            .buckets
            .iter()
            .map(merchant)
            .collect::<Result<_, _>>()?,
        top_descriptions: descriptions(&window.approved.products),
        descriptions: descriptions(&window.approved.descriptions),
        amount_percentiles: percentiles(&window.approved),
    };
    Ok((operations, indexed))
}

impl Last {
    /// From the bank's decision to the index; nothing where no event says when it arrived. Of two clocks, the later one may be
    /// behind.
    fn delay_millis(&self) -> Option<i64> {
        let fields = self.event.pointer("/hits/hits/0/fields")?;
        let millis = |field: &str| fields.get(field)?.get(0)?.as_str()?.parse::<i64>().ok();
        Some((millis("event.ingested")? - millis("time")?).max(0))
    }
}

fn money(minor_units: i64) -> Money {
    Money {
        minor_units,
        currency: CURRENCY.to_owned(),
    }
}

impl Bucket {
    fn text(&self) -> &str {
        self.key.as_str().unwrap_or_default()
    }

    fn minor_units(&self) -> i64 {
        self.amount.as_ref().map_or(0, |amount| amount.value)
    }

    fn volume(&self) -> Volume {
        Volume {
            count: self.doc_count,
            amount: money(self.minor_units()),
        }
    }
}

fn decided(kinds: &Buckets) -> Decided {
    let of = |kind: &str| {
        let found = kinds.buckets.iter().find(|bucket| bucket.text() == kind);
        found.map_or_else(
            || Volume {
                count: 0,
                amount: money(0),
            },
            Bucket::volume,
        )
    };
    Decided {
        approved: of("purchase_approved"),
        declined: of("purchase_declined"),
    }
}

fn time_bucket(bucket: &Bucket) -> Option<TimeBucket> {
    Some(TimeBucket {
        start: DateTime::from_timestamp_millis(bucket.key.as_i64()?)?,
        decided: decided(bucket.kinds.as_ref()?),
    })
}

/// All hours of a week, of the hours in which there was a purchase.
fn hours_of_week(hours: &Buckets) -> Vec<HourOfWeek> {
    let mut week: BTreeMap<i64, [(i64, i64); 2]> =
        (0..HOURS_PER_WEEK).map(|hour| (hour, [(0, 0); 2])).collect();
    for bucket in &hours.buckets {
        let (Some(millis), Some(kinds)) = (bucket.key.as_i64(), bucket.kinds.as_ref()) else {
            continue;
        };
        let hour = millis.div_euclid(HOUR_MILLIS) - BRASILIA_HOURS + EPOCH_HOUR_OF_WEEK;
        let sums = week.entry(hour.rem_euclid(HOURS_PER_WEEK)).or_default();
        let Decided { approved, declined } = decided(kinds);
        for (sum, volume) in sums.iter_mut().zip([approved, declined]) {
            sum.0 += volume.count;
            sum.1 += volume.amount.minor_units;
        }
    }
    week.into_iter()
        .map(|(hour, [approved, declined])| {
            let volume = |(count, minor_units)| Volume {
                count,
                amount: money(minor_units),
            };
            HourOfWeek {
                weekday: usize::try_from(hour / 24 + 1).unwrap_or_default(),
                hour: usize::try_from(hour % 24).unwrap_or_default(),
                decided: Decided {
                    approved: volume(approved),
                    declined: volume(declined),
                },
            }
        })
        .collect()
}

/// The index has the reasons in the events' words, the API in capitals.
fn reason(bucket: &Bucket) -> Result<ReasonVolume, Failure> {
    let name = bucket.text().to_uppercase();
    let reason: DeclineReason = serde_json::from_value(Value::String(name))
        .map_err(|error| Failure::Unreadable(format!("a reason in the search index: {error}")))?;
    Ok(ReasonVolume {
        reason,
        count: bucket.doc_count,
        amount: money(bucket.minor_units()),
    })
}

fn merchant(bucket: &Bucket) -> Result<MerchantVolume, Failure> {
    let latest = bucket
        .latest
        .as_ref()
        .and_then(|latest| latest.pointer("/hits/hits/0/_source/data/merchant"));
    let merchant: Merchant = serde_json::from_value(latest.cloned().unwrap_or_default())
        .map_err(|error| Failure::Unreadable(format!("a store in the search index: {error}")))?;
    Ok(MerchantVolume {
        merchant,
        count: bucket.doc_count,
        amount: money(bucket.minor_units()),
    })
}

fn descriptions(buckets: &Buckets) -> Vec<DescriptionVolume> {
    buckets
        .buckets
        .iter()
        .map(|bucket| DescriptionVolume {
            description: bucket.text().to_owned(),
            count: bucket.doc_count,
            amount: money(bucket.minor_units()),
            average_amount: money(average(bucket.minor_units(), bucket.doc_count)),
        })
        .collect()
}

/// Rounded to whole minor units, halves away from zero; amounts of purchases are above zero.
fn average(minor_units: i64, count: i64) -> i64 {
    let count = i128::from(count.max(1));
    i64::try_from((i128::from(minor_units) * 2 + count) / (count * 2)).unwrap_or(i64::MAX)
}

/// By nearest rank, while the index has told every different amount.
fn percentiles(approved: &Approved) -> Vec<Percentile> {
    let amounts = &approved.amounts;
    if amounts.sum_other_doc_count > 0 {
        return PERCENTS
            .into_iter()
            .zip(&approved.estimate.values)
            .map(|(percent, estimate)| Percentile {
                percent,
                amount: money(estimate.value),
                is_estimate: true,
            })
            .collect();
    }
    let purchases: i64 = amounts.buckets.iter().map(|bucket| bucket.doc_count).sum();
    PERCENTS
        .into_iter()
        .filter_map(|percent| {
            let rank = (i128::from(percent) * i128::from(purchases) + 99) / 100;
            let mut reached = 0;
            let bucket = amounts.buckets.iter().find(|bucket| {
                reached += i128::from(bucket.doc_count);
                reached >= rank
            })?;
            Some(Percentile {
                percent,
                amount: money(bucket.key.as_i64()?),
                is_estimate: false,
            })
        })
        .collect()
}
