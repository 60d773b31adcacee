//! What other programs read: FIFO lines, dumps and sums, each held against what Debian's keepalived says of the same
//! file and story: a start, a priority that falls, a fault, a reload and a stop.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::lan::{Daemon, Lan, read, wait};
use crate::need_root;

/// keepalived's signals, by what they ask for.
const DUMPS: [(i32, &str); 3] = [(10, "keepalived.data"), (12, "keepalived.stats"), (36, "keepalived.json")];

/// One of each kind; all of them in tables of their own, so that the host goes on as it was.
const ROUTING: &str = "virtual_routes {\n\
    src 10.77.0.3 to 10.88.1.0/24 via 10.77.0.1 dev eth0 table 88 scope global metric 7\n\
    blackhole 10.88.2.0/24 table 88\n\
    unreachable 10.88.3.0/24 table 88 metric 9\n\
    10.88.4.0/24 via 10.77.0.1 dev eth0 onlink mtu 1400 advmss 1300\n\
    10.88.5.0/24 nexthop via 10.77.0.1 dev eth0 weight 2 nexthop via 10.77.0.9 dev eth0 weight 3\n\
    10.88.6.1 dev eth0 scope link\n\
    default via 10.77.0.1 dev eth0 table 33\n\
    10.88.7.0/24 via 10.77.0.1 dev eth0 mtu lock 1400 initcwnd 10\n}\n\
    virtual_rules {\n\
    not from 10.90.1.0/24 table 77 preference 101\n\
    from 10.90.2.0/24 fwmark 3/7 table 77 preference 102\n\
    to 10.90.3.0/24 tos 0x10 blackhole preference 103\n\
    from 10.90.4.0/24 goto 200 preference 104\n\
    to 10.90.5.0/24 iif eth0 lookup 78\n\
    from 10.90.7.0/24 prohibit preference 107\n\
    from 10.90.8.0/24 table 55 suppress_prefixlength 2 preference 108\n\
    from 10.90.9.0/24 ipproto tcp dport 80-90 table 55 preference 109\n}";

fn config(lan: &Lan, n: usize) -> String {
    let flag = |name: &str| {
        fs::write(lan.path(&format!("{name}{n}")), "").unwrap();
        let check = lan.path(&format!("{name}{n}.sh"));
        fs::write(&check, format!("#!/bin/sh\ntest -e {}{n}\n", lan.path(name).display())).unwrap();
        fs::set_permissions(&check, fs::Permissions::from_mode(0o755)).unwrap();
        format!("script {}", check.display())
    };
    format!(
        "global_defs {{\nrouter_id lb\nscript_user root\nvrrp_version 3\nnotify_fifo {fifo} root\n}}\n\
         vrrp_script soft {{\n{}\ninterval 1\nweight -20\n}}\nvrrp_script hard {{\n{}\ninterval 1\n}}\n\
         vrrp_sync_group G1 {{\ngroup {{\nVI_2\nVI_3\n}}\n}}\n\
         vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority 100\nadvert_int 0.2\n\
         notify_priority_changes\nvirtual_ipaddress {{\n10.77.0.3/24\n10.77.0.13/24 dev eth0 label eth0:x\n}}\n\
         virtual_ipaddress_excluded {{\n10.77.0.4/32\n}}\ntrack_script {{\nsoft\nhard\n}}\n{ROUTING}\n}}\n\
         vrrp_instance VI_2 {{\ninterface eth0\nvirtual_router_id 52\npriority 90\nadvert_int 0.2\n\
         virtual_ipaddress {{\n10.77.0.23/24\n}}\n}}\n\
         vrrp_instance VI_3 {{\ninterface eth0\nvirtual_router_id 53\npriority 91\nadvert_int 0.2\n\
         virtual_ipaddress {{\nfe80::77\nfd77::33/64\n}}\n}}\n",
        flag("soft"),
        flag("hard"),
        fifo = lan.path(&format!("fifo{n}")).display()
    )
}

