//! The sources as they are committed. An unknown field is a typing error, and is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Everything in `infra/kibana`; each source goes by its file's name.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) data_view: DataView,
    pub(super) searches: BTreeMap<String, Search>,
    pub(super) visualizations: BTreeMap<String, Visualization>,
    pub(super) dashboards: BTreeMap<String, Dashboard>,
}

/// Which indexes are looked at, and by which time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataView {
    pub(super) title: String,
    pub(super) name: String,
    pub(super) time_field: String,
}

/// A table of documents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    pub(super) title: String,
    pub(super) description: String,
    /// In Kibana's query language; empty for everything.
    pub(super) query: String,
    pub(super) columns: Vec<String>,
    /// Field and direction.
    pub(super) sort: Vec<(String, String)>,
}

/// A panel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Visualization {
    pub(super) title: String,
    pub(super) description: String,
    #[serde(flatten)]
    pub(super) content: Content,
}

#[derive(Debug, Deserialize)]
pub(super) enum Content {
    /// A Vega or Vega-Lite specification, with its query.
    #[serde(rename = "spec")]
    Vega(Value),
    /// Lines of Markdown.
    #[serde(rename = "markdown")]
    Markdown(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dashboard {
    pub(super) title: String,
    pub(super) description: String,
    /// The window at first sight, in Kibana's date mathematics.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) refresh_seconds: u64,
    pub(super) panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Panel {
    #[serde(flatten)]
    pub(super) shows: Shows,
    pub(super) at: Place,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Shows {
    Visualization(String),
    Search(String),
}

/// On the dashboard's grid of 48 columns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) w: u32,
    pub(super) h: u32,
}

impl Sources {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        Ok(Self {
            data_view: read(&folder.join("data-view.json"))?,
            searches: read_all(&folder.join("searches"))?,
            visualizations: read_all(&folder.join("visualizations"))?,
            dashboards: read_all(&folder.join("dashboards"))?,
        })
    }
}

fn read_all<T: DeserializeOwned>(folder: &Path) -> Result<BTreeMap<String, T>> {
    let mut sources = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let file = entry?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        sources.insert(name.into_owned(), read(&file)?);
    }
    Ok(sources)
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} cannot be understood", file.display()))
}
