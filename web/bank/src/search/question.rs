//! One search for all the figures of `/operations`. What is counted: purchases of all accounts, approved or declined, by the
//! moment the bank received them, in one currency. Stores and products count approved purchases only.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::Span;

pub(super) const CURRENCY: &str = "BRL";
/// Up to so many different amounts percentiles are exact; beyond, they are the index's estimate.
const AMOUNTS_MAX: u32 = 20_000;
pub(super) const PERCENTS: [i64; 4] = [50, 90, 95, 99];
const TOP: u32 = 5;
const DESCRIPTIONS: u32 = 20;
const REASONS_MAX: u32 = 100;
/// A term on one shard's list beyond its top may be on the top of all: each shard hands in this many.
const TERMS_PER_SHARD: u32 = 5_000;

pub(super) fn body(span: Span) -> Value {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (since, until) = (moment(span.since), moment(span.until));
    let in_window = json!({ "bool": { "filter": [
        { "range": { "data.occurred_at": { "gte": since, "lt": until } } },
        { "terms": { "data.type": ["purchase_approved", "purchase_declined"] } },
        { "term": { "data.amount.currency": CURRENCY } },
    ] } });
    let last = moment(span.until - chrono::Duration::milliseconds(1));
    json!({
        "size": 0,
        "track_total_hits": false,
        "aggs": {
            "window": { "filter": in_window, "aggs": {
                "kinds": kinds(),
                "time": {
                    "date_histogram": {
                        "field": "data.occurred_at",
                        "fixed_interval": format!("{}h", span.bucket_hours),
                        // Days begin at midnight in Brasília, which is three hours behind.
                        "offset": "+3h",
                        "min_doc_count": 0,
                        "extended_bounds": { "min": since, "max": last },
                    },
                    "aggs": { "kinds": kinds() },
                },
                "hours": {
                    "date_histogram": { "field": "data.occurred_at", "fixed_interval": "1h", "min_doc_count": 1 },
                    "aggs": { "kinds": kinds() },
                },
                "declined": { "filter": { "term": { "data.type": "purchase_declined" } }, "aggs": { "reasons": {
                    "terms": { "field": "data.reason", "size": REASONS_MAX, "order": [{ "_count": "desc" }, { "_key": "asc" }] },
                    "aggs": { "amount": sum() },
                } } },
                "approved": { "filter": { "term": { "data.type": "purchase_approved" } }, "aggs": approved() },
            } },
            "newest": { "max": { "field": "data.occurred_at" } },
            "ingested": { "max": { "field": "event.ingested" } },
            "last": last_ingested(),
            "documents": { "value_count": { "field": "id" } },
        },
    })
}

/// The event that arrived last, with the two moments its delay is between. Not every sink says when an event arrived.
fn last_ingested() -> Value {
    let moment = |field: &str| json!({ "field": field, "format": "epoch_millis" });
    json!({
        "filter": { "exists": { "field": "event.ingested" } },
        "aggs": { "event": { "top_hits": {
            "size": 1,
            "sort": [{ "event.ingested": "desc" }, { "time": "desc" }],
            "_source": false,
            "docvalue_fields": [moment("event.ingested"), moment("time")],
        } } },
    })
}

fn sum() -> Value {
    json!({ "sum": { "field": "data.amount.minor_units" } })
}

/// Approved and declined.
fn kinds() -> Value {
    json!({ "terms": { "field": "data.type", "size": 2 }, "aggs": { "amount": sum() } })
}

fn approved() -> Value {
    let by_amount = json!([{ "amount": "desc" }, { "_key": "asc" }]);
    let by_count = json!([{ "_count": "desc" }, { "_key": "asc" }]);
    let terms = |field: &str, size: u32, order: &Value| json!({ "field": field, "size": size, "shard_size": TERMS_PER_SHARD, "order": order });
    json!({
        "merchants": {
            "terms": terms("data.merchant.id", TOP, &by_amount),
            "aggs": {
                "amount": sum(),
                // The store is called as its latest purchase calls it.
                "latest": { "top_hits": {
                    "size": 1,
                    "sort": [{ "data.occurred_at": "desc" }, { "id": "desc" }],
                    "_source": ["data.merchant"],
                } },
            },
        },
        "products": { "terms": terms("data.description.keyword", TOP, &by_amount), "aggs": { "amount": sum() } },
        "descriptions": {
            "terms": terms("data.description.keyword", DESCRIPTIONS, &by_count),
            "aggs": { "amount": sum() },
        },
        "amounts": { "terms": {
            "field": "data.amount.minor_units", "size": AMOUNTS_MAX, "order": { "_key": "asc" },
        } },
        "estimate": { "percentiles": {
            "field": "data.amount.minor_units", "percents": PERCENTS, "keyed": false,
        } },
    })
}
