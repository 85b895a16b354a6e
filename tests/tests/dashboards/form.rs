//! The form of the bundle: texts that are JSON, ids, references, places on the grid.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bundle::{Object, objects, of_kind, text};

/// Columns of Kibana's grid.
const COLUMNS: u64 = 48;

#[test]
fn every_line_is_one_object_and_every_embedded_text_is_json() {
    let text = text();
    assert!(text.ends_with('\n') && !text.contains("\n\n"));
    for object in objects() {
        let embedded: &[&str] = match object.kind.as_str() {
            "index-pattern" => &[
                "fields",
                "fieldAttrs",
                "fieldFormatMap",
                "runtimeFieldMap",
                "sourceFilters",
                "typeMeta",
            ],
            "search" => &["kibanaSavedObjectMeta/searchSourceJSON"],
            "visualization" => &[
                "kibanaSavedObjectMeta/searchSourceJSON",
                "uiStateJSON",
                "visState",
            ],
            "dashboard" => &[
                "kibanaSavedObjectMeta/searchSourceJSON",
                "optionsJSON",
                "panelsJSON",
            ],
            other => panic!("{other} is no kind of object that this bundle has"),
        };
        for name in embedded {
            object.embedded(&format!("/attributes/{name}"));
        }
        if object.kind == "visualization" {
            let state = object.embedded("/attributes/visState");
            assert_eq!(&state["title"], object.attribute("title"));
            assert!(
                object.vega().is_some() || state["type"] == "markdown",
                "{}",
                object.id
            );
        }
        no_text_is_broken_json(&object.id, &object.json);
    }
}

/// A text that begins as an object, or a list of them, is JSON, at any depth, in texts within texts too.
fn no_text_is_broken_json(id: &str, value: &Value) {
    match value {
        Value::String(text) if text.starts_with('{') || text.starts_with("[{") => {
            let inner: Value =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{id}: {error}: {text}"));
            no_text_is_broken_json(id, &inner);
        }
        Value::Array(values) => values.iter().for_each(|value| no_text_is_broken_json(id, value)),
        Value::Object(fields) => fields
            .values()
            .for_each(|value| no_text_is_broken_json(id, value)),
        _ => {}
    }
}

#[test]
fn there_is_what_an_operator_was_promised() {
    let mut counts = BTreeMap::<String, usize>::new();
    for object in objects() {
        *counts.entry(object.kind).or_default() += 1;
    }
    assert_eq!(counts["index-pattern"], 1);
    assert_eq!(counts["dashboard"], 2);
    assert!(
        counts["search"] >= 2 && counts["visualization"] >= 10,
        "{counts:?}"
    );
    let titles: Vec<String> = of_kind("dashboard")
        .iter()
        .map(|dashboard| dashboard.attribute("title").as_str().unwrap().to_owned())
        .collect();
    assert_eq!(titles, ["codebank: Health", "codebank: Transactions"]);
}

#[test]
fn ids_are_unique_and_the_banks_own() {
    let mut seen = BTreeSet::new();
    for Object { id, .. } in objects() {
        assert!(id.starts_with("codebank-"), "{id}");
        assert!(seen.insert(id.clone()), "{id} is there twice");
    }
}

#[test]
fn every_reference_leads_to_an_object_of_the_bundle_and_every_name_to_a_reference() {
    let all: BTreeSet<(String, String)> = objects()
        .into_iter()
        .map(|object| (object.kind, object.id))
        .collect();
    for object in objects() {
        let references = object.json["references"].as_array().unwrap().clone();
        let names: BTreeSet<&str> = references.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(
            names.len(),
            references.len(),
            "{} names two references alike",
            object.id
        );
        for reference in &references {
            let text = |name: &str| reference[name].as_str().unwrap().to_owned();
            assert!(
                all.contains(&(text("type"), text("id"))),
                "{}: {reference}",
                object.id
            );
        }
        let used = used_names(&object);
        let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
        assert_eq!(used, names, "{}", object.id);
    }
}

/// The references that the object's own texts speak of.
fn used_names(object: &Object) -> Vec<String> {
    match object.kind.as_str() {
        "search" => {
            let source = object.embedded("/attributes/kibanaSavedObjectMeta/searchSourceJSON");
            vec![source["indexRefName"].as_str().unwrap().to_owned()]
        }
        "dashboard" => panels(object)
            .iter()
            .map(|panel| {
                let text = |name: &str| panel[name].as_str().unwrap().to_owned();
                format!("{}:{}", text("panelIndex"), text("panelRefName"))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn panels(dashboard: &Object) -> Vec<Value> {
    dashboard
        .embedded("/attributes/panelsJSON")
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn every_panel_is_shown_and_is_what_its_reference_says() {
    let mut shown = BTreeSet::new();
    for dashboard in of_kind("dashboard") {
        for panel in panels(&dashboard) {
            let name = format!(
                "{}:{}",
                panel["panelIndex"].as_str().unwrap(),
                panel["panelRefName"].as_str().unwrap()
            );
            let references = dashboard.json["references"].as_array().unwrap();
            let reference = references.iter().find(|it| it["name"] == name.as_str()).unwrap();
            assert_eq!(reference["type"], panel["type"], "{name} of {}", dashboard.id);
            shown.insert(reference["id"].as_str().unwrap().to_owned());
        }
    }
    for object in objects() {
        let is_a_panel = matches!(object.kind.as_str(), "visualization" | "search");
        assert!(
            !is_a_panel || shown.contains(&object.id),
            "{} is on no dashboard",
            object.id
        );
    }
}

#[test]
fn panels_lie_on_the_grid_and_not_on_one_another() {
    for dashboard in of_kind("dashboard") {
        let mut taken = BTreeMap::new();
        for panel in panels(&dashboard) {
            let number = |name: &str| panel["gridData"][name].as_u64().unwrap();
            let (x, y, w, h) = (number("x"), number("y"), number("w"), number("h"));
            assert_eq!(panel["gridData"]["i"], panel["panelIndex"]);
            assert!(w > 0 && h > 0 && x + w <= COLUMNS, "{}: {panel}", dashboard.id);
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                let under = taken.insert(cell, panel["panelIndex"].clone());
                assert!(under.is_none(), "{}: {panel} lies on {under:?}", dashboard.id);
            }
        }
    }
}
