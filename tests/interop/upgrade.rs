//! An upgrade whose binary or configuration does not work: the running agent goes on, and the answer says so.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::lan::{Daemon, Lan, binary, read, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
const CONFIG: &str = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\npriority 150\nversion 3\nadvert_int 0.2\n\
                      virtual_ipaddress {\n10.77.0.3/24\n}\n}\n";

/// An agent whose binary can be replaced.
fn agent(lan: &Lan) -> Daemon {
    let (link, file) = (lan.path("hactl"), lan.path("0.conf"));
    symlink(binary(), &link).unwrap();
    fs::write(&file, CONFIG).unwrap();
    let words = format!(
        "{} agent run -l --use-file {} --socket {} --state-dir {}",
        link.display(),
        file.display(),
        lan.socket(0).display(),
        lan.path("0.state").display()
    );
    let agent = lan.spawn(0, "hactl", words.split(' ').map(AsRef::as_ref));
    wait("the control socket", || std::os::unix::net::UnixStream::connect(lan.socket(0)).is_ok());
    lan.wait_owner(0, VIP);
    agent
}

/// Puts a shell script in the binary's place.
fn replace(lan: &Lan, body: &str) {
    let (fresh, link) = (lan.path("fresh"), lan.path("hactl"));
    fs::write(&fresh, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(fresh, link).unwrap();
}

fn upgrade(lan: &Lan, code: i32) -> String {
    let answer = lan.agent(0, &["upgrade"]);
    let words = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert_eq!(answer.status.code(), Some(code), "{words}");
    words
}

#[test]
fn what_could_not_start_is_refused() {
    need_root!();
    let lan = Lan::new(1);
    let agent = agent(&lan);
    let before = lan.status(0);
    replace(&lan, "test \"$1\" = --version && echo hactl 9.9 && exit 0\necho no such library >&2\nexit 3");
    let words = upgrade(&lan, 4);
    assert!(words.contains("could not take over: no such library; the running agent goes on"), "{words}");
    replace(&lan, &format!("exec {} \"$@\"", binary().display()));
    fs::remove_file(lan.path("0.conf")).unwrap();
    let words = upgrade(&lan, 4);
    assert!(words.contains("cannot read the configuration") && words.contains("goes on"), "{words}");
    let after = lan.status(0);
    for field in ["pid", "started_unix_s"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    let became = |status: &serde_json::Value| status["instances"][0]["counters"]["became_master"].clone();
    assert_eq!(became(&after), became(&before));
    assert!(lan.has(0, VIP));
    agent.stop();
}

/// It rehearses well and then does not come up: the binary from before takes its place again. Here the successor, and
/// it alone, finds somebody else on its control socket, who leaves when nothing is asked of him.
#[test]
fn what_does_not_come_up_gives_its_place_back() {
    need_root!();
    let lan = Lan::new(1);
    let agent = agent(&lan);
    let before = lan.status(0);
    let (real, socket) = (binary().display().to_string(), lan.socket(0).display().to_string());
    let squatter = "use Socket; my $at = shift; unlink $at; socket(my $s, AF_UNIX, SOCK_STREAM, 0); \
                    bind($s, sockaddr_un($at)); listen($s, 5); open(my $r, \">\", \"$at.ready\"); \
                    while (accept(my $c, $s)) { last unless sysread($c, my $word, 1) }";
    replace(
        &lan,
        &format!(
            "case \"$*\" in *--rehearse*) exec {real} \"$@\";; esac\nperl -e '{squatter}' {socket} &\n\
             while ! test -e {socket}.ready; do sleep 0.02; done\nexec {real} \"$@\""
        ),
    );
    let words = upgrade(&lan, 5);
    assert!(words.contains("[E403]: the upgrade failed") && words.contains("another agent answers there"), "{words}");
    let after = lan.status(0);
    assert_eq!(before["pid"], after["pid"]);
    assert!(after["warnings"].to_string().contains("the binary from before goes on"), "{after}");
    assert_eq!(read(format!("/proc/{}/comm", after["pid"]).as_ref()), "hactl\n");
    assert_eq!(after["instances"][0]["state"], "MASTER");
    assert_eq!(after["instances"][0]["last_reason"], "restarted; the addresses were kept");
    // And the next try is one from the place on disk again.
    fs::remove_file(lan.path("hactl")).unwrap();
    symlink(binary(), lan.path("hactl")).unwrap();
    upgrade(&lan, 0);
    assert!(!lan.status(0)["warnings"].to_string().contains("upgrade"));
    assert!(lan.has(0, VIP));
    agent.stop();
}

/// A file that faults have emptied is no reason to give the address up: neither an upgrade nor a reload takes it.
#[test]
fn a_file_that_has_lost_the_instance_is_refused() {
    need_root!();
    let lan = Lan::new(1);
    let agent = agent(&lan);
    for broken in
        ["{{{ bad\n", "", "global_defs {\n}\n", &CONFIG.replace("virtual_router_id 51", "virtual_router_id x")]
    {
        fs::write(lan.path("0.conf"), broken).unwrap();
        let words = upgrade(&lan, 4);
        assert!(words.contains("VI_1 would be given up") && words.contains("goes on"), "{broken:?}: {words}");
        let reload = lan.agent(0, &["reload"]);
        let words = String::from_utf8_lossy(&reload.stderr).into_owned();
        assert!(!reload.status.success() && words.contains("the old configuration stays in force"), "{words}");
        let instance = lan.status(0)["instances"][0].clone();
        assert_eq!((lan.has(0, VIP), &instance["state"]), (true, &"MASTER".into()), "{broken:?}");
    }
    // What is taken out on purpose goes.
    fs::write(lan.path("0.conf"), CONFIG.replace("VI_1", "VI_2").replace("10.77.0.3", "10.77.0.4")).unwrap();
    assert!(lan.agent(0, &["reload"]).status.success());
    lan.wait_owner(0, "10.77.0.4");
    wait("the old address to go", || !lan.has(0, VIP));
    agent.stop();
}
