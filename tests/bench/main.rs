//! Outages as a client sees them, hactl beside keepalived in the same run: pings of the VIP every millisecond.
//!
//! `make bench` runs it as root and prints one table of medians. Nothing is asserted: speed is for people to read.

#[path = "../interop/asking.rs"]
#[allow(dead_code, reason = "shared with the interop tests")]
mod asking;
#[path = "../interop/lan.rs"]
#[allow(dead_code, reason = "shared with the interop tests")]
mod lan;
mod requests;
mod scale;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hactl::sys::packet::ping::Prober;
use lan::{Daemon, Lan, wait};

const VIP: &str = "10.77.0.3";
/// keepalived's figures scatter little; five runs are enough.
const PEER_RUNS: usize = 5;
/// The host that pings.
const CLIENT: usize = 2;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let [_, verb, seconds] = words.as_slice()
        && verb == "probe"
    {
        return probe(seconds.parse().unwrap());
    }
    match words.as_slice() {
        [_, verb] if verb == "serve" => return requests::serve(),
        [_, verb, seconds] if verb == "requests" => {
            let target = SocketAddr::new(VIP.parse().unwrap(), requests::PORT);
            return println!("{}", requests::longest_gap(target, seconds.parse().unwrap()));
        }
        _ => {}
    }
    if let Some(why) = lan::unavailable() {
        return println!("not measured: {why}");
    }
    match words.get(1).map(String::as_str) {
        Some("scale") => scale_rows(),
        Some("outages") => outage_rows(words.get(2).map_or("", String::as_str)),
        _ => {
            outage_rows("");
            scale_rows();
        }
    }
}

fn scale_rows() {
    let binary = lan::binary();
    let runs = std::env::var("HACTL_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(5);
    for count in [1000, 4000] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(scale::run(count, Some(&binary)));
            theirs.push(scale::run(count, None));
        }
        let head = format!("{count} instances at 100 ms, median (min..max)");
        println!("\n{head:<44} {:>12} {:>12} {:>7}", "hactl", "keepalived", "ratio");
        type Value = fn(&scale::Figures) -> f64;
        let value: [(&str, Value); 7] = [
            ("file loaded, ms", |one| one.load_ms),
            ("all addresses up, ms", |one| one.up_ms),
            ("all taken over after the cut, ms", |one| one.taken_ms),
            ("CPU of the owner, % of a core", |one| one.owner_cpu),
            ("CPU of the standby, % of a core", |one| one.standby_cpu),
            ("resident memory of all processes, MiB", |one| one.rss_mib),
            ("proportional memory, MiB", |one| one.pss_mib),
        ];
        for (what, value) in value {
            let (ours, theirs) =
                (Figures::of(ours.iter().map(value).collect()), Figures::of(theirs.iter().map(value).collect()));
            let ratio = theirs.median / ours.median.max(0.01);
            println!("{what:<44} {:>12.1} {:>12.1} {ratio:>6.1}x", ours.median, theirs.median);
            println!("{:<44} {:>12} {:>12}", "", ours.range(), theirs.range());
        }
    }
}

/// The rows whose name contains `only`.
fn outage_rows(only: &str) {
    println!("{:<44} {:>12} {:>12} {:>7}", "longest gap at 1 kHz, median (min..max)", "hactl", "keepalived", "ratio");
    for (what, runs, advert, fault) in [
        ("planned switch (keepalived: stop)", 10, "1", Fault::Planned),
        ("planned switch, lease and guard on", 10, "1 guarded", Fault::Planned),
        ("clean stop of the owner", 5, "1", Fault::Stop),
        ("clean stop, lease and guard on", 5, "1 guarded", Fault::Stop),
        ("the owner's check fails, lease and guard on", 10, "1 guarded", Fault::GivenUp),
        ("host lost, 1 s adverts", 5, "1", Fault::Lost),
        ("host lost, lease and guard on", 5, "1 guarded", Fault::Lost),
        ("host lost, 100 ms adverts", 5, "0.1", Fault::Lost),
        ("host lost, 10 ms adverts", 5, "0.01", Fault::Lost),
        ("agent killed and started again", 5, "1", Fault::Killed),
        ("upgrade (keepalived: restart)", 5, "1", Fault::Upgraded),
        // keepalived keeps the addresses for a quarter of a second after its last advert, and its standby is quicker
        // here.
        ("upgrade, 100 ms adverts", 5, "0.1", Fault::Upgraded),
    ] {
        if what.contains(only) {
            row(what, runs, |hactl| gap(advert, fault, hactl));
        }
    }
    let died = "web server killed (keepalived: checked)";
    if died.contains(only) {
        row(died, 10, dies);
    }
    println!("\n{:<44} {:>12} {:>12}", "two hosts answer, of 8 s, median (min..max)", "hactl", "keepalived");
    for (what, advert) in [("agent hangs, 1 s adverts", "1"), ("agent hangs, 200 ms adverts", "0.2")]
        .into_iter()
        .filter(|(what, _)| what.contains(only))
    {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            ours.push(doubled(advert, true));
            theirs.push(doubled(advert, false));
        }
        let (ours, theirs) = (Figures::of(ours), Figures::of(theirs));
        println!("{what:<44} {:>12} {:>12}", ours.median(), theirs.median());
        println!("{:<44} {:>12} {:>12}", "", ours.range(), theirs.range());
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Planned,
    Stop,
    /// A check of the owner fails; its host and its agent are well.
    GivenUp,
    Lost,
    Killed,
    Upgraded,
}

