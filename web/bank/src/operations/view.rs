//! The operators' page, in the reader's words. Lengths and heights are drawn in thousandths; every figure stands beside them.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Utc};
use look::{Language, Page, Visitor, amount, local, moment};

use super::{Answer, Window};
use crate::asked::address;
use crate::bank::facts::{
    Decided, DescriptionVolume, HourOfWeek, Indexed, Money, Operations, Pipeline, Place, TimeBucket,
};
use crate::cards::part;
use crate::words::{number, percent, purchases, reason, seconds};

const PATH: &str = "/operations";
/// Shades of the table of hours, above the one for nothing.
const SHADES: i64 = 5;

struct Tab {
    label: &'static str,
    href: String,
    is_current: bool,
}

struct Stat {
    name: String,
    value: String,
}

/// A bucket of time: two bars on one another.
struct Column {
    left: i64,
    width: i64,
    approved_top: i64,
    approved_height: i64,
    declined_top: i64,
    declined_height: i64,
    at: String,
    approved: String,
    declined: String,
    sum: String,
}

struct Bar {
    label: String,
    count: String,
    amount: String,
    length: i64,
}

struct Row {
    description: String,
    count: String,
    average: String,
    sum: String,
}

struct Day {
    name: &'static str,
    hours: Vec<Hour>,
}

struct Hour {
    count: String,
    shade: i64,
}

/// A read model, over all partitions.
struct ReadModel {
    name: String,
    /// The sum of its offsets: it grows as events are applied.
    position: String,
    waiting: String,
    delay: String,
    applied_at: String,
    /// The events at which it had to stop, and why.
    stops: Vec<String>,
}

#[derive(Template)]
#[template(path = "operations.html")]
pub(super) struct OperationsPage {
    page: Page,
    refresh: String,
    tabs: Vec<Tab>,
    stats: Vec<Stat>,
    percentiles: Vec<Stat>,
    is_empty: bool,
    columns: Vec<Column>,
    reasons: Vec<Bar>,
    merchants: Vec<Bar>,
    products: Vec<Bar>,
    rows: Vec<Row>,
    days: Vec<Day>,
    latest: String,
    stopped_count: i64,
    read_models: Vec<ReadModel>,
    /// Of the search index and its sink; none where neither is known.
    index: Vec<Stat>,
    /// Above zero.
    dead_letters: Option<String>,
}

impl OperationsPage {
    pub(super) fn new(visitor: &Visitor, window: Window, answer: Answer) -> Self {
        let language = visitor.language;
        let operations = answer.operations;
        let pipeline = answer.pipeline;
        let totals = &operations.totals;
        let here = address(PATH, &[("window", window.name())]);
        Self {
            page: visitor
                .page(language.t("Operations", "Operações"))
                .with_back(&here)
                .with_htmx(),
            refresh: here,
            tabs: tabs(language, window),
            is_empty: totals.approved.count + totals.declined.count == 0,
            stats: stats(language, totals),
            percentiles: percentiles(language, &operations),
            columns: columns(language, window, &operations.over_time),
            reasons: reasons(language, &operations),
            merchants: merchants(language, &operations),
            products: products(language, &operations.top_descriptions),
            rows: rows(language, &operations.descriptions),
            days: days(language, &operations.hours_of_week),
            latest: pipeline
                .latest_purchase_at
                .map(|at| moment(language, at))
                .unwrap_or_default(),
            stopped_count: pipeline.stopped_count,
            index: index(language, answer.indexed.as_ref(), pipeline.dead_letter_count),
            dead_letters: pipeline
                .dead_letter_count
                .filter(|count| *count > 0)
                .map(|count| number(language, count)),
            read_models: read_models(language, pipeline),
        }
    }
}

fn text(language: Language, money: &Money) -> String {
    amount(language, money.minor_units, &money.currency)
}

