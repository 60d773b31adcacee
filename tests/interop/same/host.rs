//! A host of the suite: a namespace with three interfaces, one daemon on it, and what its kernel looks like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::better::Better;
use super::case::{Found, TABLES};
use crate::lan::{binary, read};

/// Who runs on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Keepalived,
    Hactl,
}

pub(super) struct Host {
    name: String,
    who: Who,
    folder: PathBuf,
    daemon: Option<Child>,
}

/// Lines by table.
pub(super) type Picture = BTreeMap<&'static str, BTreeSet<String>>;

impl Host {
    /// A namespace with lan0, lan1 and lan2 (172.31.1.1/24, fd99:1::1/64 …), their cables plugged: p0, p1 and p2 are
    /// the other ends.
    pub(super) fn new(who: Who, folder: &Path, number: usize) -> Self {
        let letter = if who == Who::Hactl { 'h' } else { 'k' };
        let unique: String = folder.to_string_lossy().chars().rev().take(6).collect();
        let folder = folder.join(format!("{number}{letter}"));
        fs::create_dir(&folder).unwrap();
        let host = Self { name: format!("hs{unique}{number}{letter}"), who, folder, daemon: None };
        assert!(Command::new("ip").args(["netns", "add", &host.name]).status().unwrap().success());
        let mut batch = String::from("link set lo up\n");
        for n in 0..3 {
            let subnet = n + 1;
            batch += &format!(
                "link add lan{n} address 02:00:00:00:00:1{n} type veth peer name p{n} address 02:00:00:00:00:2{n}\n\
                 addr add 172.31.{subnet}.1/24 dev lan{n}\naddr add fd99:{subnet}::1/64 dev lan{n} nodad\n\
                 link set p{n} up\nlink set lan{n} up\n"
            );
        }
        host.shell("for c in all default; do echo 0 > /proc/sys/net/ipv6/conf/$c/accept_dad; done");
        let mut ip = Command::new("ip").args(["-n", &host.name, "-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        ip.stdin.take().unwrap().write_all(batch.as_bytes()).unwrap();
        assert!(ip.wait().unwrap().success());
        host.shell("for n in 0 1 2; do echo 1 > /proc/sys/net/ipv6/conf/p$n/disable_ipv6; done");
        host
    }

    /// A better router at the other ends of its cables.
    pub(super) fn beside_a_better(&self, text: &str) -> Better {
        Better::begin(&self.name, text)
    }

    /// Runs a line in the namespace.
    pub(super) fn shell(&self, line: &str) -> String {
        let line = line.replace("RUN/", &self.file(""));
        let output = Command::new("ip").args(["netns", "exec", &self.name, "sh", "-c", &line]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The paths that a file may name: `RUN` is a folder of this host's own.
    pub(super) fn write(&self, text: &str) {
        fs::write(self.file("conf"), text.replace("RUN/", &self.file(""))).unwrap();
    }

    /// The exit code of the program's own check of the file.
    pub(super) fn check(&self) -> i32 {
        let conf = self.file("conf");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        match self.who {
            Who::Keepalived => command.args(["keepalived", "-t", "-f", &conf]),
            Who::Hactl => command.arg(binary()).args(["check", &conf]),
        };
        command.output().unwrap().status.code().unwrap_or(-1)
    }

    pub(super) fn start(&mut self) {
        let (conf, log) = (self.file("conf"), File::create(self.file("log")).unwrap());
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        match self.who {
            Who::Keepalived => {
                command.args(["keepalived", "-n", "-l", "-D", "-f", &conf]);
                for (flag, kind) in [("-p", "main"), ("-r", "vrrp"), ("-c", "check")] {
                    command.arg(flag).arg(self.file(kind));
                }
            }
            Who::Hactl => {
                command.arg(binary()).args(["agent", "run", "-l", "--use-file", &conf, "--socket"]);
                command.arg(self.file("sock")).arg("--state-dir").arg(self.file("state"));
            }
        }
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        self.daemon = Some(child);
    }

    pub(super) fn log(&self) -> String {
        read(Path::new(&self.file("log")))
    }

    /// The state of each instance, and its priority as far as the daemon tells.
    pub(super) fn states(&self) -> BTreeMap<String, String> {
        match self.who {
            Who::Keepalived => keepalived_states(&self.log()),
            Who::Hactl => self.status().map(|status| hactl_states(&status)).unwrap_or_default(),
        }
    }

    fn status(&self) -> Option<Value> {
        let socket = self.file("sock");
        let output = Command::new(binary()).args(["agent", "status", "--json", "--socket", &socket]).output().unwrap();
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Whether every instance has come to where it stays as long as nothing happens: beside a better router that is
    /// another place.
    pub(super) fn settled(&mut self, left: &str) -> bool {
        let states = match self.who {
            Who::Keepalived => {
                Some(self.log()).filter(|log| log.contains("Startup complete")).map(|log| keepalived_states(&log))
            }
            Who::Hactl => self.status().map(|status| hactl_states(&status)),
        };
        self.ended() || states.is_some_and(|states| states.values().all(|state| !state.starts_with(left)))
    }

    pub(super) fn ended(&mut self) -> bool {
        self.daemon.as_mut().is_none_or(|daemon| daemon.try_wait().unwrap().is_some())
    }

    pub(super) fn reload(&self) {
        let Some(daemon) = &self.daemon else { return };
        let loaded = |log: &str| log.matches("Reload complete").count() + log.matches("reloaded, ").count();
        let before = loaded(&self.log());
        // A daemon that refused the file is gone.
        let _ = kill(Pid::from_raw(daemon.id().try_into().unwrap()), Signal::SIGHUP);
        let end = Instant::now() + Duration::from_secs(5);
        while loaded(&self.log()) == before && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(super) fn terminate(&self) {
        if let Some(daemon) = &self.daemon {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(daemon.id().try_into().unwrap()), Signal::SIGTERM);
        }
    }

    pub(super) fn picture(&self) -> Picture {
        let shown = self.shell(
            "ip -j -d addr; echo; echo ===; ip route show table all; echo ===; ip rule; ip -6 rule; echo ===; \
             cd /proc/sys/net; grep . ipv4/ip_nonlocal_bind ipv4/conf/*/arp_ignore ipv4/conf/*/arp_filter \
             ipv4/conf/*/arp_announce ipv4/conf/*/accept_local ipv4/conf/*/rp_filter ipv4/conf/*/promote_secondaries \
             ipv6/conf/*/disable_ipv6 ipv6/conf/*/addr_gen_mode ipv6/conf/*/accept_dad",
        );
        let mut parts = shown.split("===\n");
        let mut next = || parts.next().unwrap_or_default();
        let (links, addresses) = links_and_addresses(next());
        let trimmed = |text: &str| text.lines().map(|line| line.trim().replace('\t', " ")).collect::<BTreeSet<_>>();
        let mut routes = trimmed(next());
        routes.retain(|line| !line.contains("table local") && !line.contains("dev p"));
        let rules = trimmed(next());
        let mut settings = trimmed(next());
        settings.retain(|line| !line.contains("/conf/p"));
        let states = self.states().into_iter().map(|(name, state)| format!("{name} {state}")).collect();
        Picture::from([
            ("state", states),
            ("addresses", addresses),
            ("routes", routes),
            ("rules", rules),
            ("links", links),
            ("settings", settings),
        ])
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        // keepalived's child may outlive its parent for a moment.
        let pids = Command::new("ip").args(["netns", "pids", &self.name]).output().unwrap();
        for pid in String::from_utf8_lossy(&pids.stdout).split_whitespace().filter_map(|pid| pid.parse().ok()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// What differs between two pictures; states are compared only where both have a daemon.
pub(super) fn differences(phase: &'static str, one: &Picture, other: &Picture) -> Vec<Found> {
    let mut found = Vec::new();
    for table in TABLES {
        let (one, other) = (&one[table], &other[table]);
        let gone = one.difference(other).map(|line| format!("- {line}"));
        let lines: Vec<String> = gone.chain(other.difference(one).map(|line| format!("+ {line}"))).collect();
        if !lines.is_empty() {
            found.push(Found { phase, table, lines });
        }
    }
    found
}

fn links_and_addresses(json: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let all: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let (mut links, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for link in &all {
        let name = word(&link["ifname"]);
        if name.starts_with('p') {
            continue;
        }
        let mut flags: Vec<String> = link["flags"].as_array().into_iter().flatten().map(word).collect();
        flags.sort();
        let info = &link["linkinfo"];
        let (kind, mode) = (word(&info["info_kind"]), word(&info["info_data"]["mode"]));
        let (on, mac, own) = (word(&link["link"]), word(&link["address"]), word(&link["inet6_addr_gen_mode"]));
        links.insert(format!("{name} on {on}: {kind} {mode} {mac} {} {own}", flags.join(",")));
        for address in link["addr_info"].as_array().into_iter().flatten() {
            let mut words = vec![name.clone(), format!("{}/{}", word(&address["local"]), address["prefixlen"])];
            for key in ["address", "broadcast", "scope", "label"] {
                words.extend(address[key].as_str().map(|value| format!("{key} {value}")));
            }
            let flags = ["secondary", "deprecated", "nodad", "noprefixroute", "home", "mngtmpaddr", "autojoin"];
            words.extend(flags.iter().filter(|flag| address[**flag] == true).map(|flag| (*flag).to_owned()));
            for key in ["valid_life_time", "preferred_life_time"] {
                words.extend(
                    Some(&address[key])
                        .filter(|time| time.as_u64() != Some(u32::MAX.into()))
                        .map(|time| format!("{key} {time}")),
                );
            }
            addresses.insert(words.join(" "));
        }
    }
    (links, addresses)
}

/// What keepalived has logged: the last state of each instance, and its last priority where tracking changed it.
fn keepalived_states(log: &str) -> BTreeMap<String, String> {
    let mut states: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    for line in log.lines() {
        let Some((name, rest)) = line.split_once(": (").and_then(|(_, rest)| rest.split_once(") ")) else { continue };
        let entering = rest.strip_prefix("Entering ").or_else(|| rest.strip_prefix("entering "));
        if let Some(state) = entering.and_then(|rest| rest.split(' ').next()) {
            states.entry(name.to_owned()).or_default().0 = state.to_owned();
        }
        if let Some(priority) = rest.strip_prefix("Changing effective priority from ") {
            states.entry(name.to_owned()).or_default().1 = priority.rsplit(' ').next().map(str::to_owned);
        }
    }
    let shown = |(state, priority): (String, Option<String>)| match priority {
        Some(priority) if state != "FAULT" && priority != "100" => format!("{state} {priority}"),
        _ => state,
    };
    states.into_iter().filter(|(_, (state, _))| !state.is_empty()).map(|(name, of)| (name, shown(of))).collect()
}

fn hactl_states(status: &Value) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for one in status["instances"].as_array().into_iter().flatten() {
        let state = one["state"].as_str().unwrap_or_default();
        let changed = one["effective_priority"] != one["base_priority"] && state != "FAULT";
        let priority = if changed { format!(" {}", one["effective_priority"]) } else { String::new() };
        states.insert(one["name"].as_str().unwrap_or_default().to_owned(), format!("{state}{priority}"));
    }
    states
}
