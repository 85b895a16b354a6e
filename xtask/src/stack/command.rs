//! `cargo xtask stack …`: the command line of a person's stack, and of a test that kills and restarts the servers of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};

use super::parallel::Outcome;
use super::{Ports, Stack, lifecycle, parallel, provision, status, variables};
use crate::server::Server;
use crate::system::packages::{self, Need};
use crate::system::{folders, interrupt};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the servers and leave them running.
    Up {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        ports: WantedPorts,
        /// Only these servers.
        #[arg(long, value_delimiter = ',', value_name = "SERVER,…")]
        only: Vec<Server>,
    },
    /// Stop the servers; their data stays for the next `up`.
    Down {
        #[command(flatten)]
        place: Place,
        /// Remove the data, the logs and the folder too.
        #[arg(long)]
        purge: bool,
    },
    /// Show addresses, processes, health, logs and the variables to export.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Print the variables alone: eval "$(cargo xtask stack env)".
    Env {
        #[command(flatten)]
        place: Place,
    },
    /// Kill one server with SIGKILL, with all its processes.
    Kill {
        server: Server,
        #[command(flatten)]
        place: Place,
    },
    /// Start one server again, on the same ports and data, and wait until it is ready.
    Start {
        server: Server,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The stack's folder (default: target/stack/run).
    #[arg(long, value_name = "FOLDER", env = "CODEBANK_TEST_STACK")]
    dir: Option<PathBuf>,
}

impl Place {
    fn folder(&self) -> Result<PathBuf> {
        match &self.dir {
            Some(folder) => Ok(folder.clone()),
            None => Ok(folders::stack_root()?.join("run")),
        }
    }
}

/// Ports are chosen when a stack is made, and kept with it.
#[derive(Debug, Args)]
pub(crate) struct WantedPorts {
    /// Free ports instead of the well-known ones.
    #[arg(long)]
    free_ports: bool,
    #[arg(
        long,
        value_name = "PORT",
        env = "CODEBANK_STACK_POSTGRES_PORT",
        help = "[default: 15432]"
    )]
    postgres_port: Option<u16>,
    #[arg(
        long,
        value_name = "PORT",
        env = "CODEBANK_STACK_KAFKA_PORT",
        help = "[default: 9092]"
    )]
    kafka_port: Option<u16>,
    #[arg(
        long,
        value_name = "PORT",
        env = "CODEBANK_STACK_KAFKA_CONTROLLER_PORT",
        help = "[default: 9093]"
    )]
    kafka_controller_port: Option<u16>,
    #[arg(
        long,
        value_name = "PORT",
        env = "CODEBANK_STACK_CONNECT_PORT",
        help = "[default: 8083]"
    )]
    connect_port: Option<u16>,
    #[arg(
        long,
        value_name = "PORT",
        env = "CODEBANK_STACK_ELASTICSEARCH_PORT",
        help = "[default: 9200]"
    )]
    elasticsearch_port: Option<u16>,
    #[arg(
        long,
        value_name = "PORT",
        env = "CODEBANK_STACK_ELASTICSEARCH_TRANSPORT_PORT",
        help = "[default: 9300]"
    )]
    elasticsearch_transport_port: Option<u16>,
}

impl WantedPorts {
    fn on_top_of(&self, base: &Ports) -> Ports {
        Ports {
            postgres: self.postgres_port.unwrap_or(base.postgres),
            kafka: self.kafka_port.unwrap_or(base.kafka),
            kafka_controller: self.kafka_controller_port.unwrap_or(base.kafka_controller),
            connect: self.connect_port.unwrap_or(base.connect),
            elasticsearch: self.elasticsearch_port.unwrap_or(base.elasticsearch),
            elasticsearch_transport: self
                .elasticsearch_transport_port
                .unwrap_or(base.elasticsearch_transport),
        }
    }