fn tabs(language: Language, window: Window) -> Vec<Tab> {
    let label = |window| match window {
        Window::Day => language.t("24 hours", "24 horas"),
        Window::Week => language.t("7 days", "7 dias"),
        Window::Month => language.t("30 days", "30 dias"),
    };
    Window::EACH
        .into_iter()
        .map(|each| Tab {
            label: label(each),
            href: address(PATH, &[("window", each.name())]),
            is_current: each == window,
        })
        .collect()
}

fn stats(language: Language, totals: &Decided) -> Vec<Stat> {
    let (approved, declined) = (&totals.approved, &totals.declined);
    let rate = percent(language, approved.count, approved.count + declined.count);
    let stat = |en, pt, value| Stat {
        name: language.t(en, pt).to_owned(),
        value,
    };
    vec![
        stat("Approved", "Aprovadas", number(language, approved.count)),
        stat("Sum approved", "Soma aprovada", text(language, &approved.amount)),
        stat("Declined", "Recusadas", number(language, declined.count)),
        stat("Sum declined", "Soma recusada", text(language, &declined.amount)),
        stat(
            "Approval rate",
            "Taxa de aprovação",
            rate.unwrap_or_else(|| "–".to_owned()),
        ),
    ]
}

fn percentiles(language: Language, operations: &Operations) -> Vec<Stat> {
    operations
        .amount_percentiles
        .iter()
        .map(|percentile| Stat {
            name: format!("p{}", percentile.percent),
            value: if percentile.is_estimate {
                format!("≈ {}", text(language, &percentile.amount))
            } else {
                text(language, &percentile.amount)
            },
        })
        .collect()
}

fn columns(language: Language, window: Window, buckets: &[TimeBucket]) -> Vec<Column> {
    let count = |bucket: &TimeBucket| bucket.decided.approved.count + bucket.decided.declined.count;
    let highest = buckets.iter().map(count).max().unwrap_or(0);
    let many = i64::try_from(buckets.len()).unwrap_or(i64::MAX).max(1);
    let pattern = match window {
        Window::Day => language.t("%b %-d, %H:%M", "%d/%m %H:%M"),
        Window::Week | Window::Month => language.t("%b %-d", "%d/%m"),
    };
    (0..)
        .zip(buckets)
        .map(|(place, bucket)| {
            let Decided { approved, declined } = &bucket.decided;
            let approved_height = part(approved.count, highest);
            let declined_height = part(declined.count, highest);
            Column {
                left: place * 1000 / many,
                width: (800 / many).max(1),
                approved_top: 1000 - approved_height,
                approved_height,
                declined_top: 1000 - approved_height - declined_height,
                declined_height,
                at: local(bucket.start).format(pattern).to_string(),
                approved: number(language, approved.count),
                declined: number(language, declined.count),
                sum: text(language, &approved.amount),
            }
        })
        .collect()
}

fn reasons(language: Language, operations: &Operations) -> Vec<Bar> {
    let most = operations
        .decline_reasons
        .iter()
        .map(|volume| volume.count)
        .max()
        .unwrap_or(0);
    operations
        .decline_reasons
        .iter()
        .map(|volume| Bar {
            label: reason(language, volume.reason).0.to_owned(),
            count: purchases(language, volume.count),
            amount: text(language, &volume.amount),
            length: part(volume.count, most),
        })
        .collect()
}

fn merchants(language: Language, operations: &Operations) -> Vec<Bar> {
    let most = operations
        .top_merchants
        .first()
        .map_or(0, |volume| volume.amount.minor_units);
    operations
        .top_merchants
        .iter()
        .map(|volume| Bar {
            label: volume.merchant.name.clone(),
            count: purchases(language, volume.count),
            amount: text(language, &volume.amount),
            length: part(volume.amount.minor_units, most),
        })
        .collect()
}

