//! A thousand virtual routers and more at 100 ms adverts: what they cost, and how fast they all move.
//!
//! Two hosts on one switch, 250 VRIDs on each pair of interfaces; a row for hactl and one for keepalived, in turn.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hactl::sys::netlink::route::Netlink;
use nix::sched::{CloneFlags, setns};
use rtnetlink::constants::RTMGRP_IPV4_IFADDR;
use rtnetlink::packet_core::NetlinkPayload;
use rtnetlink::packet_route::RouteNetlinkMessage;

/// VRIDs on one interface.
const EACH: usize = 250;
const DEADLINE: Duration = Duration::from_secs(60);

/// What one run of one program showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub load_ms: f64,
    pub up_ms: f64,
    pub taken_ms: f64,
    pub owner_cpu: f64,
    pub standby_cpu: f64,
    pub rss_mib: f64,
    pub pss_mib: f64,
}

/// Runs `count` instances of one program on both hosts.
pub(crate) fn run(count: usize, hactl: Option<&Path>) -> Figures {
    let net = Net::new(count.div_ceil(EACH));
    let folder = tempfile::Builder::new().prefix("hactl-scale-").tempdir().unwrap();
    let file = |n: usize| folder.path().join(format!("{n}.conf"));
    fs::write(file(0), config(count, 150)).unwrap();
    fs::write(file(1), config(count, 100)).unwrap();
    let load_ms = load(&file(0), hactl);
    let counters = [net.count_addresses(0), net.count_addresses(1)];
    let begin = Instant::now();
    let owner = start(&net, 0, folder.path(), hactl);
    until(&counters[0], count);
    let up_ms = ms(begin);
    let standby = start(&net, 1, folder.path(), hactl);
    std::thread::sleep(Duration::from_secs(3));
    let window = Duration::from_secs(8);
    let before = [cpu(&owner), cpu(&standby)];
    std::thread::sleep(window);
    let after = [cpu(&owner), cpu(&standby)];
    let share = |n: usize| (after[n] - before[n]) / window.as_secs_f64() * 100.0;
    let (rss_mib, pss_mib) = memory(&owner);
    let begin = Instant::now();
    net.cut(0);
    until(&counters[1], count);
    let taken_ms = ms(begin);
    for mut daemon in [owner, standby] {
        for pid in family(&daemon) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
        }
        let _ = daemon.wait();
    }
    Figures { load_ms, up_ms, taken_ms, owner_cpu: share(0), standby_cpu: share(1), rss_mib, pss_mib }
}

fn ms(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1000.0
}

