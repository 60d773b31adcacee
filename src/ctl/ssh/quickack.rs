//! A TCP stream that acknowledges at once. sshd leaves Nagle's algorithm on, and its first replies would wait 40 ms
//! for our delayed acknowledgement; the kernel forgets TCP_QUICKACK, so it is set again before each wait.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A [`TcpStream`] with TCP_NODELAY and TCP_QUICKACK.
#[derive(Debug)]
pub struct QuickAck(TcpStream);

impl QuickAck {
    /// Wraps a connected stream.
    pub fn new(stream: TcpStream) -> Self {
        // Only speed is lost where the kernel refuses.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_quickack(true);
        Self(stream)
    }
}

impl AsyncRead for QuickAck {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        if read.is_pending() {
            let _ = SockRef::from(&self.0).set_tcp_quickack(true); // only speed is lost
        }
        read
    }
}

impl AsyncWrite for QuickAck {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
