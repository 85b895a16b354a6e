//! A stack: a folder with the servers' data, settings and logs, the ports they listen on, and which processes they are.
//!
//! The folder is the only memory. Whoever knows it, a person's `stack down` or a test that kills the broker, can act on the stack.

pub(crate) mod command;
mod lifecycle;
mod parallel;
mod ports;
mod provision;
mod status;
mod variables;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::server::Server;
use crate::system::folders;
use crate::system::process::Process;
use crate::system::registry::Registry;

pub(crate) use parallel::{Outcome, fetch_all, start_all, stop_all};
pub(crate) use ports::Ports;
pub(crate) use variables::of_the_stack as variables;

/// Readable by `nobody`, writable by the owner.
const FOLDER_MODE: u32 = 0o755;
const PROGRAM: &str = "xtask";

#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) folder: PathBuf,
    pub(crate) ports: Ports,
    /// The test run it belongs to and ends with; none when it is kept for a person.
    pub(crate) owner: Option<Process>,
    pub(crate) registry: Registry,
}

/// What is remembered of the stack as a whole, in `stack.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    ports: Ports,
    owner: Option<Process>,
    root: PathBuf,
}

impl Stack {
    /// A new stack in a folder, or the one that is there already, with its own ports.
    pub(crate) fn open_or_create(
        folder: &Path,
        ports: Ports,
        owner: Option<Process>,
        root: &Path,
    ) -> Result<Self> {
        for inner in ["logs", "processes"] {
            folders::create(&folder.join(inner))?;
        }
        keep_this_program(folder)?;
        if folder.join("stack.json").is_file() {
            return Self::open(folder);
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(FOLDER_MODE))?;
        let folder = folder.canonicalize()?;
        let remembered = Remembered {
            ports,
            owner,
            root: root.to_path_buf(),
        };
        write_json(&folder.join("stack.json"), &remembered)?;
        Self::open(&folder)
    }

    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("there is no stack in {}", folder.display()))?;
        let text = fs::read(folder.join("stack.json"))
            .with_context(|| format!("there is no stack in {}", folder.display()))?;
        let Remembered { ports, owner, root } =
            serde_json::from_slice(&text).context("stack.json is not ours")?;
        Ok(Self {
            folder,
            ports,
            owner,
            registry: Registry::below(&root)?,
        })
    }

    /// This program, for the tests that kill and start servers.
    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join(PROGRAM)
    }

    pub(crate) fn log(&self, server: Server) -> PathBuf {
        self.folder.join("logs").join(format!("{}.log", server.name()))
    }

    /// The server's own folder: its data and the settings it was started with.
    pub(crate) fn home(&self, server: Server) -> PathBuf {
        self.folder.join(server.name())
    }

    /// The process a server was started as, whether or not it still lives.
    pub(crate) fn process(&self, server: Server) -> Option<Process> {
        serde_json::from_slice(&fs::read(self.process_file(server)).ok()?).ok()
    }

    pub(crate) fn running(&self, server: Server) -> bool {
        self.process(server).is_some_and(Process::alive)
    }

    fn remember(&self, server: Server, process: Process) -> Result<()> {
        write_json(&self.process_file(server), &process)
    }

    fn forget(&self, server: Server) {
        // Absent already is as good.
        let _ = fs::remove_file(self.process_file(server));
    }

    fn process_file(&self, server: Server) -> PathBuf {
        self.folder
            .join("processes")
            .join(format!("{}.json", server.name()))
    }
}

/// A copy in the stack's folder: building the tests builds this program too, and would take the one that runs away from under them.
fn keep_this_program(folder: &Path) -> Result<()> {
    let beside = folder.join(PROGRAM).with_extension("new");
    // By this name the kernel finds it even when its file is already another.
    fs::copy("/proc/self/exe", &beside).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, folder.join(PROGRAM)).context("cannot keep this program")
}

/// Whole or not at all: another command may read it at any moment.
fn write_json(file: &Path, value: &impl Serialize) -> Result<()> {
    let beside = file.with_extension("new");
    let text = serde_json::to_vec_pretty(value)?;
    fs::write(&beside, text).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, file).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack_in(folder: &Path) -> Stack {
        Stack::open_or_create(folder, Ports::well_known(), None, folder).unwrap()
    }

    #[test]
    fn a_stack_is_found_again_with_its_ports_and_processes() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack_in(folder.path());
        let this = Process::this().unwrap();
        stack.remember(Server::Kafka, this).unwrap();

        let again =
            Stack::open_or_create(folder.path(), Ports::free().unwrap(), None, folder.path()).unwrap();
        assert_eq!(again.ports, Ports::well_known());
        assert_eq!(again.process(Server::Kafka), Some(this));
        assert!(again.running(Server::Kafka));
        again.forget(Server::Kafka);
        assert_eq!(stack.process(Server::Kafka), None);
    }

    #[test]
    fn a_folder_without_a_stack_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Stack::open(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("there is no stack in"), "{error}");
    }
}
