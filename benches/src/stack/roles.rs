//! What runs on a stack's servers: the roles of the bank, and the peers it is compared with.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Ready, Stack, finish, free_address, free_addresses};

/// The databases of a pair.
pub(crate) const BANK_EVENTS: &str = "codebank_events";
pub(crate) const BANK_VAULT: &str = "codebank_vault";
/// Of every bank.
pub(crate) const READ_MODELS: &str = "codebank_read";
pub(crate) const PEER_EVENTS: &str = "peer_events";

/// Every role of the bank, with a private PostgreSQL and Kafka below it.
pub(crate) struct WholeBank {
    pub(crate) grpc: String,
    pub(crate) graphql: String,
    /// Ends with it.
    _stack: Stack,
}

/// A process that answers purchases.
pub(crate) struct Server {
    /// `http://host:port`.
    pub(crate) address: String,
    /// Its number, by which the system tells how much processor time it took.
    pub(crate) process: u32,
}

impl WholeBank {
    pub(crate) async fn start() -> Result<Self> {
        let mut stack = Stack::of_servers("postgres,kafka").await?;
        eprintln!("starting the bank: command-api, relay, projections");
        stack.migrate().await?;
        let grpc = stack.start_command_api().await?.address;
        // The relay makes the topic that the projections read.
        let relay = stack.start_relay()?;
        stack.until_operating("relay", &relay).await?;
        let projections = stack.start_projections()?;
        stack.until_operating("projections", &projections).await?;
        Ok(Self {
            grpc,
            graphql: format!("{}/graphql", projections.address),
            _stack: stack,
        })
    }
}

impl Stack {
    fn role(&self, name: &str) -> Result<Command> {
        self.command(&self.programs.bank, name)
    }

    /// The tables of every role.
    pub(crate) async fn migrate(&self) -> Result<()> {
        finish(self.role("migrate")?)
            .await
            .with_context(|| self.end_of_log("migrate"))
    }

    /// Events to Kafka. It is not waited for; at its address are its metrics.
    pub(crate) fn start_relay(&mut self) -> Result<Server> {
        let address = free_address()?;
        let mut command = self.role("relay")?;
        command.env("CODEBANK_OPS_ADDRESS", &address);
        Ok(Server {
            process: self.spawn("relay", command)?,
            address: format!("http://{address}"),
        })
    }

    /// Events from Kafka, and GraphQL. They are not waited for; at their address are their metrics too.
    pub(crate) fn start_projections(&mut self) -> Result<Server> {
        let address = free_address()?;
        let mut command = self.role("projections")?;
        command.env("CODEBANK_HTTP_ADDRESS", &address);
        Ok(Server {
            process: self.spawn("projections", command)?,
            address: format!("http://{address}"),
        })
    }

    async fn until_operating(&mut self, name: &str, server: &Server) -> Result<()> {
        let (_, address) = server.address.split_once("://").context("an address")?;
        self.until_ready(name, Ready::Operations(address)).await
    }

    /// Every read model anew, while the old ones serve. Returns what the command said.
    pub(crate) async fn rebuild(&self) -> Result<String> {
        self.rebuild_all(self.role("rebuild")?).await
    }

    /// The same of the embedded bank.
    pub(crate) async fn rebuild_embedded(&self) -> Result<String> {
        let mut command = self.role("rebuild")?;
        command.arg("--data").arg(self.embedded_data());
        self.rebuild_all(command).await
    }

    async fn rebuild_all(&self, mut command: Command) -> Result<String> {
        command.arg("all");
        let done = finish(command).await;
        let said = self.end_of_log("rebuild");
        done.with_context(|| said.clone())?;
        Ok(said)
    }

    /// The write side alone. It makes its own tables.
    pub(crate) async fn start_command_api(&mut self) -> Result<Server> {
        self.start_command_api_on(BANK_EVENTS).await
    }

    /// On a database of events of its own; the vault is the same.
    pub(crate) async fn start_command_api_on(&mut self, events: &str) -> Result<Server> {
        let [grpc, operations] = free_addresses()?;
        let mut command = self.role("command-api")?;
        command
            .env("CODEBANK_DATABASE_URL", self.database_url(events)?)
            .env("CODEBANK_GRPC_ADDRESS", &grpc)
            .env("CODEBANK_OPS_ADDRESS", &operations);
        let process = self
            .start("command-api", command, Ready::Operations(&operations))
            .await?;
        Ok(Server {
            address: format!("http://{grpc}"),
            process,
        })
    }

    /// The idiomatic peer, on a database of its own in the same PostgreSQL, with the bank's own vault: it has the same cards.
    pub(crate) async fn start_peer(&mut self, connections: u32) -> Result<Server> {
        let grpc = free_address()?;
        let mut command = self.command(&self.programs.benches, "serve-peer")?;
        command
            .args(["--grpc-address", &grpc])
            .args(["--connections", &connections.to_string()])
            .args(["--database-url", &self.new_database(PEER_EVENTS).await?])
            .args([
                "--vault-database-url",
                self.server("CODEBANK_VAULT_DATABASE_URL")?,
            ]);
        let process = self.start("serve-peer", command, Ready::Listening(&grpc)).await?;
        Ok(Server {
            address: format!("http://{grpc}"),
            process,
        })
    }

    /// One face of the twins, on the bank's own databases.
    pub(crate) async fn start_twin(&mut self, face: &str) -> Result<Server> {
        self.start_face(face, &[]).await
    }

    /// The gRPC face, before a handler that keeps what it decides in memory alone.
    pub(crate) async fn start_twin_in_memory(&mut self) -> Result<Server> {
        self.start_face("grpc", &["--in-memory"]).await
    }

    /// The face alone, with nothing behind it.
    pub(crate) async fn start_echo(&mut self, face: &str) -> Result<Server> {
        self.start_face(face, &["--echo"]).await
    }

    async fn start_face(&mut self, face: &str, further: &[&str]) -> Result<Server> {
        let address = free_address()?;
        let mut command = self.command(&self.programs.benches, "serve-twin")?;
        command
            .args(["--face", face, "--address", &address])
            .args(further);
        let process = self
            .start("serve-twin", command, Ready::Listening(&address))
            .await?;
        Ok(Server {
            address: format!("http://{address}"),
            process,
        })
    }

    /// The bank in one process, on SQLite files in the stack's folder; it needs no server.
    pub(crate) async fn start_embedded(&mut self) -> Result<Server> {
        let [grpc, http] = free_addresses()?;
        let mut command = self.role("up")?;
        command
            .arg("--data")
            .arg(self.embedded_data())
            .args(["--grpc", &grpc, "--http", &http]);
        // Its pages come last.
        let process = self.start("up", command, Ready::Listening(&grpc)).await?;
        Ok(Server {
            address: format!("http://{grpc}"),
            process,
        })
    }

    fn embedded_data(&self) -> PathBuf {
        self.folder.join("data")
    }
}