fn products(language: Language, top: &[DescriptionVolume]) -> Vec<Bar> {
    let most = top.first().map_or(0, |volume| volume.amount.minor_units);
    top.iter()
        .map(|volume| Bar {
            label: volume.description.clone(),
            count: purchases(language, volume.count),
            amount: text(language, &volume.amount),
            length: part(volume.amount.minor_units, most),
        })
        .collect()
}

fn rows(language: Language, volumes: &[DescriptionVolume]) -> Vec<Row> {
    volumes
        .iter()
        .map(|volume| Row {
            description: volume.description.clone(),
            count: number(language, volume.count),
            average: text(language, &volume.average_amount),
            sum: text(language, &volume.amount),
        })
        .collect()
}

/// Purchases by weekday and hour; the darkest shade is the busiest hour.
fn days(language: Language, hours: &[HourOfWeek]) -> Vec<Day> {
    let names = [
        ("Mon", "seg"),
        ("Tue", "ter"),
        ("Wed", "qua"),
        ("Thu", "qui"),
        ("Fri", "sex"),
        ("Sat", "sáb"),
        ("Sun", "dom"),
    ];
    let count = |hour: &HourOfWeek| hour.decided.approved.count + hour.decided.declined.count;
    let most = hours.iter().map(count).max().unwrap_or(0);
    (1..)
        .zip(names)
        .map(|(weekday, (en, pt))| {
            let mut of_day: Vec<&HourOfWeek> = hours.iter().filter(|hour| hour.weekday == weekday).collect();
            of_day.sort_by_key(|hour| hour.hour);
            Day {
                name: language.t(en, pt),
                hours: of_day
                    .into_iter()
                    .map(|hour| Hour {
                        count: number(language, count(hour)),
                        shade: shade(count(hour), most),
                    })
                    .collect(),
            }
        })
        .collect()
}

fn shade(count: i64, most: i64) -> i64 {
    if count == 0 || most == 0 {
        return 0;
    }
    (part(count, most) * (SHADES - 1) / 1000) + 1
}

/// A figure, or that there is none.
fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn index(language: Language, indexed: Option<&Indexed>, dead_letters: Option<i64>) -> Vec<Stat> {
    let stat = |en, pt, value| Stat {
        name: language.t(en, pt).to_owned(),
        value,
    };
    let at = |at: Option<DateTime<Utc>>| or_dash(at.map(|at| moment(language, at)));
    let mut stats = Vec::new();
    if let Some(indexed) = indexed {
        let delay = indexed.delay_millis.map(|millis| seconds(language, millis));
        stats.push(stat("Events", "Eventos", number(language, indexed.documents)));
        stats.push(stat("Newest event", "Evento mais novo", at(indexed.newest_at)));
        stats.push(stat("Last arrival", "Última chegada", at(indexed.ingested_at)));
        stats.push(stat("Its delay", "Seu atraso", or_dash(delay)));
    }
    if let Some(count) = dead_letters {
        stats.push(stat(
            "Dead letters",
            "Mensagens não indexadas",
            number(language, count),
        ));
    }
    stats
}

fn read_models(language: Language, pipeline: Pipeline) -> Vec<ReadModel> {
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for place in pipeline.places {
        places.entry(place.projection.clone()).or_default().push(place);
    }
    pipeline
        .stages
        .into_iter()
        .map(|stage| {
            let places = places.remove(&stage.projection).unwrap_or_default();
            ReadModel {
                name: stage.projection,
                position: number(language, places.iter().map(|place| place.next_offset).sum()),
                waiting: or_dash(stage.waiting_count.map(|count| number(language, count))),
                delay: or_dash(stage.delay_millis.map(|millis| seconds(language, millis))),
                applied_at: or_dash(stage.applied_at.map(|at| moment(language, at))),
                stops: places
                    .into_iter()
                    .filter_map(|place| Some((place.partition, place.stopped?)))
                    .map(|(partition, stop)| format!("{partition} · {}: {}", stop.event_id, stop.reason))
                    .collect(),
            }
        })
        .collect()
}
