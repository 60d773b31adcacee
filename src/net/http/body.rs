//! The body of an answer of HTTP/1, freed from its framing piece by piece. Pure.

use super::head::{Fault, Framing};
use crate::net::words::shown;

/// How far a body has come.
#[derive(Debug)]
pub struct Body {
    state: State,
    /// Bytes of content so far.
    taken: u64,
    /// Bytes of its framing so far.
    around: u64,
    /// As announced.
    length: Option<u64>,
}

#[derive(Debug)]
enum State {
    /// So many bytes are still to come, of the body or of one chunk.
    Bytes {
        left: u64,
        chunked: bool,
    },
    /// A line: a chunk's size, the empty one after its bytes, or one after the last chunk.
    Line {
        bytes: Vec<u8>,
        kind: Line,
    },
    UntilClose,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Size,
    Separator,
    Trailer,
}

impl Body {
    /// A body that has not begun.
    pub fn new(framing: Framing) -> Self {
        let (state, length) = match framing {
            Framing::Length(0) => (State::Done, Some(0)),
            Framing::Length(left) => (State::Bytes { left, chunked: false }, Some(left)),
            Framing::Chunked => (line(Line::Size), None),
            Framing::Close => (State::UntilClose, None),
        };
        Self { state, taken: 0, around: 0, length }
    }

