//! Banks of a run's own: private servers through `xtask`, the roles of the bank and the peers as processes of their own, all of it in
//! one temporary folder, and all of it gone at the end.

mod programs;
mod roles;

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sqlx::{Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

pub(crate) use programs::workspace;
use programs::{Programs, finish};
pub(crate) use roles::{BANK_EVENTS, BANK_VAULT, PEER_EVENTS, READ_MODELS, WholeBank};

const READY_WITHIN: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const LOG_LINES_SHOWN: usize = 20;
/// Segments of PostgreSQL's log that are there before anything is measured, 2 GiB, as on a server that has been running: a new one
/// is filled with zeros first, and commits wait for it.
const LOG_SEGMENTS: usize = 128;

/// Dropping it ends everything it started, by process, and removes its folder.
pub(crate) struct Stack {
    folder: PathBuf,
    programs: Programs,
    /// Where the servers are, as variables of the environment.
    servers: Vec<(String, String)>,
    processes: Vec<Child>,
}

/// Builds what every stack runs, so that no figure waits for it.
pub(crate) async fn build() -> Result<()> {
    Programs::build().await.map(drop)
}

/// How a process says that it is ready.
enum Ready<'a> {
    /// By `/readyz` at this address.
    Operations(&'a str),
    /// By listening at this address.
    Listening(&'a str),
}

impl Stack {
    /// With nothing yet.
    pub(crate) async fn empty() -> Result<Self> {
        let programs = Programs::build().await?;
        Ok(Self {
            folder: new_folder()?,
            programs,
            servers: Vec::new(),
            processes: Vec::new(),
        })
    }

    /// With these servers, of which PostgreSQL is one, and nothing of the bank yet.
    pub(crate) async fn of_servers(only: &str) -> Result<Self> {
        let mut stack = Self::empty().await?;
        stack.add_servers(only).await?;
        stack.fill_log().await?;
        Ok(stack)
    }

    /// Beside those that it has.
    pub(crate) async fn add_servers(&mut self, only: &str) -> Result<()> {
        eprintln!("starting private servers in {}: {only}", self.folder.display());
        finish(self.xtask(&["up", "--free-ports", "--only", only])).await?;
        self.servers = self.read_servers()?;
        Ok(())
    }

    /// Starts a process and returns its number when it is ready.
    async fn start(&mut self, name: &str, command: Command, ready: Ready<'_>) -> Result<u32> {
        let number = self.spawn(name, command)?;
        self.until_ready(name, ready).await?;
        Ok(number)
    }

    /// Starts a process and returns its number at once.
    fn spawn(&mut self, name: &str, mut command: Command) -> Result<u32> {
        let process = command
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let number = process.id();
        self.processes.push(process);
        Ok(number)
    }

    /// Kills a process that it started, as a crash would.
    pub(crate) fn end(&mut self, number: u32) -> Result<()> {
        let known = self.processes.iter().position(|process| process.id() == number);
        let mut process = self.processes.remove(known.context("no such process")?);
        let killed = process.kill();
        process.wait()?;
        Ok(killed?)
    }

    /// Where all of it is, the servers' data too.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The servers tell where they are as lines for a shell, `export NAME='value'`.
    fn read_servers(&self) -> Result<Vec<(String, String)>> {
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

    /// What xtask says of a server, by the name of the variable.
    pub(crate) fn server(&self, name: &str) -> Result<&str> {
        let found = self.servers.iter().find(|(server, _)| server == name);
        let (_, value) = found.with_context(|| format!("xtask does not say {name}"))?;
        Ok(value)
    }

    /// A database of the stack's PostgreSQL, there or not.
    pub(crate) fn database_url(&self, name: &str) -> Result<String> {
        let server = self.server("CODEBANK_TEST_POSTGRES_URL")?;
        let (server, _) = server.rsplit_once('/').context("PostgreSQL's address")?;
        Ok(format!("{server}/{name}"))
    }

    pub(crate) async fn new_database(&self, name: &str) -> Result<String> {
        self.create_database(name, "").await
    }

    /// A copy of a database that nobody is connected to.
    pub(crate) async fn copy_database(&self, from: &str, name: &str) -> Result<String> {
        self.create_database(name, &format!("template {from}")).await
    }

    async fn create_database(&self, name: &str, how: &str) -> Result<String> {
        let mut connection = self.postgres().await?;
        let create = format!("create database {name} {how}");
        connection
            .execute(create.as_str())
            .await
            .with_context(|| format!("the database {name}"))?;
        connection.close().await?;
        self.database_url(name)
    }

    async fn postgres(&self) -> Result<PgConnection> {
        PgConnection::connect(self.server("CODEBANK_TEST_POSTGRES_URL")?)
            .await
            .context("the stack's PostgreSQL")
    }

    async fn fill_log(&self) -> Result<()> {
        let mut connection = self.postgres().await?;
        for _ in 0..LOG_SEGMENTS {
            connection
                .execute("select pg_logical_emit_message(true, 'benches', ''); select pg_switch_wal()")
                .await?;
        }
        connection.close().await?;
        self.checkpoint().await
    }

    /// None is due then, and the segments of the log that hold what was written are kept to be written over.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        let mut connection = self.postgres().await?;
        connection.execute("checkpoint").await?;
        Ok(connection.close().await?)
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

    /// A program about to be started. Settings of the caller's environment that are not said here hold, to try one out.
    fn command(&self, program: &Path, name: &str) -> Result<Command> {
        let log = File::create(self.log(name)).with_context(|| format!("the log of {name}"))?;
        let mut command = Command::new(program);
        command
            .arg(name)
            .envs(self.servers.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    async fn until_ready(&mut self, name: &str, ready: Ready<'_>) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while !ready.is_so().await? {
            let ended = self
                .processes
                .iter_mut()
                .any(|process| process.try_wait().is_ok_and(|ended| ended.is_some()));
            if ended || Instant::now() > deadline {
                let how = if ended {
                    "a process ended"
                } else {
                    "it did not get ready in time"
                };
                bail!("{name}: {how}; the end of its log:\n{}", self.end_of_log(name));
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    pub(crate) fn end_of_log(&self, name: &str) -> String {
        let text = fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Ready<'_> {
    async fn is_so(&self) -> Result<bool> {
        match self {
            Self::Listening(address) => Ok(tokio::net::TcpStream::connect(address).await.is_ok()),
            Self::Operations(address) => {
                let http = reqwest::Client::builder()
                    .no_proxy()
                    .timeout(Duration::from_secs(2))
                    .build()?;
                let answer = http.get(format!("http://{address}/readyz")).send().await;
                Ok(answer.is_ok_and(|answer| answer.status().is_success()))
            }
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // Killed, as a crash would: its data goes with it. One that ended already is as good.
            let _ = process.kill();
            let _ = process.wait();
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
    Ok(taken()?.local_addr()?.to_string())
}

/// Two of them. The first is held until there is a second, or both could be the same.
fn free_addresses() -> Result<[String; 2]> {
    let (one, other) = (taken()?, taken()?);
    Ok([one.local_addr()?.to_string(), other.local_addr()?.to_string()])
}

fn taken() -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).context("no free port")
}
