//! What systemd is about to do: its jobs, asked of it over its own socket in D-Bus's format, as `systemctl list-jobs`
//! does. A process of its own to ask would cost more than the answer may take.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Where systemd listens, for root alone.
pub(crate) const SOCKET: &str = "/run/systemd/private";
/// How long an answer may take: it is given at once, unless systemd reads its units anew.
const LIMIT: Duration = Duration::from_millis(100);
/// Longest message that is read; a job takes some 150 bytes.
const MESSAGE_MAX: usize = 1 << 20;
/// Most messages before the answer: systemd tells everybody on this socket what happens meanwhile.
const MESSAGES_MAX: usize = 1000;
/// Longest line before the messages begin.
const LINE_MAX: usize = 256;
/// Before the fields of a message's header: byte order, kind, flags, version, and three lengths and numbers.
const HEAD: usize = 16;
/// Kinds of messages.
const RETURN: u8 = 2;
const ERROR: u8 = 3;

/// A job that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Job {
    unit: String,
    /// `start`, `restart`, `stop`, …
    kind: String,
}

/// Whether systemd has a job for this unit after which it runs.
///
/// # Errors
/// There is no systemd, or it gives no answer in time.
pub(crate) async fn is_to_run(socket: &Path, unit: &str) -> io::Result<bool> {
    let jobs = timeout(LIMIT, list(socket)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    Ok(jobs.iter().any(|job| job.unit == unit && job.kind != "stop"))
}

async fn list(socket: &Path) -> io::Result<Vec<Job>> {
    let mut stream = UnixStream::connect(socket).await?;
    // systemd knows by the socket who asks; "30" is the 0 of root in hexadecimal letters.
    stream.write_all(b"\0AUTH EXTERNAL 30\r\nBEGIN\r\n").await?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE_MAX {
            return Err(odd("a line without end"));
        }
        line.push(stream.read_u8().await?);
    }
    if !line.starts_with(b"OK") {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    stream.write_all(&question()).await?;
    for _ in 0..MESSAGES_MAX {
        let (kind, body) = message(&mut stream).await?;
        match kind {
            RETURN => return jobs(body).ok_or_else(|| odd("an answer that cannot be read")),
            ERROR => return Err(odd("an error in place of an answer")),
            _ => {} // what happens meanwhile
        }
    }
    Err(odd("no answer among many messages"))
}

fn odd(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A call of `ListJobs`.
fn question() -> Vec<u8> {
    let mut fields = Vec::new();
    for (code, kind, value) in [
        (1_u8, b'o', "/org/freedesktop/systemd1"),
        (2, b's', "org.freedesktop.systemd1.Manager"),
        (3, b's', "ListJobs"),
        (6, b's', "org.freedesktop.systemd1"),
    ] {
        pad(&mut fields, 8);
        fields.extend([code, 1, kind, 0]);
        put_text(&mut fields, value);
    }
    let mut message = vec![b'l', 1, 0, 1];
    for number in [0, 1, length(&fields)] {
        message.extend(number.to_le_bytes()); // the body's length, the message's number, the fields' length
    }
    message.extend(fields);
    pad(&mut message, 8);
    message
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(length(text.as_bytes()).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// The next message: its kind, and its body with the byte order it is in.
async fn message(stream: &mut UnixStream) -> io::Result<(u8, Body)> {
    let mut head = [0; HEAD];
    stream.read_exact(&mut head).await?;
    let mut read = Body { big: head[0] == b'B', bytes: head.to_vec(), at: 4 };
    let lengths = (read.number(), read.number(), read.number());
    let (Some(body), _, Some(fields)) = lengths else { return Err(odd("a header that cannot be read")) };
    let (Ok(body), Ok(fields)) = (usize::try_from(body), usize::try_from(fields)) else { return Err(odd("a length")) };
    if body > MESSAGE_MAX || fields > MESSAGE_MAX {
        return Err(odd("a message that is too long"));
    }
    // The head's length is a multiple of 8 itself.
    let mut rest = vec![0; fields.next_multiple_of(8) + body];
    stream.read_exact(&mut rest).await?;
    Ok((head[1], Body { big: read.big, bytes: rest.split_off(fields.next_multiple_of(8)), at: 0 }))
}

/// Values one after another, each aligned to its size.
struct Body {
    big: bool,
    bytes: Vec<u8>,
    at: usize,
}

impl Body {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn number(&mut self) -> Option<u32> {
        let big = self.big;
        self.align(4);
        let four = self.take(4)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let text = String::from_utf8(self.take(length)?.to_vec()).ok()?;
        self.take(1)?; // the zero behind it
        Some(text)
    }
}

/// The answer: an array of (number, unit, kind, state, path of the job, path of the unit).
fn jobs(mut body: Body) -> Option<Vec<Job>> {
    let length = usize::try_from(body.number()?).ok()?;
    body.align(8);
    let end = body.at.checked_add(length)?;
    let mut jobs = Vec::new();
    while body.at < end {
        body.align(8);
        body.number()?;
        let (unit, kind) = (body.text()?, body.text()?);
        for _ in 0..3 {
            body.text()?;
        }
        jobs.push(Job { unit, kind });
    }
    Some(jobs)
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    fn number(bytes: &mut Vec<u8>, number: u32) {
        pad(bytes, 4);
        bytes.extend(number.to_le_bytes());
    }

    fn text(bytes: &mut Vec<u8>, text: &str) {
        pad(bytes, 4);
        put_text(bytes, text);
    }

    /// What systemd 252 says, with its fields cut down.
    fn answer(kind: u8, jobs: &[(&str, &str)]) -> Vec<u8> {
        let mut array = Vec::new();
        for (unit, what) in jobs {
            pad(&mut array, 8);
            number(&mut array, 1337);
            for word in
                [*unit, *what, "running", "/org/freedesktop/systemd1/job/1337", "/org/freedesktop/systemd1/unit/a"]
            {
                text(&mut array, word);
            }
        }
        let mut body = length(&array).to_le_bytes().to_vec();
        pad(&mut body, 8);
        body.extend(array);
        let mut message = vec![b'l', kind, 1, 1];
        for number in [length(&body), 7, 8] {
            message.extend(number.to_le_bytes());
        }
        message.extend([5, 1, b'u', 0, 1, 0, 0, 0]); // the number of the call
        message.extend(body);
        message
    }

    /// Answers once, after what it says of other things.
    async fn ask(greeting: &'static [u8], says: Vec<u8>, unit: &str) -> io::Result<bool> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("private");
        let listener = UnixListener::bind(&path).unwrap();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; b"\0AUTH EXTERNAL 30\r\nBEGIN\r\n".len()];
            stream.read_exact(&mut asked).await.unwrap();
            stream.write_all(greeting).await.unwrap();
            let mut call = vec![0; question().len()];
            if stream.read_exact(&mut call).await.is_ok() {
                stream.write_all(&says).await.unwrap();
            }
            call
        });
        let said = is_to_run(&path, unit).await;
        served.abort();
        said
    }

    #[tokio::test]
    async fn jobs_are_asked_for() {
        let restart = [("ssh.service", "stop"), ("nginx.service", "restart")];
        let mut told = answer(4, &[("nginx.service", "stop")]); // not an answer
        told.extend(answer(RETURN, &restart));
        let hello = b"OK 0123456789abcdef0123456789abcdef\r\n";
        assert!(ask(hello, told.clone(), "nginx.service").await.unwrap());
        assert!(!ask(hello, told.clone(), "ssh.service").await.unwrap(), "it is stopped");
        assert!(!ask(hello, told, "cron.service").await.unwrap());
        assert!(!ask(hello, answer(RETURN, &[]), "nginx.service").await.unwrap());
        let refused = ask(b"REJECTED\r\n", Vec::new(), "a.service").await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert!(ask(hello, answer(ERROR, &[]), "a.service").await.is_err());
        assert!(is_to_run(Path::new("/nowhere/private"), "a.service").await.is_err());
    }

    #[tokio::test]
    async fn nonsense_is_no_answer() {
        let hello = b"OK 0\r\n";
        let whole = answer(RETURN, &[("nginx.service", "start")]);
        for at in (4..8).chain(12..16).chain(24..28).chain(40..44) {
            let mut bad = whole.clone();
            bad[at] = 0xff;
            assert!(ask(hello, bad, "nginx.service").await.is_err(), "byte {at}");
        }
        let cut = ask(hello, whole[..whole.len() - 3].to_vec(), "nginx.service").await.unwrap_err();
        assert!([io::ErrorKind::TimedOut, io::ErrorKind::UnexpectedEof].contains(&cut.kind()), "{cut}");
        assert!(ask(&[b'x'; 300], Vec::new(), "a.service").await.is_err());
    }

    #[test]
    fn the_call_is_well_formed() {
        let call = question();
        assert_eq!(call.len() % 8, 0);
        assert_eq!(call[12..16], 145_u32.to_le_bytes());
        let words = String::from_utf8_lossy(&call);
        assert!(words.contains("ListJobs\0") && words.contains("/org/freedesktop/systemd1\0"));
    }
}
