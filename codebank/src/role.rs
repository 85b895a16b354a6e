//! The roles a bank is made of, each a process of its own in full mode, all in one process when embedded.

pub(crate) mod command_api;
pub(crate) mod embedded;
pub(crate) mod migrate;
pub(crate) mod projections;
pub(crate) mod rebuild;
pub(crate) mod relay;
pub(crate) mod store;
pub(crate) mod web;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::operations::Readiness;
use crate::telemetry::LogFormat;

/// Settings that every role has.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// How log lines are written.
    #[arg(long, env = "CODEBANK_LOG", value_enum, default_value = "human")]
    pub(crate) log: LogFormat,
    /// Check the settings, print them with secrets redacted, and end.
    #[arg(long)]
    pub(crate) print_config: bool,
}

/// Cancelled by Ctrl-C or SIGTERM. A second signal ends the process at once, as the shell's user expects.
fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be listened for")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        cancel.cancel();
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        end_at_once();
    });
    Ok(stop)
}

/// For whoever will not wait. What was answered is durable already; the exit code is the shell's for an interrupted program.
#[expect(
    clippy::disallowed_methods,
    reason = "asked for twice, by a person who no longer wants a clean shutdown"
)]
fn end_at_once() {
    std::process::exit(130);
}

/// Binds an address. Until there are identities and TLS, anything but loopback is warned of.
async fn listen(name: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    if !address.ip().is_loopback() {
        tracing::warn!(%address, name, "LISTENING BEYOND LOOPBACK: the bank has no identities and no TLS yet, whoever reaches it can use it");
    }
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} ({name})"))
}

/// Serves HTTP until told to stop.
async fn serve_http(listener: TcpListener, router: Router, stop: CancellationToken) -> anyhow::Result<()> {
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
        .context("the HTTP server ended")
}

/// Tries to reach a neighbour until it is there, saying what was tried and reporting it as not ready. Nothing when told to
/// stop before.
async fn reach<T, E: std::error::Error + 'static>(
    part: &'static str,
    address: &str,
    readiness: &Readiness,
    stop: &CancellationToken,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> Option<T> {
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(5))
        .with_jitter()
        .without_max_times()
        .build();
    for delay in delays {
        let outcome = tokio::select! {
            outcome = attempt() => outcome,
            () = stop.cancelled() => return None,
        };
        match outcome {
            Ok(reached) => {
                readiness.report(part, Ok(()));
                return Some(reached);
            }
            Err(error) => {
                readiness.report(part, Err(format!("{address}: {error}")));
                tracing::warn!(error = &error as &dyn std::error::Error, part, address, retry_in = ?delay, "not reached, will try again");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = stop.cancelled() => return None,
        }
    }
    None
}

/// A database URL as it may be shown: host, port and database, no user and no password.
fn shown(url: &str) -> String {
    let host = url.rsplit_once('@').map_or_else(
        || url.split_once("://").map_or(url, |(_, rest)| rest),
        |(_, host)| host,
    );
    host.split('?').next().unwrap_or_default().to_owned()
}
