//! A TCP proxy that can be cut and restored: an outage of a server for one client alone, while others go on using it.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Pass,
    /// They are closed at once.
    Refuse,
    /// They are taken, and nothing is ever answered.
    Hang,
    /// Requests arrive and are obeyed, and their answers get lost: from here on, those of open connections too.
    LoseAnswers,
}

/// A listener before a server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    tries: Arc<AtomicUsize>,
}

impl Proxy {
    /// Before the server in `url`, or before a `host:port`.
    pub async fn before(server: &str, mode: Mode) -> Self {
        let target = if server.contains("://") {
            host_in(server)
        } else {
            server
        };
        let target = target.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let (mode, modes) = watch::channel(mode);
        let tries = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&tries);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(client, target.clone(), modes.clone()));
            }
        });
        Self { address, mode, tries }
    }

    /// `host:port` of the proxy.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The URL with the proxy in the server's place.
    pub fn instead(&self, url: &str) -> String {
        url.replacen(host_in(url), &self.address(), 1)
    }

    /// Ends every open connection, except that answers begin to be lost on the connections that are there.
    pub fn turn_to(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// How many connections were asked for.
    pub fn tries(&self) -> usize {
        self.tries.load(Ordering::Relaxed)
    }
}

async fn serve(mut client: TcpStream, target: String, mut modes: watch::Receiver<Mode>) {
    let mut mode = *modes.borrow_and_update();
    match mode {
        Mode::Refuse => return,
        Mode::Hang => {
            // Whatever comes next, this connection has lost its caller's trust.
            let _ = modes.changed().await;
            return;
        }
        Mode::Pass | Mode::LoseAnswers => {}
    }
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let mut requests = pin!(copy(&mut from_client, &mut to_server));
    let mut answer = vec![0; 16 * 1024];
    // When either side ends, so does the connection.
    loop {
        tokio::select! {
            _ = &mut requests => return,
            read = from_server.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if mode == Mode::Pass && to_client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
            changed = modes.changed() => {
                let next = *modes.borrow_and_update();
                let goes_on = next == mode || (mode, next) == (Mode::Pass, Mode::LoseAnswers);
                if changed.is_err() || !goes_on {
                    return;
                }
                mode = next;
            }
        }
    }
}

/// The `host:port` of a URL such as `postgres://user@host:port/name`.
fn host_in(url: &str) -> &str {
    let (_, rest) = url.split_once("://").expect("a URL has a scheme");
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_stands_between_the_user_and_the_path() {
        for url in [
            "postgres://bank:p@ss@db:15432/events?sslmode=disable",
            "postgres://db:15432/events",
            "http://db:15432",
        ] {
            assert_eq!(host_in(url), "db:15432");
        }
    }
}
