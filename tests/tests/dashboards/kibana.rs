//! What Kibana does to a panel's request before it sends it: puts in the dashboard's window and the interval that follows from it.
//! The dashboard has no query and no filter here, so the places for these become empty.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// A window as both sides of a comparison see it: Kibana's ends are both inside, and are whole milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) since: DateTime<Utc>,
    /// The first moment after it.
    pub(crate) until: DateTime<Utc>,
}

/// Upper bounds of a fiftieth of the window in milliseconds, and the interval that Kibana takes for it.
const INTERVALS: [(i64, &str); 12] = [
    (500, "100ms"),
    (5_000, "1s"),
    (7_500, "5s"),
    (15_000, "10s"),
    (45_000, "30s"),
    (180_000, "1m"),
    (450_000, "5m"),
    (1_200_000, "10m"),
    (2_700_000, "30m"),
    (7_200_000, "1h"),
    (21_600_000, "3h"),
    (86_400_000, "12h"),
];

impl Window {
    pub(crate) fn new(since: &str, until: &str) -> Self {
        Self {
            since: since.parse().unwrap(),
            until: until.parse().unwrap(),
        }
    }

    fn last(self) -> DateTime<Utc> {
        self.until - TimeDelta::milliseconds(1)
    }

    fn interval(self) -> &'static str {
        let width = (self.last() - self.since).num_milliseconds() / 50;
        let found = INTERVALS.iter().find(|(most, _)| width <= *most);
        found.map_or("24h", |(_, interval)| interval)
    }

    /// The request of a specification, as it is sent.
    pub(crate) fn request(self, spec: &Value) -> Value {
        self.injected(&spec["data"]["url"]["body"], "")
    }

    fn injected(self, value: &Value, parent: &str) -> Value {
        match value {
            Value::Array(values) => values
                .iter()
                .filter(|value| {
                    !value
                        .as_str()
                        .is_some_and(|text| text.starts_with("%dashboard_context-"))
                })
                .map(|value| self.injected(value, ""))
                .collect(),
            Value::Object(fields) if fields.contains_key("%timefilter%") => {
                match fields["%timefilter%"].as_str() {
                    Some("min") => return self.since.timestamp_millis().into(),
                    Some("max") => return self.last().timestamp_millis().into(),
                    _ => assert_eq!(fields["%timefilter%"], true),
                }
                let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
                json!({ "gte": text(self.since), "lte": text(self.last()), "format": "strict_date_optional_time" })
            }
            Value::Object(fields) => {
                let mut injected = Map::new();
                for (name, value) in fields {
                    if parent == "date_histogram" && name == "interval" {
                        assert_eq!(value, &json!({ "%autointerval%": true }));
                        // A single unit is a calendar's, several are a fixed length.
                        let interval = self.interval();
                        let single = interval
                            .strip_prefix('1')
                            .is_some_and(|unit| matches!(unit, "m" | "h"));
                        let kind = if single {
                            "calendar_interval"
                        } else {
                            "fixed_interval"
                        };
                        injected.insert(kind.to_owned(), interval.into());
                    } else {
                        injected.insert(name.clone(), self.injected(value, name));
                    }
                }
                injected.into()
            }
            other => other.clone(),
        }
    }
}

#[test]
fn nothing_of_kibanas_own_words_is_left_in_a_request() {
    let window = Window::new("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z");
    for panel in crate::bundle::of_kind("visualization") {
        let Some(spec) = panel.vega() else { continue };
        let request = window.request(&spec).to_string();
        assert!(!request.contains('%'), "{}: {request}", panel.id);
    }
}
