//! A panel drawn headless by the same Vega that Kibana has: the picture, and the rows that its marks were made of.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bundle::{infra, panel};
use crate::index::Index;
use crate::kibana::Window;

/// Where Vega is, and where Elasticsearch has the history.
pub(crate) struct Easel<'i> {
    pub(crate) node_modules: PathBuf,
    pub(crate) index: &'i Index,
}

/// What a panel shows.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) svg: String,
    pub(crate) rows: Vec<Value>,
}

impl Easel<'_> {
    /// Asks as Kibana asks, and draws the answer.
    pub(crate) async fn draw(&self, name: &str, window: Window) -> Drawn {
        let mut spec = panel(name);
        let answer = self.index.search(&window.request(&spec)).await;
        let data = spec["data"].as_object_mut().unwrap();
        data.remove("url");
        data.insert("values".to_owned(), answer);
        let drawn = self.render(name, &spec);
        assert!(
            drawn.svg.starts_with("<svg") && drawn.svg.ends_with("</svg>"),
            "{name}: {}",
            drawn.svg
        );
        if let Some(folder) = std::env::var_os("CODEBANK_TEST_DRAWINGS") {
            std::fs::write(PathBuf::from(folder).join(format!("{name}.svg")), &drawn.svg).unwrap();
        }
        drawn
    }

    fn render(&self, name: &str, spec: &Value) -> Drawn {
        let mut node = Command::new("node")
            .arg(infra().join("native/render-vega.cjs"))
            .env("CODEBANK_TEST_NODE_MODULES", &self.node_modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program reads everything before it writes anything.
        node.stdin
            .take()
            .unwrap()
            .write_all(spec.to_string().as_bytes())
            .unwrap();
        let output = node.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{name}: {errors}");
        let drawn: Value = serde_json::from_slice(&output.stdout).unwrap();
        Drawn {
            svg: drawn["svg"].as_str().unwrap().to_owned(),
            rows: drawn["rows"].as_array().unwrap().clone(),
        }
    }
}
