//! Figures beside keepalived and ipvsadm: told, never judged. They run when `HACTL_VM_ONLY` names them.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use hactl::sys::ipvs::Ipvs;
use hactl_engine::ipvs::{ServiceKey, Table};
use hactl_engine::lvs::diff::diff;
use nix::sys::signal::Signal;

use super::Case;
use super::agent::pool;
use super::cluster::Cluster;
use super::host::{Daemon, Host, wait};
use super::netlink::{DEL_DESTINATION, NEW_DESTINATION, NEW_SERVICE, SET_DESTINATION, Tap};
use super::suite_table::thousand_of_ten;
use super::words::{apply, at, make, tcp};

pub(crate) const CASES: &[Case] =
    crate::cases![a_thousand_services, daemons_with_a_thousand_services, a_dead_server_s_way_out];

/// How often a server dies of each cause.
const DEATHS: usize = 30;
/// How often each daemon is started.
const TURNS: usize = 5;

/// 1,000 services of 10 servers each, three times with each tool; the best counts.
fn a_thousand_services() {
    let wanted = thousand_of_ten();
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    make(&mut ipvs, &wanted); // modules loaded, caches warm
    let saved = host.folder().join("saved");
    host.sh(&format!("ipvsadm -Sn > {}", saved.display()));

    tell("hactl: read the full table with its counters", best(|| timed(|| drop(ipvs.read().unwrap()))));
    let found = ipvs.table().unwrap();
    tell(
        "hactl: compare two equal tables",
        best(|| timed(|| assert!(diff(&found, &wanted, &Default::default()).is_empty()))),
    );
    let mut weight = 1;
    let one = best(|| {
        let mut other = wanted.clone();
        weight += 1;
        let service = other.get_mut(&tcp("10.38.2.7:80")).unwrap();
        service.destinations.get_mut(&at("10.39.0.5:80")).unwrap().weight = weight;
        let changes = diff(&found, &other, &Default::default());
        timed(|| apply(&mut ipvs, &changes))
    });
    tell("hactl: change one weight", one);
    let apply_all = best(|| {
        ipvs.flush().unwrap();
        timed(|| {
            let changes = diff(&ipvs.table().unwrap(), &wanted, &Default::default());
            apply(&mut ipvs, &changes);
        })
    });
    tell("hactl: compare with an empty table, apply 11,000 changes", apply_all);
    let clear = best(|| {
        make(&mut ipvs, &wanted);
        timed(|| ipvs.flush().unwrap())
    });
    tell("the kernel: flush", clear);

    let restore = best(|| {
        ipvs.flush().unwrap();
        timed(|| drop(host.sh(&format!("ipvsadm -R < {}", saved.display()))))
    });
    tell("ipvsadm -R", restore);
    let config = configuration(&wanted);
    let file = host.folder().join("checked.conf");
    fs::write(&file, &config).unwrap();
    let check = format!("keepalived -t -f {}", file.display());
    tell("keepalived -t: reads the file", best(|| timed(|| drop(host.try_sh(&check)))));
    let keepalived = best(|| {
        ipvs.flush().unwrap();
        let started = Instant::now();
        let daemon = host.keepalived(&config);
        let took = full(&mut ipvs, started);
        daemon.stop();
        took
    });
    tell("keepalived: from start to the full table", keepalived);
}

/// Both daemons in turn with the same file of 1,000 services of 10 servers, each turn from nothing.
fn daemons_with_a_thousand_services() {
    let config = configuration(&thousand_of_ten());
    let last = config.rfind("weight 1\n").unwrap();
    let changed = format!("{}weight 37\n{}", &config[..last], &config[last + "weight 1\n".len()..]);
    type Start = fn(&Host, &str) -> Daemon;
    let tools: [(&str, Start, &str); 2] =
        [("hactl", Host::agent, "hactl.conf"), ("keepalived", Host::keepalived, "keepalived.conf")];
    let mut seen: [Vec<Turn>; 2] = Default::default();
    for turn in 0..TURNS {
        for ((tool, start, file), seen) in tools.iter().zip(&mut seen) {
            let host = Host::alone(&format!("{tool}{turn}"));
            drop(host.ipvs()); // the module is there
            seen.push(turn_of(&host, *start, file, [&config, &changed]));
        }
    }
    for ((tool, ..), seen) in tools.iter().zip(&seen) {
        tell(&format!("{tool}: from start to the full table"), median(seen, |turn| turn.full));
        tell(&format!("{tool}: of it from the first entry to the last"), median(seen, |turn| turn.applied));
        tell(&format!("{tool}: from SIGHUP to the one weight that changed"), median(seen, |turn| turn.reloaded));
        println!("NOTE {tool}: {} messages for it", median(seen, |turn| turn.messages));
        println!("NOTE {tool}: {} kB of memory", median(seen, |turn| turn.memory));
    }
}

