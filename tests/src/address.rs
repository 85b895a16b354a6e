//! Loopback addresses for programs that are killed and started again on the same port.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Below the range from which the kernel takes the ports of outgoing connections: from that range, a client that keeps asking
/// for a dead server can be given the server's own port, and then it talks to itself.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

static GIVEN_OUT: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// An address that nobody has at this moment, and that no other test of this program gets.
pub fn free() -> SocketAddr {
    let mut given_out = GIVEN_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..1_000 {
        let port = rand::random_range(PORTS);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() && given_out.insert(port) {
            return address;
        }
    }
    panic!("no free port in {PORTS:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_given_out_twice() {
        let addresses: BTreeSet<SocketAddr> = (0..50).map(|_| free()).collect();
        assert_eq!(addresses.len(), 50);
    }
}
