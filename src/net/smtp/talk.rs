//! A conversation: commands and replies, in turn. The caller limits the time.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::reply::{BadReply, Reply, ReplyReader};
use crate::net::tls::error::TlsError;

/// Why there is no reply.
#[derive(Debug, Error)]
pub(crate) enum SmtpError {
    #[error(transparent)]
    Network(#[from] io::Error),
    #[error(transparent)]
    Tls(TlsError),
    #[error(transparent)]
    Reply(#[from] BadReply),
    #[error("it closed the connection before its reply was whole")]
    Closed,
}

/// One side of a conversation.
pub(crate) struct Talk<S> {
    stream: S,
    reader: ReplyReader,
    /// What has arrived beyond the last reply.
    waiting: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    /// A conversation in which nothing was said yet.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, reader: ReplyReader::default(), waiting: Vec::new() }
    }

    /// Says a line, or lines.
    ///
    /// # Errors
    /// The network's.
    pub(crate) async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// Hears the next reply.
    ///
    /// # Errors
    /// What comes is none, or the connection ends.
    pub(crate) async fn reply(&mut self) -> Result<Reply, SmtpError> {
        loop {
            if let Some((reply, taken)) = self.reader.push(&self.waiting)? {
                self.waiting.drain(..taken.min(self.waiting.len()));
                return Ok(reply);
            }
            self.waiting.resize(BUFFER_BYTES, 0);
            let count = match self.stream.read(&mut self.waiting).await {
                Ok(count) => count,
                Err(error) => return Err(TlsError::of(&error).map_or(SmtpError::Network(error), SmtpError::Tls)),
            };
            self.waiting.truncate(count);
            if count == 0 {
                return Err(SmtpError::Closed);
            }
        }
    }

    /// The stream, unless more has come than was asked for.
    pub(crate) fn into_stream(self) -> Option<S> {
        self.waiting.is_empty().then_some(self.stream)
    }
}

/// Read at once.
const BUFFER_BYTES: usize = 2048;
