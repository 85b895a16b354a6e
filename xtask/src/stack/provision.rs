//! What a person's stack holds beside empty servers, made by the scripts that compose runs: the vault's keys, the search templates and
//! the sink's connector. A test's stack has none of it: each test brings its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Stack;
use crate::server::Server;
use crate::system::{folders, tool};

/// What cannot be made is said; the servers run all the same. False then.
pub(crate) fn run(stack: &Stack) -> bool {
    let made = [vault_keys(stack), search(stack)];
    for error in made.iter().filter_map(|made| made.as_ref().err()) {
        println!("  {error:#}");
    }
    made.iter().all(Result::is_ok)
}

pub(crate) fn vault_keys_file(stack: &Stack) -> PathBuf {
    stack.folder.join("vault-keys.json")
}

fn vault_keys(stack: &Stack) -> Result<()> {
    let mut script = script("vault-keys.sh");
    script.env("CODEBANK_VAULT_KEYS_FILE", vault_keys_file(stack));
    tool::run("making the vault's keys", &mut script, &log(stack))
}

fn search(stack: &Stack) -> Result<()> {
    let both_run = [Server::Connect, Server::Elasticsearch]
        .iter()
        .all(|server| stack.running(*server));
    if !both_run {
        return Ok(());
    }
    anyhow::ensure!(
        tool::find("curl").is_some(),
        "no curl: Elasticsearch has no templates and Connect no connector"
    );
    let mut script = script("provision.sh");
    script
        .env("CODEBANK_INFRA", folders::infra())
        .env(
            "CODEBANK_CONNECT_URL",
            format!("http://127.0.0.1:{}", stack.ports.connect),
        )
        .env(
            "CODEBANK_ELASTICSEARCH_URL",
            format!("http://127.0.0.1:{}", stack.ports.elasticsearch),
        );
    tool::run("templates and connector", &mut script, &log(stack))
}

fn script(name: &str) -> Command {
    let mut script = Command::new(Path::new("/bin/sh"));
    script.arg(folders::infra().join("docker").join(name));
    script
}

fn log(stack: &Stack) -> PathBuf {
    stack.folder.join("logs/provision.log")
}
