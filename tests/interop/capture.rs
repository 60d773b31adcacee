//! `hactl capture` beside others: adverts of real keepalived, frames that tshark decodes, files of tcpdump and tshark,
//! and ways that are blocked on a LAN of namespaces.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::lan::{Daemon, Lan, binary, json, wait};

const VIP: &str = "10.77.0.3";

/// Skips the calling test, aloud, where it cannot run.
macro_rules! need_tools {
    () => {
        $crate::need_root!();
        if let Some(tool) = ["tshark", "tcpdump", "nft"].iter().find(|tool| which::which(tool).is_err()) {
            eprintln!("SKIPPED: no `{tool}` here");
            return;
        }
    };
}

fn config(priority: u8, more: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 37\npriority {priority}\nadvert_int 1\n\
         version 2\nauthentication {{\nauth_type PASS\nauth_pass s3cret\n}}\nvirtual_ipaddress {{\n{VIP}/24\n}}\n}}\n{more}"
    )
}

/// A second router, over IPv6.
fn six(priority: u8) -> String {
    format!(
        "vrrp_instance VI_6 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 38\npriority {priority}\nversion 3\n\
         advert_int 0.5\nvirtual_ipaddress {{\nfe80::77:3/64\nfd77::3/64\n}}\n}}\n"
    )
}

