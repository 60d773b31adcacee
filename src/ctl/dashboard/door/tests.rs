//! Who is let in, asked over a real socket.

use tokio::io::AsyncReadExt as _;

use super::*;
use crate::ctl::dashboard::feed::Now;
use crate::ctl::dashboard::wish::{Refused, What};

/// A door with somebody behind it.
struct Open {
    house: Arc<House>,
    token: String,
    port: u16,
    wished: mpsc::Receiver<Wished>,
}

async fn open() -> Open {
    patient(PATIENCE).await
}

async fn patient(patience: Duration) -> Open {
    let token = Token::new().unwrap();
    let door = Door::open(0).await.unwrap();
    let (word, port) = (token.expose().to_owned(), door.port);
    assert_eq!(door.url(&token), format!("http://127.0.0.1:{port}/?token={word}"));
    let (house, wished) = House::patient(token, patience);
    tokio::spawn(door.serve(Arc::clone(&house)));
    Open { house, token: word, port, wished }
}

impl Open {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap()
    }

    /// What is answered to these bytes, until the connection ends.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await; // what was not read of a request resets it
        String::from_utf8(answer).unwrap()
    }

    /// The answer to a request with these further lines.
    async fn ask(&self, first: &str, lines: &[&str], body: &str) -> String {
        let mut text = format!("{first} HTTP/1.1\r\n");
        if !lines.iter().any(|line| line.starts_with("Host:")) {
            text += &format!("Host: 127.0.0.1:{}\r\n", self.port);
        }
        lines.iter().for_each(|line| text += &format!("{line}\r\n"));
        self.raw(format!("{text}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await
    }

    async fn status(&self, first: &str, lines: &[&str]) -> String {
        self.ask(first, lines, "").await.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn header(&self) -> String {
        format!("X-Hactl-Token: {}", self.token)
    }
}

#[tokio::test]
async fn without_the_token_nothing_is_shown() {
    let door = open().await;
    let (mine, header) = (format!("GET /?token={}", door.token), door.header());
    assert_eq!(door.status(&mine, &[]).await, "200");
    let wrong = "X-Hactl-Token: 00000000000000000000000000000000";
    for (first, lines, status) in [
        ("GET /", vec![], "403"),
        ("GET /?token=", vec![], "403"),
        ("GET /?token=00000000000000000000000000000000", vec![], "403"),
        ("GET /?tokens=x", vec![header.as_str()], "403"),
        ("GET /events", vec![], "403"),
        ("GET /events", vec![wrong], "403"),
        ("POST /order", vec![], "403"),
        ("POST /order", vec![wrong], "403"),
        ("POST /", vec![header.as_str()], "405"),
        ("DELETE /events", vec![header.as_str()], "405"),
        ("GET /order", vec![header.as_str()], "405"),
        ("GET /report/00000000000000000000000000000000", vec![header.as_str()], "404"),
        ("GET /../../etc/passwd", vec![header.as_str()], "404"),
    ] {
        assert_eq!(door.status(first, &lines).await, status, "{first} {lines:?}");
    }
    // In the query it opens the page, and orders nothing: a form or a link of another site can send a query.
    assert_eq!(door.status(&format!("POST /order?token={}", door.token), &[]).await, "403");
    assert_eq!(door.status(&format!("GET /events?token={}", door.token), &[]).await, "403");
}

#[tokio::test]
async fn another_host_and_another_origin_are_refused() {
    let door = open().await;
    let (first, header) = (format!("GET /?token={}", door.token), door.header());
    for host in ["evil.example:80", "127.0.0.1.evil.example", "10.0.0.3:80", "localhost:x", "[::1]:80", ""] {
        assert_eq!(door.status(&first, &[&format!("Host: {host}")]).await, "421", "{host}");
    }
    for host in ["localhost:7", "127.0.0.1", "localhost"] {
        assert_eq!(door.status(&first, &[&format!("Host: {host}")]).await, "200", "{host}: a forwarded port");
    }
    for line in
        ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"]
    {
        assert_eq!(door.status("POST /order", &[&header, line]).await, "403", "{line}");
    }
    assert_eq!(door.status(&first, &["Sec-Fetch-Site: cross-site"]).await, "200", "a link opens the page");
    let own = format!("Origin: http://127.0.0.1:{}", door.port);
    assert_eq!(door.status("POST /order", &[&header, &own, "Sec-Fetch-Site: same-origin"]).await, "415");
}

#[tokio::test]
async fn every_answer_forbids_what_is_from_elsewhere() {
    let door = open().await;
    let style = "p { color: #123 }";
    let report = door.house.keep(format!("<!doctype html><style>{style}</style><p>3 of 5 passed")).unwrap();
    for first in [format!("GET /?token={}", door.token), "GET /".into(), format!("GET {report}"), "GET /x".into()] {
        let answer = door.ask(&first, &[], "").await;
        for line in [
            "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "Cache-Control: no-store",
            "Referrer-Policy: no-referrer",
            "X-Content-Type-Options: nosniff",
        ] {
            assert!(answer.contains(line), "{first}: {answer}");
        }
        let script = answer.lines().find(|line| line.starts_with("Content-Security-Policy")).unwrap();
        assert!(!script.contains("unsafe") && !script.contains("http") && !script.contains('*'), "{script}");
        assert!(!answer.contains("Access-Control"), "nobody else may read it");
    }
    let shown = door.ask(&format!("GET {report}"), &[], "").await;
    let sum = data_encoding::BASE64.encode(ring::digest::digest(&ring::digest::SHA256, style.as_bytes()).as_ref());
    assert!(shown.ends_with("3 of 5 passed") && shown.contains(&format!("; style-src 'sha256-{sum}'\r\n")), "{shown}");
    for number in 0..REPORTS {
        door.house.keep(number.to_string()).unwrap();
    }
    assert_eq!(door.status(&format!("GET {report}"), &[]).await, "404", "no more than {REPORTS} are kept");
}

#[tokio::test]
async fn an_order_goes_to_who_carries_it_out() {
    let mut door = open().await;
    let header = door.header();
    let lines = [header.as_str(), "Content-Type: application/json"];
    let body = r#"{"do":"failover","vip":"VI_1","to":"lb-6","typed":"lb-6"}"#;
    for (answer, status, words) in
        [(Ok(()), "202", "begun"), (Err(Refused::ReadOnly), "409", "read_only"), (Err(Refused::Busy), "409", "busy")]
    {
        let carries_out = async {
            let wished = door.wished.recv().await.unwrap();
            assert_eq!(wished.wish.what, What::Failover { vip: "VI_1".into(), to: "lb-6".into() });
            wished.answer.send(answer).unwrap();
        };
        // `ask` needs the door, too.
        let (port, house) = (door.port, Arc::clone(&door.house));
        let (_, nobody) = mpsc::channel(1);
        let asks = Open { house, token: door.token.clone(), port, wished: nobody };
        let said = asks.ask("POST /order", &lines, body);
        let both = timeout(Duration::from_secs(20), async { tokio::join!(said, carries_out) });
        let (said, ()) = both.await.unwrap();
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")) && said.contains(words), "{said}");
    }
    for (body, status) in [("", "400"), ("{}", "400"), (r#"{"do":"reboot","typed":"x"}"#, "400"), ("[[[[", "400")] {
        assert!(door.ask("POST /order", &lines, body).await.starts_with(&format!("HTTP/1.1 {status} ")), "{body}");
    }
    let form = [header.as_str(), "Content-Type: text/plain"];
    assert!(door.ask("POST /order", &form, body).await.starts_with("HTTP/1.1 415 "), "a form of another site");
    door.wished.close();
    assert!(door.ask("POST /order", &lines, body).await.starts_with("HTTP/1.1 503 "), "nobody carries it out");
}

#[tokio::test]
async fn noise_is_answered_and_harms_nobody() {
    let door = open().await;
    assert!(door.raw(b"\x16\x03\x01\x02\x00\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    assert!(door.raw(b"GET\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let long = format!("POST /order HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", u64::MAX);
    assert!(door.raw(long.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    drop(door.connect().await);
    assert_eq!(door.status(&format!("GET /?token={}", door.token), &[]).await, "200");
}

#[tokio::test]
async fn browsers_are_told_and_bounded() {
    let door = open().await;
    door.house.feed.show(Now { state: "{\"a\":1}".into(), log: "[]".into(), words: "{}".into() });
    let request = format!("GET /events HTTP/1.1\r\nHost: localhost:1\r\n{}\r\n\r\n", door.header());
    let mut all = Vec::new();
    for _ in 0..LISTENERS {
        let mut stream = door.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut come = String::new();
        while !come.contains("event: log") {
            let mut piece = [0; 4096];
            let count = stream.read(&mut piece).await.unwrap();
            assert_ne!(count, 0, "{come}");
            come += std::str::from_utf8(&piece[..count]).unwrap();
        }
        assert!(come.contains("Content-Type: text/event-stream") && come.contains("data: {\"a\":1}\n\n"), "{come}");
        all.push(stream);
    }
    assert!(door.raw(request.as_bytes()).await.starts_with("HTTP/1.1 503 "), "one more than {LISTENERS}");
    // Connections that say nothing take all seats; whoever comes then is let go at once.
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS - LISTENERS {
        idle.push(door.connect().await);
    }
    assert_eq!(door.raw(b"").await, "");
    drop((all, idle));
    let first = format!("GET /?token={}", door.token);
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while door.status(&first, &[]).await != "200" {
        assert!(std::time::Instant::now() < end, "seats are free again");
    }
}

#[tokio::test]
async fn whoever_is_slow_is_let_go() {
    let door = patient(Duration::from_millis(300)).await;
    for begun in ["", "GET / HTTP/1.1\r\nHost: local", "POST /order HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"] {
        assert!(door.raw(begun.as_bytes()).await.starts_with("HTTP/1.1 408 "), "{begun}");
    }
    // One who listens and takes nothing gives his seat back, however much waits for him.
    let mut stream = door.connect().await;
    let request = format!("GET /events HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", door.header());
    stream.write_all(request.as_bytes()).await.unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(20);
    let seats = |free| {
        assert!(std::time::Instant::now() < end, "not {free} seats: {}", door.house.listeners.available_permits());
        door.house.listeners.available_permits() != free
    };
    while seats(LISTENERS - 1) {
        tokio::task::yield_now().await;
    }
    let large = |number: usize| Now { state: format!("{number}{}", "x".repeat(4 << 20)).into(), ..Now::default() };
    let mut number = 0;
    while seats(LISTENERS) {
        number += 1;
        door.house.feed.show(large(number));
        sleep(Duration::from_millis(20)).await;
    }
    drop(stream);
}

#[tokio::test]
async fn it_listens_at_one_address_alone() {
    let door = open().await;
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 1), door.port)).await.is_ok());
    // All of 127.0.0.0/8 is this machine: whoever listens everywhere listens there, too.
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), door.port)).await.is_err());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let door = Door::open(0).await.unwrap();
    let failure = Door::open(door.port).await.unwrap_err();
    assert_eq!((failure.exit, failure.problems[0].code), (Exit::Preflight, Code::NoDashboardPort));
}
