//! The dashboard Transactions: what each panel draws, over a real Elasticsearch, is what the read models answer, to the cent.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use test_support::require;

use crate::drawing::Easel;
use crate::history::history;
use crate::index::Index;
use crate::kibana::Window;
use crate::read_models::ReadModels;

/// A day without a purchase; sixty hours, which Kibana divides into hours; sixty days, which it divides into days.
const WINDOWS: [(&str, &str, &str); 3] = [
    ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "HOUR"),
    ("2026-10-01T07:00:00Z", "2026-10-03T19:00:00Z", "HOUR"),
    ("2026-09-05T03:00:00Z", "2026-11-04T03:00:00Z", "DAY"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_panel_draws_what_the_read_models_answer() {
    let server = require!(elasticsearch);
    let node_modules = require!(node_modules);
    let history = history();
    let index = Index::of(&server, "transactions", &history).await;
    let models = ReadModels::of(&history).await;
    let easel = Easel {
        node_modules,
        index: &index,
    };
    for (since, until, width) in WINDOWS {
        let window = Window::new(since, until);
        let operations = models.operations(window, width).await;
        let compared = Compared {
            easel: &easel,
            window,
            operations,
        };
        compared.totals().await;
        compared.over_time().await;
        compared.decisions().await;
        compared.decline_reasons().await;
        compared.stores().await;
        compared.products().await;
        compared.descriptions().await;
        compared.hours().await;
        compared.percentiles().await;
    }
    // The comparisons are of something.
    let (since, until, width) = WINDOWS[2];
    let operations = models.operations(Window::new(since, until), width).await;
    assert!(
        operations["totals"]["approved"]["count"].as_u64().unwrap() > 500,
        "{operations}"
    );
    assert_eq!(operations["amountPercentiles"].as_array().unwrap().len(), 4);
    index.remove().await;
}

struct Compared<'c> {
    easel: &'c Easel<'c>,
    window: Window,
    operations: Value,
}

/// Whole minor units, out of the float that Elasticsearch and Vega keep them in.
fn whole(value: &Value) -> i64 {
    let float = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((float - float.round()).abs() < 1e-6, "{float} is not whole");
    float.round() as i64
}

fn minor_units(volume: &Value) -> i64 {
    volume["amount"]["minorUnits"].as_str().unwrap().parse().unwrap()
}

/// `R$ 1,234.56`.
fn reais(minor_units: i64) -> String {
    let whole = (minor_units / 100).to_string();
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("R$ {grouped}.{:02}", minor_units % 100)
}

