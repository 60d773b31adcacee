//! What a large file costs beside keepalived: 30,000 real servers, written with `~SEQ` and plainly with a check each.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::lan::{binary, read};
use crate::need_root;

/// The most memory that a program has had, in KiB: looked at each millisecond until its end, of three runs the highest.
fn most_memory(program: &Path, words: &[&str]) -> u64 {
    let run = |_| {
        let mut child = Command::new(program).args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut most = 0;
        while child.try_wait().unwrap().is_none() {
            let told = read(Path::new(&status));
            let own = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            most = own.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(most);
            std::thread::sleep(Duration::from_millis(1));
        }
        most
    };
    (0..3).map(run).max().unwrap()
}

#[test]
fn thirty_thousand_real_servers_cost_no_more_than_keepalived_needs() {
    need_root!();
    let check = "TCP_CHECK {\n connect_timeout 1\n }\n";
    let sequence = |n: u16| format!("~SEQ(N, 1, 100) real_server 10.{}.{}.$N 80 {{ weight 1 }}\n", n / 200, n % 200);
    let plain = |n: u16| -> String {
        let real = |m: u16| format!("real_server 10.{}.{}.{m} 80 {{\n weight 1\n {check}}}\n", n / 200, n % 200);
        (1..=100).map(real).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, pools: u16, servers: &dyn Fn(u16) -> String| {
        let mut text = String::new();
        for n in 0..pools {
            let (high, low) = (n / 200, n % 200);
            let head = "lb_algo rr\nlb_kind NAT\nprotocol TCP\n";
            write!(text, "virtual_server 10.7{high}.{low}.3 80 {{\n{head}{}}}\n", servers(n)).unwrap();
        }
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let nothing = write("nothing", 1, &|_| "real_server 10.0.0.1 80 {\n}\n".into());
    let measured = |file: &str| {
        let ours = most_memory(&binary(), &["check", file]);
        (ours, most_memory(Path::new("keepalived"), &["-t", "-f", file]))
    };
    let (ours_empty, theirs_empty) = measured(&nothing);
    println!("nothing: hactl {ours_empty} KiB, keepalived {theirs_empty} KiB");
    for (name, servers) in [("sequence", &sequence as &dyn Fn(u16) -> String), ("plain", &plain)] {
        let (ours, theirs) = measured(&write(name, 300, servers));
        println!("{name}: hactl {ours} KiB, keepalived {theirs} KiB");
        assert!(theirs > theirs_empty + 5000, "{name}: keepalived has read it");
        // Only the binary that is shipped is smaller than keepalived from the start; of others what the file adds is
        // judged.
        let shipped = std::env::var_os("HACTL_BENCH_BINARY").is_some();
        let own = if shipped { 0 } else { ours_empty };
        assert!(ours - own <= theirs, "{name}: hactl {ours} KiB ({own} of them its own), keepalived {theirs} KiB");
    }
}
