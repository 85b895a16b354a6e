//! Calls of cargo from inside a program that cargo itself started.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::folders;

/// What cargo tells the program it runs about the program's own package. A nested cargo would take it for a change of environment
/// and build things again.
const OWN_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

pub(crate) fn command() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let own = name
            .to_str()
            .is_some_and(|name| OWN_PACKAGE.iter().any(|prefix| name.starts_with(prefix)));
        if own {
            command.env_remove(name);
        }
    }
    command.current_dir(folders::workspace());
    command
}

/// The folder cargo builds into, whatever chose it.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let output = command()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be run")?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata did not answer in JSON")?;
    let Some(folder) = metadata["target_directory"].as_str() else {
        bail!("cargo metadata named no target directory");
    };
    Ok(folder.into())
}

/// Finds the program that a `cargo build --message-format=json…` says it made.
pub(crate) fn executable_in(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_other_messages() {
        let messages = concat!(
            "{\"reason\":\"compiler-artifact\",\"executable\":null}\n",
            "{\"reason\":\"compiler-artifact\",\"executable\":\"/somewhere/debug/codebank\"}\n",
            "{\"reason\":\"build-finished\",\"success\":true}\n",
        );
        assert_eq!(
            executable_in(messages),
            Some(PathBuf::from("/somewhere/debug/codebank"))
        );
        assert_eq!(executable_in("not json\n"), None);
    }
}
