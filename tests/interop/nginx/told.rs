//! What servers are told of the client, by sites and by streams, and how they are connected to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

use super::stand::{BALANCER, CLIENT, Stand, WEB, need_nginx};
use crate::lan::DEADLINE;

const INVENTORY: &str = "
pools:
  web1: { servers: [web-7:8001] }
  kept: { servers: [web-7:8001], keepalive: 4 }
  database: { servers: [web-7:9306] }
  names: { servers: [web-7:9053] }
sites:
  - { names: [web.cc], pool: web1 }
  - { names: [kept.cc], pool: kept }
  - { names: [behind.cc], pool: web1, listen: [{ port: 8081, proxy_protocol: yes }] }
streams:
  - { listen: 8306, pool: database, proxy_protocol: yes }
  - { listen: 8307, pool: database, timeout: 1s }
  - { listen: 8053, pool: names, protocol: udp }
nginx: { worker_processes: 1 }
";

#[test]
fn servers_learn_who_asks() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let [server] = stand.servers([8001]);
    let has = |body: &str, line: &str| assert!(body.lines().any(|there| there == line), "no `{line}` in {body}");
    let plain = stand.ask(stand.connect(80), "web.cc", "/", "X-Forwarded-For: 192.0.2.1\r\n", b"");
    has(&plain.body, &format!("X-Real-IP: {CLIENT}"));
    has(&plain.body, &format!("X-Forwarded-For: 192.0.2.1, {CLIENT}"));
    has(&plain.body, "X-Forwarded-Proto: http");
    has(&plain.body, "Host: web.cc");
    for (kind, client) in [("TCP4", "203.0.113.9 203.0.113.1"), ("TCP6", "2001:db8::9 2001:db8::1")] {
        let mut stream = stand.connect(8081);
        // In one piece: nginx waits for no more of that line.
        stream.write_all(format!("PROXY {kind} {client} 4711 8081\r\n").as_bytes()).unwrap();
        let told = stand.ask(stream, "behind.cc", "/", "", b"");
        let client = client.split(' ').next().unwrap();
        has(&told.body, &format!("X-Real-IP: {client}"));
        has(&told.body, &format!("X-Forwarded-For: {client}"));
    }
    assert_eq!(stand.ask(stand.connect(8081), "behind.cc", "/", "", b"").status, 0, "it must be told");
    // Connections are used again only where that is written.
    for (site, connections) in [("web.cc", 5), ("kept.cc", 1)] {
        let before = server.connections();
        (0..5).for_each(|_| assert_eq!(stand.get(site, "/").status, 200));
        assert_eq!(server.connections() - before, connections, "{site}");
    }
}

/// Tells each connection its first line, and keeps it.
fn database(stand: &Stand) {
    let listener = stand.on(2, || TcpListener::bind((WEB, 9306)).unwrap());
    let tell = |stream: TcpStream| {
        std::thread::spawn(move || {
            let (mut line, mut byte) = (Vec::new(), [0]);
            while !line.ends_with(b"\n") {
                (&stream).read_exact(&mut byte).unwrap();
                line.push(byte[0]);
            }
            (&stream).write_all(&[b"first: ".as_slice(), &line].concat()).unwrap();
            std::thread::sleep(DEADLINE * 2); // longer than the client waits
        });
    };
    std::thread::spawn(move || listener.incoming().flatten().for_each(tell));
}

#[test]
fn streams_carry_connections_and_datagrams() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    database(&stand);
    let first = |stream: &mut TcpStream| {
        stream.write_all(b"select 1\n").unwrap();
        let mut some = [0; 200];
        let count = stream.read(&mut some).unwrap();
        String::from_utf8_lossy(&some[..count]).into_owned()
    };
    let mut told = stand.connect(8306);
    let port = told.local_addr().unwrap().port();
    assert_eq!(first(&mut told), format!("first: PROXY TCP4 {CLIENT} {BALANCER} {port} 8306\r\n"));
    let mut plain = stand.connect(8307);
    assert_eq!(first(&mut plain), "first: select 1\n");
    // The server keeps it: who ends it is nginx, in 1 s instead of 10 min.
    assert_eq!(plain.read(&mut [0]).unwrap(), 0);

    let server = stand.on(2, || UdpSocket::bind((WEB, 9053)).unwrap());
    std::thread::spawn(move || {
        let mut some = [0; 512];
        while let Ok((count, from)) = server.recv_from(&mut some) {
            server.send_to(&some[..count].to_ascii_uppercase(), from).unwrap();
        }
    });
    let client = stand.on(1, || UdpSocket::bind((CLIENT, 0)).unwrap());
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    client.connect((BALANCER, 8053)).unwrap();
    for question in ["www.example.cc", "db.example.cc"] {
        client.send(question.as_bytes()).unwrap();
        let mut some = [0; 512];
        let count = client.recv(&mut some).unwrap();
        assert_eq!(String::from_utf8_lossy(&some[..count]), question.to_uppercase());
    }
}
