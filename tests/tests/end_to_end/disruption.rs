//! Who strikes: kills the bank's processes and its servers, each in the middle of purchases, and starts them again.

use std::time::{Duration, Instant};

use test_support::Stack;
use tests::bank::{Bank, Role};

use crate::clients::Pace;

/// Something to be killed.
#[derive(Debug, Clone, Copy)]
enum Target {
    Roles(&'static [Role]),
    /// By its name in the stack.
    Server(&'static str),
}

use Target::{Roles, Server};

/// Every role and the Connect worker at least twice, PostgreSQL and the broker once. Reader and writer of the topic die at
/// once, too.
const TARGETS: [Target; 12] = [
    Roles(&[Role::CommandApi]),
    Roles(&[Role::Relay]),
    Roles(&[Role::Projections]),
    Server("connect"),
    Roles(&[Role::CommandApi]),
    Server("postgres"),
    Roles(&[Role::Relay, Role::Projections]),
    Server("kafka"),
    Roles(&[Role::Relay]),
    Server("connect"),
    Roles(&[Role::Projections]),
    Roles(&[Role::CommandApi, Role::Relay, Role::Projections]),
];

/// What was killed, and how long it took until the bank was whole again.
#[derive(Debug)]
pub(crate) struct Blow {
    pub(crate) what: String,
    pub(crate) took: Duration,
}

/// Deals the purchases out over the blows: each falls when half of its share is decided.
pub(crate) async fn strike(bank: &mut Bank, stack: &Stack, pace: &Pace, purchases: usize) -> Vec<Blow> {
    let _upright = Upright(stack);
    let share = purchases / (TARGETS.len() + 1);
    let mut blows = Vec::new();
    for (index, target) in TARGETS.into_iter().enumerate() {
        pace.allow((index + 1) * share);
        pace.when_done(index * share + share / 2).await;
        let begun = Instant::now();
        match target {
            Roles(roles) => {
                for role in roles {
                    bank.kill(*role);
                }
                for role in roles {
                    bank.start(*role);
                }
            }
            Server(name) => kill_and_start(stack, name).await,
        }
        for role in Role::ALL {
            bank.when_ready(role).await;
        }
        blows.push(Blow {
            what: name_of(target),
            took: begun.elapsed(),
        });
        pace.when_done((index + 1) * share).await;
    }
    pace.allow(purchases);
    pace.when_done(purchases).await;
    blows
}

async fn kill_and_start(stack: &Stack, name: &'static str) {
    let stack = stack.clone();
    let struck = tokio::task::spawn_blocking(move || {
        stack.kill(name);
        stack.start(name);
    });
    struck.await.expect("the server is back");
}

fn name_of(target: Target) -> String {
    match target {
        Server(name) => name.to_owned(),
        Roles(roles) => {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            names.join(", ")
        }
    }
}

/// Starts what a failed test left killed: the servers are other tests' too.
struct Upright<'a>(&'a Stack);

impl Drop for Upright<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for name in ["postgres", "kafka", "connect"] {
            let stack = self.0.clone();
            // On a thread of its own, where it may fail without ending the program.
            let _ = std::thread::spawn(move || stack.start(name)).join();
        }
    }
}