impl Compared<'_> {
    async fn rows(&self, panel: &str) -> Vec<Value> {
        self.easel.draw(panel, self.window).await.rows
    }

    fn list(&self, name: &str) -> &[Value] {
        self.operations[name].as_array().unwrap()
    }

    fn same(&self, panel: &str, drawn: &[Value], answered: &[Value]) {
        assert_eq!(drawn, answered, "{panel} in {:?}", self.window);
    }

    async fn totals(&self) {
        let rows = self.rows("totals").await;
        assert_eq!(rows.len(), 5);
        let told: BTreeMap<&str, &str> = rows
            .iter()
            .map(|row| (row["name"].as_str().unwrap(), row["text"].as_str().unwrap()))
            .collect();
        for decision in ["approved", "declined"] {
            let volume = &self.operations["totals"][decision];
            assert_eq!(rows[0][decision]["doc_count"], volume["count"]);
            assert_eq!(whole(&rows[0][decision]["amount"]["value"]), minor_units(volume));
            let amount = format!("{decision} amount");
            assert_eq!(told[amount.as_str()], reais(minor_units(volume)));
        }
    }

    async fn over_time(&self) {
        let mut answered = BTreeMap::new();
        for bucket in self.list("overTime") {
            let start: DateTime<Utc> = bucket["start"].as_str().unwrap().parse().unwrap();
            for decision in ["approved", "declined"] {
                let volume = &bucket[decision];
                if volume["count"] != 0 {
                    let key = (start.timestamp_millis(), decision.to_owned());
                    answered.insert(key, (volume["count"].as_i64().unwrap(), minor_units(volume)));
                }
            }
        }
        let mut drawn = BTreeMap::new();
        let amounts = self.rows("amount-over-time").await;
        for (count, amount) in self.rows("count-over-time").await.iter().zip(&amounts) {
            assert_eq!(
                (&count["key"], &count["decision"]),
                (&amount["key"], &amount["decision"])
            );
            let key = (
                whole(&count["key"]),
                count["decision"].as_str().unwrap().to_owned(),
            );
            let hundredfold = json!(amount["amount"].as_f64().unwrap() * 100.0);
            if count["count"] != 0 {
                drawn.insert(key, (whole(&count["count"]), whole(&hundredfold)));
            }
        }
        assert_eq!(drawn, answered, "{:?}", self.window);
    }

    async fn decisions(&self) {
        for row in self.rows("approved-against-declined").await {
            let decision = row["decision"].as_str().unwrap();
            assert_eq!(
                row["doc_count"], self.operations["totals"][decision]["count"],
                "{decision}"
            );
        }
    }

    async fn decline_reasons(&self) {
        let drawn: Vec<Value> = self
            .rows("decline-reasons")
            .await
            .iter()
            .map(|row| json!([row["key"], row["doc_count"], whole(&row["amount"]["value"])]))
            .collect();
        let answered: Vec<Value> = self
            .list("declineReasons")
            .iter()
            .map(|row| {
                json!([
                    row["reason"].as_str().unwrap().to_lowercase(),
                    row["count"],
                    minor_units(row)
                ])
            })
            .collect();
        self.same("decline-reasons", &drawn, &answered);
    }

    async fn stores(&self) {
        let drawn: Vec<Value> = self
            .rows("top-stores")
            .await
            .iter()
            .map(|row| {
                json!([
                    row["key"],
                    row["name"],
                    row["doc_count"],
                    whole(&row["amount"]["value"])
                ])
            })
            .collect();
        let answered: Vec<Value> = self
            .list("topMerchants")
            .iter()
            .map(|row| {
                json!([
                    row["merchant"]["id"],
                    row["merchant"]["name"],
                    row["count"],
                    minor_units(row)
                ])
            })
            .collect();
        self.same("top-stores", &drawn, &answered);
    }

    async fn products(&self) {
        let drawn: Vec<Value> = self
            .rows("top-products")
            .await
            .iter()
            .map(|row| json!([row["key"], row["doc_count"], whole(&row["amount"]["value"])]))
            .collect();
        let answered: Vec<Value> = self
            .list("topDescriptions")
            .iter()
            .map(|row| json!([row["description"], row["count"], minor_units(row)]))
            .collect();
        self.same("top-products", &drawn, &answered);
    }

    async fn descriptions(&self) {
        let rows = self.rows("descriptions").await;
        let drawn: Vec<Value> = rows
            .iter()
            .filter(|row| row["column"] == "average amount")
            .map(|row| json!([row["key"], row["doc_count"], row["text"]]))
            .collect();
        let answered: Vec<Value> = self
            .list("descriptions")
            .iter()
            .map(|row| {
                let average = row["averageAmount"]["minorUnits"]
                    .as_str()
                    .unwrap()
                    .parse()
                    .unwrap();
                json!([row["description"], row["count"], reais(average)])
            })
            .collect();
        self.same("descriptions", &drawn, &answered);
    }

    async fn hours(&self) {
        let drawn: BTreeMap<(i64, i64), i64> = self
            .rows("hours-of-week")
            .await
            .iter()
            .map(|row| {
                (
                    (whole(&row["weekday"]), whole(&row["hour"])),
                    whole(&row["purchases"]),
                )
            })
            .collect();
        let number = |value: &Value| value.as_i64().unwrap();
        let answered: BTreeMap<(i64, i64), i64> = self
            .list("hoursOfWeek")
            .iter()
            .map(|row| {
                let purchases = number(&row["approved"]["count"]) + number(&row["declined"]["count"]);
                ((number(&row["weekday"]), number(&row["hour"])), purchases)
            })
            .filter(|(_, purchases)| *purchases > 0)
            .collect();
        assert_eq!(drawn, answered, "{:?}", self.window);
    }

    async fn percentiles(&self) {
        let drawn: Vec<Value> = self
            .rows("amount-percentiles")
            .await
            .iter()
            .map(|row| json!([row["percent"], whole(&row["minor_units"]), row["text"]]))
            .collect();
        let answered: Vec<Value> = self
            .list("amountPercentiles")
            .iter()
            .map(|row| json!([row["percent"], minor_units(row), reais(minor_units(row))]))
            .collect();
        self.same("amount-percentiles", &drawn, &answered);
    }
}