fn row(what: &str, runs: usize, gap: impl Fn(bool) -> f64) {
    // Side by side: one of each in turn, so that a busy moment of the machine hits both.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for n in 0..runs {
        ours.push(gap(true));
        if n < PEER_RUNS {
            theirs.push(gap(false));
        }
    }
    let (ours, theirs) = (Figures::of(ours), Figures::of(theirs));
    // What the prober cannot see is taken as one interval of it.
    let ratio = theirs.median / ours.median.max(1.0);
    println!("{what:<44} {:>12} {:>12} {ratio:>6.1}x", ours.median(), theirs.median());
    println!("{:<44} {:>12} {:>12}", "", ours.range(), theirs.range());
}

struct Figures {
    median: f64,
    least: f64,
    most: f64,
}

impl Figures {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], least: values[0], most: values[values.len() - 1] }
    }

    fn median(&self) -> String {
        format!("{:.1} ms", self.median)
    }

    fn range(&self) -> String {
        format!("({:.0}..{:.0})", self.least, self.most)
    }
}

fn config(advert: &str, priority: u8) -> String {
    let version = if advert == "1" { 2 } else { 3 };
    format!(
        "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 51\npriority {priority}\n\
         version {version}\nadvert_int {advert}\nvirtual_ipaddress {{\n{VIP}/24\n}}\n}}\n"
    )
}

/// As the desk deploys it.
fn guarded(advert: &str, priority: u8) -> String {
    format!("hactl {{\nlease on\nguard on\npeers 10.77.0.5 10.77.0.6\n}}\n{}", config(advert, priority))
}

/// The same with a check that fails as soon as this file is there.
fn checked(config: String, flag: &Path) -> String {
    let flag = flag.display();
    format!(
        "global_defs {{\nscript_user root\n}}\nvrrp_script web {{\nscript \"/usr/bin/test ! -e {flag}\"\ninterval 1\n}}\n{}",
        config.replace("state BACKUP", "state BACKUP\ntrack_script {\nweb\n}")
    )
}

