//! A request as a browser sends it: read whole, within limits, and taken apart.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest head in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest body in bytes.
const BODY_BYTES_MAX: usize = 4096;
/// Read at a time.
const PIECE: usize = 2048;
/// Ends a head.
const END: &[u8] = b"\r\n\r\n";

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `GET`, `POST`.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// Its query, without the question mark; empty where there is none.
    pub query: String,
    /// Names in small letters, each once.
    headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why a request is not taken; in words it is the status that it deserves.
#[derive(Debug, Error)]
pub(crate) enum NotTaken {
    #[error("the client is gone: {0}")]
    Gone(#[from] io::Error),
    #[error("400 Bad Request")]
    Bad,
    #[error("413 Content Too Large")]
    TooLarge,
}

impl Asked {
    /// A header by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value of the query, as it stands there.
    pub(crate) fn asks(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|part| part.split_once('=').filter(|(key, _)| *key == name)).map(|(_, to)| to)
    }
}

/// Reads one request.
///
/// # Errors
/// A client that goes before it has asked, what is no request of HTTP/1, and what is too long.
pub(crate) async fn take<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Asked, NotTaken> {
    let mut come = Vec::new();
    let mut searched = 0;
    let end = loop {
        // What comes letter by letter is not searched from its beginning each time.
        let new = come.get(searched..).unwrap_or_default();
        if let Some(end) = new.windows(END.len()).position(|window| window == END) {
            break searched + end;
        }
        searched = come.len().saturating_sub(END.len() - 1);
        if come.len() > HEAD_BYTES_MAX {
            return Err(NotTaken::TooLarge);
        }
        more(stream, &mut come).await?;
    };
    let mut body = come.split_off(end + END.len());
    let mut asked = head(come.get(..end).unwrap_or_default()).ok_or(NotTaken::Bad)?;
    let length = match (asked.header("content-length"), asked.header("transfer-encoding")) {
        (_, Some(_)) => return Err(NotTaken::Bad),
        (None, None) => 0,
        (Some(length), None) => length.parse::<usize>().map_err(|_| NotTaken::Bad)?,
    };
    if length > BODY_BYTES_MAX {
        return Err(NotTaken::TooLarge);
    }
    while body.len() < length {
        more(stream, &mut body).await?;
    }
    body.truncate(length);
    asked.body = body;
    Ok(asked)
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, to: &mut Vec<u8>) -> Result<(), NotTaken> {
    let mut piece = [0; PIECE];
    let count = stream.read(&mut piece).await?;
    if count == 0 {
        return Err(NotTaken::Gone(io::ErrorKind::UnexpectedEof.into()));
    }
    to.extend_from_slice(piece.get(..count).unwrap_or_default());
    Ok(())
}

fn head(bytes: &[u8]) -> Option<Asked> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.split("\r\n");
    let words: Vec<&str> = lines.next()?.split(' ').collect();
    let [method, target, version] = words.as_slice() else { return None };
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !version.starts_with("HTTP/1.") || !plain(method) || !plain(target) || !target.starts_with('/') {
        return None;
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = name.to_ascii_lowercase();
        // A name that comes twice would be judged by one value and obeyed by the other.
        if !plain(&name) || headers.iter().any(|(known, _)| *known == name) {
            return None;
        }
        headers.push((name, value.trim().to_owned()));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    Some(Asked { method: (*method).to_owned(), path, query, headers, body: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &str) -> Result<Asked, NotTaken> {
        take(&mut text.as_bytes()).await
    }

    #[tokio::test]
    async fn a_request_is_taken_apart() {
        let text = "POST /order?a=1&token=x%20y HTTP/1.1\r\nHost: 127.0.0.1:7\r\nContent-Length: 3\r\n\r\nabcd";
        let asked = read(text).await.unwrap();
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str(), asked.body.as_slice()),
            ("POST", "/order", &b"abc"[..])
        );
        assert_eq!((asked.header("host"), asked.header("origin")), (Some("127.0.0.1:7"), None));
        assert_eq!((asked.asks("token"), asked.asks("tok")), (Some("x%20y"), None));
        assert_eq!(read("GET / HTTP/1.0\r\n\r\n").await.unwrap().query, "");
    }

    #[tokio::test]
    async fn a_request_may_come_in_pieces() {
        let text = "POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        for size in [1, 2, 3, 7, 64] {
            let (mut client, mut stream) = tokio::io::duplex(size);
            let sends = tokio::io::AsyncWriteExt::write_all(&mut client, text.as_bytes());
            let (asked, sent) = tokio::join!(take(&mut stream), sends);
            sent.unwrap();
            let asked = asked.unwrap();
            assert_eq!((asked.header("host"), asked.body.as_slice()), (Some("a"), &b"abc"[..]), "{size} at a time");
        }
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused() {
        for text in [
            "\r\n\r\n",
            "GET /\r\n\r\n",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET http://x/ HTTP/1.1\r\n\r\n",
            "GET /\u{7} HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
            assert!(matches!(read(text).await, Err(NotTaken::Bad)), "{text:?}");
        }
        assert!(matches!(take(&mut &b"GET /\xff HTTP/1.1\r\n\r\n"[..]).await, Err(NotTaken::Bad)));
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(HEAD_BYTES_MAX + PIECE));
        assert!(matches!(read(&long).await, Err(NotTaken::TooLarge)));
        assert!(matches!(read("POST / HTTP/1.1\r\nContent-Length: 4097\r\n\r\n").await, Err(NotTaken::TooLarge)));
        for text in ["", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc"] {
            assert!(matches!(read(text).await, Err(NotTaken::Gone(_))), "{text:?}");
        }
    }
}
