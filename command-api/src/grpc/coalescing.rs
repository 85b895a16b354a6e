//! Answers that become ready together go out together.
//!
//! A batch answers dozens of calls at once. Each answer wakes its connection, and a connection that is woken writes at once what it
//! has: one answer, at the price of one way through the network's layers for each. Here a connection lets everything that is ready to
//! run go first, and then writes what has come together.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Stream, TryStreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::server::{Connected, TcpIncoming};

/// The connections that callers open.
pub fn accept(listener: TcpListener) -> impl Stream<Item = io::Result<Coalescing<TcpStream>>> {
    TcpIncoming::from(listener)
        .with_nodelay(Some(true))
        .map_ok(Coalescing::new)
}

/// A connection that collects what it writes for as long as there is something else to do.
#[derive(Debug)]
pub struct Coalescing<T> {
    connection: T,
    /// Whether the next write has let the others go first.
    has_waited: bool,
}

impl<T> Coalescing<T> {
    pub fn new(connection: T) -> Self {
        Self {
            connection,
            has_waited: false,
        }
    }

    /// Once for each write: a task that wakes itself is put behind all that are ready to run.
    fn poll_others_first(&mut self, context: &Context<'_>) -> Poll<()> {
        self.has_waited = !self.has_waited;
        if self.has_waited {
            context.waker().wake_by_ref();
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Coalescing<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Coalescing<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_others_first(context));
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_others_first(context));
        Pin::new(&mut self.connection).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl<T: Connected> Connected for Coalescing<T> {
    type ConnectInfo = T::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.connection.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn what_is_ready_to_run_goes_before_a_write() {
        let (here, mut there) = tokio::io::duplex(64);
        let mut here = Coalescing::new(here);
        let mut seen = [0; 3];
        let (written, is_there_already) = tokio::join!(here.write(b"one"), async {
            futures::poll!(std::pin::pin!(there.read(&mut seen))).is_ready()
        });
        assert_eq!(written.ok(), Some(3));
        assert!(!is_there_already, "it was written before the other's turn");
        there.read_exact(&mut seen).await.expect("written in the end");
        assert_eq!(&seen, b"one");
    }

    /// A peer that takes little at a time gets everything, in its order.
    #[tokio::test]
    async fn nothing_is_lost_on_a_narrow_connection() {
        let (here, mut there) = tokio::io::duplex(7);
        let sent: Vec<u8> = (0..10_000).map(|number: u32| number.to_le_bytes()[0]).collect();
        let (mut writer, expected) = (Coalescing::new(here), sent.clone());
        tokio::spawn(async move {
            writer.write_all(&sent).await.expect("taken");
            writer.shutdown().await.expect("ended");
        });
        let mut received = Vec::new();
        there.read_to_end(&mut received).await.expect("an end");
        assert_eq!(received, expected);
    }
}
