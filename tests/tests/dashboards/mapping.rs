//! Every field that a search, a panel or the data view names is in the shipped mapping, with a type that fits its use.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::bundle::{infra, of_kind};

/// Field → type, aliases resolved.
fn fields() -> BTreeMap<String, String> {
    let text = fs::read_to_string(infra().join("elasticsearch/component-template.json")).unwrap();
    let template: Value = serde_json::from_str(&text).unwrap();
    let mut fields = BTreeMap::new();
    let mut aliases = Vec::new();
    collect(
        "",
        &template["template"]["mappings"]["properties"],
        &mut fields,
        &mut aliases,
    );
    for (alias, path) in aliases {
        let kind = fields
            .get(&path)
            .cloned()
            .unwrap_or_else(|| panic!("{alias} is an alias of {path}"));
        fields.insert(alias, kind);
    }
    fields
}

fn collect(
    prefix: &str,
    properties: &Value,
    fields: &mut BTreeMap<String, String>,
    aliases: &mut Vec<(String, String)>,
) {
    for (name, property) in properties.as_object().unwrap() {
        let path = format!("{prefix}{name}");
        match property["type"].as_str() {
            None => collect(&format!("{path}."), &property["properties"], fields, aliases),
            Some("alias") => aliases.push((path, property["path"].as_str().unwrap().to_owned())),
            Some(_) if property["index"] == false => {}
            Some(kind) => {
                fields.insert(path.clone(), kind.to_owned());
                for (inner, field) in property["fields"].as_object().into_iter().flatten() {
                    fields.insert(
                        format!("{path}.{inner}"),
                        field["type"].as_str().unwrap().to_owned(),
                    );
                }
            }
        }
    }
}

const NUMBERS: &[&str] = &["long", "short", "byte"];
const NUMBERS_AND_DATES: &[&str] = &["long", "short", "byte", "date"];
const EXACT: &[&str] = &["keyword", "long", "short", "byte"];
const ANY: &[&str] = &["keyword", "text", "long", "short", "byte", "date"];

/// What may be under a name whose value has a `field`, by aggregation or clause.
fn fitting(operation: &str) -> &'static [&'static str] {
    match operation {
        "sum" | "percentiles" => NUMBERS,
        "avg" | "max" => NUMBERS_AND_DATES,
        "terms" | "term" => EXACT,
        "date_histogram" | "range" | "sort" => &["date"],
        "exists" | "_source" => ANY,
        other => panic!("{other} is no operation that the panels of this bundle use"),
    }
}

/// Every use of a field in a request: (operation, field). Names that the request gives to its aggregations are no fields.
fn uses(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| uses(value, found)),
        Value::Object(entries) => {
            for (name, inner) in entries {
                match (name.as_str(), inner) {
                    ("term" | "range", Value::Object(clause)) => {
                        found.extend(clause.keys().map(|field| (name.clone(), field.clone())));
                    }
                    ("terms", Value::Object(clause)) if !clause.contains_key("field") => {
                        found.extend(clause.keys().map(|field| (name.clone(), field.clone())));
                    }
                    ("sort", Value::Array(keys)) => {
                        let keys = keys.iter().flat_map(|key| key.as_object().unwrap().keys());
                        found.extend(keys.map(|field| (name.clone(), field.clone())));
                    }
                    ("_source", Value::Array(paths)) => {
                        let paths = paths.iter().map(|path| path.as_str().unwrap());
                        found.extend(paths.map(|field| (name.clone(), field.to_owned())));
                    }
                    (_, Value::Object(clause)) if clause.get("field").is_some_and(Value::is_string) => {
                        found.push((name.clone(), clause["field"].as_str().unwrap().to_owned()));
                    }
                    _ => uses(inner, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_of_a_panel_is_mapped_as_its_use_demands() {
    let fields = fields();
    let mut panels = 0;
    for panel in of_kind("visualization") {
        let Some(spec) = panel.vega() else { continue };
        let url = &spec["data"]["url"];
        let mut found = Vec::new();
        uses(&url["body"], &mut found);
        assert!(!found.is_empty(), "{}", panel.id);
        for (operation, field) in found {
            let kind = fields
                .get(&field)
                .unwrap_or_else(|| panic!("{}: there is no field {field}", panel.id));
            let fits = fitting(&operation).contains(&kind.as_str());
            assert!(fits, "{}: {operation} over {field}, which is a {kind}", panel.id);
        }
        panels += 1;
    }
    assert!(panels >= 10, "{panels}");
}

#[test]
fn every_panel_looks_where_the_data_view_looks_and_takes_the_dashboards_window() {
    let view = &of_kind("index-pattern")[0];
    for panel in of_kind("visualization") {
        let Some(spec) = panel.vega() else { continue };
        let url = &spec["data"]["url"];
        assert_eq!(&url["index"], view.attribute("title"), "{}", panel.id);
        assert_eq!(url["body"]["size"], 0, "{}", panel.id);
        let body = url["body"].to_string();
        for absent in ["\"script\"", "runtime_mappings", "painless", "esql"] {
            assert!(!body.contains(absent), "{}: {absent}", panel.id);
        }
        // What is over all time says so.
        let windowed = body.contains("%timefilter%");
        let says_so = panel
            .attribute("description")
            .as_str()
            .unwrap()
            .contains("ll time");
        assert!(windowed || says_so, "{}", panel.id);
    }
}

#[test]
fn every_field_of_a_search_and_of_the_data_view_is_mapped() {
    let fields = fields();
    let view = &of_kind("index-pattern")[0];
    assert_eq!(fields[view.attribute("timeFieldName").as_str().unwrap()], "date");
    for search in of_kind("search") {
        let columns = search.attribute("columns").as_array().unwrap();
        let sorted = search
            .attribute("sort")
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key[0]);
        for field in columns.iter().chain(sorted).map(|field| field.as_str().unwrap()) {
            assert!(fields.contains_key(field), "{}: {field}", search.id);
        }
        let source = search.embedded("/attributes/kibanaSavedObjectMeta/searchSourceJSON");
        let query = source["query"]["query"].as_str().unwrap();
        if let Some((field, values)) = query.split_once(':') {
            assert_eq!(fields[field.trim()], "keyword", "{}", search.id);
            assert!(
                !values.contains(':'),
                "{}: this test reads one clause only",
                search.id
            );
        }
    }
}