/// What the inventory says of both.
fn inventory(lan: &Lan) -> PathBuf {
    let path = lan.path("inventory.yaml");
    let text = format!(
        "cluster: captured\nssh: {{ user: root }}\nlb: {{ lb-5: 10.77.0.5, lb-6: 10.77.0.6 }}\nweb: {{ web-7: 10.77.0.7 }}\n\
         vip: {{ address: {VIP}/24, vrid: 37, interval: 1s, version: 2, auth: {{ pass: s3cret }} }}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// Captures on a host into `NAME.pcapng` until it is told to end.
struct Capture {
    child: Child,
    path: PathBuf,
}

impl Capture {
    fn begin(lan: &Lan, n: usize, name: &str) -> Self {
        let path = lan.path(&format!("{name}.pcapng"));
        let out = std::fs::File::create(&path).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &lan.host(n)]).arg(binary()).args(["agent", "capture", "eth0", "--for", "60s"]);
        let child = command.stdin(Stdio::null()).stdout(out).spawn().unwrap();
        let capture = Self { child, path };
        wait("the capture to begin", || capture.size() > 0);
        capture
    }

    fn size(&self) -> u64 {
        std::fs::metadata(&self.path).unwrap().len()
    }

    /// How many packets of a display filter it has.
    fn count(&self, filter: &str) -> usize {
        // tshark reads what is there of a file that grows; the last block may be half.
        let output = Command::new("tshark").arg("-r").arg(&self.path).args(["-Y", filter]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().count()
    }

    fn wait(&self, filter: &str, count: usize) {
        wait(&format!("{count} of {filter}"), || self.count(filter) >= count);
    }

    fn end(mut self) -> PathBuf {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap();
        self.path.clone()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `hactl capture --read FILE…`, with the inventory.
fn read(lan: &Lan, files: &[&Path], words: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.arg("capture").arg("-i").arg(inventory(lan)).args(words).arg("--read").args(files);
    command.output().unwrap()
}

/// The lines, and the last object, which is held against docs/json.md.
fn told(output: &Output) -> (Vec<serde_json::Value>, serde_json::Value) {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let (lines, last) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
    let end = json::document(last.as_bytes(), output.status.code());
    let lines = lines.lines().map(|line| json::line(line.as_bytes())).collect();
    (lines, end)
}

fn codes(end: &serde_json::Value) -> Vec<&str> {
    let problems = end["problems"].as_array().unwrap();
    problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect()
}

/// What tshark makes of each frame of a file: protocol, and what it finds wrong.
fn decoded(path: &Path) -> Vec<(String, String)> {
    let fields = ["-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.expert.message", "-e", "_ws.malformed"];
    let output = Command::new("tshark").arg("-r").arg(path).args(fields).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let split = |line: &str| line.split_once('\t').map(|(one, rest)| (one.to_owned(), rest.trim().to_owned())).unwrap();
    text.lines().map(split).collect()
}

/// tshark decodes each frame as what it is, and finds nothing wrong with it.
fn tshark_is_content(path: &Path) {
    let frames = decoded(path);
    assert!(!frames.is_empty(), "{}", path.display());
    for (protocol, wrong) in &frames {
        let known = ["VRRP", "ARP", "ICMPv6"].contains(&protocol.as_str());
        // A VIP that has moved is at two hardware addresses, one after the other: that it notices is right.
        let fine = wrong.is_empty() || wrong.starts_with("Duplicate IP address configured");
        assert!(known && fine, "{protocol}: {wrong}");
    }
}

fn pair(lan: &Lan) -> [Daemon; 2] {
    let owner = lan.keepalived(0, &config(150, &six(150)));
    lan.wait_owner(0, VIP);
    let standby = lan.keepalived(1, &config(91, &six(91)));
    wait("the standby", || standby.log().contains("Entering BACKUP STATE"));
    [owner, standby]
}

#[test]
fn what_keepalived_says_is_told_and_tshark_decodes_it() {
    need_tools!();
    let lan = Lan::new(3);
    let captures = [Capture::begin(&lan, 0, "lb-5"), Capture::begin(&lan, 1, "lb-6")];
    let [owner, _standby] = pair(&lan);
    captures[1].wait("vrrp.virt_rtr_id == 37 && eth", 4);
    captures[1].wait("vrrp.virt_rtr_id == 38 && eth", 4);
    owner.stop();
    lan.wait_owner(1, VIP);
    captures[0].wait("vrrp.virt_rtr_id == 37 && ip.src == 10.77.0.6", 3);
    let [five, six] = captures.map(Capture::end);
    tshark_is_content(&five);
    tshark_is_content(&six);

    let all = lan.path("all.pcapng");
    let output = read(&lan, &[&five, &six], &["--json", "--explain", "--write", &all.display().to_string()]);
    let (lines, end) = told(&output);
    let says = |text: &str| lines.iter().filter(|line| line["line"]["says"] == text).collect::<Vec<_>>();
    let adverts = says("lb-5 says: I own VRID 37 with priority 150; next within 1 s");
    assert!(adverts.len() >= 4, "{end:#}");
    let heard = adverts.iter().filter(|line| line["line"]["heard_by"] == serde_json::json!(["lb-6"]));
    assert!(heard.count() >= 3, "{adverts:#?}");
    assert!(adverts.iter().all(|line| line["line"]["not_heard_by"] == serde_json::json!([])), "{adverts:#?}");
    let goodbye = says("lb-5 says: I give VRID 37 up; the backup with the highest priority takes over at once");
    assert_eq!(goodbye.len(), 1);
    let moved = lines.iter().find(|line| line["line"]["says"] == format!("lb-6 tells everybody: {VIP} is at lb-6"));
    assert_eq!(moved.unwrap()["line"]["heard_by"], serde_json::json!(["lb-5"]));
    let sixth = lines
        .iter()
        .filter(|line| line["line"]["says"] == "lb-5 says: I own VRID 38 with priority 150; next within 0.5 s");
    assert!(sixth.count() >= 4);
    // The second router is none of the inventory's, and one of its hosts' all the same.
    assert!(codes(&end).iter().all(|code| *code == "W730"), "{end:#}");
    assert_eq!(output.status.code(), Some(0));
    let explained = lines.iter().filter(|line| line["line"]["meaning"].is_string()).count();
    assert!((4..=10).contains(&explained), "{explained} kinds were explained");

    // The file of both says the same, and tshark is content with it.
    tshark_is_content(&all);
    let again = read(&lan, &[&all], &["--json"]);
    let (lines_again, end_again) = told(&again);
    assert_eq!(lines_again.len(), lines.len());
    assert_eq!((&end_again["advertisers"], &end_again["lines"]), (&end["advertisers"], &end["lines"]));
    let output =
        Command::new("tshark").arg("-r").arg(&all).args(["-T", "fields", "-e", "frame.interface_name"]).output();
    let named = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(named.lines().any(|line| line == "lb-5:eth0") && named.lines().all(|line| line.ends_with(":eth0")));
}

#[test]
fn files_of_others_are_read() {
    need_tools!();
    let lan = Lan::new(2);
    let _pair = pair(&lan);
    let paths = ["tcpdump.pcap", "any.pcap", "tshark.pcapng", "tshark-any.pcapng"].map(|name| lan.path(name));
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let filter = "ip proto 112 or ip6 proto 112 or arp";
    let in_host = |words: &[&str]| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &lan.host(1), "timeout", "20"]).args(words);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut all = [
        in_host(&["tcpdump", "-Z", "root", "-i", "eth0", "-c", "3", "-w", &shown[0], filter]),
        in_host(&["tcpdump", "-Z", "root", "-i", "any", "-c", "3", "-w", &shown[1], filter]),
        in_host(&["tshark", "-i", "eth0", "-c", "3", "-w", &shown[2], "-f", filter]),
        in_host(&["tshark", "-i", "any", "-c", "3", "-w", &shown[3], "-f", filter]),
    ];
    assert!(all.iter_mut().all(|child| child.wait().unwrap().success()));
    for path in &paths {
        let output = read(&lan, &[path], &["--json"]);
        let (lines, end) = told(&output);
        assert_eq!(lines.iter().filter(|line| line.get("line").is_some()).count(), 3, "{}: {output:?}", path.display());
        let owner = lines.iter().any(|line| line["line"]["from"] == "lb-5" || line["line"]["protocol"] == "vrrp");
        assert!(owner, "{}: {lines:#?}", path.display());
        assert_eq!(end["hosts"][0]["host"], path.file_stem().unwrap().to_str().unwrap());
        // It has not been said to be all that passed, so nobody lacks anything.
        assert!(lines.iter().all(|line| line["line"]["not_heard_by"].as_array().is_none_or(Vec::is_empty)));
    }
}

/// A firewall on the receiver, then one on the switch; and somebody who is no host of the inventory.
#[test]
fn blocked_ways_and_strangers_are_found() {
    need_tools!();
    let lan = Lan::new(3);
    let _owner = lan.keepalived(0, &config(150, ""));
    lan.wait_owner(0, VIP);
    let strange = config(200, "").replace("10.77.0.3/24", "10.77.0.99/24").replace("_id 37", "_id 77");
    let _stranger = lan.keepalived(2, &strange);
    lan.wait_owner(2, "10.77.0.99");
    let nft = |n: usize, rules: &str| {
        let mut command = Command::new("ip");
        let child = command.args(["netns", "exec", &lan.host(n), "nft", "-f", "-"]).stdin(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), rules.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{rules}");
    };
    nft(1, "table inet wall { chain in { type filter hook input priority 0; ip protocol 112 drop; }; }");
    let captured = |name: [&str; 2]| {
        let captures = [Capture::begin(&lan, 0, name[0]), Capture::begin(&lan, 1, name[1])];
        captures[0].wait("vrrp.virt_rtr_id == 37 && eth", 5);
        captures.map(Capture::end)
    };
    let files = captured(["lb-5", "lb-6"]);
    let output = read(&lan, &[&files[0], &files[1]], &["--json"]);
    let (lines, end) = told(&output);
    assert_eq!(output.status.code(), Some(7), "{end:#}");
    let mut found = codes(&end);
    found.sort_unstable();
    assert_eq!(found, ["E716", "W730"], "{end:#}");
    let said = end["problems"].to_string();
    assert!(
        said.contains("lb-6: adverts for VI_1 (VRID 37) of lb-5 reach its interface, but no program on it"),
        "{said}"
    );
    assert!(said.contains("10.77.0.7") || said.contains("web-7 advertises VRID 77"), "{said}");
    let stopped = lines.iter().filter(|line| line["line"]["stopped_at"] == serde_json::json!(["lb-6"])).count();
    assert!(stopped >= 3, "{lines:#?}");
    let text = String::from_utf8(read(&lan, &[&files[0], &files[1]], &[]).stdout).unwrap();
    assert!(text.contains("→ lb-6 (dropped by its firewall)"), "{text}");

    // The LAN itself does not carry them: what leaves lb-5 is dropped before it is on the wire of lb-6.
    nft(1, "delete table inet wall");
    lan.plug(1, false);
    let files = captured(["lb-5", "lb-6"]);
    let output = read(&lan, &[&files[0], &files[1]], &["--json"]);
    let (lines, end) = told(&output);
    let said = end["problems"].to_string();
    assert!(said.contains("lb-6: adverts for VI_1 (VRID 37) that lb-5 sends do not reach it"), "{said}");
    let lacks = lines.iter().filter(|line| line["line"]["not_heard_by"] == serde_json::json!(["lb-6"])).count();
    assert!(lacks >= 3, "{lines:#?}");
}
