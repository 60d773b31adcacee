//! `HTTP_GET` against servers of every kind.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;

use hactl_engine::conf::config::lvs::{BasicAuth, Check};
use hactl_engine::lvs::health::{Outcome, Reason, Why};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::peer::{Behaviour, failure, outcome, peer, to};
use super::*;
use crate::net::http::exchange::{DIGEST_BYTES_MAX, TEXT_BYTES_MAX};

fn url(path: &str) -> Url {
    Url {
        path: path.into(),
        host: None,
        status: StatusSet::default(),
        digest: None,
        pattern: None,
        headers: Vec::new(),
        auth: None,
    }
}

fn check(at: SocketAddr, version: HttpVersion, urls: Vec<Url>) -> Check {
    Check::Http(Box::new(HttpCheck { connection: to(at), tls: None, version, fast_recovery: false, urls }))
}

fn pattern(regex: &str) -> Pattern {
    Pattern { regex: regex.into(), absent: false, min_offset: 0, max_offset: 0 }
}

fn summed(sum: [u8; 16]) -> Url {
    Url { digest: Some(sum), ..url("/sum") }
}

fn searched(pattern: Pattern) -> Url {
    Url { pattern: Some(Box::new(pattern)), ..url("/search") }
}

/// How a server that answers so is judged.
async fn judged(answer: &[u8], url: Url) -> Outcome {
    let server = peer(Behaviour::Answer(answer.to_vec())).await;
    outcome(check(server.at, HttpVersion::Http11, vec![url])).await
}

async fn refused(behaviour: Behaviour, url: Url) -> String {
    failure(check(peer(behaviour).await.at, HttpVersion::Http10, vec![url])).await
}

fn failed(why: &str) -> Outcome {
    Outcome::Failed(Why { reason: Reason::Answer, words: why.into() })
}

const HELLO: [u8; 16] =
    [0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92];

#[tokio::test]
async fn status() {
    assert_eq!(judged(b"HTTP/1.1 204 Nothing\r\n\r\n", url("/")).await, Outcome::Passed);
    let bad = judged(b"HTTP/1.1 500 No\r\n\r\n", url("/health")).await;
    assert_eq!(bad, failed("HTTP status 500 instead of 200-299 from /health"));
    let wanted = Url { status: StatusSet(vec![(200, 200), (401, 403)]), ..url("/") };
    assert_eq!(judged(b"HTTP/1.0 402 Pay\r\n\r\n", wanted.clone()).await, Outcome::Passed);
    let bad = judged(b"HTTP/1.0 404 Gone\r\n\r\n", wanted).await;
    assert_eq!(bad, failed("HTTP status 404 instead of 200 or 401-403 from /"));
}

#[tokio::test]
async fn digest_over_each_framing() {
    for answer in [
        b"HTTP/1.1 200 OK\r\n\r\nhello".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ] {
        assert_eq!(judged(answer, summed(HELLO)).await, Outcome::Passed);
    }
    let other = judged(b"HTTP/1.1 200 OK\r\n\r\nhullo", summed(HELLO)).await;
    let words = "MD5 sum 54bf43965e2bbaa20c22c22ca7b4e9c7 instead of 5d41402abc4b2a76b9719d911017c592 from /sum";
    assert_eq!(other, failed(words));
}

#[tokio::test]
async fn regex_and_its_offsets() {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nstate: ok, ok";
    let at = |min_offset, max_offset| searched(Pattern { min_offset, max_offset, ..pattern("(?-u)ok") });
    assert_eq!(judged(ANSWER, at(0, 0)).await, Outcome::Passed);
    assert_eq!(judged(ANSWER, at(8, 12)).await, Outcome::Passed);
    assert_eq!(judged(ANSWER, at(11, 12)).await, Outcome::Passed);
    for (min, max) in [(12, 0), (8, 11), (100, 0), (0, 7)] {
        let bad = judged(ANSWER, at(min, max)).await;
        assert_eq!(bad, failed("no match of the regex in the 13 bytes from /search"), "{min} {max}");
    }
    let absent = |regex: &str| searched(Pattern { absent: true, ..pattern(regex) });
    assert_eq!(judged(ANSWER, absent("(?-u)error")).await, Outcome::Passed);
    let bad = judged(ANSWER, absent("(?-u)ok")).await;
    assert_eq!(bad, failed("the regex that must not match does so at byte 7 of what comes from /search"));
    let unusable = judged(ANSWER, searched(pattern("(?-u)("))).await;
    let Outcome::Failed(why) = unusable else { panic!("{unusable:?}") };
    assert!(why.reason == Reason::NotTried && why.words.starts_with("unusable regex: "), "{why:?}");
}

#[tokio::test]
async fn every_url_counts() {
    let server = peer(Behaviour::Answer(b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec())).await;
    let urls = vec![url("/one"), summed(HELLO), searched(pattern("(?-u)^hello$"))];
    assert_eq!(outcome(check(server.at, HttpVersion::Http10Close, urls.clone())).await, Outcome::Passed);
    let urls = [urls, vec![searched(pattern("(?-u)good"))]].concat();
    let bad = outcome(check(server.at, HttpVersion::Http10Close, urls)).await;
    assert_eq!(bad, failed("no match of the regex in the 5 bytes from /search"));
}