/// Runs the story on one host; what was heard on the FIFO, and the dumps as they were while it was master again.
fn story(lan: &Lan, n: usize, start: impl Fn(&str) -> Daemon) -> (Vec<String>, Vec<String>) {
    let (fifo, heard) = (lan.path(&format!("fifo{n}")), lan.path(&format!("heard{n}")));
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let line = format!("exec 3<>{}; exec cat <&3 >{}", fifo.display(), heard.display());
    let mut reader = Command::new("bash").args(["-c", &line]).spawn().unwrap();
    let daemon = start(&config(lan, n));
    let says = |wanted: &str, times: usize| {
        wait(wanted, || read(&heard).lines().filter(|line| *line == wanted).count() >= times);
    };
    says("INSTANCE \"VI_1\" MASTER 100", 1);
    says("GROUP \"G1\" MASTER 0", 1);
    for (flag, bad, good) in
        [("soft", "MASTER_PRIORITY 80", "MASTER_PRIORITY 100"), ("hard", "FAULT 100", "MASTER 100")]
    {
        let path = lan.path(&format!("{flag}{n}"));
        fs::remove_file(&path).unwrap();
        says(&format!("INSTANCE \"VI_1\" {bad}"), 1);
        fs::write(path, "").unwrap();
        says(&format!("INSTANCE \"VI_1\" {good}"), if flag == "hard" { 2 } else { 1 });
    }
    let dumps = DUMPS.map(|(signal, name)| {
        let file = lan.path(name);
        let _ = fs::remove_file(&file); // the other daemon's
        assert!(
            Command::new("kill").args([format!("-{signal}"), daemon.pid().to_string()]).status().unwrap().success()
        );
        wait(name, || !read(&file).is_empty());
        std::thread::sleep(std::time::Duration::from_millis(200)); // keepalived writes it piece by piece
        read(&file)
    });
    daemon.signal(Signal::SIGHUP);
    wait("the reload", || ["Reload complete", "reloaded,"].iter().any(|words| daemon.log().contains(words)));
    daemon.stop();
    says("GROUP \"G1\" STOP 0", 1);
    says("INSTANCE \"VI_1\" STOP 100", 1);
    reader.kill().unwrap();
    reader.wait().unwrap();
    (read(&heard).lines().map(str::to_owned).collect(), dumps.to_vec())
}

/// The lines that tell of one instance or group, in their order.
fn about<'l>(lines: &'l [String], name: &str) -> Vec<&'l str> {
    lines.iter().map(String::as_str).filter(|line| line.contains(&format!("\"{name}\""))).collect()
}

#[test]
fn fifo_and_dumps_are_keepalived_s() {
    need_root!();
    let lan = Lan::new(2);
    // One after the other: two masters of one LAN would hear each other.
    let (ours, our_dumps) = story(&lan, 0, |text| lan.hactl(0, text));
    let (theirs, their_dumps) = story(&lan, 1, |text| lan.keepalived(1, text));
    for name in ["VI_1", "VI_2", "VI_3", "G1"] {
        assert_eq!(about(&ours, name), about(&theirs, name));
    }
    same_fields(&our_dumps[0], &their_dumps[0]);
    let lines =
        |dump: &str| -> Vec<String> { dump.lines().map(|line| line.split(':').next().unwrap().into()).collect() };
    assert_eq!(lines(&our_dumps[1]), lines(&their_dumps[1]), "{}", their_dumps[1]);
    for counted in ["  Became master: 2", "  Released master: 1"] {
        assert!(our_dumps[1].contains(counted) && their_dumps[1].contains(counted), "{}", our_dumps[1]);
    }
    let json = |dump: &str| serde_json::from_str::<Value>(dump).unwrap_or_else(|error| panic!("{error}: {dump}"));
    same_json(&json(&our_dumps[2]), &json(&their_dumps[2]), &lan);
}

