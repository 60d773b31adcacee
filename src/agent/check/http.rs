//! `HTTP_GET` and `SSL_GET`: each url is asked for over a connection of its own, and what comes back is judged.

use std::io::ErrorKind;

use data_encoding::{BASE64, HEXLOWER};
use hactl_engine::conf::config::lvs::{HttpCheck, HttpVersion, Pattern, StatusSet, Url};
use md5::{Digest as _, Md5};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::around::Surroundings;
use super::connect::{connect, refusal};
use super::http_body::Body;
use super::http_head::{Head, HeadReader};
use super::pace::{Meter, Paced};
use super::tls;
use crate::agent::command::secret::read_secret;

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

/// Asks for every url, one after another; all must be good, within the check's time.
///
/// # Errors
/// In words: the first url that is not as wanted.
pub(crate) async fn check(http: &HttpCheck, around: &Surroundings) -> Result<(), String> {
    let (limit, meter) = (http.connection.timeout, Meter::default());
    let all = async {
        for url in &http.urls {
            let wanted = Wanted { digest: url.digest.is_some(), text: url.pattern.is_some() };
            let answer = ask(http, url, wanted, around, &meter).await?;
            judge(url, &answer, around)?;
        }
        Ok(())
    };
    timeout(limit, all).await.unwrap_or_else(|_| Err(meter.time_is_over(limit)))
}

/// Asks for one url; the caller limits the time, and can tell from the meter what it was spent on.
///
/// # Errors
/// In words: no connection, no answer, or none of HTTP.
pub(crate) async fn ask(
    http: &HttpCheck,
    url: &Url,
    wanted: Wanted,
    around: &Surroundings,
    meter: &Meter,
) -> Result<Answer, String> {
    let request = request(http, url)?;
    // A status that is not wanted is the answer: no body mends it.
    let wanted = |head: Head| if url.status.contains(head.status) { wanted } else { Wanted::default() };
    let stream = Paced::new(connect(&http.connection).await?, meter.clone());
    match &http.tls {
        None => converse(stream, &request, wanted).await,
        Some(settings) => {
            let stream = tls::begin(stream, settings, url, &http.connection, around).await?;
            converse(stream, &request, wanted).await
        }
    }
}

fn request(http: &HttpCheck, url: &Url) -> Result<Vec<u8>, String> {
    let version = if http.version == HttpVersion::Http11 { "1.1" } else { "1.0" };
    let mut text = format!("GET {} HTTP/{version}\r\nHost: {}\r\n", url.path, host(http, url));
    let given = |name: &str| url.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    if !given("User-Agent") {
        text.push_str("User-Agent: hactl\r\n");
    }
    if !given("Accept") {
        text.push_str("Accept: */*\r\n");
    }
    if http.version != HttpVersion::Http10 {
        text.push_str("Connection: close\r\n");
    }
    if let Some(auth) = &url.auth {
        let file = &auth.password_file;
        let secret = read_secret(file).map_err(|why| format!("not asked: password file {file}: {why}"))?;
        let password = secret.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let pair = [auth.user.as_bytes(), b":", password].concat();
        text.push_str(&format!("Authorization: Basic {}\r\n", BASE64.encode(&pair)));
    }
    for (name, value) in &url.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    Ok(text.into_bytes())
}

/// The host asked for; without a name the address, with its port where that is not the usual one.
fn host(http: &HttpCheck, url: &Url) -> String {
    let to = http.connection.to;
    match &url.host {
        Some(host) => host.clone(),
        None if to.port() == if http.tls.is_some() { 443 } else { 80 } => {
            if to.is_ipv6() {
                format!("[{}]", to.ip())
            } else {
                to.ip().to_string()
            }
        }
        None => to.to_string(),
    }
}

