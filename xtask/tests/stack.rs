//! A stack of its own, from the command line a person uses: what is killed comes back with its data, what is stopped is gone.

use std::path::Path;
use std::process::{Command, Output};

use sqlx::{Connection, PgConnection};
use test_support::require;

/// Stops the stack also when the test fails.
struct Stack<'a>(&'a Path);

impl Stack<'_> {
    fn call(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("stack").args(arguments).arg("--dir").arg(self.0);
        command
            .output()
            .unwrap_or_else(|error| panic!("xtask could not be run: {error}"))
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.call(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }

    fn variable(&self, name: &str) -> String {
        let exports = self.succeeds(&["env"]);
        let line = exports
            .lines()
            .find_map(|line| line.strip_prefix(&format!("export {name}='")));
        line.unwrap_or_else(|| panic!("no {name} in {exports}"))
            .trim_end_matches('\'')
            .to_owned()
    }
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        self.call(&["down", "--purge"]);
    }
}

#[tokio::test]
async fn a_killed_server_comes_back_with_its_data() {
    // Not that server is used, but its programs.
    let _ = require!(postgres);
    let parent = tempfile::tempdir().unwrap();
    open_to_nobody(parent.path());
    let folder = parent.path().join("stack");
    let stack = Stack(&folder);
    stack.succeeds(&["up", "--free-ports", "--only", "postgres"]);
    let url = stack.variable("CODEBANK_DATABASE_URL");

    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query("create table note as select 'durable' as text")
        .execute(&mut connection)
        .await
        .unwrap();
    stack.succeeds(&["kill", "postgres"]);
    sqlx::query("select 1")
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert!(
        !stack.call(&["kill", "postgres"]).status.success(),
        "a server was killed twice"
    );

    stack.succeeds(&["start", "postgres"]);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let text: String = sqlx::query_scalar("select text from note")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(text, "durable");

    stack.succeeds(&["down", "--purge"]);
    assert!(!folder.exists());
    PgConnection::connect(&url).await.unwrap_err();
}

/// A temporary folder is its owner's alone, and as root the server runs as `nobody`.
fn open_to_nobody(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let opened = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755));
    opened.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
}
