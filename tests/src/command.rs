//! The bank's own binary, run to its end: its command line, what it says, and how it ends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use test_support::require;
use tokio::process::Command;

/// No command of a person takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The binary: as the test run names it, or, for a test run by hand, the one that `cargo build` left.
#[track_caller]
pub fn binary() -> Option<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/debug/codebank");
    if std::env::var_os("CODEBANK_TEST_BIN").is_none() && built.is_file() {
        return Some(built);
    }
    require::bank()
}

/// Runs it with these variables and no others (but the search path), so that a developer's own settings change nothing.
pub async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = Command::new(binary().expect("the bank's binary is built"));
    command.args(arguments);
    to_its_end(command, variables).await
}

/// Runs a line that a person pasted into a shell.
pub async fn shell(line: &str, folder: &Path) -> Said {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).current_dir(folder);
    to_its_end(command, &[]).await
}

async fn to_its_end(mut command: Command, variables: &[(&str, &str)]) -> Said {
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = ended
        .unwrap_or_else(|_| panic!("{command:?} did not end within {PATIENCE:?}"))
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
