//! What checks cost beside keepalived's, with one file for both: told, never judged. Runs when `HACTL_VM_ONLY` names
//! it. `HACTL_VM_CHECKS` says how many there are, `HACTL_VM_INTERVAL` each how many seconds: an emulated machine
//! manages some thousand connections a second, a real one ten times as many. `HACTL_VM_HELD` connections are left for
//! the client to close, as web servers do; keepalived waits for each of them and falls behind, so by default the
//! servers close at once.

use std::collections::VecDeque;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use super::Case;
use super::host::{HACTL, Host};

pub(crate) const CASES: &[Case] = crate::cases![checks];

/// Unless told otherwise.
const COUNT: usize = 10_000;
const INTERVAL: usize = 1;
const HELD: usize = 0;
/// Real servers of each virtual server.
const EACH: usize = 10;
/// The file is read, the table is made and every check has been tried within this time.
const START: Duration = Duration::from_secs(40);
/// How long after that the measurement begins.
const WARM_UP: Duration = Duration::from_secs(2);
/// How often each of the two is measured, in turn: an emulated machine translates code when it meets it first.
const TURNS: usize = 5;
/// The processor of hactl and keepalived, and the one of the servers.
const CHECKERS: usize = 0;
const SERVERS: usize = 1;
/// How long it is.
const WINDOW: Duration = Duration::from_secs(5);

/// TCP checks of another host's servers; hactl and keepalived in turn.
fn checks() {
    let wish = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count: usize = wish("HACTL_VM_CHECKS").unwrap_or(COUNT).next_multiple_of(EACH);
    let interval = wish("HACTL_VM_INTERVAL").unwrap_or(INTERVAL);
    println!("NOTE {count} checks, each every {interval} s");
    let (host, web) = (Host::alone("lb"), Host::alone("web"));
    connect(&host, &web);
    let heard = listen(&web, wish("HACTL_VM_HELD").unwrap_or(HELD));
    let at = |name: &str| host.folder().join(name).display().to_string();
    let file = at("ha.conf");
    fs::write(&file, configuration(count, interval)).unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let processor = CHECKERS.to_string();
    let alone = ["taskset", "-c", &processor];
    for _ in 0..TURNS {
        let (socket, state) = (at("sock/agent.sock"), at("state"));
        let words = ["agent", "run", "-l", "-f", &file, "--socket", &socket, "--state-dir", &state];
        let agent = host.spawn("agent", &[&alone[..], &[HACTL], &words].concat());
        ours.push(measure("hactl", count, &heard, &[agent.id()]));
        agent.stop();
        let (main, check) = (at("main.pid"), at("check.pid"));
        let words = ["keepalived", "-n", "-l", "-C", "-f", &file, "-p", &main, "-c", &check];
        let keepalived = host.spawn("keepalived", &[&alone[..], &words].concat());
        host.wait("keepalived's checker", || pid(&check).is_some());
        theirs.push(measure("keepalived", count, &heard, &[keepalived.id(), pid(&check).unwrap()]));
        keepalived.stop();
    }
    let median = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("NOTE median CPU a check: hactl {ours:.1} us, keepalived {theirs:.1} us, {:.2}x", theirs / ours);
}

/// Microseconds of processor time for each check.
fn measure(name: &str, count: usize, heard: &AtomicUsize, processes: &[u32]) -> f64 {
    let (begun, before) = (Instant::now(), heard.load(Ordering::Relaxed));
    while heard.load(Ordering::Relaxed) - before < count {
        if begun.elapsed() > START {
            println!("NOTE {name}: only {} of {count} tried in {START:?}", heard.load(Ordering::Relaxed) - before);
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let started = begun.elapsed();
    std::thread::sleep(WARM_UP);
    let (begun, before, spent) = (Instant::now(), heard.load(Ordering::Relaxed), cpu(processes));
    std::thread::sleep(WINDOW);
    let window = begun.elapsed().as_secs_f64();
    let (checks, spent) = (heard.load(Ordering::Relaxed) - before, (cpu(processes) - spent).as_secs_f64());
    let each = spent * 1e6 / checks.max(1) as f64;
    println!(
        "NOTE {name:10} all tried after {:.1} s; then {:.0}/s, CPU {:.1} %, {each:.1} us a check, {:.1} MiB",
        started.as_secs_f64(),
        checks as f64 / window,
        spent / window * 100.0,
        resident(processes)
    );
    each
}

/// A cable between the two, each with a processor of its own: what the servers' kernel does is no cost of the checks.
fn connect(host: &Host, web: &Host) {
    host.ip(&format!("link add eth0 type veth peer name eth0 netns {}", web.namespace));
    for (one, address, processor) in [(host, "10.40.0.1/24", CHECKERS), (web, "10.40.0.2/24", SERVERS)] {
        one.ip(&format!("addr add {address} dev eth0\nlink set eth0 up"));
        one.sh(&format!("echo {:x} > /sys/class/net/eth0/queues/rx-0/rps_cpus", 1 << processor));
    }
    host.ip("route add 10.39.0.0/16 via 10.40.0.2");
    web.ip("route add local 10.39.0.0/16 dev lo");
}

/// Takes connections, keeps the last ones, and counts them all.
fn listen(host: &Host, keeps: usize) -> Arc<AtomicUsize> {
    let listener = host.within(|| {
        fs::write("/proc/sys/net/core/somaxconn", "65535").unwrap();
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let at: SocketAddr = "0.0.0.0:80".parse().unwrap();
        socket.bind(&at.into()).unwrap();
        socket.listen(65_535).unwrap();
        TcpListener::from(socket)
    });
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    std::thread::spawn(move || {
        let mut processor = CpuSet::new();
        processor.set(SERVERS).unwrap();
        sched_setaffinity(Pid::from_raw(0), &processor).unwrap();
        let mut held = VecDeque::new();
        while let Ok(connection) = listener.accept() {
            counter.fetch_add(1, Ordering::Relaxed);
            held.push_back(connection);
            if held.len() > keeps {
                held.pop_front();
            }
        }
    });
    heard
}

fn configuration(count: usize, interval: usize) -> String {
    let mut text = String::new();
    for service in 0..count / EACH {
        let (high, low) = (service / 200, service % 200 + 1);
        text += &format!(
            "virtual_server 10.38.{high}.{low} 80 {{\ndelay_loop {interval}\nlb_algo wlc\nlb_kind NAT\nprotocol TCP\n"
        );
        for server in 0..EACH {
            let at = service * EACH + server;
            text += &format!(
                "real_server 10.39.{}.{} 80 {{\nweight 1\nTCP_CHECK {{\nconnect_timeout 3\n}}\n}}\n",
                at / 200,
                at % 200 + 1
            );
        }
        text += "}\n";
    }
    text
}

fn pid(file: &str) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// What all threads of these processes have spent, exactly: ticks would miss what is shorter.
fn cpu(processes: &[u32]) -> Duration {
    let threads =
        processes.iter().flat_map(|id| fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten());
    let spent = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// Private memory and its share of the common.
fn resident(processes: &[u32]) -> f64 {
    let pss = processes.iter().filter_map(|id| {
        let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
        let line = text.lines().find(|line| line.starts_with("Pss:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    pss.sum::<f64>() / 1024.0
}