/// The longest gap in milliseconds that one fault causes. `guarded` behind the interval is for hactl alone.
fn gap(advert: &str, fault: Fault, hactl: bool) -> f64 {
    let lan = Lan::new(3);
    let own: fn(&str, u8) -> String = if advert.ends_with("guarded") { guarded } else { config };
    let advert = advert.trim_end_matches(" guarded");
    let flag = lan.path("bad");
    let start = |n: usize, priority: u8| -> Daemon {
        let plain = if hactl { own(advert, priority) } else { config(advert, priority) };
        // The owner alone: the other one is well.
        let text = if fault == Fault::GivenUp && n == 0 { checked(plain, &flag) } else { plain };
        if hactl { lan.hactl(n, &text) } else { lan.keepalived(n, &text) }
    };
    let owner = start(0, 150);
    lan.wait_owner(0, VIP);
    let standby = start(1, 100);
    // The standby must have heard the owner before anything happens to it.
    std::thread::sleep(Duration::from_millis(1500));
    let silent = fault == Fault::Lost && advert == "1" || fault == Fault::Killed;
    let prober = ping(&lan, if silent { 6 } else { 3 });
    std::thread::sleep(Duration::from_millis(700));
    let mut kept = Some(owner);
    match (fault, hactl) {
        (Fault::Planned, true) => {
            let output = lan.agent(1, &["promote"]);
            assert!(output.status.success(), "{output:?}");
        }
        // keepalived knows no planned switch: its operators stop it.
        (Fault::Planned | Fault::Stop, _) => kept.take().unwrap().stop(),
        (Fault::GivenUp, _) => std::fs::write(&flag, "").unwrap(),
        (Fault::Lost, _) => lan.plug(0, false),
        (Fault::Upgraded, true) => {
            let output = lan.agent(0, &["upgrade"]);
            assert!(output.status.success(), "{output:?}");
        }
        (Fault::Upgraded, false) => {
            kept.take().unwrap().stop();
            kept = Some(lan.keepalived(0, &config(advert, 150)));
        }
        (Fault::Killed, true) => {
            kept.take().unwrap().kill();
            kept = Some(lan.restart_hactl(0));
        }
        (Fault::Killed, false) => {
            kept.take().unwrap().kill();
            // keepalived's children outlive their parent for a moment and share its pid files.
            std::thread::sleep(Duration::from_millis(200));
            kept = Some(lan.keepalived(0, &config(advert, 150)));
        }
    }
    let output = prober.wait_with_output().unwrap();
    drop((kept, standby));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// For how many milliseconds no connection to the VIP comes about when the owner's web server is killed: hactl tracks
/// the process, as it is deployed; keepalived runs a check each two seconds, as the course notes have it.
fn dies(hactl: bool) -> f64 {
    let lan = Lan::new(3);
    // Two names, since all namespaces share the list of processes.
    let programs = [0, 1].map(|n| lan.path(&format!("web-{n}")));
    let serve = |n: usize| {
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &programs[n]).unwrap();
        lan.spawn(n, "web", [programs[n].as_os_str(), "serve".as_ref()].into_iter())
    };
    let (served, spare) = (serve(0), serve(1));
    let text = |n: usize, priority: u8| {
        let program = programs[n].display();
        let (block, kind, plain) = if hactl {
            (format!("vrrp_track_process web {{\nprocess {program}\n}}\n"), "process", guarded("1", priority))
        } else {
            let script = format!("script \"/usr/bin/pgrep -f {program}\"\ninterval 2\n");
            let globals = "global_defs {\nscript_user root\n}\n";
            (format!("{globals}vrrp_script web {{\n{script}}}\n"), "script", config("1", priority))
        };
        block + &plain.replace("state BACKUP", &format!("state BACKUP\ntrack_{kind} {{\nweb\n}}"))
    };
    let start =
        |n, priority| if hactl { lan.hactl(n, &text(n, priority)) } else { lan.keepalived(n, &text(n, priority)) };
    let owner = start(0, 150);
    lan.wait_owner(0, VIP);
    let standby = start(1, 100);
    std::thread::sleep(Duration::from_millis(1500));
    let client = ask(&lan, "requests", 8);
    // Anywhere between two checks.
    let between = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_millis() * 2;
    std::thread::sleep(Duration::from_millis(700 + u64::from(between)));
    served.kill();
    let output = client.wait_with_output().unwrap();
    drop((owner, standby, spare));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// For how many milliseconds two hosts answer for the address while the owner's agent stands still; hactl with lease
/// and guard, as it is deployed.
fn doubled(advert: &str, hactl: bool) -> f64 {
    let lan = Lan::new(3);
    let owner = if hactl { lan.hactl(0, &guarded(advert, 150)) } else { lan.keepalived(0, &config(advert, 150)) };
    lan.wait_owner(0, VIP);
    let _standby = if hactl { lan.hactl(1, &guarded(advert, 100)) } else { lan.keepalived(1, &config(advert, 100)) };
    std::thread::sleep(Duration::from_millis(1500));
    // All of keepalived's processes stand still, as they would on a host without processor time.
    owner.signal_family(nix::sys::signal::Signal::SIGSTOP);
    let window = Duration::from_secs(8);
    let share = asking::doubled(&lan, CLIENT, VIP, window);
    owner.signal_family(nix::sys::signal::Signal::SIGCONT);
    share.as_secs_f64() * 1000.0
}

fn ping(lan: &Lan, seconds: u64) -> Child {
    ask(lan, "probe", seconds)
}

/// This program again, in the client's namespace.
fn ask(lan: &Lan, verb: &str, seconds: u64) -> Child {
    wait("an answer", || {
        let once = ["netns", "exec", &lan.host(CLIENT), "ping", "-c1", "-W1", VIP];
        Command::new("ip").args(once).stdout(Stdio::null()).status().unwrap().success()
    });
    Command::new("ip")
        .args(["netns", "exec", &lan.host(CLIENT)])
        .arg(std::env::current_exe().unwrap())
        .args([verb, &seconds.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn probe(seconds: u64) {
    let prober = Prober::start(VIP.parse().unwrap(), Duration::from_millis(1)).unwrap();
    std::thread::sleep(Duration::from_secs(seconds));
    println!("{}", prober.stop().longest_gap().as_secs_f64() * 1000.0);
}
