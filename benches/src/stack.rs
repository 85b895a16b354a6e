//! `--stack`: a whole bank for one run. A private PostgreSQL and Kafka through `xtask`, every role of the bank as a process of its
//! own, all of it in one temporary folder, and all of it gone at the end.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use uuid::Uuid;

const READY_WITHIN: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const LOG_LINES_SHOWN: usize = 20;

/// Dropping it ends everything it started, by process, and removes its folder.
pub(crate) struct Stack {
    pub(crate) grpc: String,
    pub(crate) graphql: String,
    folder: PathBuf,
    programs: Programs,
    roles: Vec<Child>,
}

/// Built from this very source before they are started, so that the figures are of it.
struct Programs {
    bank: PathBuf,
    xtask: PathBuf,
}

impl Stack {
    pub(crate) async fn start() -> Result<Self> {
        let programs = Programs::build().await?;
        let [grpc, graphql] = [free_address()?, free_address()?];
        let mut stack = Self {
            grpc: format!("http://{grpc}"),
            graphql: format!("http://{graphql}/graphql"),
            folder: new_folder()?,
            programs,
            roles: Vec::new(),
        };
        eprintln!(
            "starting a private PostgreSQL and Kafka in {}",
            stack.folder.display()
        );
        finish(stack.xtask(&["up", "--free-ports", "--only", "postgres,kafka"])).await?;
        let servers = stack.servers()?;

        eprintln!("starting the bank: command-api, relay, projections");
        finish(stack.role("migrate", &servers)?)
            .await
            .with_context(|| stack.end_of_log("migrate"))?;
        let [command_api, relay] = [free_address()?, free_address()?];
        let addresses = [
            ("CODEBANK_GRPC_ADDRESS", &grpc),
            ("CODEBANK_OPS_ADDRESS", &command_api),
        ];
        stack
            .start_role("command-api", &servers, &addresses, &command_api)
            .await?;
        // The relay makes the topic that the projections read.
        stack
            .start_role("relay", &servers, &[("CODEBANK_OPS_ADDRESS", &relay)], &relay)
            .await?;
        stack
            .start_role(
                "projections",
                &servers,
                &[("CODEBANK_HTTP_ADDRESS", &graphql)],
                &graphql,
            )
            .await?;
        Ok(stack)
    }

    /// Starts a role and returns when it is ready, as it says at its operations address.
    async fn start_role(
        &mut self,
        name: &str,
        servers: &[(String, String)],
        addresses: &[(&str, &String)],
        operations: &str,
    ) -> Result<()> {
        let role = self.role(name, servers)?.envs(addresses.iter().copied()).spawn();
        self.roles
            .push(role.with_context(|| format!("codebank {name} could not be started"))?);
        self.until_ready(name, operations).await
    }

    /// Where the servers are, and the vault's keys: `xtask` tells it as lines for a shell, `export NAME='value'`.
    fn servers(&self) -> Result<Vec<(String, String)>> {
        let output = self
            .xtask(&["env"])
            .stdout(Stdio::piped())
            .output()
            .context("xtask stack env")?;
        let text = String::from_utf8(output.stdout).context("xtask stack env")?;
        let variable = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        };
        Ok(text.lines().filter_map(variable).collect())
    }

    /// What it prints goes to standard error: standard output has the figures only.
    fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.programs.xtask);
        command
            .arg("stack")
            .args(arguments)
            .arg("--dir")
            .arg(self.folder.join("servers"));
        command
            .current_dir(workspace())
            .stdin(Stdio::null())
            .stdout(std::io::stderr());
        command
    }

    /// A role about to be started. Settings of the caller's environment that are not said here hold, to try one out.
    fn role(&self, name: &str, settings: &[(String, String)]) -> Result<Command> {
        let log = File::create(self.log(name)).with_context(|| format!("the log of {name}"))?;
        let mut command = Command::new(&self.programs.bank);
        command
            .arg(name)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    async fn until_ready(&mut self, name: &str, operations: &str) -> Result<()> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()?;
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let answer = http.get(format!("http://{operations}/readyz")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let ended = self
                .roles
                .iter_mut()
                .any(|role| role.try_wait().is_ok_and(|ended| ended.is_some()));
            if ended || Instant::now() > deadline {
                let how = if ended {
                    "a role ended"
                } else {
                    "it did not get ready in time"
                };
                bail!(
                    "codebank {name}: {how}; the end of its log:\n{}",
                    self.end_of_log(name)
                );
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn end_of_log(&self, name: &str) -> String {
        let text = fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for role in &mut self.roles {
            // Killed, as a crash would: its data goes with it. One that ended already is as good.
            let _ = role.kill();
            let _ = role.wait();
        }
        // Where it failed before there was a server, there is none to stop.
        let has_servers = self.folder.join("servers/stack.json").exists();
        let stopped = !has_servers
            || self
                .xtask(&["down", "--purge"])
                .status()
                .is_ok_and(|status| status.success());
        if fs::remove_dir_all(&self.folder).is_err() || !stopped {
            eprintln!(
                "benches: {} could not be stopped and removed entirely",
                self.folder.display()
            );
        }
    }
}

impl Programs {
    async fn build() -> Result<Self> {
        // Beside this program, in the same profile; the developer's commands are always built for development.
        let own = std::env::current_exe().context("this program's own path")?;
        let folder = own.parent().context("this program's folder")?;
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
async fn finish(command: Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let arguments: Vec<&OsStr> = command.get_args().collect();
    let said = format!("{name} {}", arguments.join(OsStr::new(" ")).display());
    let mut command = tokio::process::Command::from(command);
    let status = command.kill_on_drop(true).status().await;
    let status = status.with_context(|| format!("{said} could not be run"))?;
    ensure!(status.success(), "{said}: {status}");
    Ok(())
}

fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// A new folder that servers which refuse root can enter as `nobody`.
fn new_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("codebank-bench-{}", Uuid::now_v7().simple()));
    fs::DirBuilder::new()
        .mode(0o755)
        .create(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// A loopback address that nobody has at this moment.
fn free_address() -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr()?.to_string())
}
