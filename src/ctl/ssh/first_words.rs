//! What somebody says first on a stream, kept for the case that it is no greeting of SSH: a server that is full, or
//! another protocol, says so in plain text and hangs up.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose first bytes are kept.
#[derive(Debug)]
pub(super) struct Overheard<S> {
    stream: S,
    words: FirstWords,
}

/// The bytes, while they are being said.
#[derive(Debug, Clone, Default)]
pub(super) struct FirstWords(Arc<Mutex<Vec<u8>>>);

impl<S> Overheard<S> {
    pub(super) fn new(stream: S, words: FirstWords) -> Self {
        Self { stream, words }
    }
}

impl FirstWords {
    /// Everything before a greeting of SSH; `None` when that came.
    pub(super) fn before_ssh(&self) -> Option<String> {
        let bytes = self.0.lock().map(|bytes| bytes.clone()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (!text.lines().any(|line| line.starts_with("SSH-"))).then(|| text.trim().to_owned())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let (Some(new), Ok(mut words)) = (buf.filled().get(before..), self.words.0.lock()) {
            let room = FIRST_MAX.saturating_sub(words.len());
            words.extend(new.iter().take(room));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// More is not kept.
const FIRST_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn only_what_is_said_before_ssh_is_kept() {
        for (said, kept) in [
            ("Not allowed at this time\r\n", Some("Not allowed at this time")),
            ("", Some("")),
            ("Welcome\r\nSSH-2.0-OpenSSH_9.9\r\n\x01\x02", None),
        ] {
            let (mut theirs, ours) = tokio::io::duplex(4096);
            theirs.write_all(said.as_bytes()).await.unwrap();
            drop(theirs);
            let words = FirstWords::default();
            let mut all = Vec::new();
            Overheard::new(ours, words.clone()).read_to_end(&mut all).await.unwrap();
            assert_eq!((all.as_slice(), words.before_ssh().as_deref()), (said.as_bytes(), kept));
        }
    }
}
