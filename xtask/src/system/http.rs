//! One HTTP GET over loopback, enough to ask a server how it is. No TLS, no redirects, no keep-alive: HTTP/1.0 closes when it has answered.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) fn connect(port: u16) -> Result<TcpStream> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let stream =
        TcpStream::connect_timeout(&address, PATIENCE).with_context(|| format!("nobody at {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The body of a 200, an error for anything else.
pub(crate) fn get(port: u16, path: &str) -> Result<String> {
    let mut stream = connect(port)?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    body_of_success(&answer)
        .map(str::to_owned)
        .with_context(|| format!("GET {path}"))
}

fn body_of_success(answer: &str) -> Result<&str> {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer was cut short")?;
    let status_line = head.lines().next().unwrap_or_default();
    ensure!(
        status_line.split(' ').nth(1) == Some("200"),
        "the answer was {status_line:?}"
    );
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_200_is_a_success() {
        assert_eq!(
            body_of_success("HTTP/1.1 200 OK\r\nA: b\r\n\r\n[]").unwrap(),
            "[]"
        );
        for refused in [
            "",
            "HTTP/1.1 200 OK\r\nA: b",
            "HTTP/1.1 503 Unavailable\r\n\r\n[]",
        ] {
            body_of_success(refused).unwrap_err();
        }
    }
}
