//! `nginx:`: nginx itself shows each directive, once and where it belongs.

use super::stand::{Stand, need_nginx};
use crate::lan::{read, wait};

const INVENTORY: &str = "
pools: { web1: { servers: [web-7:8001] } }
sites: [{ names: [web.cc], pool: web1 }]
nginx:
";

/// Every key that is a directive, but those of logs (`paths.rs`).
const SETTINGS: [(&str, &str); 39] = [
    ("user", "nobody nogroup"),
    ("worker_processes", "3"),
    ("worker_cpu_affinity", "auto"),
    ("worker_rlimit_nofile", "8192"),
    ("worker_shutdown_timeout", "7s"),
    ("worker_connections", "4096"),
    ("multi_accept", "on"),
    ("use", "epoll"),
    ("charset", "utf-8"),
    ("default_type", "text/plain"),
    ("server_tokens", "off"),
    ("server_names_hash_bucket_size", "256"),
    ("sendfile", "off"),
    ("tcp_nopush", "off"),
    ("tcp_nodelay", "off"),
    ("keepalive_timeout", "61s"),
    ("keepalive_requests", "77"),
    ("client_header_buffer_size", "4k"),
    ("large_client_header_buffers", "4 32k"),
    ("client_max_body_size", "300m"),
    ("client_body_buffer_size", "512k"),
    ("client_header_timeout", "11s"),
    ("client_body_timeout", "12s"),
    ("send_timeout", "13s"),
    ("reset_timedout_connection", "on"),
    ("proxy_buffer_size", "16k"),
    ("proxy_buffers", "4 64k"),
    ("proxy_busy_buffers_size", "128k"),
    ("proxy_temp_file_write_size", "256k"),
    ("proxy_max_temp_file_size", "512m"),
    ("gzip", "off"),
    ("gzip_min_length", "1k"),
    ("gzip_buffers", "4 16k"),
    ("gzip_http_version", "1.0"),
    ("gzip_comp_level", "2"),
    ("gzip_types", "text/plain text/css"),
    ("gzip_vary", "on"),
    ("gzip_proxied", "any"),
    ("resolver", "127.0.0.53"),
];

#[test]
fn nginx_has_read_every_setting() {
    need_nginx!();
    let settings: String = SETTINGS.map(|(name, value)| format!("  {name}: {value}\n")).concat();
    let stand = Stand::new(&format!("{INVENTORY}{settings}"));
    for (name, value) in SETTINGS {
        stand.has_line(&format!("{name} {value};"));
    }
    let buffers = |lines: &str| stand.dump().matches(lines).count();
    assert_eq!(
        (buffers("proxy_buffers 4 64k;"), buffers("proxy_buffers ")),
        (2, 2),
        "here and where paths have theirs"
    );
    let of = |pid: u32, word: &str| {
        let status = read(format!("/proc/{pid}/status").as_ref());
        let line = status.lines().find_map(|line| line.strip_prefix(word)?.split_whitespace().next());
        line.unwrap_or_default().to_owned()
    };
    // It listens before it has workers, and these begin as root.
    wait("three workers that are nobody", || {
        let (master, workers) = stand.processes();
        let nobody = |pid: &u32| ["Uid:", "Gid:"].iter().all(|word| of(*pid, word) == "65534");
        of(master, "Uid:") == "0" && workers.len() == 3 && workers.iter().all(nobody)
    });
    for pid in stand.processes().1 {
        let limits = read(format!("/proc/{pid}/limits").as_ref());
        let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert!(files.contains(" 8192 "), "{files}");
    }
    let told = stand.get("web.cc", "/hactl-health");
    assert!(told.head.lines().any(|line| line == "Server: nginx"), "no server_tokens: {}", told.head);
}

#[test]
fn what_is_not_said_is_as_debian_has_it() {
    need_nginx!();
    let stand = Stand::new(&format!("{INVENTORY}  worker_rlimit_nofile: 2048\n"));
    for line in [
        "user www-data;",
        "worker_processes auto;",
        "worker_connections 1024;",
        "sendfile on;",
        "tcp_nopush on;",
        "gzip on;",
        "default_type application/octet-stream;",
        "proxy_buffering on;",
        "proxy_buffer_size 32k;",
        "proxy_buffers 4 128k;",
    ] {
        stand.has_line(line);
    }
}

#[test]
fn what_is_bound_by_buffers_stands_beside_them() {
    need_nginx!();
    let stand = Stand::new(&format!("{INVENTORY}  proxy_busy_buffers_size: 192k\n"));
    assert_eq!(stand.dump().matches("proxy_buffers 4 128k;").count(), 2);
    stand.has_line("proxy_busy_buffers_size 192k;");
}
