//! What a request meets on its way: an upgrade, compression, bounds, and the end of patience.

use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use super::server::{Server, head};
use super::stand::{BALANCER, Stand, need_nginx};
use crate::lan::wait;

const INVENTORY: &str = "
pools:
  web1: { servers: [web-7:8001] }
  far: { servers: [10.77.0.200:8001] }
sites:
  - names: [web.cc]
    pool: web1
    locations:
      - { path: /ws, pool: web1, websocket: yes }
      - { path: /never, pool: web1, read_timeout: 700ms }
  - names: [body.cc]
    pool: web1
    locations:
      - { path: /small, pool: web1, max_body: 2k }
      - { path: /large, pool: web1, max_body: 3m }
  - { names: [few.cc], pool: web1, limit: { connections: 2 } }
  - { names: [far.cc], pool: far, connect_timeout: 400ms, send_timeout: 5s }
nginx:
  worker_processes: 1
  client_max_body_size: 1500k
  gzip: yes
  gzip_types: text/plain application/xml
  gzip_min_length: 1k
  gzip_comp_level: 2
  gzip_vary: yes
  gzip_proxied: any
";

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: web.cc\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

#[test]
fn bytes_flow_both_ways_after_an_upgrade() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let _servers = stand.servers([8001]);
    let mut stream = stand.connect(80);
    stream.write_all(UPGRADE.as_bytes()).unwrap();
    let said_by = stream.try_clone().unwrap();
    let said = head(&stream).unwrap();
    assert!(said.starts_with("HTTP/1.1 101 "), "{said}");
    let mut hears = |word: &str| {
        let mut some = vec![0; word.len()];
        stream.read_exact(&mut some).unwrap();
        assert_eq!(String::from_utf8(some).unwrap(), word);
    };
    hears("hello\n");
    for word in ["abc", "more"] {
        (&said_by).write_all(word.as_bytes()).unwrap();
        hears(&word.to_uppercase());
    }
    // Elsewhere the server is asked nothing of the kind.
    let plain = stand.ask(stand.connect(80), "web.cc", "/else", "Upgrade: websocket\r\n", b"");
    assert!(plain.status == 200 && !plain.body.contains("Upgrade"), "{}", plain.body);
    stand.has_line("proxy_read_timeout 3600000ms;");
}

#[test]
fn answers_are_compressed_as_written() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let _servers = stand.servers([8001]);
    let asked = |path: &str, more: &str| {
        stand.ask(stand.connect(80), "web.cc", path, &format!("Accept-Encoding: gzip\r\n{more}"), b"").head
    };
    let is = |head: &str| head.contains("\r\nContent-Encoding: gzip");
    let head = asked("/text/1000", "");
    assert!(is(&head) && head.contains("\r\nVary: Accept-Encoding"), "{head}");
    assert!(is(&asked("/text/1000", "Via: 1.1 cache\r\n")), "gzip_proxied");
    assert!(!is(&asked("/text/100", "")), "700 bytes are less than gzip_min_length");
    assert!(!is(&asked("/png/1000", "")), "not one of gzip_types");
    assert!(!is(&stand.get("web.cc", "/text/1000").head), "nobody asked for it");
    let url = format!("http://{BALANCER}/text/1000");
    let mut curl = Command::new("ip");
    curl.args(["netns", "exec", &stand.lan.host(1), "curl", "-sS", "--noproxy", "*", "--compressed"]);
    let output = curl.args(["-H", "Host: web.cc", &url]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "a word ".repeat(1000), "{output:?}");
    stand.has_line("gzip_comp_level 2;");
}

#[test]
fn bodies_and_connections_have_bounds() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let [server] = stand.servers([8001]);
    // Without any word it is 1m.
    for (path, length, status) in [
        ("/small", 2000, 200),
        ("/small", 2100, 413),
        ("/large", 3_100_000, 200),
        ("/large", 3_200_000, 413),
        ("/", 1_400_000, 200),
        ("/", 1_600_000, 413),
    ] {
        assert_eq!(stand.post("body.cc", path, length).status, status, "{length} to {path}");
    }
    std::thread::scope(|scope| {
        let held = [0, 1].map(|_| scope.spawn(|| stand.get("few.cc", "/hold").status));
        wait("two that wait", || server.held() == 2);
        assert_eq!(stand.get("few.cc", "/").status, 429);
        assert_eq!(stand.get("web.cc", "/").status, 200, "another site has no such bound");
        Server::release(&server);
        held.into_iter().for_each(|one| assert_eq!(one.join().unwrap(), 200));
    });
    wait("room again", || stand.get("few.cc", "/").status == 200);
}

#[test]
fn servers_are_waited_for_as_long_as_written() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let _servers = stand.servers([8001]);
    for (site, path, least) in [("web.cc", "/never", 700), ("far.cc", "/", 400)] {
        let began = Instant::now();
        assert_eq!(stand.get(site, path).status, 504, "{site}");
        let took = began.elapsed();
        // nginx's own bound is 60 s for either.
        assert!(took >= Duration::from_millis(least) && took < Duration::from_secs(20), "{site}: {took:?}");
    }
    ["proxy_connect_timeout 3;", "proxy_read_timeout 60;", "proxy_send_timeout 5000ms;"]
        .iter()
        .for_each(|line| stand.has_line(line));
}
