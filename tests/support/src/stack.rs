//! The running stack, for a test that takes its servers away: each call is a `cargo xtask stack …` of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Servers go by the names of `cargo xtask stack`: postgres, kafka, connect, elasticsearch.
#[derive(Debug, Clone)]
pub struct Stack {
    program: PathBuf,
    folder: PathBuf,
}

impl Stack {
    pub(crate) fn new(program: PathBuf, folder: PathBuf) -> Self {
        Self { program, folder }
    }

    /// Where the servers' logs are, below `logs`, and their data.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// SIGKILL to the server with all its processes; returns when they are gone. Blocks.
    #[track_caller]
    pub fn kill(&self, server: &str) {
        self.call("kill", server);
    }

    /// Starts it again on the same port and data; returns when it is ready. Blocks.
    #[track_caller]
    pub fn start(&self, server: &str) {
        self.call("start", server);
    }

    #[track_caller]
    fn call(&self, what: &str, server: &str) {
        let output = Command::new(&self.program)
            .args(["stack", what, server, "--dir"])
            .arg(&self.folder)
            .output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "stack {what} {server}: {}: {said}",
            output.status
        );
    }
}
