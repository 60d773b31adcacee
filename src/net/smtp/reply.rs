//! Replies of SMTP (RFC 5321 §4.2): bytes to a code and lines. Pure.

use thiserror::Error;

use crate::net::words::shown;

/// Why something is no reply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadReply {
    /// What a line begins with instead of a code.
    #[error("the answer is not SMTP: \"{0}\"")]
    NotSmtp(String),
    /// A line without an end.
    #[error("a line of its reply is longer than {LINE_BYTES_MAX} bytes")]
    LongLine,
    /// A reply without an end.
    #[error("its reply has more than {LINES_MAX} lines")]
    ManyLines,
    /// Lines of one reply with different codes.
    #[error("its reply begins with {0} and goes on with {1}")]
    TwoCodes(u16, u16),
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200..=599.
    pub code: u16,
    /// Its lines as they came, without their ends.
    pub lines: Vec<String>,
}

/// Collects the lines of one reply.
#[derive(Debug, Default)]
pub struct ReplyReader {
    line: Vec<u8>,
    code: Option<u16>,
    lines: Vec<String>,
}

impl ReplyReader {
    /// Takes bytes up to the end of the reply; the reply, and how many bytes belonged to it, once it is whole.
    ///
    /// # Errors
    /// It is no SMTP, or endless.
    pub fn push(&mut self, arrived: &[u8]) -> Result<Option<(Reply, usize)>, BadReply> {
        for (at, byte) in arrived.iter().enumerate() {
            if *byte != b'\n' {
                self.line.push(*byte);
                if self.line.len() > LINE_BYTES_MAX {
                    return Err(BadReply::LongLine);
                }
                continue;
            }
            let (code, last) = parse(&self.line)?;
            self.lines.push(String::from_utf8_lossy(&self.line).trim_end().to_owned());
            self.line.clear();
            match self.code.replace(code) {
                Some(before) if before != code => return Err(BadReply::TwoCodes(before, code)),
                _ => {}
            }
            if last {
                let lines = std::mem::take(self).lines;
                return Ok(Some((Reply { code, lines }, at + 1)));
            }
            if self.lines.len() >= LINES_MAX {
                return Err(BadReply::ManyLines);
            }
        }
        Ok(None)
    }
}

/// The code of a line, and whether it is the last one.
fn parse(line: &[u8]) -> Result<(u16, bool), BadReply> {
    let none = || BadReply::NotSmtp(shown(line));
    let line = line.trim_ascii_end();
    let (digits, rest) = line.split_at_checked(3).ok_or_else(none)?;
    let [first, second, third] = digits else { return Err(none()) };
    if !(b'2'..=b'5').contains(first) || !second.is_ascii_digit() || !third.is_ascii_digit() {
        return Err(none());
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.first() {
        None | Some(b' ') => Ok((code, true)),
        Some(b'-') => Ok((code, false)),
        Some(_) => Err(none()),
    }
}

/// Four times what RFC 5321 §4.5.3.1.5 grants.
const LINE_BYTES_MAX: usize = 2048;
/// Servers with many extensions have some twenty.
const LINES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<(u16, usize)>, String> {
        let read = ReplyReader::default().push(text.as_bytes());
        read.map(|whole| whole.map(|(reply, taken)| (reply.code, taken))).map_err(|why| why.to_string())
    }

    #[test]
    fn replies() {
        assert_eq!(read("220 mail ESMTP\r\n"), Ok(Some((220, 16))));
        assert_eq!(read("250-mail\r\n250-SIZE 1\r\n250 HELP\r\nmore"), Ok(Some((250, 32))));
        assert_eq!(read("250\n"), Ok(Some((250, 4))));
        assert_eq!(read("250-mail\r\n250 HE"), Ok(None));
        let mut reader = ReplyReader::default();
        let last = "250-mail\r\n250 x\r\n".bytes().map(|byte| reader.push(&[byte]).unwrap()).last();
        let lines = ["250-mail", "250 x"].map(str::to_owned).to_vec();
        assert_eq!(last, Some(Some((Reply { code: 250, lines }, 1))));
    }

    #[test]
    fn what_is_none() {
        assert_eq!(read("HTTP/1.1 400 No\r\n").unwrap_err(), "the answer is not SMTP: \"HTTP/1.1 400 No\"");
        for text in ["\n", "25\n", "620 x\n", "2x0 x\n", "250_x\n", "\u{ff}\u{ff}\n"] {
            assert!(read(text).unwrap_err().contains("not SMTP"), "{text:?}");
        }
        assert_eq!(read("250-a\n251 b\n").unwrap_err(), BadReply::TwoCodes(250, 251).to_string());
        assert_eq!(read(&"x".repeat(LINE_BYTES_MAX + 1)).unwrap_err(), BadReply::LongLine.to_string());
        assert_eq!(read(&"250-x\n".repeat(LINES_MAX)).unwrap_err(), BadReply::ManyLines.to_string());
    }
}
