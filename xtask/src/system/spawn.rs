//! Starts a server: detached from the terminal, its output in a log, as `nobody` where it must be, and tied to this process if asked.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;

use anyhow::{Context, Result, anyhow};

use super::folders;
use super::process::Process;

/// How a server is started beside its own program and arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// PostgreSQL and Elasticsearch refuse to run as root: they run as `nobody` then.
    pub(crate) refuses_root: bool,
    /// The signal the kernel sends it when this process ends without having stopped it; none for a server that outlives us.
    pub(crate) at_our_death: Option<&'static str>,
}

/// The command that becomes `program`, with `setpriv` in front only where something is to be set. It keeps the process number.
pub(crate) fn command(program: &Path, manner: Manner) -> Command {
    let mut settings = Vec::new();
    if manner.refuses_root && folders::is_root() {
        settings.extend(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    if let Some(signal) = manner.at_our_death {
        settings.extend(["--pdeathsig", signal]);
    }
    if settings.is_empty() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(settings).arg("--").arg(program);
    command
}

/// Starts it, appending to the log.
pub(crate) fn detached(mut command: Command, log: &Path) -> Result<Process> {
    let output = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let errors = output.try_clone()?;
    command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors);
    let (answer, answered) = mpsc::channel();
    starter()
        .send(Request { command, answer })
        .map_err(|_| anyhow!("the starting thread is gone"))?;
    answered.recv()?
}

struct Request {
    command: Command,
    answer: mpsc::Sender<Result<Process>>,
}

/// One thread starts every server and lives as long as the program does. The kernel counts a *thread* as the parent whose death is
/// signalled: a server tied to a short-lived thread would die with that thread.
fn starter() -> &'static mpsc::Sender<Request> {
    static STARTER: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    STARTER.get_or_init(|| {
        let (requests, requested) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for mut request in requested {
                // Nobody waits for an answer any more: then nobody is told.
                let _ = request.answer.send(start(&mut request.command));
            }
        });
        requests
    })
}

fn start(command: &mut Command) -> Result<Process> {
    let mut child = command
        .spawn()
        .with_context(|| format!("{} could not be started", command.get_program().display()))?;
    let process = Process::of(child.id()).context("the process was gone at once");
    // Waited for as long as we live, so that it leaves no zombie: PostgreSQL takes one for a server that still runs.
    thread::spawn(move || child.wait());
    process
}
