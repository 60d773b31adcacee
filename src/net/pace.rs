//! What a server may cost: a connection is read at its leisure once more has come than an honest answer needs. A server
//! that floods fills its own socket, and the check's time ends it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// So much is taken as fast as it comes.
const AT_ONCE: u64 = 1 << 20;
/// And this much a second from then on.
pub(crate) const A_SECOND: u64 = 8 << 20;
/// A read counts as so many bytes more: a byte at a time is not cheap.
const A_READ: u64 = 4096;

/// How much a check has read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Whether more came than is read at once: then the time went by because of the pace.
    pub(crate) fn is_slowed(&self) -> bool {
        self.0.load(Ordering::Relaxed) > AT_ONCE
    }
}

/// A stream that is read at that pace.
pub(crate) struct Paced<S> {
    stream: S,
    meter: Meter,
    begun: Instant,
    spent: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    /// A stream that nothing was read from.
    pub(crate) fn new(stream: S, meter: Meter) -> Self {
        Self { stream, meter, begun: Instant::now(), spent: 0, pause: None }
    }

    /// Counts a read; what comes too fast has to wait.
    fn spend(&mut self, bytes: usize) {
        let cost = A_READ + u64::try_from(bytes).unwrap_or(u64::MAX);
        self.spent = self.spent.saturating_add(cost);
        self.meter.0.fetch_add(cost, Ordering::Relaxed);
        let due = Duration::from_secs_f64(seconds(self.spent.saturating_sub(AT_ONCE)));
        if due > self.begun.elapsed() {
            self.pause = Some(Box::pin(sleep_until(self.begun + due)));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^52 bytes nobody counts them")]
fn seconds(bytes: u64) -> f64 {
    bytes as f64 / A_SECOND as f64
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.spend(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// What is read in a second from somebody who sends pieces of this size without an end.
    async fn read_in_a_second(piece: usize) -> (usize, usize, Meter) {
        let meter = Meter::default();
        let (mut mouth, ear) = duplex(piece);
        tokio::spawn(async move { while mouth.write_all(&vec![0; piece]).await.is_ok() {} });
        let mut paced = Paced::new(ear, meter.clone());
        let (mut bytes, mut reads, mut buffer) = (0, 0, vec![0; 16 << 10]);
        let end = Instant::now() + Duration::from_secs(1);
        while let Ok(count) = tokio::time::timeout_at(end, paced.read(&mut buffer)).await {
            bytes += count.unwrap();
            reads += 1;
        }
        (bytes, reads, meter)
    }

    #[tokio::test]
    async fn floods_and_drops_wait() {
        let (bytes, _, meter) = read_in_a_second(16 << 10).await;
        assert!((1 << 20..10 << 20).contains(&bytes), "{bytes} bytes");
        assert!(meter.is_slowed());
        let (_, reads, _) = read_in_a_second(1).await;
        assert!((256..2400).contains(&reads), "{reads} reads of a byte");
        assert!(!Meter::default().is_slowed());
    }
}
