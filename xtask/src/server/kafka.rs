//! The Kafka broker, from the jars of `infra/native/pom.xml`, started by `infra/kafka/broker.sh` as in compose.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Recipe, Server, classpath, path_with_java};
use crate::stack::Stack;
use crate::system::registry::Registry;
use crate::system::spawn::{self, Manner};
use crate::system::{folders, http};

pub(super) struct Kafka;

/// `ApiVersions`, version 0, correlation 7, no client id: the smallest question a broker answers. Length first, big-endian.
const ARE_YOU_THERE: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];
/// Correlation 7 and no error, after the answer's length.
const I_AM: [u8; 6] = [0, 0, 0, 7, 0, 0];

impl Recipe for Kafka {
    fn fetch(&self, registry: &Registry) -> Result<()> {
        registry.kafka().map(drop)
    }

    fn command(&self, stack: &Stack, manner: Manner) -> Result<Command> {
        let home = stack.home(Server::Kafka);
        folders::create(&home)?;
        let broker = format!("127.0.0.1:{}", stack.ports.kafka);
        let controller = format!("127.0.0.1:{}", stack.ports.kafka_controller);
        let listeners = format!("BROKER://{broker},CONTROLLER://{controller}");
        let mut command = script("broker.sh", stack, manner)?;
        command
            .current_dir(&home)
            .env("CODEBANK_KAFKA_DATA", home.join("data"))
            .env("CODEBANK_KAFKA_CONTROLLER", controller)
            .env("CODEBANK_KAFKA_LISTENERS", &listeners)
            .env("CODEBANK_KAFKA_ADVERTISED_LISTENERS", listeners);
        Ok(command)
    }

    fn healthy(&self, stack: &Stack) -> Result<()> {
        answers(stack.ports.kafka)
    }

    /// It answers a little before it has registered with its controller, and a topic created in between could be refused.
    fn says_when_started(&self) -> Option<&'static str> {
        Some("Kafka Server started")
    }
}

/// A script of `infra/kafka`, which becomes a JVM, with what all of them need.
pub(super) fn script(name: &str, stack: &Stack, manner: Manner) -> Result<Command> {
    let settings = folders::infra().join("kafka");
    let mut command = spawn::command(Path::new("/bin/sh"), manner);
    command
        .arg(settings.join(name))
        .env("PATH", path_with_java()?)
        .env("CODEBANK_KAFKA_CLASSPATH", classpath(&stack.registry.kafka()?))
        .env("CODEBANK_KAFKA_CONFIG", settings);
    if stack.owner.is_some() {
        // What lives for the minutes of a test run spends more on the optimizing compiler than that gives back.
        command.env("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1");
    }
    Ok(command)
}

/// Whether a broker is behind the port, and not merely a port.
fn answers(port: u16) -> Result<()> {
    let mut stream = http::connect(port)?;
    stream.write_all(&ARE_YOU_THERE)?;
    let mut answer = [0; 10];
    stream
        .read_exact(&mut answer)
        .context("no answer to ApiVersions")?;
    ensure!(answer[4..] == I_AM, "a strange answer to ApiVersions: {answer:?}");
    Ok(())
}
