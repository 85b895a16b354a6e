//! PostgreSQL, from Debian's package, as a private cluster with `infra/postgres/postgresql.conf`.
//!
//! The superuser is `codebank` without a password: it listens on loopback only, and what is in it is a test's or a developer's.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::{Recipe, Server};
use crate::stack::Stack;
use crate::system::process::Process;
use crate::system::registry::Registry;
use crate::system::spawn::{self, Manner};
use crate::system::{folders, packages, tool};

pub(crate) const SUPERUSER: &str = "codebank";

pub(super) struct Postgres;

impl Recipe for Postgres {
    fn fetch(&self, _registry: &Registry) -> Result<()> {
        packages::postgres_programs().map(drop)
    }

    fn command(&self, stack: &Stack, manner: Manner) -> Result<Command> {
        let programs = packages::postgres_programs()?;
        let home = stack.home(Server::Postgres);
        folders::create(&home)?;
        let settings = home.join("postgresql.conf");
        fs::copy(folders::infra().join("postgres/postgresql.conf"), &settings)
            .context("infra/postgres/postgresql.conf cannot be copied")?;
        folders::give_to_nobody(&home)?;
        let data = home.join("data");
        if !data.exists() {
            initialise(&programs, &home, &stack.log(Server::Postgres))?;
        }
        remove_stale_lock(&data.join("postmaster.pid"))?;
        let mut command = spawn::command(&programs.join("postgres"), manner);
        command
            .current_dir(&home)
            .arg("-D")
            .arg(&data)
            .args(["-p", &stack.ports.postgres.to_string()])
            .args(["-c", &format!("config_file={}", settings.display())])
            .args(["-c", "listen_addresses=127.0.0.1"])
            // No socket file: its path would have to be short, and everything here speaks TCP.
            .args(["-c", "unix_socket_directories="]);
        Ok(command)
    }

    fn healthy(&self, stack: &Stack) -> Result<()> {
        let port = stack.ports.postgres.to_string();
        let status = Command::new(packages::postgres_programs()?.join("pg_isready"))
            .args([
                "--quiet",
                "--host=127.0.0.1",
                "--port",
                &port,
                "--username",
                SUPERUSER,
                "--dbname=postgres",
            ])
            .status()?;
        ensure!(status.success(), "pg_isready says: {status}");
        Ok(())
    }

    fn once_ready(&self, stack: &Stack) -> Result<()> {
        let mut psql = Command::new(packages::postgres_programs()?.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--host=127.0.0.1",
            "--dbname=postgres",
        ])
        .args([
            "--username",
            SUPERUSER,
            "--port",
            &stack.ports.postgres.to_string(),
            "--file",
        ])
        .arg(folders::infra().join("postgres/create-databases.sql"));
        tool::run(
            "creating the bank's databases",
            &mut psql,
            &stack.log(Server::Postgres),
        )
    }

    fn refuses_root(&self) -> bool {
        true
    }

    /// Its immediate shutdown: unlike SIGKILL it gives the shared memory back.
    fn at_our_death(&self) -> &'static str {
        "QUIT"
    }

    /// Its fast shutdown: open connections are cut, what is committed is checkpointed.
    fn ask_to_stop(&self, process: Process) {
        process.signal(Signal::INT);
    }
}

/// Made beside its place and renamed, so that a start that was cut short leaves no half a cluster.
fn initialise(programs: &Path, home: &Path, log: &Path) -> Result<()> {
    let beside = home.join("data-in-the-making");
    if beside.exists() {
        fs::remove_dir_all(&beside)?;
    }
    let manner = Manner {
        refuses_root: true,
        at_our_death: None,
    };
    let mut initdb = spawn::command(&programs.join("initdb"), manner);
    initdb.current_dir(home).arg("--pgdata").arg(&beside).args([
        "--username",
        SUPERUSER,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
    ]);
    tool::run("initdb", &mut initdb, log)?;
    fs::rename(&beside, home.join("data")).context("the new cluster cannot be put in place")
}

/// PostgreSQL removes the lock of a server that is gone by itself, but not when its process number still means something: a zombie that
/// the machine's first process does not wait for (in a container), or another program that got the number since.
fn remove_stale_lock(lock: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(lock) else {
        return Ok(());
    };
    let holder = text
        .lines()
        .next()
        .and_then(|pid| pid.trim().parse().ok())
        .and_then(Process::of);
    let stale =
        holder.is_some_and(|holder| !holder.alive() || holder.program().as_deref() != Some("postgres"));
    if stale {
        fs::remove_file(lock).with_context(|| format!("the stale {} cannot be removed", lock.display()))?;
    }
    Ok(())
}
