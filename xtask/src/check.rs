//! `cargo xtask check`: formatting and lints of the whole workspace. Each is run even when the one before failed.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::system::cargo;

pub(crate) fn run() -> Result<ExitCode> {
    let mut clean = true;
    for arguments in [
        &["fmt", "--all", "--check"][..],
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ][..],
    ] {
        println!("cargo {}", arguments.join(" "));
        let status = cargo::command()
            .args(arguments)
            .status()
            .context("cargo could not be run")?;
        clean &= status.success();
    }
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
