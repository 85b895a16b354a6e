//! `cargo xtask test`: gets what the tests need, starts it, runs every test of the workspace, and stops it all again, whatever happens.

mod leftovers;
mod report;
mod runner;
mod throwaway;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyhow::Result;
use clap::Args;

use crate::server::Server;
use crate::stack;
use crate::system::packages::{self, Need};
use crate::system::registry::Registry;
use crate::system::{folders, interrupt};
use report::Report;
use throwaway::Throwaway;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the tests of this package; may be given more than once.
    #[arg(long, value_name = "PACKAGE")]
    only: Vec<String>,
    /// Only these servers; the tests that need another are skipped.
    #[arg(long, value_delimiter = ',', value_name = "SERVER,…")]
    servers: Vec<Server>,
    /// For the test runner, after `--`: a filter, --test-threads, --nocapture.
    #[arg(last = true)]
    runner: Vec<String>,
}

impl Options {
    fn wanted_servers(&self) -> Vec<Server> {
        if self.servers.is_empty() {
            Server::ALL.to_vec()
        } else {
            self.servers.clone()
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    interrupt::watch()?;
    let root = folders::stack_root()?;
    let registry = Registry::below(&root)?;
    let mut report = Report::default();
    leftovers::sweep();

    println!("== Getting what the tests need (while they are built) ==");
    packages::provide(&Need::OF_THE_TESTS, &registry.log);
    let wanted = options.wanted_servers();
    let ((had, node_modules), built) = thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch(&registry, &wanted));
        let built = runner::build(options);
        (fetching.join().unwrap_or_default(), built)
    });
    let built = built?;
    report.took("building", built.took);
    interrupt::check()?;

    let stack = Throwaway::create(&root)?;
    println!("== Starting servers in {} ==", stack.folder.display());
    let started = report.started(&wanted, stack::start_all(&stack, &had, true));
    interrupt::check()?;

    let mut variables = stack::variables(&stack, &started);
    variables.push((
        "CODEBANK_TEST_SKIPPED",
        stack.skipped_file().display().to_string(),
    ));
    variables.extend(
        built
            .program
            .map(|program| ("CODEBANK_TEST_BIN", program.display().to_string())),
    );
    if let Some(folder) = node_modules {
        let buf = folder.join(".bin/buf");
        variables.push(("CODEBANK_TEST_BUF", buf.display().to_string()));
        variables.push(("CODEBANK_TEST_NODE_MODULES", folder.display().to_string()));
    }
    println!("== Testing ==");
    let tested = runner::test(options, &variables);
    report.skipped(stack.skipped());

    println!("== Stopping servers ==");
    let (stopping, logs) = stack.end();
    report.took("stopping servers", stopping);
    let tested = tested?;
    report.took("testing", tested.took);
    report.print(&logs);
    Ok(report.verdict(tested.passed))
}

/// Everything that has to come from a registry: the servers that can be had, and Node's tools. The tests that need another are skipped.
fn fetch(registry: &Registry, wanted: &[Server]) -> (Vec<Server>, Option<PathBuf>) {
    let had = stack::fetch_all(registry, wanted);
    let node_modules = registry
        .node_modules()
        .inspect_err(|error| println!("  Node's tools: {error:#}"));
    (had, node_modules.ok())
}
