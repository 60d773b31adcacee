//! Servers that want the agent's processor: each kind of checker against a server that says as much as it can. What a
//! check may cost is bounded, whatever is sent (`src/net/pace.rs`); before there was a bound one such server cost two
//! thirds of a processor.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

use crate::lan::{Daemon, Lan, read, wait};
use crate::need_root;

/// The last host of the LAN has all of the servers.
const SERVER: &str = "10.77.0.14";
const HOSTS: usize = 10;
/// How long the agent is watched.
const WATCHED: Duration = Duration::from_secs(6);
/// Seconds of a processor for each second, in a build without optimization.
const MOST: f64 = 0.2;

/// What a server says first, and then again and again.
type Says = (&'static [u8], Vec<u8>);

/// Says it on every connection for as long as anybody listens.
fn flood(space: File, port: u16, says: Says) {
    std::thread::spawn(move || {
        setns(space, CloneFlags::CLONE_NEWNET).unwrap(); // this thread and its children
        let listener = TcpListener::bind((SERVER, port)).unwrap();
        for stream in listener.incoming().map_while(Result::ok) {
            let says = says.clone();
            std::thread::spawn(move || talk(stream, &says));
        }
    });
}

fn talk(mut stream: TcpStream, (first, again): &Says) {
    let mut request = [0; 4096];
    if !first.starts_with(b"220") {
        let _ = stream.read(&mut request); // the client speaks first
    }
    let _ = stream.write_all(first);
    while stream.write_all(again).is_ok() {}
}

/// Answers every question with thousands of answers to another one.
fn flood_datagrams(space: File, port: u16) {
    std::thread::spawn(move || {
        setns(space, CloneFlags::CLONE_NEWNET).unwrap();
        let socket = UdpSocket::bind((SERVER, port)).unwrap();
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            question[0] ^= 0xff;
            question[2] |= 0x80;
            for _ in 0..20_000 {
                let _ = socket.send_to(&question[..length], from);
            }
        }
    });
}

/// Seconds of a processor that a process has used.
fn spent(daemon: &Daemon) -> f64 {
    // `ip netns exec` becomes the program that it runs.
    let stat = read(Path::new(&format!("/proc/{}/stat", daemon.pid())));
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |n: usize| fields[n].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

fn lines(line: &str) -> Vec<u8> {
    line.repeat(65_536 / line.len()).into_bytes()
}

#[test]
fn a_hostile_server_does_not_cost_the_processor() {
    need_root!();
    let ok = b"HTTP/1.1 200 OK\r\n\r\n";
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let http = "HTTP_GET {\nurl {\npath /\nstatus_code 200\ndigest 0123456789abcdef0123456789abcdef\n}\n";
    let tls = "SSL_GET {\nurl {\npath /\nstatus_code 200\n}\n";
    let kinds: [(&str, &str, Option<Says>); 9] = [
        ("a body without an end", http, Some((ok, vec![b'x'; 65_536]))),
        ("chunks of a byte", http, Some((chunked, lines("1\r\nx\r\n")))),
        ("headers", http, Some((b"HTTP/1.1 200 OK\r\n", lines("X: y\r\n")))),
        ("1xx", http, Some((b"", lines("HTTP/1.1 102 Processing\r\n\r\n")))),
        ("records that TLS ignores", tls, Some((b"", lines("\x14\x03\x03\0\x01\x01")))),
        ("empty records of TLS", tls, Some((b"", lines("\x16\x03\x03\0\0")))),
        ("a greeting of SMTP", "SMTP_CHECK {\n", Some((b"220-mail\r\n", lines("220-more\r\n")))),
        ("lines of SMTP", "SMTP_CHECK {\n", Some((b"220 mail\r\n", lines("250-more\r\n")))),
        ("answers to other questions", "DNS_CHECK {\nname example.com\ntype A\n", None),
    ];
    assert_eq!(kinds.len() + 1, HOSTS);
    let lan = Lan::new(HOSTS);
    let mut agents = Vec::new();
    for (n, (what, checker, says)) in kinds.into_iter().enumerate() {
        let space = File::open(format!("/run/netns/{}", lan.host(HOSTS - 1))).unwrap();
        let port = 8001 + n as u16;
        match says {
            Some(says) => flood(space, port, says),
            None => flood_datagrams(space, port),
        }
        let real = format!("real_server {SERVER} {port} {{\n{checker}connect_timeout 5\n}}\n}}\n");
        let pool = "delay_loop 1\nretry 1\ndelay_before_retry 0.1\n";
        agents.push((what, lan.hactl(n, &format!("virtual_server upstream web {{\n{pool}{real}}}\n"))));
    }
    for (_, agent) in &agents {
        wait("a check", || agent.log().contains(SERVER));
    }
    let before: Vec<f64> = agents.iter().map(|(_, agent)| spent(agent)).collect();
    std::thread::sleep(WATCHED);
    for ((what, agent), before) in agents.iter().zip(before) {
        let share = (spent(agent) - before) / WATCHED.as_secs_f64();
        println!("{what}: {share:.2} of a processor");
        assert!(share < MOST, "{what}: {share:.2} of a processor\n{}", agent.log());
    }
}
