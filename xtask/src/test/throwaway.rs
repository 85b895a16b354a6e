//! The stack of one test run: in a temporary folder, on free ports, gone at the end, also when the run panics.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::stack::{self, Ports, Stack};
use crate::system::folders;
use crate::system::process::Process;
use crate::system::registry;

/// How the folders of test runs are called; see `leftovers`.
pub(super) const PREFIX: &str = "codebank-test-";

pub(super) struct Throwaway {
    stack: Stack,
    /// Where the logs are kept when the folder goes.
    kept_logs: PathBuf,
    ended: bool,
}

impl Throwaway {
    pub(super) fn create(root: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .context("no temporary folder")?
            .keep();
        let stack = Stack::open_or_create(&folder, Ports::free()?, Process::this(), root)?;
        Ok(Self {
            stack,
            kept_logs: root.join("last-test-logs"),
            ended: false,
        })
    }

    /// Where tests write that they were skipped.
    pub(super) fn skipped_file(&self) -> PathBuf {
        self.folder.join("skipped")
    }

    pub(super) fn skipped(&self) -> Vec<String> {
        let mut lines: Vec<String> = fs::read_to_string(self.skipped_file())
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines.dedup();
        lines
    }

    /// Stops the servers, keeps their logs, removes the rest. How long that took, and where the logs are.
    pub(super) fn end(mut self) -> (Duration, PathBuf) {
        let begin = Instant::now();
        self.clean_up();
        (begin.elapsed(), self.kept_logs.clone())
    }

    fn clean_up(&mut self) {
        if self.ended {
            return;
        }
        self.ended = true;
        keep_logs(&self.stack.folder, &self.kept_logs);
        remove(&self.stack);
    }
}

impl Deref for Throwaway {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        self.clean_up();
    }
}

/// Stops what still runs of a test's stack and removes its folder.
pub(super) fn remove(stack: &Stack) {
    for outcome in stack::stop_all(stack) {
        if let Err(error) = outcome.result {
            eprintln!("{error:#}");
        }
    }
    if let Err(error) = fs::remove_dir_all(&stack.folder) {
        eprintln!("cannot remove {}: {error}", stack.folder.display());
    }
}

fn keep_logs(stack: &Path, kept: &Path) {
    // The logs of the run before make room.
    let _ = fs::remove_dir_all(kept);
    let copied = folders::create(kept).and_then(|()| registry::copy(&stack.join("logs"), kept));
    if let Err(error) = copied {
        eprintln!("the logs are lost: {error:#}");
    }
}