/// What hactl adds to the text.
const OWN_FIELDS: [&str; 3] = ["Version", "Fault reason", "Master router"];

/// Every field of an instance or script that hactl prints is one that keepalived prints, where it does; values agree
/// unless they are times.
fn same_fields(ours: &str, theirs: &str) {
    let fields = |dump: &str| -> BTreeSet<String> {
        let (_, topology) = dump.split_once("VRRP Topology").unwrap();
        topology.lines().map(|line| line.to_owned()).collect()
    };
    let (known, own) = (fields(theirs), fields(ours));
    let names: BTreeSet<&str> = known.iter().filter_map(|line| line.split(" = ").next()).collect();
    for line in &own {
        let name = line.split(" = ").next().unwrap();
        if OWN_FIELDS.iter().any(|field| name.trim() == *field) {
            continue;
        }
        assert!(names.contains(name), "keepalived has no `{name}`\n{theirs}");
        // Scripts lie under other names, and keepalived tells 0 for a timeout that is the interval.
        let differs = ["Last transition", "Command", "Timeout"].contains(&name.trim());
        assert!(differs || known.contains(line), "`{line}` is told otherwise\n{theirs}");
    }
}

fn same_json(ours: &Value, theirs: &Value, lan: &Lan) {
    let (ours, theirs) = (ours.as_array().unwrap(), theirs.as_array().unwrap());
    assert_eq!(ours.len(), theirs.len());
    for (own, their) in ours.iter().zip(theirs) {
        for part in ["data", "stats"] {
            for (key, value) in their[part].as_object().unwrap() {
                let found = &own[part][key];
                let kind = |value: &Value| match value {
                    Value::Number(number) if number.is_f64() => "fraction",
                    Value::Number(_) => "number",
                    Value::Bool(_) => "bool",
                    Value::String(_) => "text",
                    Value::Array(_) => "list",
                    _ => "nothing",
                };
                assert_eq!(kind(found), kind(value), "{key}: {found} and {value}");
                if part == "data" && !["last_transition", "track_script"].contains(&key.as_str()) {
                    assert_eq!(found, value, "{key} of {}", their["data"]["iname"]);
                }
            }
            let known: Vec<&String> = their[part].as_object().unwrap().keys().collect();
            for key in own[part].as_object().unwrap().keys() {
                assert!(known.contains(&key), "keepalived has no {key} in {part}");
            }
        }
    }
    let scripts = &ours[0]["data"]["track_script"];
    assert_eq!(scripts[0], format!("'{}'", lan.path("soft0.sh").display()));
}

#[test]
fn genhash_is_keepalived_s() {
    need_root!();
    let lan = Lan::new(1);
    fs::write(lan.path("page"), "hello\n").unwrap();
    let root = lan.folder.path().display().to_string();
    let words = ["/usr/bin/python3", "-m", "http.server", "8080", "--bind", "127.0.0.1", "--directory", &root];
    if !Path::new(words[0]).exists() {
        eprintln!("SKIPPED: no {}", words[0]);
        return;
    }
    let _web = lan.spawn(0, "web", words.iter().map(AsRef::as_ref));
    let sum = |program: &[PathBuf], more: &[&str]| {
        let host = lan.host(0);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &host]).args(program).args(["-s", "127.0.0.1", "-p", "8080"]).args(more);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let own = [crate::lan::binary(), "genhash".into()];
    let theirs = ["genhash".into()];
    wait("the server", || sum(&theirs, &["-u", "/page"]) == "b1946ac92492d2347c6235b4d2611184\n");
    for more in [
        &["-u", "/page"][..],
        &["-u", "/nothing"],
        &["-u", "/page", "-V", "www.example.cc"],
        &["-u", "/page", "-P", "1.1"],
    ] {
        assert_eq!(sum(&own, more), sum(&theirs, more), "{more:?}");
    }
}
