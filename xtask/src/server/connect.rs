//! A Kafka Connect worker with the project's sink plugin, started by `infra/kafka/connect.sh` as in compose.
//!
//! No connector is put to it here: the tests put their own, a person's stack gets the project's (see `stack::provision`).

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Recipe, Server, kafka};
use crate::stack::Stack;
use crate::system::registry::{self, Registry};
use crate::system::spawn::Manner;
use crate::system::{folders, http};

pub(super) struct Connect;

impl Recipe for Connect {
    fn fetch(&self, registry: &Registry) -> Result<()> {
        registry.kafka()?;
        registry.connect_plugin().map(drop)
    }

    fn command(&self, stack: &Stack, manner: Manner) -> Result<Command> {
        let home = stack.home(Server::Connect);
        let plugins = home.join("plugins");
        // What was there may be an older build of the same classes. Absent is as good.
        let _ = fs::remove_dir_all(&plugins);
        folders::create(&plugins)?;
        if let Some(plugin) = stack.registry.connect_plugin()? {
            registry::copy(&plugin, &plugins)?;
        } else {
            println!("  Kafka Connect starts without the sink: infra/connect has no pom.xml");
        }
        let mut command = kafka::script("connect.sh", stack, manner)?;
        command
            .env("CODEBANK_CONNECT_HOME", home)
            .env(
                "CODEBANK_KAFKA_BROKERS",
                format!("127.0.0.1:{}", stack.ports.kafka),
            )
            .env(
                "CODEBANK_CONNECT_LISTENERS",
                format!("http://127.0.0.1:{}", stack.ports.connect),
            )
            .env("CODEBANK_CONNECT_ADVERTISED_HOST", "127.0.0.1")
            .env(
                "CODEBANK_ELASTICSEARCH_URL",
                format!("http://127.0.0.1:{}", stack.ports.elasticsearch),
            );
        Ok(command)
    }

    fn healthy(&self, stack: &Stack) -> Result<()> {
        http::get(stack.ports.connect, "/connectors")
            .context("the worker does not list its connectors")
            .map(drop)
    }
}
