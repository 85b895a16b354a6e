//! The programs that a stack runs, built from this very source before they are started, so that the figures are of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

pub(super) struct Programs {
    pub(super) bank: PathBuf,
    pub(super) xtask: PathBuf,
    /// This very program, which has the peers in it.
    pub(super) benches: PathBuf,
}

impl Programs {
    pub(super) async fn build() -> Result<Self> {
        // Beside this program, in the same profile; the developer's commands are always built for development.
        let benches = std::env::current_exe().context("this program's own path")?;
        let folder = benches.parent().context("this program's folder")?;
        let target = folder.parent().context("the target folder")?;
        let profile: &[&str] = if folder.ends_with("release") {
            &["--release"]
        } else {
            &[]
        };
        eprintln!("building the bank");
        finish(cargo(&[&["build", "--package", "codebank"], profile].concat())).await?;
        finish(cargo(&["build", "--package", "xtask"])).await?;
        Ok(Self {
            bank: folder.join("codebank"),
            xtask: target.join("debug/xtask"),
            benches,
        })
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .arg(arguments[0])
        .arg("--quiet")
        .args(&arguments[1..])
        .current_dir(workspace());
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    command
}

/// Waits for a program to end well; given up, it is killed.
pub(super) async fn finish(command: Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let arguments: Vec<&OsStr> = command.get_args().collect();
    let said = format!("{name} {}", arguments.join(OsStr::new(" ")).display());
    let mut command = tokio::process::Command::from(command);
    let status = command.kill_on_drop(true).status().await;
    let status = status.with_context(|| format!("{said} could not be run"))?;
    ensure!(status.success(), "{said}: {status}");
    Ok(())
}

pub(crate) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}
