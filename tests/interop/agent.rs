//! The daemon's other doors: scripts, notify, reload, signals, a hostile control socket.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use nix::sys::signal::Signal;

use crate::lan::{Lan, read, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";

fn config(priority: u8, more: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority {priority}\nversion 3\nadvert_int 0.2\n\
         {more}\nvirtual_ipaddress {{\n{VIP}/24\n}}\n}}\n"
    )
}

fn script(lan: &Lan, name: &str, body: &str) -> String {
    let path = lan.path(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn a_failing_check_gives_the_vip_up_and_a_good_one_takes_it_back() {
    need_root!();
    let lan = Lan::new(2);
    let flag = lan.path("bad");
    let check = script(&lan, "check.sh", &format!("test ! -e {}", flag.display()));
    let blocks = format!("global_defs {{\nscript_user root\n}}\nvrrp_script web {{\nscript {check}\ninterval 1\n}}\n");
    let _a = lan.hactl(0, &(blocks + &config(150, "track_script {\nweb\n}")));
    let _b = lan.keepalived(1, &config(100, ""));
    lan.wait_owner(0, VIP);
    fs::write(&flag, "").unwrap();
    lan.wait_owner(1, VIP);
    let status = lan.status(0);
    assert_eq!(status["instances"][0]["state"], "FAULT");
    assert_eq!(status["instances"][0]["fault_reasons"][0], "check web fails");
    fs::remove_file(&flag).unwrap();
    lan.wait_owner(0, VIP);
}

#[test]
fn notify_scripts_hear_every_state_in_order() {
    need_root!();
    let lan = Lan::new(1);
    let heard = lan.path("heard");
    let notify = script(&lan, "notify.sh", &format!("echo \"$@\" >> {}", heard.display()));
    let more = format!("notify {notify}\nnotify_master \"{notify} special\"\nnotify_stop \"{notify} bye\"");
    let head = "global_defs {\nscript_user root\n}\n";
    let a = lan.hactl(0, &(head.to_owned() + &config(150, &more)));
    lan.wait_owner(0, VIP);
    a.stop();
    let lines: Vec<String> = read(&heard).lines().map(str::to_owned).collect();
    let expected = ["INSTANCE VI_1 BACKUP 150", "special", "INSTANCE VI_1 MASTER 150", "bye", "INSTANCE VI_1 STOP 150"];
    assert_eq!(lines, expected);
}

#[test]
fn a_reload_keeps_what_stays() {
    need_root!();
    let lan = Lan::new(1);
    let a = lan.hactl(0, &config(150, ""));
    lan.wait_owner(0, VIP);
    let since = lan.status(0)["instances"][0]["last_transition"].clone();
    let file = lan.path("0.conf");
    fs::write(&file, config(150, "").replace("10.77.0.3/24", "10.77.0.3/24\n10.77.0.4/24")).unwrap();
    a.signal(Signal::SIGHUP);
    wait("the new address", || lan.has(0, "10.77.0.4"));
    assert!(lan.has(0, VIP));
    fs::write(&file, config(150, "")).unwrap();
    assert!(lan.agent(0, &["reload"]).status.success());
    wait("the new address to go", || !lan.has(0, "10.77.0.4"));
    assert!(lan.has(0, VIP));
    let again = lan.status(0);
    assert_eq!(again["instances"][0]["state"], "MASTER");
    let moved = again["instances"][0]["last_transition"].as_u64().unwrap().abs_diff(since.as_u64().unwrap());
    assert!(moved <= 2, "the reload changed the state ({moved} ms)");
}

#[test]
fn an_address_that_somebody_removes_comes_back() {
    need_root!();
    let lan = Lan::new(1);
    let a = lan.hactl(0, &config(150, ""));
    lan.wait_owner(0, VIP);
    let removed = std::process::Command::new("ip")
        .args(["-n", &lan.host(0), "addr", "del", "10.77.0.3/24", "dev", "eth0"])
        .status()
        .unwrap();
    assert!(removed.success());
    wait("the address to return", || lan.has(0, VIP));
    wait("a word about it", || a.log().contains("removed by somebody else"));
}

#[test]
fn a_link_that_goes_and_returns_is_no_lasting_fault() {
    need_root!();
    let lan = Lan::new(1);
    let _a = lan.hactl(0, &config(150, ""));
    lan.wait_owner(0, VIP);
    lan.plug(0, false);
    wait("the fault", || lan.status(0)["instances"][0]["state"] == "FAULT");
    assert!(!lan.has(0, VIP));
    lan.plug(0, true);
    lan.wait_owner(0, VIP);
}

#[test]
fn stop_for_a_restart_keeps_the_addresses() {
    need_root!();
    let lan = Lan::new(1);
    let a = lan.hactl(0, &config(150, ""));
    lan.wait_owner(0, VIP);
    let mut socket = UnixStream::connect(lan.socket(0)).unwrap();
    socket.write_all(b"{\"verb\":\"stop\",\"keep_addresses\":true}\n").unwrap();
    a.wait_end();
    assert!(lan.has(0, VIP));
    let _a = lan.restart_hactl(0);
    wait("master", || lan.status(0)["instances"][0]["state"] == "MASTER");
    assert_eq!(lan.status(0)["instances"][0]["last_reason"], "restarted; the addresses were kept");
}

#[test]
fn junk_on_the_control_socket_is_answered_and_survived() {
    need_root!();
    let lan = Lan::new(1);
    let _a = lan.hactl(0, &config(150, ""));
    for junk in [&b"\n"[..], b"{}\n", b"{\"verb\":\"promote\",\"instance\":7}\n", b"\xff\xfe\n", &[b'x'; 200_000]] {
        let mut socket = UnixStream::connect(lan.socket(0)).unwrap();
        let _ = socket.write_all(junk); // may be cut off in the middle
        let mut answer = [0; 64];
        let read = socket.read(&mut answer).unwrap_or_default();
        assert!(read == 0 || answer.starts_with(b"{\"kind\":\"error\""), "{:?}", String::from_utf8_lossy(&answer));
    }
    let refused = lan.agent(0, &["promote", "--instance", "VI_9"]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is VI_1"), "{refused:?}");
    let mode = fs::metadata(lan.socket(0)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn clients_that_say_nothing_keep_nobody_out() {
    need_root!();
    let lan = Lan::new(1);
    let metrics = lan.path("metrics");
    let a = lan.hactl(0, &format!("hactl {{\nmetrics unix:{}\n}}\n{}", metrics.display(), config(150, "")));
    lan.wait_owner(0, VIP);
    let open = |path: &std::path::Path, word: &[u8]| {
        let mut stream = UnixStream::connect(path).unwrap();
        let _ = stream.write_all(word); // may be out already
        stream
    };
    let mute: Vec<UnixStream> = (0..100).map(|_| open(&lan.socket(0), b"{")).collect();
    let _forgotten: Vec<UnixStream> = (0..100).map(|_| open(&lan.socket(0), b"{\"verb\":\"watch\"}\n")).collect();
    let _slow: Vec<UnixStream> = (0..200).map(|_| open(&metrics, b"GET /metrics HTTP/1.1\r\nX: ")).collect();
    assert_eq!(lan.status(0)["instances"][0]["state"], "MASTER");
    let mut answer = String::new();
    open(&metrics, b"GET /metrics HTTP/1.1\r\n\r\n").read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
    for mut stream in mute {
        let mut rest = Vec::new();
        // Closed or reset: they were asked to leave, or did not say anything in time.
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty());
    }
    // A restart of the owner while every place is taken: the VIP stays where it is.
    let _mute: Vec<UnixStream> = (0..100).map(|_| open(&lan.socket(0), b"{")).collect();
    let since = lan.status(0)["instances"][0]["counters"]["became_master"].clone();
    assert_eq!(since, 1);
    drop(open(&lan.socket(0), b"{\"verb\":\"stop\",\"keep_addresses\":true}\n"));
    a.wait_end();
    assert!(lan.has(0, VIP));
    let _a = lan.restart_hactl(0);
    wait("master", || lan.status(0)["instances"][0]["state"] == "MASTER");
    assert_eq!(lan.status(0)["instances"][0]["last_reason"], "restarted; the addresses were kept");
}

#[test]
fn a_check_that_will_not_end_goes_with_the_agent() {
    need_root!();
    let lan = Lan::new(1);
    let pid = lan.path("pid");
    let body = format!("trap '' TERM; echo $$ > {}; while :; do sleep 1; done", pid.display());
    let check = script(&lan, "check.sh", &body);
    let blocks = format!("vrrp_script web {{\nscript {check}\ninterval 60\nweight 1\n}}\n");
    let a = lan.hactl(0, &(blocks + &config(150, "track_script {\nweb\n}")));
    wait("the check", || !read(&pid).is_empty());
    a.stop();
    let stat = format!("/proc/{}/stat", read(&pid).trim());
    assert!(!fs::read_to_string(stat).is_ok_and(|stat| !stat.contains(") Z ")), "it still runs");
}

#[test]
fn unpin_says_what_it_did() {
    need_root!();
    let lan = Lan::new(1);
    let _a = lan.hactl(0, &config(150, ""));
    lan.wait_owner(0, VIP);
    assert!(lan.document(0, &["resign"])["message"].is_string());
    let said = || String::from_utf8(lan.agent(0, &["unpin"]).stdout).unwrap();
    assert_eq!(said(), "VI_1: the override is dropped; priority 150 instead of 1\n");
    assert_eq!(said(), "VI_1: there was no override\n");
}
