//! The committed bundle, read as Kibana reads it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A line of the bundle.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) json: Value,
}

pub(crate) fn infra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra")
}

pub(crate) fn text() -> String {
    fs::read_to_string(infra().join("kibana/codebank.ndjson")).unwrap()
}

/// Every line; a line that is no JSON fails here.
pub(crate) fn objects() -> Vec<Object> {
    let object = |line: &str| {
        let json: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Object {
            kind: json["type"].as_str().unwrap().to_owned(),
            id: json["id"].as_str().unwrap().to_owned(),
            json,
        }
    };
    text().lines().map(object).collect()
}

pub(crate) fn of_kind(kind: &str) -> Vec<Object> {
    objects()
        .into_iter()
        .filter(|object| object.kind == kind)
        .collect()
}

impl Object {
    pub(crate) fn attribute(&self, name: &str) -> &Value {
        &self.json["attributes"][name]
    }

    /// JSON that is kept in a text.
    pub(crate) fn embedded(&self, pointer: &str) -> Value {
        let text = self.json.pointer(pointer).and_then(Value::as_str);
        let text = text.unwrap_or_else(|| panic!("{} has no text at {pointer}", self.id));
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{} {pointer}: {error}", self.id))
    }

    /// The specification of a Vega panel; nothing for another panel.
    pub(crate) fn vega(&self) -> Option<Value> {
        let state = self.embedded("/attributes/visState");
        (state["type"] == "vega")
            .then(|| serde_json::from_str(state["params"]["spec"].as_str().unwrap()).unwrap())
    }
}

/// The specification of a panel by its source's name.
pub(crate) fn panel(name: &str) -> Value {
    let id = format!("codebank-{name}");
    let panel = of_kind("visualization").into_iter().find(|panel| panel.id == id);
    panel
        .and_then(|panel| panel.vega())
        .unwrap_or_else(|| panic!("no Vega panel {id}"))
}
