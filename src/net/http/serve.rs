//! The other side: requests as a client of the exporter sends them, and answers to them.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest request in bytes.
const REQUEST_BYTES_MAX: u64 = 8192;
/// Ends a head.
const END: &[u8] = b"\r\n\r\n";

/// Reads up to the end of a request's head, or to what is too much of it.
///
/// # Errors
/// The network's.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut bounded = stream.take(REQUEST_BYTES_MAX);
    while !is_whole(&request) && bounded.read_buf(&mut request).await? > 0 {}
    Ok(request)
}

/// The path of a GET request, without its query.
///
/// # Errors
/// Not a whole request of HTTP/1, or another method.
pub(crate) fn path(request: &[u8]) -> Result<String, Unserved> {
    let text = String::from_utf8_lossy(request);
    let mut words = text.lines().next().unwrap_or_default().split_whitespace();
    let (method, target, version) = (words.next(), words.next(), words.next());
    if !is_whole(request) || !version.is_some_and(|version| version.starts_with("HTTP/1.")) {
        return Err(Unserved::BadRequest);
    }
    if method != Some("GET") {
        return Err(Unserved::MethodNotAllowed);
    }
    Ok(target.and_then(|target| target.split('?').next()).unwrap_or_default().to_owned())
}

/// Why a request is not served; in words it is the status that the request deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Unserved {
    #[error("400 Bad Request")]
    BadRequest,
    #[error("404 Not Found")]
    NotFound,
    #[error("405 Method Not Allowed")]
    MethodNotAllowed,
}

/// An answer after which the connection ends.
pub(crate) fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.0 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn is_whole(request: &[u8]) -> bool {
    request.windows(END.len()).any(|end| end == END)
}