async fn converse<S>(mut stream: S, request: &[u8], wanted: impl Fn(Head) -> Wanted) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request).await.map_err(|error| refusal(&error))?;
    stream.flush().await.map_err(|error| refusal(&error))?;
    let mut buffer = vec![0; BUFFER_BYTES]; // not in the future itself: thousands of checks wait at a time
    let mut reader = HeadReader::default();
    let (head, rest) = loop {
        let arrived = read(&mut stream, &mut buffer).await?;
        if arrived.is_empty() {
            return Err(reader.closed().to_string());
        }
        if let Some(whole) = reader.push(arrived).map_err(|fault| fault.to_string())? {
            break whole;
        }
    };
    let wanted = wanted(head);
    if wanted == Wanted::default() {
        return Ok(Answer { status: head.status, length: 0, digest: None, text: None });
    }
    let mut body = Body::new(head.framing);
    let mut content = Content::new(wanted);
    body.push(&rest, |piece| content.take(piece)).map_err(|fault| fault.to_string())?;
    while !body.done() && !content.too_long() {
        let arrived = read(&mut stream, &mut buffer).await?;
        if arrived.is_empty() {
            body.closed().map_err(|fault| fault.to_string())?;
            break;
        }
        body.push(arrived, |piece| content.take(piece)).map_err(|fault| fault.to_string())?;
    }
    content.finish(head.status)
}

/// The next bytes; none at the end.
async fn read<'b, S: AsyncRead + Unpin>(stream: &mut S, buffer: &'b mut [u8]) -> Result<&'b [u8], String> {
    let count = match stream.read(buffer).await {
        Ok(count) => count,
        // TLS that ends without a goodbye: whether something is missing, the framing tells.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
        Err(error) => return Err(tls::words(&error).unwrap_or_else(|| refusal(&error))),
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

    fn finish(self, status: u16) -> Result<Answer, String> {
        if self.too_long() {
            return Err(format!("the body of its answer is longer than {} MiB", self.limit >> 20));
        }
        let digest = self.digest.map(|digest| digest.finalize().into());
        Ok(Answer { status, length: self.length, digest, text: self.text })
    }
}

fn judge(url: &Url, answer: &Answer, around: &Surroundings) -> Result<(), String> {
    let path = &url.path;
    if !url.status.contains(answer.status) {
        return Err(format!("HTTP status {} instead of {} from {path}", answer.status, set(&url.status)));
    }
    if let (Some(wanted), Some(found)) = (&url.digest, &answer.digest)
        && wanted != found
    {
        return Err(format!("MD5 sum {} instead of {} from {path}", HEXLOWER.encode(found), HEXLOWER.encode(wanted)));
    }
    match (&url.pattern, &answer.text) {
        (Some(pattern), Some(text)) => search(pattern, text, path, around),
        _ => Ok(()),
    }
}

fn search(pattern: &Pattern, text: &[u8], path: &str, around: &Surroundings) -> Result<(), String> {
    let regex = around.patterns.compiled(&pattern.regex)?;
    let found = if pattern.min_offset <= text.len() { regex.find_at(text, pattern.min_offset) } else { None };
    let found = found.map(|found| found.start()).filter(|at| pattern.max_offset == 0 || *at < pattern.max_offset);
    match (found, pattern.absent) {
        (Some(_), false) | (None, true) => Ok(()),
        (None, false) => Err(format!("no match of the regex in the {} bytes from {path}", text.len())),
        (Some(at), true) => {
            Err(format!("the regex that must not match does so at byte {at} of what comes from {path}"))
        }
    }
}

fn set(status: &StatusSet) -> String {
    let range = |(first, last): &(u16, u16)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    status.0.iter().map(range).collect::<Vec<_>>().join(" or ")
}

/// Read at once.
const BUFFER_BYTES: usize = 16 * 1024;
/// A body that a regex searches is kept whole, and is not longer.
const TEXT_BYTES_MAX: usize = 4 << 20;
/// A body of which only the sum is made is not kept.
const DIGEST_BYTES_MAX: usize = 64 << 20;

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
