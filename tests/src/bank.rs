//! The full bank of one test: three databases, a topic and free ports of its own, each role a process of the built binary.
//!
//! Dropping it kills its processes and removes its databases; the kernel kills them too if the test program dies first.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tempfile::TempDir;
use test_support::{Database, Program, Running, database, require};
use uuid::Uuid;

use crate::graph::Graph;
use crate::operations::Operations;
use crate::teller::Teller;
use crate::{address, command, topic};

const ENDED_WITHIN: Duration = Duration::from_secs(30);

/// The servers that a full bank cannot do without.
#[derive(Debug, Clone)]
pub struct Servers {
    pub postgres: String,
    pub kafka: String,
}

impl Servers {
    /// Nothing, and a loud word from `require`, where one of them or the bank's binary is missing.
    #[track_caller]
    pub fn find() -> Option<Self> {
        command::binary()?;
        Some(Self {
            postgres: require::postgres()?,
            kafka: require::kafka()?,
        })
    }
}

/// A process of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    CommandApi,
    Relay,
    Projections,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::CommandApi, Self::Relay, Self::Projections];

    /// On the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::CommandApi => "command-api",
            Self::Relay => "relay",
            Self::Projections => "projections",
        }
    }
}

/// A bank of a test's own.
#[derive(Debug)]
pub struct Bank {
    /// Of this bank alone, in every name that a shared server sees.
    pub name: String,
    pub topic: String,
    pub events: Database,
    pub vault: Database,
    pub read: Database,
    kafka: String,
    grpc: SocketAddr,
    http: SocketAddr,
    folder: TempDir,
    logs: PathBuf,
    settings: BTreeMap<(Role, &'static str), String>,
    // Dropped before the databases would be better, but a database is dropped with whatever is connected to it.
    running: BTreeMap<Role, Running>,
}

impl Bank {
    /// Makes the databases and brings them to this version's tables, as an operator would. No role runs yet.
    pub async fn open(servers: &Servers, test: &str) -> Self {
        let empty = async |_| Ok::<(), String>(());
        let events = database(&servers.postgres, "empty", empty).await;
        let vault = database(&servers.postgres, "empty", empty).await;
        let read = database(&servers.postgres, "empty", empty).await;
        let urls = [
            ("CODEBANK_DATABASE_URL", events.url()),
            ("CODEBANK_VAULT_DATABASE_URL", vault.url()),
            ("CODEBANK_READ_DATABASE_URL", read.url()),
        ];
        let migrated = command::run(
            &["migrate"],
            &urls.each_ref().map(|(name, url)| (*name, url.as_str())),
        )
        .await;
        assert_eq!(migrated.code, Some(0), "codebank migrate: {migrated:?}");

        let folder = tempfile::tempdir().expect("a temporary folder");
        write_vault_keys(&folder.path().join("vault-keys.json"));
        let name = format!("{test}-{}", Uuid::now_v7().simple());
        let mut bank = Self {
            topic: format!("codebank.account.events.{name}"),
            kafka: servers.kafka.clone(),
            grpc: address::free(),
            http: address::free(),
            logs: folder_of_logs().unwrap_or_else(|| folder.path().to_path_buf()),
            settings: BTreeMap::new(),
            running: BTreeMap::new(),
            name,
            events,
            vault,
            read,
            folder,
        };
        bank.configure();
        bank
    }

    fn configure(&mut self) {
        let keys = self.folder.path().join("vault-keys.json").display().to_string();
        for (role, name, value) in [
            (Role::CommandApi, "CODEBANK_DATABASE_URL", self.events.url()),
            (Role::CommandApi, "CODEBANK_VAULT_DATABASE_URL", self.vault.url()),
            (Role::CommandApi, "CODEBANK_VAULT_KEYS_FILE", keys),
            (Role::CommandApi, "CODEBANK_GRPC_ADDRESS", self.grpc.to_string()),
            (
                Role::CommandApi,
                "CODEBANK_OPS_ADDRESS",
                address::free().to_string(),
            ),
            (Role::Relay, "CODEBANK_DATABASE_URL", self.events.url()),
            (Role::Relay, "CODEBANK_KAFKA_BROKERS", self.kafka.clone()),
            (Role::Relay, "CODEBANK_TOPIC", self.topic.clone()),
            (Role::Relay, "CODEBANK_OPS_ADDRESS", address::free().to_string()),
            (Role::Projections, "CODEBANK_READ_DATABASE_URL", self.read.url()),
            (Role::Projections, "CODEBANK_KAFKA_BROKERS", self.kafka.clone()),
            (Role::Projections, "CODEBANK_TOPIC", self.topic.clone()),
            (Role::Projections, "CODEBANK_GROUP_ID", self.name.clone()),
            (Role::Projections, "CODEBANK_HTTP_ADDRESS", self.http.to_string()),
            (Role::Projections, "CODEBANK_GRAPHIQL", "false".to_owned()),
        ] {
            self.set(role, name, value);
        }
    }

