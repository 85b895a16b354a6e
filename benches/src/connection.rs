//! One HTTP/2 connection to a gRPC server, without a client's layers that reconnect, balance and queue: what the load itself
//! costs is taken from the cores of what is measured.

use std::task::{Context, Poll};

use anyhow::Result;
use command_api::grpc::Coalescing;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response, Uri};

/// Clones share it. It ends when the last of them is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Connection(SendRequest<Body>);

impl Connection {
    /// `origin` is `http://host:port`.
    pub(crate) async fn open(origin: &Uri) -> Result<Self> {
        let authority = origin.authority().map_or("", |authority| authority.as_str());
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(Coalescing::new(stream));
        let (requests, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
        // Its end is seen by the calls on it.
        tokio::spawn(connection);
        Ok(Self(requests))
    }
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.send_request(request).boxed()
    }
}