    fn for_a_new_stack(&self) -> Result<Ports> {
        let base = if self.free_ports {
            Ports::free()?
        } else {
            Ports::well_known()
        };
        Ok(self.on_top_of(&base))
    }
}

pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    interrupt::watch()?;
    let well = match command {
        Command::Up { place, ports, only } => up(&place.folder()?, ports, only)?,
        Command::Down { place, purge } => down(&place.folder()?, *purge)?,
        Command::Status { place } => show(&Stack::open(&place.folder()?)?),
        Command::Env { place } => {
            println!("{}", exports(&Stack::open(&place.folder()?)?));
            true
        }
        Command::Kill { server, place } => {
            lifecycle::kill(&Stack::open(&place.folder()?)?, *server)?;
            true
        }
        Command::Start { server, place } => {
            lifecycle::start(&Stack::open(&place.folder()?)?, *server, false)?;
            true
        }
    };
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn up(folder: &Path, ports: &WantedPorts, only: &[Server]) -> Result<bool> {
    let begin = Instant::now();
    let root = folders::stack_root()?;
    let stack = open_or_create(folder, ports, &root)?;
    packages::provide(&Need::OF_THE_STACK, &stack.registry.log);
    let wanted = if only.is_empty() { &Server::ALL[..] } else { only };
    println!("Starting in {}", stack.folder.display());
    let had = parallel::fetch_all(&stack.registry, wanted);
    let outcomes = parallel::start_all(&stack, &had, false);
    let all_started = had.len() == wanted.len() && outcomes.iter().all(|outcome| outcome.result.is_ok());
    let provisioned = provision::run(&stack);
    println!("Up after {:.1?}.\n", begin.elapsed());
    show(&stack);
    Ok(all_started && provisioned)
}

fn open_or_create(folder: &Path, ports: &WantedPorts, root: &Path) -> Result<Stack> {
    if folder.join("stack.json").is_file() {
        let stack = Stack::open(folder)?;
        let wanted = ports.on_top_of(&stack.ports);
        ensure!(
            wanted == stack.ports,
            "the stack in {} was made with other ports; `cargo xtask stack down --purge` removes it",
            folder.display()
        );
        return Ok(stack);
    }
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    ensure!(
        !occupied,
        "{} holds something else than a stack: choose another --dir",
        folder.display()
    );
    folders::create(folder)?;
    let enterable = !folders::is_root() || folders::enterable_by_nobody(folder);
    ensure!(
        enterable,
        "servers that refuse root run as nobody, who cannot enter {}: choose another --dir",
        folder.display()
    );
    Stack::open_or_create(folder, ports.for_a_new_stack()?, None, root)
}

fn down(folder: &Path, purge: bool) -> Result<bool> {
    let stack = Stack::open(folder)?;
    let mut all_stopped = true;
    for Outcome { server, result, took } in parallel::stop_all(&stack) {
        match result {
            Ok(()) => println!("  {:<14} stopped after {took:.1?}", server.title()),
            Err(error) => println!("  {:<14} {error:#}", server.title()),
        }
        all_stopped &= !stack.running(server);
    }
    if purge {
        if !all_stopped {
            bail!("not everything stopped: {} is kept", stack.folder.display());
        }
        fs::remove_dir_all(&stack.folder)
            .with_context(|| format!("cannot remove {}", stack.folder.display()))?;
    }
    Ok(all_stopped)
}

fn show(stack: &Stack) -> bool {
    let well = status::print(stack);
    println!(
        "\nFor a shell (also: eval \"$(cargo xtask stack env)\"):\n{}",
        exports(stack)
    );
    well
}

fn exports(stack: &Stack) -> String {
    let running: Vec<Server> = Server::ALL
        .into_iter()
        .filter(|server| stack.running(*server))
        .collect();
    let mut all = variables::of_the_stack(stack, &running);
    all.extend(variables::of_the_roles(stack));
    variables::exports(&all)
}
