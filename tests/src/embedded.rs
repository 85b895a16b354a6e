//! The embedded bank of one test: one process, its data in a folder, free ports, and a banner that says which.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use test_support::{Program, Running};

use crate::command;

/// The last line of the banner.
const BANNER_ENDS: &str = "Ctrl-C closes the bank";
const OPEN_WITHIN: Duration = Duration::from_mins(1);

/// A running bank.
#[derive(Debug)]
pub struct Embedded {
    pub running: Running,
    pub banner: Banner,
}

/// What a person reads when the bank is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    pub text: String,
    /// Addresses, as `host:port`.
    pub grpc: String,
    pub http: String,
    /// The lines under "Try next".
    pub commands: Vec<String>,
}

/// Folders of an embedded bank: its data, and beside it what it writes to its terminal.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    starts: u32,
}

impl Home {
    /// A new one. The bank itself makes the folder of its data.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            starts: 0,
        }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("codebank-data")
    }

    /// The terminal of the last start.
    pub fn terminal(&self) -> PathBuf {
        self.folder.path().join(format!("terminal-{}", self.starts))
    }

    /// Starts the bank as the README says, and waits for its banner.
    pub async fn open(&mut self) -> Embedded {
        self.open_with(&[]).await
    }

    /// The same with variables of the environment.
    pub async fn open_with(&mut self, variables: &[(&str, &str)]) -> Embedded {
        self.starts += 1;
        let program = command::binary().expect("the bank's binary is built");
        let data = self.data().display().to_string();
        let mut program = Program::new("setpriv", self.terminal())
            .args(["--pdeathsig", "KILL", "--"])
            .args([program.as_path()])
            .args(["--data", &data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        for (name, value) in variables {
            program = program.env(name, value);
        }
        let mut running = program.start();
        running.says(BANNER_ENDS, OPEN_WITHIN).await;
        let banner = Banner::read(&running.said());
        Embedded { running, banner }
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Banner {
    fn read(said: &str) -> Self {
        let begin = said.find("codebank is open").expect("a banner");
        let text = said[begin..].to_owned();
        let after = |label: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
            line.unwrap_or_else(|| panic!("no {label} in the banner:\n{text}"))
                .trim()
                .to_owned()
        };
        let graphql = after("GraphQL ");
        let host = graphql
            .strip_prefix("http://")
            .and_then(|url| url.strip_suffix("/graphql"));
        let commands = text.lines().skip_while(|line| !line.starts_with("Try next"));
        Self {
            grpc: after("gRPC "),
            http: host.expect("the address of GraphQL").to_owned(),
            commands: commands
                .skip(1)
                .take_while(|line| line.starts_with("  "))
                .map(|line| line.trim().to_owned())
                .collect(),
            text,
        }
    }

    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    pub fn http_url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The demo cards, a line each.
    pub fn cards(&self) -> Vec<&str> {
        self.text.lines().filter(|line| line.contains(" CVV ")).collect()
    }
}
