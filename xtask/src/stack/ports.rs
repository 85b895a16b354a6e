//! The ports of a stack: the well-known ones for a person, free ones for a test run.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) postgres: u16,
    pub(crate) kafka: u16,
    pub(crate) kafka_controller: u16,
    pub(crate) connect: u16,
    pub(crate) elasticsearch: u16,
    pub(crate) elasticsearch_transport: u16,
}

/// Where the search for free ports begins: above what services usually take.
const LOWEST: u16 = 15_000;
/// Where it ends when the kernel does not say where its own range begins.
const USUAL_EPHEMERAL: u16 = 32_768;

impl Ports {
    /// Each neighbour's usual port, but for PostgreSQL, of which a machine often has one already.
    pub(crate) fn well_known() -> Self {
        Self {
            postgres: 15_432,
            kafka: 9092,
            kafka_controller: 9093,
            connect: 8083,
            elasticsearch: 9200,
            elasticsearch_transport: 9300,
        }
    }

    pub(crate) fn free() -> Result<Self> {
        let [
            postgres,
            kafka,
            kafka_controller,
            connect,
            elasticsearch,
            elasticsearch_transport,
        ] = free()?;
        Ok(Self {
            postgres,
            kafka,
            kafka_controller,
            connect,
            elasticsearch,
            elasticsearch_transport,
        })
    }
}

/// Free loopback ports *below* the range the kernel gives to outgoing connections. A server that is killed and started again must find
/// its port free: from that range any client could have taken it, even the one that keeps asking for the dead server.
fn free<const N: usize>() -> Result<[u16; N]> {
    let highest = lowest_ephemeral().max(LOWEST + 1000);
    let mut held: Vec<(u16, TcpListener)> = Vec::new();
    for _attempt in 0..10_000 {
        let port = LOWEST + random_below(highest - LOWEST);
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            // Held until all are found, so that none is found twice.
            held.push((port, listener));
        }
        if held.len() == N {
            let mut ports = [0; N];
            for (slot, (port, _)) in ports.iter_mut().zip(&held) {
                *slot = *port;
            }
            return Ok(ports);
        }
    }
    bail!("no {N} free ports between {LOWEST} and {highest}");
}

fn lowest_ephemeral() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range
        .split_whitespace()
        .next()
        .and_then(|low| low.parse().ok())
        .unwrap_or(USUAL_EPHEMERAL)
}

/// The standard library seeds its hashers at random: good enough to keep two runs apart.
fn random_below(bound: u16) -> u16 {
    let random = RandomState::new().build_hasher().finish() % u64::from(bound);
    u16::try_from(random).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn free_ports_are_free_distinct_and_not_the_kernels() {
        let ports: [u16; 12] = free().unwrap();
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), ports.len());
        for port in ports {
            assert!(
                (LOWEST..lowest_ephemeral().max(LOWEST + 1000)).contains(&port),
                "{port}"
            );
            TcpListener::bind(("127.0.0.1", port)).unwrap();
        }
    }
}
