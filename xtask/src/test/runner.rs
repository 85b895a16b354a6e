//! Cargo, called to build and to test, interruptible.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Options;
use crate::system::process::Process;
use crate::system::{cargo, interrupt, wait};

pub(super) struct Built {
    /// The bank's own binary, for the tests that start it.
    pub(super) program: Option<PathBuf>,
    pub(super) took: Duration,
}

pub(super) struct Tested {
    pub(super) passed: bool,
    pub(super) took: Duration,
}

/// The bank's binary as a person would build it, and the tests. Built before the servers start, so that these do not idle meanwhile.
pub(super) fn build(options: &Options) -> Result<Built> {
    let begin = Instant::now();
    let program = build_the_bank();
    interrupt::check()?;
    if let Err(error) = &program {
        // The tests of one crate may well be run while another does not compile.
        ensure!(!options.only.is_empty(), "{error:#}");
        println!("{error:#}: the tests that start it are skipped");
    }
    let mut tests = test_command(options);
    tests.arg("--no-run");
    ensure!(run(&mut tests)?.success(), "the tests do not build");
    Ok(Built {
        program: program.ok(),
        took: begin.elapsed(),
    })
}

fn build_the_bank() -> Result<PathBuf> {
    let mut bank = cargo::command();
    bank.args([
        "build",
        "--package",
        "codebank",
        "--message-format",
        "json-render-diagnostics",
    ]);
    bank.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = bank.spawn().context("cargo could not be run")?;
    // Read beside the waiting: a full pipe would stop cargo, and an interrupt must be noticed meanwhile.
    let output = child.stdout.take();
    let reader = thread::spawn(move || output.map(io::read_to_string).transpose());
    let status = finish(&mut child)?;
    let messages = reader
        .join()
        .ok()
        .and_then(Result::ok)
        .flatten()
        .unwrap_or_default();
    ensure!(status.success(), "the bank does not build");
    cargo::executable_in(&messages).context("cargo named no binary of the bank")
}

/// The runner writes its own summary to our standard output.
pub(super) fn test(options: &Options, variables: &[(&str, String)]) -> Result<Tested> {
    let begin = Instant::now();
    let mut command = test_command(options);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    if !options.runner.is_empty() {
        command.arg("--").args(&options.runner);
    }
    let passed = run(&mut command)?.success();
    Ok(Tested {
        passed,
        took: begin.elapsed(),
    })
}

fn test_command(options: &Options) -> Command {
    let mut command = cargo::command();
    command.args(["test", "--no-fail-fast"]);
    if options.only.is_empty() {
        command.arg("--workspace");
    }
    for package in &options.only {
        command.args(["--package", package]);
    }
    command
}

/// In a process group of its own: Ctrl-C reaches us alone, and we end the runner with every test and every server a test started.
fn run(command: &mut Command) -> Result<ExitStatus> {
    let mut child = command
        .process_group(0)
        .stdin(Stdio::null())
        .spawn()
        .context("cargo could not be run")?;
    finish(&mut child)
}

fn finish(child: &mut Child) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt::asked_to_stop() {
            if let Some(process) = Process::of(child.id()) {
                process.kill_tree(Duration::from_secs(10));
            }
            child.wait()?;
            bail!("interrupted");
        }
        wait::pause();
    }
}
