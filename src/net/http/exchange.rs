//! One request and its answer, over any stream.

use std::io::{self, ErrorKind};

use md5::{Digest as _, Md5};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::body::Body;
use super::head::{Fault, Head, HeadReader};
use crate::net::tls::error::TlsError;
use crate::net::words::refusal;

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("{}", refusal(.0))]
    Network(#[from] io::Error),
    #[error(transparent)]
    Tls(TlsError),
    #[error("the body of its answer is longer than {0} MiB")]
    LongBody(usize),
}

/// What of a body is of interest. With neither, it is not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its MD5 sum.
    pub digest: bool,
    /// Itself.
    pub text: bool,
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 101, or 200..=999.
    pub status: u16,
    /// Bytes of the body that were read.
    pub length: usize,
    /// MD5 sum of the body, when wanted.
    pub digest: Option<[u8; 16]>,
    /// The body, when wanted.
    pub text: Option<Vec<u8>>,
}

/// Sends a request and reads the answer, and of its body what `wanted` says once the head is there. The caller limits
/// the time.
///
/// # Errors
/// What the network or the server did.
pub(crate) async fn exchange<S>(
    mut stream: S,
    request: &[u8],
    wanted: impl Fn(Head) -> Wanted,
) -> Result<Answer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut reader = HeadReader::default();
    let mut buffer = vec![0; BUFFER_BYTES]; // not in the future itself: thousands of checks wait at a time
    let (head, rest) = ask(&mut stream, request, &mut reader, &mut buffer).await?;
    let wanted = wanted(head);
    if wanted == Wanted::default() {
        return Ok(Answer { status: head.status, length: 0, digest: None, text: None });
    }
    let mut content = Content::new(wanted);
    take_body(&mut stream, (head, rest), &mut buffer, &mut content).await?;
    content.finish(head.status)
}

/// What a server answered, with the fields of its head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// 101, or 200..=999.
    pub status: u16,
    /// Name and value of each field, in the order in which they came.
    pub fields: Vec<(String, String)>,
    /// The body; nothing where none was to be read.
    pub text: Vec<u8>,
}

/// Sends a request and reads all of the answer; without its body where the request was HEAD, whose answer has none. The
/// caller limits the time.
///
/// # Errors
/// What the network or the server did.
pub(crate) async fn whole<S>(mut stream: S, request: &[u8], has_body: bool) -> Result<Whole, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut reader = HeadReader::default();
    let mut buffer = vec![0; BUFFER_BYTES];
    let (head, rest) = ask(&mut stream, request, &mut reader, &mut buffer).await?;
    let fields = reader.fields();
    let mut content = Content::new(Wanted { digest: false, text: true });
    if has_body {
        take_body(&mut stream, (head, rest), &mut buffer, &mut content).await?;
    }
    let answer = content.finish(head.status)?;
    Ok(Whole { status: answer.status, fields, text: answer.text.unwrap_or_default() })
}

/// Sends a request and reads until the head of the answer is there; with it comes what of the body has come.
async fn ask<S>(
    stream: &mut S,
    request: &[u8],
    reader: &mut HeadReader,
    buffer: &mut [u8],
) -> Result<(Head, Vec<u8>), HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request).await?;
    stream.flush().await?;
    loop {
        let arrived = read(stream, buffer).await?;
        if arrived.is_empty() {
            return Err(reader.closed().into());
        }
        if let Some(whole) = reader.push(arrived)? {
            return Ok(whole);
        }
    }
}

/// Reads the body behind a head, until it ends or is too long.
async fn take_body<S: AsyncRead + Unpin>(
    stream: &mut S,
    (head, rest): (Head, Vec<u8>),
    buffer: &mut [u8],
    content: &mut Content,
) -> Result<(), HttpError> {
    let mut body = Body::new(head.framing);
    body.push(&rest, |piece| content.take(piece))?;
    while !body.done() && !content.too_long() {
        let arrived = read(stream, buffer).await?;
        if arrived.is_empty() {
            body.closed()?;
            break;
        }
        body.push(arrived, |piece| content.take(piece))?;
    }
    Ok(())
}

/// Sends a request and reads no more of the answer than its status. The caller limits the time.
///
/// # Errors
/// What the network or the server did.
pub(crate) async fn status<S>(mut stream: S, request: &[u8]) -> Result<u16, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request).await?;
    stream.flush().await?;
    let (mut buffer, mut reader) = (vec![0; LINE_BYTES], HeadReader::default());
    loop {
        let arrived = read(&mut stream, &mut buffer).await?;
        if arrived.is_empty() {
            return Err(reader.closed().into());
        }
        if let Some(status) = reader.push(arrived)?.map(|(head, _)| head.status).or_else(|| reader.status()) {
            return Ok(status);
        }
    }
}

/// The next bytes; none at the end.
async fn read<'b, S: AsyncRead + Unpin>(stream: &mut S, buffer: &'b mut [u8]) -> Result<&'b [u8], HttpError> {
    let count = match stream.read(buffer).await {
        Ok(count) => count,
        // TLS that ends without a goodbye: whether something is missing, the framing tells.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
        Err(error) => return Err(TlsError::of(&error).map_or(HttpError::Network(error), HttpError::Tls)),
    };
    Ok(buffer.get(..count).unwrap_or_default())
}

/// A body as it comes in.
struct Content {
    digest: Option<Md5>,
    text: Option<Vec<u8>>,
    length: usize,
    limit: usize,
}

impl Content {
    fn new(wanted: Wanted) -> Self {
        Self {
            digest: wanted.digest.then(Md5::new),
            text: wanted.text.then(Vec::new),
            length: 0,
            limit: if wanted.text { TEXT_BYTES_MAX } else { DIGEST_BYTES_MAX },
        }
    }

    fn take(&mut self, piece: &[u8]) {
        self.length = self.length.saturating_add(piece.len());
        if let Some(digest) = &mut self.digest {
            digest.update(piece);
        }
        if let Some(text) = &mut self.text {
            text.extend_from_slice(piece);
        }
    }

    fn too_long(&self) -> bool {
        self.length > self.limit
    }

    fn finish(self, status: u16) -> Result<Answer, HttpError> {
        if self.too_long() {
            return Err(HttpError::LongBody(self.limit >> 20));
        }
        let digest = self.digest.map(|digest| digest.finalize().into());
        Ok(Answer { status, length: self.length, digest, text: self.text })
    }
}

/// Read at once.
const BUFFER_BYTES: usize = 16 * 1024;
/// A body that a regex searches is kept whole, and is not longer.
pub(crate) const TEXT_BYTES_MAX: usize = 4 << 20;
/// A body of which only the sum is made is not kept.
pub(crate) const DIGEST_BYTES_MAX: usize = 64 << 20;
/// Read at once where the status is all that is wanted.
const LINE_BYTES: usize = 1024;
