//! Programs that a test starts: their output in a file, killed at the end of the test at the latest.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::{eventually, holds};

/// A program about to be started.
#[derive(Debug)]
pub struct Program {
    command: Command,
    log: PathBuf,
}

impl Program {
    /// `log` receives what it writes to standard output and standard error; a second start appends.
    pub fn new(program: impl AsRef<OsStr>, log: impl Into<PathBuf>) -> Self {
        Self {
            command: Command::new(program),
            log: log.into(),
        }
    }

    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    #[track_caller]
    pub fn start(mut self) -> Running {
        let started = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .and_then(|output| {
                let errors = output.try_clone()?;
                self.command
                    .stdin(Stdio::null())
                    .stdout(output)
                    .stderr(errors)
                    .spawn()
            });
        let name = self.command.get_program().display();
        let child = started.unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
        Running { child, log: self.log }
    }
}

/// A program that was started. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Everything it wrote so far.
    pub fn said(&self) -> String {
        fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL, as a crash would; returns when it is gone.
    pub fn kill(&mut self) {
        // Ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, as an operator would; returns how it ended, and panics with its log when it does not.
    pub async fn terminate(&mut self, within: Duration) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| self.child.try_wait().is_ok_and(|ended| ended.is_none())) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let log = self.log.display().to_string();
        let what = format!("the program ends after SIGTERM (log: {log})");
        eventually(&what, within, async || {
            self.child.try_wait().ok().flatten().ok_or("it runs")
        })
        .await
    }

    /// Waits for words in its log. Panics, with the log, when it ends or the time is over before it says them.
    pub async fn says(&mut self, words: &str, within: Duration) {
        let what = format!("{} says {words:?}", self.log.display());
        eventually(&what, within, async || {
            let said = self.said();
            let ended = self.ended();
            assert!(
                ended.is_none() || said.contains(words),
                "it ended ({ended:?}) before it said {words:?}:\n{said}"
            );
            holds(said.contains(words)).map_err(|_| said)
        })
        .await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A loopback port that nobody has at this moment. Better where the program can be asked: bind port 0 and read what it says.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener
        .unwrap_or_else(|error| panic!("no free port: {error}"))
        .port()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(folder: &Path, script: &str) -> Running {
        Program::new("/bin/sh", folder.join("log"))
            .args(["-c", script])
            .env("GREETING", "hello")
            .start()
    }

    #[tokio::test]
    async fn a_program_is_heard_and_asked_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = shell(
            folder.path(),
            "trap 'exit 3' TERM; echo $GREETING; while :; do sleep 0.05; done",
        );
        running.says("hello", Duration::from_secs(10)).await;
        assert_eq!(running.ended(), None);
        assert_eq!(running.terminate(Duration::from_secs(10)).await.code(), Some(3));
    }

    #[test]
    fn a_program_does_not_outlive_its_test() {
        let folder = tempfile::tempdir().unwrap();
        let running = shell(folder.path(), "exec sleep 600");
        let entry = PathBuf::from(format!("/proc/{}", running.id()));
        assert!(entry.exists());
        drop(running);
        assert!(!entry.exists());
    }
}
