//! HTTP/1.1 connections that stay open, without a client's layers: what the load itself costs is taken from the cores of what is
//! measured.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, StatusCode, Uri, header};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where one kind of request goes. Clones share the connections; a call takes one that is idle, or opens another.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    authority: String,
    path: String,
    idle: Arc<Mutex<Vec<SendRequest<Body>>>>,
}

impl Http {
    /// `url` is `http://host:port/path`.
    pub(crate) fn to(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("the address {url}"))?;
        ensure!(
            uri.scheme_str() == Some("http"),
            "{url} does not begin with http://"
        );
        let authority = uri.authority().with_context(|| format!("{url} names no host"))?;
        Ok(Self {
            authority: authority.to_string(),
            path: uri.path().to_owned(),
            idle: Arc::default(),
        })
    }

    pub(crate) async fn post(&self, json: Vec<u8>) -> Result<(StatusCode, Bytes)> {
        timeout(ANSWERED_WITHIN, self.exchange(json))
            .await
            .context("no answer in time")?
    }

    async fn exchange(&self, json: Vec<u8>) -> Result<(StatusCode, Bytes)> {
        let mut connection = loop {
            let Some(mut idle) = self.take() else {
                break self.open().await?;
            };
            // It may not have come to the end of its last answer yet, or the server may have closed it.
            if idle.ready().await.is_ok() {
                break idle;
            }
        };
        let request = Request::post(&self.path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(json))?;
        let response = connection.send_request(request).await?;
        let status = response.status();
        let body = to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX).await?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok((status, body))
    }

    fn take(&self) -> Option<SendRequest<Body>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn open(&self) -> Result<SendRequest<Body>> {
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its end is seen by the call on it.
        tokio::spawn(connection);
        requests.ready().await?;
        Ok(requests)
    }
}
