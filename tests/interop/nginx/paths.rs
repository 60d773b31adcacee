//! Which path goes where, in the order written; raw lines; what is logged of it.

use super::stand::{CLIENT, FOREIGN, Stand, WEB, need_nginx};
use crate::lan::wait;
use crate::nginx::server::Server;

const INVENTORY: &str = r#"
pools:
  web1: { servers: [web-7:8001] }
  web2: { servers: [10.77.0.21:9000] }
sites:
  - names: [app.cc]
    pool: web1
    locations:
      - { path: '~ .*\.(jsp|do)$', pool: web2 }
      - { path: '~ .*\.(html|css)$', root: /run/static, expires: 30d }
  - names: [files.cc]
    root: /run/static
    locations:
      - { path: /app/, pool: web1 }
  - names: [short-first.cc]
    locations:
      - { path: ~ ^/a, pool: web1 }
      - { path: ~ ^/ab, pool: web2 }
  - names: [long-first.cc]
    locations:
      - { path: ~ ^/ab, pool: web2 }
      - { path: ~ ^/a, pool: web1 }
  - names: [raw.cc]
    pool: web1
    lines: add_header X-Site $of_top;
    locations:
      - path: /own/
        pool: web1
        lines: |
          add_header X-Path here;
          rewrite ^/own/(.*)$ /turned/$1 break;
nginx:
  worker_processes: 1
  charset: utf-8
  log_format: 'seen "$request_method $host" of $remote_addr: $status \ by $upstream_addr'
  error_log: info
  lines: |
    map $request_method $of_top { default other; GET got; }
    fastcgi_intercept_errors on;
  main_lines: |
    worker_priority 7;
"#;

#[test]
fn paths_go_where_they_are_written_to() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let _servers = [Server::start(&stand.lan, (WEB, 8001)), Server::start(&stand.lan, (FOREIGN, 9000))];
    for (site, path, port) in [
        ("app.cc", "/", 8001),
        ("app.cc", "/x.jsp", 9000),
        ("app.cc", "/deep/y.do?z=1", 9000),
        ("app.cc", "/x.jspx", 8001),
        ("short-first.cc", "/a", 8001),
        ("short-first.cc", "/ab", 8001),
        ("long-first.cc", "/a", 8001),
        ("long-first.cc", "/ab", 9000),
    ] {
        assert_eq!(stand.get(site, path).by(), port, "{site}{path}");
    }
    assert_eq!(stand.get("long-first.cc", "/else").status, 404);
    let page = stand.get("app.cc", "/page.html");
    assert_eq!((page.status, page.body.trim()), (200, "<p>from the balancer</p>"));
    // A site of files alone, but for a path.
    let page = stand.get("files.cc", "/page.html");
    assert_eq!((page.status, page.body.trim()), (200, "<p>from the balancer</p>"));
    assert_eq!((stand.get("files.cc", "/none.html").status, stand.get("files.cc", "/app/x").by()), (404, 8001));
    let page = stand.get("app.cc", "/page.html");
    let has = |head: &str, line: &str| assert!(head.lines().any(|there| there == line), "no `{line}` in {head}");
    has(&page.head, "Content-Type: text/html; charset=utf-8");
    has(&page.head, "Cache-Control: max-age=2592000");
}

#[test]
fn lines_of_ones_own_and_the_log_are_as_written() {
    need_nginx!();
    let stand = Stand::new(INVENTORY);
    let _servers = stand.servers([8001]);
    let site = stand.get("raw.cc", "/");
    assert!(site.head.contains("\r\nX-Site: got"), "{}", site.head);
    let path = stand.get("raw.cc", "/own/page");
    assert!(path.head.contains("\r\nX-Path: here") && path.body.contains("GET /turned/page HTTP"), "{}", path.body);
    stand.has_line("fastcgi_intercept_errors on;");
    // `main_lines`: the worker is as nice as that line says (the 19th word, of which the second may hold blanks).
    let (_, workers) = stand.processes();
    assert_eq!(workers.len(), 1);
    let stat = crate::lan::read(format!("/proc/{}/stat", workers[0]).as_ref());
    assert_eq!(stat.rsplit(')').next().unwrap().split_whitespace().nth(16), Some("7"), "{stat}");
    let line = format!("seen \"GET raw.cc\" of {CLIENT}: 200 \\ by {WEB}:8001");
    wait("the line", || stand.log("access.log").lines().any(|there| there == line));
    // What clients do is told at `info`, and not at `error`, which is nginx's own level.
    drop(stand.ask(stand.connect(80), "raw.cc", "/", "Content-Length: many\r\n", b""));
    wait("the reason", || stand.log("error.log").contains("[info]"));
}
