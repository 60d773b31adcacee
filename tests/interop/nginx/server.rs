//! A server behind nginx: it tells its port and what it was asked, and misbehaves when it is told to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use super::stand::enter;
use crate::lan::{DEADLINE, Lan};

/// One of them, on a port of host 2.
#[derive(Clone, Default)]
pub(super) struct Server(Arc<State>);

#[derive(Default)]
struct State {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// How many requests for `/hold` wait.
    held: AtomicUsize,
    released: AtomicBool,
    /// It closes connections without an answer.
    ill: AtomicBool,
    /// What `/sick` is answered with, when it is not 0.
    sick: AtomicU16,
}

impl Server {
    pub(super) fn start(lan: &Lan, at: (&str, u16)) -> Self {
        let server = Self::default();
        let (own, space) = (server.clone(), lan.host(2));
        let (at, port) = ((at.0.to_owned(), at.1), at.1);
        let (ready, listens) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            enter(&space);
            let listener = TcpListener::bind((at.0.as_str(), port)).unwrap();
            ready.send(()).unwrap();
            for stream in listener.incoming().flatten() {
                own.0.connections.fetch_add(1, SeqCst);
                let own = own.clone();
                std::thread::spawn(move || while own.answer(&stream, port).is_some() {});
            }
        });
        listens.recv().unwrap();
        server
    }

    pub(super) fn connections(&self) -> usize {
        self.0.connections.load(SeqCst)
    }

    pub(super) fn requests(&self) -> usize {
        self.0.requests.load(SeqCst)
    }

    pub(super) fn held(&self) -> usize {
        self.0.held.load(SeqCst)
    }

    pub(super) fn release(&self) {
        self.0.released.store(true, SeqCst);
    }

    pub(super) fn ill(&self, ill: bool) {
        self.0.ill.store(ill, SeqCst);
    }

    pub(super) fn sick(&self, status: u16) {
        self.0.sick.store(status, SeqCst);
    }

    /// One request; `None` when the connection has ended.
    fn answer(&self, mut stream: &TcpStream, port: u16) -> Option<()> {
        let head = head(stream)?;
        self.0.requests.fetch_add(1, SeqCst);
        if self.0.ill.load(SeqCst) {
            return None;
        }
        let lower = head.to_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        std::io::copy(&mut stream.take(length), &mut std::io::sink()).ok()?;
        let path = head.split(' ').nth(1)?;
        let asked = [" http/1.1\r\n", "\nupgrade: websocket\r", "\nconnection: upgrade\r"];
        if asked.iter().all(|word| lower.contains(word)) {
            return upgrade(stream);
        }
        let sick = self.0.sick.load(SeqCst);
        let (status, kind, body) = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "hold"] => {
                self.hold();
                (200, "text/plain", String::new())
            }
            ["", "never"] => {
                std::thread::sleep(DEADLINE);
                return None;
            }
            ["", "sick"] if sick != 0 => (sick, "text/plain", String::new()),
            ["", "text", many] => (200, "text/plain", "a word ".repeat(many.parse().ok()?)),
            ["", "png", many] => (200, "image/png", "a word ".repeat(many.parse().ok()?)),
            _ => (200, "text/plain", format!("server {port}\n{head}")),
        };
        let length = body.len();
        let text = format!("HTTP/1.1 {status} So\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).ok()?;
        (!lower.contains("\nconnection: close\r")).then_some(())
    }

    fn hold(&self) {
        self.0.held.fetch_add(1, SeqCst);
        while !self.0.released.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.0.held.fetch_sub(1, SeqCst);
    }
}

/// Up to the empty line.
pub(super) fn head(mut stream: &TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Speaks first, and says everything back in capitals.
fn upgrade(mut stream: &TcpStream) -> Option<()> {
    stream.write_all(b"HTTP/1.1 101 So\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhello\n").ok()?;
    let mut some = [0; 64];
    loop {
        let count = stream.read(&mut some).ok().filter(|count| *count > 0)?;
        stream.write_all(&some[..count].to_ascii_uppercase()).ok()?;
    }
}
