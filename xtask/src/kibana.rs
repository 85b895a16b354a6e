//! `cargo xtask kibana`: the readable sources in `infra/kibana` → the bundle that Kibana imports, `infra/kibana/codebank.ndjson`.
//!
//! A source says what is meant (a title, a Vega specification, where a panel lies); what Kibana wants around it (saved objects, with
//! JSON inside texts inside JSON, and references by name) is made here. It does not talk to Kibana: `codebank dashboards import` does.

mod objects;
mod sources;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::system::folders;
use sources::Sources;

const BUNDLE: &str = "codebank.ndjson";

/// Writes the bundle.
pub(crate) fn run() -> Result<ExitCode> {
    let folder = folders::infra().join("kibana");
    let file = folder.join(BUNDLE);
    let bundle = bundle(&folder)?;
    fs::write(&file, &bundle).with_context(|| format!("cannot write {}", file.display()))?;
    println!("{}: {} objects", file.display(), bundle.lines().count());
    Ok(ExitCode::SUCCESS)
}

/// One saved object a line: what is referred to comes before what refers to it.
fn bundle(folder: &Path) -> Result<String> {
    let sources = Sources::read(folder)?;
    let mut lines = String::new();
    for object in objects::all(&sources)? {
        lines.push_str(&object.to_string());
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_bundle_is_what_the_sources_make() {
        let folder = folders::infra().join("kibana");
        let committed = fs::read_to_string(folder.join(BUNDLE)).unwrap_or_default();
        assert!(
            bundle(&folder).unwrap() == committed,
            "infra/kibana/{BUNDLE} is not what its sources make; run `cargo xtask kibana`"
        );
    }

    #[test]
    fn a_panel_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write(
            "data-view.json",
            r#"{"title": "t", "name": "n", "time_field": "time"}"#,
        );
        write(
            "dashboards/one.json",
            r#"{"title": "t", "description": "d", "from": "now-1h", "to": "now", "refresh_seconds": 10,
                "panels": [{"visualization": "absent", "at": {"x": 0, "y": 0, "w": 1, "h": 1}}]}"#,
        );
        let told = format!("{:#}", bundle(folder.path()).unwrap_err());
        assert!(told.contains("one") && told.contains("absent"), "{told}");
    }
}