#[tokio::test]
async fn the_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "open sesame\nnot this\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let auth = BasicAuth { user: "Aladdin".into(), password_file: file.display().to_string() };
    let url = Url {
        host: Some("www.example.cc".into()),
        headers: vec![("X-Probe".into(), "37".into()), ("user-agent".into(), "mine".into())],
        auth: Some(Box::new(auth)),
        ..url("/health?deep=1")
    };
    let requested = |version: HttpVersion, url: Url| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let listening = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await.unwrap();
            String::from_utf8(request[..count].to_vec()).unwrap().replace(&at.to_string(), "AT")
        });
        assert_eq!(outcome(check(at, version, vec![url])).await, Outcome::Passed);
        listening.await.unwrap()
    };
    let plain = Url { host: None, headers: Vec::new(), auth: None, ..url.clone() };
    assert_eq!(
        requested(HttpVersion::Http10, plain).await,
        "GET /health?deep=1 HTTP/1.0\r\nHost: AT\r\nUser-Agent: hactl\r\nAccept: */*\r\n\r\n"
    );
    assert_eq!(
        requested(HttpVersion::Http11, url.clone()).await,
        "GET /health?deep=1 HTTP/1.1\r\nHost: www.example.cc\r\nAccept: */*\r\nConnection: close\r\n\
         Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nX-Probe: 37\r\nuser-agent: mine\r\n\r\n"
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let why = refused(Behaviour::Stall, url).await;
    let words = format!("not asked: password file {}: others may use it (mode 644)", file.display());
    assert!(why.starts_with(&words) && !why.contains("sesame"), "{why}");
}

#[tokio::test]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let why = failure(check(free, HttpVersion::Http10, vec![url("/")])).await;
    assert_eq!(why, "connection refused: nothing listens there");
}

#[tokio::test]
async fn stalls_and_drips_end_with_the_limit() {
    let head = b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec();
    let body = b"HTTP/1.1 200 OK\r\n\r\nhel".to_vec();
    for behaviour in [Behaviour::Stall, Behaviour::SayAndStall(head.clone()), Behaviour::Drip(head)] {
        assert_eq!(refused(behaviour, url("/")).await, "no answer within 1.2s");
    }
    assert_eq!(refused(Behaviour::SayAndStall(body.clone()), summed(HELLO)).await, "no answer within 1.2s");
    // Without interest in the body the head is the answer.
    let server = peer(Behaviour::SayAndStall(body)).await;
    assert_eq!(outcome(check(server.at, HttpVersion::Http10, vec![url("/")])).await, Outcome::Passed);
}

#[tokio::test]
async fn garbage_and_early_ends() {
    let words = refused(Behaviour::Say(b"220 mail.example.cc ESMTP\r\n".to_vec()), url("/")).await;
    assert_eq!(words, "the answer is not HTTP: it begins with \"220 mail.example.cc ESMTP\"");
    assert_eq!(
        refused(Behaviour::Answer(Vec::new()), url("/")).await,
        "it closed the connection 0 bytes into the head of its answer"
    );
    assert_eq!(
        refused(Behaviour::Answer(b"HTTP/1.1 200 OK\r\nServer".to_vec()), url("/")).await,
        "it closed the connection 23 bytes into the head of its answer"
    );
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel".to_vec();
    assert_eq!(
        refused(Behaviour::Answer(cut), summed(HELLO)).await,
        "it closed the connection after 3 bytes of the body of 5"
    );
}

/// A gigabyte is offered; only so much is taken as the check has a use for. Sockets hold a few megabytes more.
#[tokio::test]
async fn floods_are_cut() {
    const SOCKETS: usize = 16 << 20;
    let body = || b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let cases = [
        (Behaviour::Flood(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), url("/"), 64 << 10, "head of its answer is longer"),
        (
            Behaviour::Flood(body()),
            searched(pattern("(?-u)hello")),
            TEXT_BYTES_MAX,
            "the body of its answer is longer than 4 MiB",
        ),
        (Behaviour::Flood(body()), summed(HELLO), DIGEST_BYTES_MAX, ""),
    ];
    for (behaviour, url, most, words) in cases {
        let server = peer(behaviour).await;
        let why = failure(check(server.at, HttpVersion::Http10, vec![url])).await;
        assert!(why.contains(words), "{why}");
        assert!(server.sent() < most + SOCKETS, "{} bytes taken: {why}", server.sent());
    }
}

/// The sum takes any length, so only the time ends it, which was spent on what came.
#[tokio::test]
async fn a_flood_that_time_ends_is_named() {
    let server = peer(Behaviour::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    let mut flooded = check(server.at, HttpVersion::Http10, vec![summed(HELLO)]);
    let Check::Http(http) = &mut flooded else { unreachable!() };
    http.connection.timeout = std::time::Duration::from_millis(400);
    let why = failure(flooded).await;
    assert!(why.starts_with("no end of its answer within 400ms: it sends more, or in smaller pieces, than "), "{why}");
}
