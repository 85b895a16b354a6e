//! Where things are: the workspace, the settings in `infra/`, the cache of downloaded servers, the folder of a person's stack.
//!
//! Run by root, PostgreSQL and Elasticsearch run as `nobody`, who may not be able to enter the workspace (a checkout below root's home).
//! Then the cache and the stack live below /var/tmp instead, in a folder named after the workspace.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::cargo;

pub(crate) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

pub(crate) fn infra() -> PathBuf {
    workspace().join("infra")
}

/// Below it: what was downloaded, the logs of the last test run, the stack of a person.
pub(crate) fn stack_root() -> Result<PathBuf> {
    let preferred = cargo::target_folder()?.join("stack");
    create(&preferred)?;
    if !is_root() || enterable_by_nobody(&preferred) {
        return Ok(preferred);
    }
    let mut hasher = DefaultHasher::new();
    workspace().hash(&mut hasher);
    let elsewhere = PathBuf::from(format!("/var/tmp/codebank-{:016x}", hasher.finish()));
    create(&elsewhere)?;
    Ok(elsewhere)
}

pub(crate) fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

pub(crate) fn is_root() -> bool {
    user() == Some(0)
}

/// The user this program runs as: the owner of its own entry in the process table.
pub(crate) fn user() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|entry| entry.uid())
}

pub(crate) fn enterable_by_nobody(folder: &Path) -> bool {
    Command::new("setpriv")
        .args([
            "--reuid=nobody",
            "--regid=nogroup",
            "--clear-groups",
            "--",
            "test",
            "-x",
        ])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Gives a folder to `nobody`, when it is root who runs the servers.
pub(crate) fn give_to_nobody(folder: &Path) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let status = Command::new("chown")
        .args(["-R", "nobody:nogroup"])
        .arg(folder)
        .status();
    let given = status.context("chown could not be run")?.success();
    anyhow::ensure!(given, "cannot give {} to nobody", folder.display());
    Ok(())
}