    /// Takes what has arrived and hands on its content.
    ///
    /// # Errors
    /// The framing is broken.
    pub fn push(&mut self, mut arrived: &[u8], mut content: impl FnMut(&[u8])) -> Result<(), Fault> {
        while !arrived.is_empty() {
            match &mut self.state {
                State::Done => return Ok(()), // whatever follows belongs to nothing that was asked
                State::UntilClose => {
                    self.taken = self.taken.saturating_add(size(arrived));
                    content(arrived);
                    return Ok(());
                }
                State::Bytes { left, chunked } => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(arrived.len());
                    let (piece, rest) = arrived.split_at(here);
                    arrived = rest;
                    *left -= size(piece);
                    self.taken = self.taken.saturating_add(size(piece));
                    content(piece);
                    if *left == 0 {
                        self.state = if *chunked { line(Line::Separator) } else { State::Done };
                    }
                }
                State::Line { bytes, kind } => {
                    let end = arrived.iter().position(|byte| *byte == b'\n');
                    let (piece, rest) = arrived.split_at(end.map_or(arrived.len(), |end| end + 1));
                    arrived = rest;
                    self.around = self.around.saturating_add(size(piece));
                    if self.around > AROUND_BYTES_MAX.saturating_add(self.taken.saturating_mul(2)) {
                        return Err(Fault::Overhead(self.around, self.taken));
                    }
                    bytes.extend_from_slice(piece);
                    if bytes.len() > LINE_BYTES_MAX {
                        return Err(Fault::Chunk(shown(bytes)));
                    }
                    if end.is_some() {
                        self.state = after(bytes.trim_ascii(), *kind)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether everything announced is there.
    pub fn done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// There should have been more.
    pub fn closed(&self) -> Result<(), Fault> {
        match &self.state {
            // The last chunk was there; servers that leave out the empty line after it are many.
            State::Done | State::UntilClose | State::Line { kind: Line::Trailer, .. } => Ok(()),
            State::Bytes { .. } | State::Line { .. } => Err(Fault::ClosedInBody(self.taken, self.length)),
        }
    }
}

fn line(kind: Line) -> State {
    State::Line { bytes: Vec::new(), kind }
}

/// What follows a line of chunked coding (RFC 9112 §7.1).
fn after(text: &[u8], kind: Line) -> Result<State, Fault> {
    match kind {
        Line::Separator if text.is_empty() => Ok(line(Line::Size)),
        Line::Separator => Err(Fault::Chunk(shown(text))),
        Line::Trailer => Ok(if text.is_empty() { State::Done } else { line(Line::Trailer) }),
        Line::Size => {
            let digits = text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
            let digits = std::str::from_utf8(digits).ok().filter(|_| plain);
            match digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
                Some(0) => Ok(line(Line::Trailer)),
                Some(left) => Ok(State::Bytes { left, chunked: true }),
                None => Err(Fault::Chunk(shown(text))),
            }
        }
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A size with its extensions, or a trailer, is not longer.
const LINE_BYTES_MAX: usize = 4096;
/// Sizes and trailers of one answer are not longer, unless there is half as much content: a chunk of one byte has five
/// around it.
const AROUND_BYTES_MAX: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Content, whether it is whole, and what an end here would mean.
    type Seen = (Vec<u8>, bool, Result<(), Fault>);

    /// In pieces of every length alike.
    fn read(framing: Framing, text: &[u8]) -> Result<Seen, Fault> {
        let mut results = Vec::new();
        for length in 1..=text.len().max(1) {
            let (mut body, mut content) = (Body::new(framing), Vec::new());
            let done =
                text.chunks(length).try_for_each(|piece| body.push(piece, |bytes| content.extend_from_slice(bytes)));
            results.push(done.map(|()| (content, body.done(), body.closed())));
        }
        let first = results.swap_remove(0);
        assert!(results.iter().all(|one| *one == first || first.is_err() && one.is_err()), "{text:?}");
        first
    }

    #[test]
    fn framing_without_content_ends() {
        let fed = |piece: &[u8]| {
            let mut body = Body::new(Framing::Chunked);
            (0..1 << 20).find_map(|_| body.push(piece, |_| {}).err())
        };
        assert_eq!(fed(b"1\r\nx\r\n"), Some(Fault::Overhead(109_228, 21_845)), "chunks of a byte");
        assert_eq!(fed(b"10\r\n0123456789abcdef\r\n"), None);
        let mut body = Body::new(Framing::Chunked);
        body.push(b"0\r\n", |_| {}).unwrap();
        let trailers = (0..1 << 20).find_map(|_| body.push(b"X: y\r\n", |_| {}).err());
        assert!(matches!(trailers, Some(Fault::Overhead(65_537.., 0))), "{trailers:?}");
    }

    #[test]
    fn the_three_ends() {
        let (content, done, closed) = read(Framing::Length(5), b"helloworld").unwrap();
        assert_eq!((content.as_slice(), done, closed), (b"hello".as_slice(), true, Ok(())));
        let (content, done, closed) = read(Framing::Close, b"hello").unwrap();
        assert_eq!((content.as_slice(), done, closed), (b"hello".as_slice(), false, Ok(())));
        let text = b"3;x=y\r\nhel\r\n0002\r\nlo\r\n0\r\nTrailer: x\r\n\r\nmore";
        let (content, done, closed) = read(Framing::Chunked, text).unwrap();
        assert_eq!((content.as_slice(), done, closed), (b"hello".as_slice(), true, Ok(())));
        assert!(Body::new(Framing::Length(0)).done());
    }

    #[test]
    fn closed_too_early() {
        assert_eq!(read(Framing::Length(5), b"hel").unwrap().2, Err(Fault::ClosedInBody(3, Some(5))));
        assert_eq!(read(Framing::Chunked, b"5\r\nhel").unwrap().2, Err(Fault::ClosedInBody(3, None)));
        assert_eq!(read(Framing::Chunked, b"3\r\nhel\r\n").unwrap().2, Err(Fault::ClosedInBody(3, None)));
        assert_eq!(read(Framing::Chunked, b"3\r\nhel\r\n0\r\n").unwrap().2, Ok(()));
    }

    #[test]
    fn broken_chunks() {
        for text in ["x\r\n", "-3\r\n", "+3\r\n", "\r\n", "3\r\nhello\r\n", "ffffffffffffffffff\r\n"] {
            assert!(matches!(read(Framing::Chunked, text.as_bytes()), Err(Fault::Chunk(_))), "{text:?}");
        }
        assert!(matches!(Body::new(Framing::Chunked).push(&[b'1'; LINE_BYTES_MAX + 1], |_| {}), Err(Fault::Chunk(_))));
    }
}