    /// Another value for a setting, from the role's next start on.
    pub fn set(&mut self, role: Role, name: &'static str, value: impl Into<String>) {
        self.settings.insert((role, name), value.into());
    }

    /// What a role is started with, for whoever starts more processes of it than one.
    pub fn settings(&self, role: Role) -> BTreeMap<&'static str, String> {
        let its_own = self.settings.iter().filter(|((of, _), _)| *of == role);
        its_own.map(|((_, name), value)| (*name, value.clone())).collect()
    }

    /// Starts a role, without waiting until it is ready.
    pub fn start(&mut self, role: Role) {
        let running = start(role, &self.settings(role), self.log(role));
        self.running.insert(role, running);
    }

    /// Starts roles and waits until each is ready.
    pub async fn start_all(&mut self, roles: &[Role]) {
        for role in roles {
            self.start(*role);
        }
        for role in roles {
            self.when_ready(*role).await;
        }
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub fn kill(&mut self, role: Role) {
        self.running.remove(&role).expect("the role runs").kill();
    }

    /// SIGTERM, and how it ended.
    pub async fn stop(&mut self, role: Role) -> ExitStatus {
        let mut running = self.running.remove(&role).expect("the role runs");
        running.terminate(ENDED_WITHIN).await
    }

    /// Ends what still runs and leaves the broker as it was found. A failed test leaves its topics behind, to be looked at.
    pub async fn close(mut self) {
        // The relay makes its topic anew whenever it is gone.
        self.running.clear();
        for topic in [self.topic.clone(), self.dead_letters()] {
            topic::delete(&self.kafka, &topic).await;
        }
    }

    /// The topic of what the search index refused.
    pub fn dead_letters(&self) -> String {
        format!("{}.dlq", self.topic)
    }

    pub async fn when_ready(&mut self, role: Role) {
        let operations = self.operations(role);
        if let Some(status) = self.running.get_mut(&role).and_then(Running::ended) {
            panic!("{} ended ({status}):\n{}", role.name(), self.said(role));
        }
        operations.when_ready().await;
    }

    /// Everything the role wrote to its log, over all its lives.
    pub fn said(&self, role: Role) -> String {
        let bytes = fs::read(self.log(role)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub fn log(&self, role: Role) -> PathBuf {
        self.logs.join(format!("{}-{}.log", self.name, role.name()))
    }

    pub fn operations(&self, role: Role) -> Operations {
        let name = match role {
            Role::CommandApi | Role::Relay => "CODEBANK_OPS_ADDRESS",
            Role::Projections => "CODEBANK_HTTP_ADDRESS",
        };
        Operations::at(&self.settings[&(role, name)])
    }

    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    pub fn teller(&self) -> Teller {
        Teller::at(&self.grpc_url())
    }

    pub fn graph(&self) -> Graph {
        Graph::at(&format!("http://{}/graphql", self.http))
    }
}

/// A process of a role. It is tied to the test's thread, so that nothing outlives a test program that is itself killed.
pub fn start(role: Role, settings: &BTreeMap<&'static str, String>, log: PathBuf) -> Running {
    let program = command::binary().expect("the bank's binary is built");
    let mut program = Program::new("setpriv", log)
        .args(["--pdeathsig", "KILL", "--"])
        .args([program.as_os_str(), role.name().as_ref()]);
    for (name, value) in settings {
        program = program.env(name, value);
    }
    program.start()
}

/// Where the logs of the servers are, so that a failed run keeps the roles' logs with theirs.
fn folder_of_logs() -> Option<PathBuf> {
    let logs = PathBuf::from(std::env::var_os("CODEBANK_TEST_STACK")?).join("logs");
    let writable = tempfile::tempfile_in(&logs).is_ok();
    writable.then_some(logs)
}

/// Three keys of 32 random bytes; version 4 UUIDs are random but for six bits each.
fn write_vault_keys(path: &Path) {
    let key = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let keys = serde_json::json!({
        "version": 1,
        "number_index_key": key(),
        "number_encryption_key": key(),
        "security_code_key": key(),
    });
    let file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    serde_json::to_writer(file.expect("a new file"), &keys).expect("the keys are written");
}
