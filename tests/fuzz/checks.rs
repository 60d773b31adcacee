//! What checked servers send: however it is cut and whatever it holds, the readers answer the same, hold what they
//! announce and stay small.

use hactl::agent::check::dns_message::{Verdict, judge, question};
use hactl::net::http::body::Body;
use hactl::net::http::head::{Fault, Framing, HEAD_BYTES_MAX, Head, HeadReader};
use hactl::net::smtp::reply::ReplyReader;

use hactl_engine::conf::WebUrl;

use super::mutate;

#[test]
fn http_answers() {
    mutate::run("http", &http_corpus(), WORDS, |bytes| {
        let whole = http(bytes, bytes.len().max(1));
        for piece in [1, 7] {
            let pieces = http(bytes, piece);
            // A fault may be told with more or less of what caused it.
            match (&whole, &pieces) {
                (Err(one), Err(other)) => assert_eq!(kind(one), kind(other)),
                _ => assert_eq!(whole, pieces, "in pieces of {piece}"),
            }
        }
        if let Ok(Some((head, content))) = whole {
            assert!(head.status >= 100 && content.len() <= bytes.len());
            if let Framing::Length(length) = head.framing {
                assert!(content.len() as u64 <= length);
            }
        }
        // As a body alone: chunks are rarely reached otherwise.
        let alone = body(Framing::Chunked, bytes.chunks(bytes.len().max(1)));
        let cut = body(Framing::Chunked, bytes.chunks(3));
        assert_eq!(alone.is_ok(), cut.is_ok());
        assert!(alone.is_err() || alone == cut);
    });
}

/// Not sent by servers, but as foreign: what stands behind `webhook`.
#[test]
fn web_urls() {
    let corpus = [b"https://[fd00::9]:8443/hook?token=x#y".to_vec(), b"http://10.0.0.9".to_vec()];
    mutate::run("web_url", &corpus, &["http://", "@", ":", "[", "]", "#", "?"], |bytes| {
        let Ok(url) = WebUrl::parse(&String::from_utf8_lossy(bytes)) else { return };
        assert!(!url.host.is_empty() && url.path.starts_with('/') && !url.path.contains('#'), "{url:?}");
        let line = [url.authority, url.path].concat();
        assert!(line.bytes().all(|byte| byte.is_ascii_graphic()), "a header could be added: {line:?}");
    });
}

#[test]
fn smtp_replies() {
    let corpus = [b"220 ready\r\n".to_vec(), b"250-mail\r\n250-SIZE 37\r\n250 HELP\r\n".to_vec(), b"554\n".to_vec()];
    mutate::run("smtp", &corpus, &["250", "-", "\r\n", "99999"], |bytes| {
        let whole = ReplyReader::default().push(bytes);
        if let Ok(Some((reply, taken))) = &whole {
            assert!((200..600).contains(&reply.code) && *taken <= bytes.len());
            assert_eq!(bytes[taken - 1], b'\n');
        }
        let mut reader = ReplyReader::default();
        let mut cut = Ok(None);
        for (at, byte) in bytes.iter().enumerate() {
            cut = reader.push(&[*byte]).map(|reply| reply.map(|(reply, taken)| (reply, at + taken)));
            if cut != Ok(None) {
                break;
            }
        }
        assert_eq!(whole, cut);
    });
}

#[test]
fn dns_answers() {
    let asked = question(0x1234, "www.example.cc", 6);
    let mut good = asked.clone();
    (good[2], good[3], good[7]) = (0x85, 0x80, 1);
    let mut refused = asked.clone();
    (refused[2], refused[3]) = (0x81, 0x85);
    let good_one = good.clone();
    mutate::run("dns", &[good, refused, asked.clone(), Vec::new()], &["www", "\0"], |bytes| {
        if judge(&asked, bytes) == Verdict::Good {
            assert!(bytes.len() >= asked.len() && bytes[..2] == asked[..2] && bytes[3] & 0x0f == 0);
            assert!(bytes[12..asked.len()].eq_ignore_ascii_case(&good_one[12..]));
        }
        // A question made of anything is one that its own answer fits.
        let name = String::from_utf8_lossy(bytes);
        let asked = question(7, &name, 28);
        let mut answer = asked.clone();
        (answer[2], answer[7]) = (0x80, 1);
        assert_eq!(judge(&asked, &answer), Verdict::Good);
    });
}

/// Head and content of an answer that arrives in such pieces.
fn http(bytes: &[u8], piece: usize) -> Result<Option<(Head, Vec<u8>)>, Fault> {
    let mut reader = HeadReader::default();
    let mut pieces = bytes.chunks(piece);
    for arrived in pieces.by_ref() {
        if let Some((head, rest)) = reader.push(arrived)? {
            let content = body(head.framing, std::iter::once(rest.as_slice()).chain(pieces))?;
            return Ok(Some((head, content)));
        }
    }
    assert!(bytes.len() <= HEAD_BYTES_MAX || piece == bytes.len());
    Ok(None)
}

fn body<'b>(framing: Framing, pieces: impl Iterator<Item = &'b [u8]>) -> Result<Vec<u8>, Fault> {
    let (mut body, mut content) = (Body::new(framing), Vec::new());
    for piece in pieces {
        body.push(piece, |bytes| content.extend_from_slice(bytes))?;
    }
    Ok(content)
}

fn kind(fault: &Fault) -> std::mem::Discriminant<Fault> {
    std::mem::discriminant(fault)
}

fn http_corpus() -> Vec<Vec<u8>> {
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nsorry",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Nothing\nX: y\n\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "5\r\nhello\r\n000a\r\n0123456789\r\n0\r\n\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

const WORDS: &[&str] = &[
    "HTTP/1.1 ",
    "\r\n\r\n",
    "\n\n",
    "Content-Length: 18446744073709551615\r\n",
    "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "ffffffffffffffff\r\n",
    "0\r\n",
    "304",
    "101",
    "100",
];
