//! One Elasticsearch node, from the distribution of `infra/native/pom.xml`, with `infra/native/elasticsearch.yml` as in compose.
//!
//! What is started is a launcher that starts the node proper; each ends when it sees that the other has.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::{Recipe, Server};
use crate::stack::Stack;
use crate::system::process::Process;
use crate::system::registry::{self, Registry};
use crate::system::spawn::{self, Manner};
use crate::system::{folders, http, packages};

/// Enough for some hundred thousand small documents. No flag that chooses a collector: the distribution does, and two are refused.
const JVM_OPTIONS: &str = "-Xms512m -Xmx512m";

pub(super) struct Elasticsearch;

impl Recipe for Elasticsearch {
    fn fetch(&self, registry: &Registry) -> Result<()> {
        registry.elasticsearch().map(drop)
    }

    fn command(&self, stack: &Stack, manner: Manner) -> Result<Command> {
        let distribution = stack.registry.elasticsearch()?;
        let home = stack.home(Server::Elasticsearch);
        let [settings, data, logs, scratch] =
            ["config", "data", "logs", "scratch"].map(|inner| home.join(inner));
        for folder in [&settings, &data, &logs, &scratch] {
            folders::create(folder)?;
        }
        registry::copy(&distribution.join("config"), &settings)?;
        fs::copy(
            folders::infra().join("native/elasticsearch.yml"),
            settings.join("elasticsearch.yml"),
        )
        .context("infra/native/elasticsearch.yml cannot be copied")?;
        folders::give_to_nobody(&home)?;

        let mut command = spawn::command(&distribution.join("bin/elasticsearch"), manner);
        command
            .current_dir(&home)
            .env("ES_JAVA_HOME", packages::java_home()?)
            .env("ES_JAVA_OPTS", JVM_OPTIONS)
            .env("ES_PATH_CONF", settings)
            .env("ES_TMPDIR", scratch)
            .env("CODEBANK_ELASTICSEARCH_BIND", "127.0.0.1")
            .env("CODEBANK_ELASTICSEARCH_DATA", data)
            .env("CODEBANK_ELASTICSEARCH_LOGS", logs)
            .env(
                "CODEBANK_ELASTICSEARCH_PORT",
                stack.ports.elasticsearch.to_string(),
            )
            .env(
                "CODEBANK_ELASTICSEARCH_TRANSPORT_PORT",
                stack.ports.elasticsearch_transport.to_string(),
            );
        Ok(command)
    }

    fn healthy(&self, stack: &Stack) -> Result<()> {
        let question = "/_cluster/health?wait_for_status=yellow&timeout=1s";
        http::get(stack.ports.elasticsearch, question)
            .context("the node reports no health")
            .map(drop)
    }

    fn ready_within(&self) -> Duration {
        Duration::from_mins(5)
    }

    fn refuses_root(&self) -> bool {
        true
    }

    /// The node, not its launcher, knows how to close its indexes.
    fn ask_to_stop(&self, process: Process) {
        let node = process.descendants();
        if node.is_empty() {
            process.signal(Signal::TERM);
        }
        for process in node {
            process.signal(Signal::TERM);
        }
    }
}
