//! Sources → saved objects, in the shapes of Kibana 8.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::sources::{Content, Dashboard, DataView, Panel, Search, Shows, Sources, Visualization};

/// Every id begins with this, so that an import never meets another's object.
const PREFIX: &str = "codebank";
/// The form of the envelope, and of each type: the first that Kibana 8.10 and later read as their own or migrate by themselves.
const CORE_MIGRATION_VERSION: &str = "8.8.0";
const DATA_VIEW_VERSION: &str = "8.0.0";
const SEARCH_VERSION: &str = "8.0.0";
const VISUALIZATION_VERSION: &str = "8.5.0";
const DASHBOARD_VERSION: &str = "8.9.0";
/// How Kibana calls the place where a search says which data view it is over.
const SEARCH_SOURCE_INDEX: &str = "kibanaSavedObjectMeta.searchSourceJSON.index";

pub(super) fn all(sources: &Sources) -> Result<Vec<Value>> {
    let mut objects = vec![data_view(&sources.data_view)];
    objects.extend(sources.searches.iter().map(|(name, source)| search(name, source)));
    objects.extend(
        sources
            .visualizations
            .iter()
            .map(|(name, source)| visualization(name, source)),
    );
    for (name, source) in &sources.dashboards {
        objects.push(dashboard(name, source, sources)?);
    }
    Ok(objects)
}

fn data_view(source: &DataView) -> Value {
    let attributes = json!({
        "title": source.title,
        "name": source.name,
        "timeFieldName": source.time_field,
        "sourceFilters": "[]",
        "fields": "[]",
        "fieldFormatMap": "{}",
        "fieldAttrs": "{}",
        "runtimeFieldMap": "{}",
        "typeMeta": "{}",
        "allowHidden": false,
    });
    object(
        "index-pattern",
        &data_view_id(),
        DATA_VIEW_VERSION,
        &attributes,
        &json!([]),
    )
}

fn search(name: &str, source: &Search) -> Value {
    let attributes = json!({
        "title": titled(&source.title),
        "description": source.description,
        "columns": source.columns,
        "sort": source.sort,
        "grid": {},
        "hideChart": false,
        "isTextBasedQuery": false,
        "timeRestore": false,
        "kibanaSavedObjectMeta": { "searchSourceJSON": text(&json!({
            "query": { "query": source.query, "language": "kuery" },
            "filter": [],
            "indexRefName": SEARCH_SOURCE_INDEX,
        })) },
    });
    let references = json!([
        { "name": SEARCH_SOURCE_INDEX, "type": "index-pattern", "id": data_view_id() },
    ]);
    object("search", &id(name), SEARCH_VERSION, &attributes, &references)
}

fn visualization(name: &str, source: &Visualization) -> Value {
    let title = titled(&source.title);
    let (kind, params) = match &source.content {
        Content::Vega(spec) => ("vega", json!({ "spec": format!("{spec:#}") })),
        Content::Markdown(lines) => (
            "markdown",
            json!({ "markdown": lines.join("\n"), "fontSize": 12, "openLinksInNewTab": false }),
        ),
    };
    let attributes = json!({
        "title": title,
        "description": source.description,
        "version": 1,
        "uiStateJSON": "{}",
        "visState": text(&json!({ "title": title, "type": kind, "aggs": [], "params": params })),
        "kibanaSavedObjectMeta": { "searchSourceJSON": text(&json!({
            "query": { "query": "", "language": "kuery" },
            "filter": [],
        })) },
    });
    object(
        "visualization",
        &id(name),
        VISUALIZATION_VERSION,
        &attributes,
        &json!([]),
    )
}

fn dashboard(name: &str, source: &Dashboard, sources: &Sources) -> Result<Value> {
    let mut panels = Vec::new();
    let mut references = Vec::new();
    for (number, panel) in (1..).zip(&source.panels) {
        let (kind, shown, known) = match &panel.shows {
            Shows::Visualization(shown) => {
                ("visualization", shown, sources.visualizations.contains_key(shown))
            }
            Shows::Search(shown) => ("search", shown, sources.searches.contains_key(shown)),
        };
        ensure!(
            known,
            "the dashboard {name} shows the {kind} {shown}, which is not there"
        );
        panels.push(placed(number, kind, panel));
        references.push(json!({
            "name": format!("{number}:panel_{number}"), "type": kind, "id": id(shown),
        }));
    }
    let attributes = json!({
        "title": titled(&source.title),
        "description": source.description,
        "version": 1,
        "timeRestore": true,
        "timeFrom": source.from,
        "timeTo": source.to,
        "refreshInterval": { "pause": false, "value": source.refresh_seconds * 1_000 },
        "panelsJSON": text(&Value::Array(panels)),
        "optionsJSON": text(&json!({
            "useMargins": true, "hidePanelTitles": false,
            "syncColors": false, "syncCursor": true, "syncTooltips": false,
        })),
        "kibanaSavedObjectMeta": { "searchSourceJSON": text(&json!({
            "query": { "query": "", "language": "kuery" },
            "filter": [],
        })) },
    });
    Ok(object(
        "dashboard",
        &id(name),
        DASHBOARD_VERSION,
        &attributes,
        &Value::Array(references),
    ))
}

fn placed(number: u32, kind: &str, panel: &Panel) -> Value {
    let at = &panel.at;
    let index = number.to_string();
    json!({
        "type": kind,
        "gridData": { "x": at.x, "y": at.y, "w": at.w, "h": at.h, "i": index },
        "panelIndex": index,
        "embeddableConfig": { "enhancements": {} },
        "panelRefName": format!("panel_{number}"),
    })
}

fn object(kind: &str, id: &str, version: &str, attributes: &Value, references: &Value) -> Value {
    json!({
        "type": kind,
        "id": id,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": CORE_MIGRATION_VERSION,
        "typeMigrationVersion": version,
        "managed": false,
    })
}

fn id(name: &str) -> String {
    format!("{PREFIX}-{name}")
}

fn data_view_id() -> String {
    id("data-view")
}

fn titled(title: &str) -> String {
    format!("{PREFIX}: {title}")
}

/// JSON in a text, as Kibana keeps what it does not index.
fn text(value: &Value) -> String {
    value.to_string()
}
