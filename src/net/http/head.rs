//! The head of an answer of HTTP/1: bytes to status and framing. Pure; whatever a server sends is answered with a fault
//! in words.

use thiserror::Error;

use crate::net::words::shown;

/// What is wrong with an answer. Fragments that fit after "real server X is down:".
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// The first line is no status line.
    #[error("the answer is not HTTP: it begins with \"{0}\"")]
    NotHttp(String),
    /// More than [`HEAD_BYTES_MAX`], interim answers included.
    #[error("the head of its answer is longer than {HEAD_BYTES_MAX} bytes")]
    LongHead,
    /// No number, or two that differ.
    #[error("unusable Content-Length \"{0}\"")]
    Length(String),
    /// Chunks of next to nothing, or trailers without an end.
    #[error("its answer is more framing than content: {0} bytes around {1}")]
    Overhead(u64, u64),
    /// A chunk without a size, or not ended as it should.
    #[error("a chunk of its answer begins with \"{0}\" and not with a size")]
    Chunk(String),
    /// Closed before the head was whole.
    #[error("it closed the connection {0} bytes into the head of its answer")]
    ClosedInHead(usize),
    /// Closed before the body was whole; how much was there, and how much was announced.
    #[error("it closed the connection after {0} bytes of the body{announced}", announced = Announced(*.1))]
    ClosedInBody(u64, Option<u64>),
}

/// ` of N`, where the length is known.
struct Announced(Option<u64>);

impl std::fmt::Display for Announced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |length| write!(f, " of {length}"))
    }
}

/// What matters of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// 100..=999.
    pub status: u16,
    /// Where the body ends.
    pub framing: Framing,
}

/// Where a body ends (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the chunk of length 0.
    Chunked,
    /// Where the connection does.
    Close,
}

/// Collects bytes until the head is whole.
#[derive(Debug, Default)]
pub struct HeadReader {
    bytes: Vec<u8>,
    /// So many bytes hold no end: a head that comes byte by byte is searched once.
    searched: usize,
    /// Bytes of interim answers.
    skipped: usize,
}

impl HeadReader {
    /// Takes what has arrived. When the head is whole, it and what of the body has come with it. Interim answers (1xx)
    /// are skipped.
    ///
    /// # Errors
    /// It is no HTTP, or too long.
    pub fn push(&mut self, arrived: &[u8]) -> Result<Option<(Head, Vec<u8>)>, Fault> {
        self.bytes.extend_from_slice(arrived);
        self.plausible()?;
        while let Some(end) = self.end() {
            if self.skipped > HEAD_BYTES_MAX {
                return Err(Fault::LongHead);
            }
            let rest = self.bytes.split_off(end);
            let head = parse(&self.bytes)?;
            // 101 would be the last word of HTTP on this connection.
            if (100..200).contains(&head.status) && head.status != 101 {
                self.skipped += self.bytes.len();
                (self.bytes, self.searched) = (rest, 0);
                self.plausible()?;
                continue;
            }
            return Ok(Some((head, rest)));
        }
        if self.skipped + self.bytes.len() > HEAD_BYTES_MAX { Err(Fault::LongHead) } else { Ok(None) }
    }

    /// The status, as soon as its line is there; for those who want nothing else. Meant for the time between two calls
    /// of [`HeadReader::push`], which skips interim answers.
    pub(crate) fn status(&self) -> Option<u16> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n')?;
        status(self.bytes.get(..end)?.trim_ascii_end()).filter(|code| *code == 101 || *code >= 200)
    }

    /// Name and value of each field of the head that [`HeadReader::push`] has just returned; what is no text is left
    /// out.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let lines = self.bytes.split(|byte| *byte == b'\n').skip(1);
        let field = |line: &[u8]| {
            let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        };
        lines.filter_map(field).collect()
    }

    /// The connection ended before the head did.
    pub fn closed(&self) -> Fault {
        Fault::ClosedInHead(self.bytes.len())
    }

    /// What speaks no HTTP is told from the first bytes on.
    fn plausible(&self) -> Result<(), Fault> {
        let same = self.bytes.iter().zip(VERSION).all(|(found, wanted)| found.eq_ignore_ascii_case(wanted));
        if same { Ok(()) } else { Err(Fault::NotHttp(shown(&self.bytes))) }
    }

    /// Where the empty line ends, whether lines end in CR LF or in LF alone.
    fn end(&mut self) -> Option<usize> {
        let from = self.searched.saturating_sub(3);
        let fresh = self.bytes.get(from..)?;
        let mut found = None;
        for (at, _) in fresh.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            let rest = fresh.get(at + 1..).unwrap_or_default();
            found = match rest {
                [b'\n', ..] => Some(from + at + 2),
                [b'\r', b'\n', ..] => Some(from + at + 3),
                _ => None,
            };
            if found.is_some() {
                break;
            }
        }
        self.searched = self.bytes.len();
        found.filter(|end| *end <= HEAD_BYTES_MAX)
    }
}