fn until(counter: &AtomicUsize, count: usize) {
    let end = Instant::now() + DEADLINE;
    while counter.load(Ordering::Relaxed) < count {
        assert!(Instant::now() < end, "{} of {count} addresses are up", counter.load(Ordering::Relaxed));
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn config(count: usize, priority: u8) -> String {
    let mut text = String::new();
    for n in 0..count {
        let (interface, vrid) = (n / EACH, n % EACH + 1);
        text.push_str(&format!(
            "vrrp_instance VI_{n} {{\nstate BACKUP\ninterface v{interface}\nvirtual_router_id {vrid}\npriority \
             {priority}\nversion 3\nadvert_int 0.1\nvirtual_ipaddress {{\n10.{interface}.1.{vrid}/16\n}}\n}}\n"
        ));
    }
    text
}

/// The time in which a file is read and judged.
fn load(file: &Path, hactl: Option<&Path>) -> f64 {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let mut command = match hactl {
                Some(binary) => {
                    let mut command = Command::new(binary);
                    command.args(["check", "-q"]).arg(file);
                    command
                }
                None => {
                    let mut command = Command::new("keepalived");
                    command.arg("-t").arg("-f").arg(file);
                    command
                }
            };
            let begin = Instant::now();
            let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            ms(begin)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn start(net: &Net, n: usize, folder: &Path, hactl: Option<&Path>) -> Child {
    let at = |name: &str| folder.join(format!("{n}.{name}"));
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &net.host(n)]);
    match hactl {
        Some(binary) => {
            command.arg(binary).args(["agent", "run", "-l", "-f"]).arg(at("conf"));
            command.arg("--socket").arg(at("sock")).arg("--state-dir").arg(at("state"));
        }
        None => {
            command.args(["keepalived", "-n", "-l", "-P", "-f"]).arg(at("conf"));
            command.arg("-p").arg(at("pid")).arg("-r").arg(at("vrrp.pid")).arg("-c").arg(at("check.pid"));
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A process and its children.
fn family(daemon: &Child) -> Vec<i32> {
    let parent = daemon.id() as i32;
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    std::iter::once(parent).chain(children.split_whitespace().filter_map(|pid| pid.parse().ok())).collect()
}

/// Seconds of processor time so far.
fn cpu(daemon: &Child) -> f64 {
    let ticks = |pid: &i32| -> u64 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
    };
    family(daemon).iter().map(ticks).sum::<u64>() as f64 / 100.0
}

/// Resident and proportional memory of the whole family in MiB.
fn memory(daemon: &Child) -> (f64, f64) {
    let field = |name: &str| -> f64 {
        let of = |pid: &i32| {
            let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let line = rollup.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
            line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default()
        };
        family(daemon).iter().map(of).sum::<f64>() / 1024.0
    };
    (field("Rss:"), field("Pss:"))
}

/// Two hosts and the switch between them, with as many cables as it takes.
struct Net {
    prefix: String,
    cables: usize,
}

impl Net {
    fn new(cables: usize) -> Self {
        let net = Self { prefix: format!("hs{}", std::process::id() % 100_000), cables };
        for name in [net.host(0), net.host(1), net.host(2)] {
            ip(&["netns", "add", &name]);
            ip(&["-n", &name, "link", "set", "lo", "up"]);
        }
        let mut batch = String::new();
        for cable in 0..cables {
            batch.push_str(&format!("link add br{cable} type bridge mcast_snooping 0\nlink set br{cable} up\n"));
            for host in 0..2 {
                let (name, port) = (net.host(host), format!("p{host}x{cable}"));
                batch.push_str(&format!("link add {port} type veth peer name v{cable} netns {name}\n"));
                batch.push_str(&format!("link set {port} master br{cable} up\n"));
            }
        }
        net.batch(2, &batch);
        for host in 0..2 {
            let lines = (0..cables)
                .map(|cable| format!("addr add 10.{cable}.0.{}/16 dev v{cable}\nlink set v{cable} up\n", host + 1));
            net.batch(host, &lines.collect::<String>());
        }
        net
    }

    fn host(&self, n: usize) -> String {
        format!("{}n{n}", self.prefix)
    }

    fn batch(&self, n: usize, lines: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), lines).unwrap();
        ip(&["-n", &self.host(n), "-batch", file.path().to_str().unwrap()]);
    }

    /// Takes a host off the wire: its own links stay up.
    fn cut(&self, host: usize) {
        let lines = (0..self.cables).map(|cable| format!("link set p{host}x{cable} nomaster\n"));
        self.batch(2, &lines.collect::<String>());
    }

    /// Counts the addresses that come up on a host from now on.
    fn count_addresses(&self, n: usize) -> Arc<AtomicUsize> {
        let counter = Arc::new(AtomicUsize::new(0));
        let (count, space) = (Arc::clone(&counter), PathBuf::from(format!("/run/netns/{}", self.host(n))));
        let (ready, listening) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            setns(File::open(space).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
            let mut events = Netlink::open(RTMGRP_IPV4_IFADDR).unwrap();
            ready.send(()).unwrap();
            while let Ok(messages) = events.receive() {
                let new =
                    |payload: &_| matches!(payload, NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(_)));
                count.fetch_add(messages.iter().filter(|one| new(&one.payload)).count(), Ordering::Relaxed);
            }
        });
        listening.recv().unwrap();
        counter
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for n in 0..3 {
            let _ = Command::new("ip").args(["netns", "del", &self.host(n)]).status();
        }
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
