//! The four servers, and what is particular to each: how it is got, started, asked how it is, and asked to stop.
//!
//! What is common to them (processes, logs, waiting) is the stack's business.

mod connect;
mod elasticsearch;
mod kafka;
mod postgres;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use rustix::process::Signal;

use crate::stack::Stack;
use crate::system::packages;
use crate::system::process::Process;
use crate::system::registry::Registry;
use crate::system::spawn::Manner;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Server {
    Postgres,
    Kafka,
    Connect,
    Elasticsearch,
}

impl Server {
    pub(crate) const ALL: [Self; 4] = [Self::Postgres, Self::Kafka, Self::Connect, Self::Elasticsearch];

    /// In file names and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Kafka => "kafka",
            Self::Connect => "connect",
            Self::Elasticsearch => "elasticsearch",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Kafka => "Kafka",
            Self::Connect => "Kafka Connect",
            Self::Elasticsearch => "Elasticsearch",
        }
    }

    pub(crate) fn port(self, stack: &Stack) -> u16 {
        match self {
            Self::Postgres => stack.ports.postgres,
            Self::Kafka => stack.ports.kafka,
            Self::Connect => stack.ports.connect,
            Self::Elasticsearch => stack.ports.elasticsearch,
        }
    }

    pub(crate) fn recipe(self) -> &'static dyn Recipe {
        match self {
            Self::Postgres => &postgres::Postgres,
            Self::Kafka => &kafka::Kafka,
            Self::Connect => &connect::Connect,
            Self::Elasticsearch => &elasticsearch::Elasticsearch,
        }
    }
}

pub(crate) trait Recipe: Sync {
    /// Gets what is not on the machine yet, so that starting later is quick.
    fn fetch(&self, registry: &Registry) -> Result<()>;

    /// The command that becomes the server, with its folder and settings made ready. `manner` says how to wrap the program.
    fn command(&self, stack: &Stack, manner: Manner) -> Result<Command>;

    /// Ok when the server answers as one that is well; otherwise why it is not, or not yet.
    fn healthy(&self, stack: &Stack) -> Result<()>;

    /// What it logs when it has started, for a server whose answers come too early to tell.
    fn says_when_started(&self) -> Option<&'static str> {
        None
    }

    /// After every start, when it is ready.
    fn once_ready(&self, _stack: &Stack) -> Result<()> {
        Ok(())
    }

    /// How long a start may take on a busy machine before it counts as failed.
    fn ready_within(&self) -> Duration {
        Duration::from_mins(3)
    }

    fn refuses_root(&self) -> bool {
        false
    }

    /// What the kernel sends when a test run dies without having stopped it.
    fn at_our_death(&self) -> &'static str {
        "KILL"
    }

    /// Asks for an orderly end.
    fn ask_to_stop(&self, process: Process) {
        process.signal(Signal::TERM);
    }
}

/// The search path with the JDK first, so that the scripts in `infra/` find the Java that was chosen.
fn path_with_java() -> Result<OsString> {
    let mut folders = vec![packages::java_home()?.join("bin")];
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    Ok(std::env::join_paths(folders)?)
}

/// All jars of a folder, in Java's own notation.
fn classpath(folder: &Path) -> OsString {
    folder.join("*").into_os_string()
}