/// One turn of one daemon.
struct Turn {
    /// From the start to the last entry.
    full: Duration,
    /// From the first entry to the last.
    applied: Duration,
    reloaded: Duration,
    messages: usize,
    memory: u64,
}

fn turn_of(host: &Host, start: fn(&Host, &str) -> Daemon, file: &str, [config, changed]: [&str; 2]) -> Turn {
    let tap = Tap::on(host);
    let started = SystemTime::now();
    let daemon = start(host, config);
    let all = || tap.requests().iter().filter(|one| one.command == NEW_DESTINATION).count() == 10_000;
    wait("the table", all);
    let requests = tap.requests();
    let full = requests.last().unwrap().at;
    let first = requests.iter().find(|one| one.command == NEW_SERVICE).unwrap().at;
    let memory = memory(host, &daemon);
    let known = tap.changes().len();
    fs::write(host.folder().join(file), changed).unwrap();
    let before = SystemTime::now();
    daemon.signal(Signal::SIGHUP);
    wait("the weight", || tap.changes()[known..].iter().any(|one| one.command == SET_DESTINATION));
    let changes = &tap.changes()[known..];
    let weight = changes.iter().find(|one| one.command == SET_DESTINATION).unwrap();
    let reloaded = weight.at.duration_since(before).unwrap();
    let messages = changes.len();
    daemon.stop();
    let applied = full.duration_since(first).unwrap();
    Turn { full: full.duration_since(started).unwrap(), applied, reloaded, messages, memory }
}

/// From the death of a real server to the message that takes it out of the table: both watch the same one. Its web
/// server ends, which refuses connections; or its cable is pulled, and checks run into their timeout.
fn a_dead_server_s_way_out() {
    let cluster = Cluster::new(2, 1);
    let [ours, theirs] = &cluster.directors[..] else { panic!("two directors") };
    let config = format!("global_defs {{\nscript_user root\n}}\n{}", pool("", &[(21, "weight 1")]));
    let taps = [Tap::on(ours), Tap::on(theirs)];
    let server = &cluster.servers[0];
    let mut web = Some(server.web());
    let mut cable = cluster.cable(server);
    let _daemons = [ours.agent(&config), theirs.keepalived(&config)];
    for refuses in [true, false] {
        let mut took = [Vec::new(), Vec::new()];
        for _ in 0..DEATHS {
            [ours, theirs].iter().for_each(|host| host.until(&["10.37.0.21:80 1"]));
            let before = SystemTime::now();
            match refuses {
                true => drop(web.take()),
                false => cable.plug(false),
            }
            taps.iter().zip(&mut took).for_each(|(tap, took)| took.push(tap.until(before, DEL_DESTINATION)));
            match refuses {
                true => web = Some(server.web()),
                false => cable.plug(true),
            }
        }
        let death = if refuses { "that refuses" } else { "that is silent" };
        for (tool, took) in ["hactl", "keepalived"].iter().zip(&mut took) {
            took.sort();
            let all: Vec<u128> = took.iter().map(Duration::as_millis).collect();
            let median = all[all.len() / 2];
            println!("NOTE {tool}: a dead server {death} is out of the table after {median} ms (median of {all:?})");
        }
    }
}

fn tell(what: &str, took: Duration) {
    println!("NOTE {what:58} {:8.1} ms", took.as_secs_f64() * 1e3);
}

/// Resident memory of a daemon and its children.
fn memory(host: &Host, daemon: &Daemon) -> u64 {
    let pid = daemon.pid();
    let lines = host.sh(&format!("ps -o rss= -p {pid} --ppid {pid}"));
    lines.split_whitespace().filter_map(|word| word.parse::<u64>().ok()).sum()
}

/// How long until the last server of the last service is there. Looking costs keepalived time: seldom, and not all.
fn full(ipvs: &mut Ipvs, started: Instant) -> Duration {
    wait("keepalived's table", || {
        std::thread::sleep(Duration::from_millis(200));
        ipvs.table().unwrap().values().map(|service| service.destinations.len()).sum::<usize>() == 10_000
    });
    started.elapsed()
}

fn configuration(table: &Table) -> String {
    let mut text = String::new();
    for (key, service) in table {
        let ServiceKey::Address { address, .. } = key else { continue };
        text += &format!(
            "virtual_server {} {} {{\n  lb_algo wlc\n  lb_kind NAT\n  protocol TCP\n",
            address.ip(),
            address.port()
        );
        for to in service.destinations.keys() {
            text += &format!("  real_server {} {} {{\n    weight 1\n  }}\n", to.ip(), to.port());
        }
        text += "}\n";
    }
    text
}

fn median<T: Ord>(turns: &[Turn], figure: impl Fn(&Turn) -> T) -> T {
    let mut all: Vec<T> = turns.iter().map(figure).collect();
    all.sort_unstable();
    all.swap_remove(all.len() / 2)
}

fn best(mut once: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| once()).min().unwrap_or_default()
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}
