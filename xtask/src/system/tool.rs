//! Runs a tool to its end (Maven, apt-get, initdb), its output in a log, and shows the end of that log when it fails.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::process::Process;
use super::{interrupt, tail, wait};

const LINES_SHOWN: usize = 40;

pub(crate) fn run(what: &str, command: &mut Command, log: &Path) -> Result<()> {
    let output = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let errors = output.try_clone()?;
    let log_start = tail::length(log);
    // A group of its own: Ctrl-C in the terminal reaches this program alone, which then ends the tool.
    let mut child = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .with_context(|| format!("{what}: {} could not be run", command.get_program().display()))?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if interrupt::asked_to_stop() {
            if let Some(process) = Process::of(child.id()) {
                process.kill_tree(Duration::from_secs(5));
            }
            child.wait()?;
            bail!("{what}: interrupted");
        }
        wait::pause();
    };
    if !status.success() {
        bail!(
            "{what} failed ({status}); the end of {}:\n{}",
            log.display(),
            tail::of(log, log_start, LINES_SHOWN)
        );
    }
    Ok(())
}

/// Where a program is, by the search path; the folders of system programs are searched even when an ordinary user's path lacks them.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