fn parse(bytes: &[u8]) -> Result<Head, Fault> {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let status = status(first).ok_or_else(|| Fault::NotHttp(shown(first)))?;
    let (mut length, mut chunked, mut coded) = (None, false, false);
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let found = number(value).ok_or_else(|| Fault::Length(shown(value)))?;
            if length.is_some_and(|before| before != found) {
                return Err(Fault::Length(shown(value)));
            }
            length = Some(found);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
            (chunked, coded) = (last.eq_ignore_ascii_case(b"chunked"), true);
        }
    }
    let framing = match (status, length) {
        (204 | 304, _) => Framing::Length(0),
        _ if chunked => Framing::Chunked,
        (_, Some(length)) if !coded => Framing::Length(length),
        _ => Framing::Close,
    };
    Ok(Head { status, framing })
}

/// The code of `HTTP/1.1 200 OK`.
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.get(VERSION.len()..)?;
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let version = words.next()?;
    let code = words.next().filter(|code| code.len() == 3).and_then(number)?;
    let usual = version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    u16::try_from(code).ok().filter(|code| usual && *code >= 100)
}

fn number(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if plain { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

/// A head is not longer.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
const VERSION: &[u8] = b"HTTP/";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Option<(Head, Vec<u8>)>, Fault> {
        HeadReader::default().push(text)
    }

    fn framing(fields: &str) -> Framing {
        read(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes()).unwrap().unwrap().0.framing
    }

    #[test]
    fn status_and_rest() {
        let (head, rest) = read(b"HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nsorry").unwrap().unwrap();
        assert_eq!((head.status, head.framing, rest.as_slice()), (404, Framing::Close, b"sorry".as_slice()));
        assert_eq!(read(b"HTTP/1.1 200\n\n").unwrap().unwrap().0.status, 200);
        assert_eq!(read(b"HTTP/1.1 200 OK\r\n").unwrap(), None);
        let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\r\n\r\n";
        assert_eq!(read(interim).unwrap().unwrap().0.status, 201);
    }

    #[test]
    fn where_a_body_ends() {
        assert_eq!(framing("content-length:  37"), Framing::Length(37));
        assert_eq!(framing("Content-Length: 37\r\nContent-Length: 37"), Framing::Length(37));
        assert_eq!(framing("Content-Length: 37\r\nTransfer-Encoding: gzip, Chunked"), Framing::Chunked);
        assert_eq!(framing("Content-Length: 37\r\nTransfer-Encoding: gzip"), Framing::Close);
        assert_eq!(
            read(b"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n").unwrap().unwrap().0.framing,
            Framing::Length(0)
        );
    }

    #[test]
    fn byte_by_byte_is_the_same() {
        let text = b"HTTP/1.1 299 Fine\r\nContent-Length: 3\r\n\r\nabc";
        let mut reader = HeadReader::default();
        let heads: Vec<_> =
            text.iter().map(|byte| reader.push(&[*byte]).unwrap()).take_while(Option::is_none).collect();
        assert_eq!(heads.len(), text.len() - 4);
    }

    #[test]
    fn each_fault() {
        assert_eq!(read(b"220 smtp ready\r\n").unwrap_err(), Fault::NotHttp("220 smtp ready".into()));
        assert!(matches!(read(b"\x16\x03\x01"), Err(Fault::NotHttp(shown)) if shown == r"\x16\x03\x01"));
        assert!(matches!(read(b"HTTP/1.1 20 OK\r\n\r\n"), Err(Fault::NotHttp(_))));
        assert!(matches!(read(b"HTTP/1.1 +20 OK\r\n\r\n"), Err(Fault::NotHttp(_))));
        let mut long = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
        long.resize(HEAD_BYTES_MAX + 1, b'x');
        assert_eq!(read(&long).unwrap_err(), Fault::LongHead);
        for value in ["-1", "1 2", "", "99999999999999999999", "7\r\nContent-Length: 8"] {
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\n");
            assert!(matches!(read(text.as_bytes()), Err(Fault::Length(_))), "{value}");
        }
        let mut reader = HeadReader::default();
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
        let refused = (0..100).find_map(|_| reader.push(&interim).err());
        assert_eq!(refused, Some(Fault::LongHead), "interim answers without an end");
        let mut reader = HeadReader::default();
        reader.push(b"HTTP/1.1").unwrap();
        assert_eq!(reader.closed(), Fault::ClosedInHead(8));
        assert_eq!(
            Fault::ClosedInBody(3, Some(9)).to_string(),
            "it closed the connection after 3 bytes of the body of 9"
        );
        assert_eq!(Fault::ClosedInBody(3, None).to_string(), "it closed the connection after 3 bytes of the body");
    }
}
