//! Real servers that die in every way, as the agent's checks see them, and what a verdict means: weights, words,
//! scripts.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;

use super::Case;
use super::agent::{direct_cluster, pool, unchecked};
use super::cluster::{Cluster, VIP4, VIP6};
use super::host::{Daemon, Host, wait};

pub(crate) const CASES: &[Case] = crate::cases![
    servers_that_hang_break_or_lie_leave_and_return,
    certificates_are_checked,
    a_script_judges_and_weighs,
    verdicts_are_told_to_scripts_and_the_fifo,
    who_returns_starts_slowly,
    ipv6_datagrams_and_marks,
    a_persistent_client_moves_when_its_server_dies,
    connections_are_refused_lost_and_made_again,
];

/// No check is tried twice, so that a case need not wait for it.
const AT_ONCE: &str = "lb_algo rr\nretry 0\ndelay_before_retry 0.2";

fn servers_that_hang_break_or_lie_leave_and_return() {
    let (cluster, web) = direct_cluster(3);
    let director = cluster.director();
    let get = |judge: &str| {
        format!(
            "weight 1\nHTTP_GET {{\nconnect_timeout 1\nurl {{\npath /health\nvirtualhost www.example\n{judge}\n}}\n}}"
        )
    };
    let sum = director.sh("printf 'fine\\n' | md5sum");
    let digest = get(&format!("digest {}", sum.split_whitespace().next().unwrap()));
    let servers = [get("status_code 200"), get("regex \"^fi[m-o]e$\"\nregex_options multiline"), digest];
    let servers: Vec<_> = [21, 22, 23].into_iter().zip(servers.iter().map(String::as_str)).collect();
    let _agent = director.agent(&unchecked(AT_ONCE, &servers));
    let all = ["10.37.0.21:80 1", "10.37.0.22:80 1", "10.37.0.23:80 1"];
    let without = |n: usize| [&all[..n], &all[n + 1..]].concat();
    let vip = SocketAddr::new(VIP4, 80);
    let judged = |place: usize, reason: &str| {
        director.until(&without(place));
        let others = ["rs1", "rs2", "rs3"].into_iter().enumerate().filter(|(n, _)| *n != place);
        let others: BTreeMap<String, usize> = others.map(|(_, name)| (name.to_owned(), 3)).collect();
        assert_eq!(cluster.client.gets(6, vip), others);
        let status = director.tell("status");
        assert!(status.contains(reason), "{reason}: {status}");
    };
    let [first, second, third] = &cluster.servers[..] else { panic!("three servers") };
    director.until(&all);
    web[0].signal(Signal::SIGSTOP); // its kernel goes on accepting connections
    judged(0, "no answer within 1s");
    web[0].signal(Signal::SIGCONT);
    director.until(&all);
    second.breaks(true);
    judged(1, "HTTP status 500 instead of 200-299");
    second.breaks(false);
    director.until(&all);
    second.says("fike\n");
    judged(1, "no match of the regex");
    second.says("well\nfine\n");
    director.until(&all);
    third.says("fine");
    judged(2, "MD5 sum ");
    third.says(super::web::HEALTHY);
    director.until(&all);
    cluster.plug(first, false);
    director.until(&without(0));
    cluster.plug(first, true);
    director.until(&all);
}

/// Without `tls_verify` any certificate will do, with it only the right one.
fn certificates_are_checked() {
    let cluster = Cluster::new(1, 3);
    let director = cluster.director();
    let [right, wrong, plain] = &cluster.servers[..] else { panic!("three servers") };
    let (_right, authority) = right.secure_web("www.example");
    let (_wrong, _) = wrong.secure_web("other.example");
    let _plain = plain.web();
    let config = |verify: &str| {
        let get = format!(
            "weight 1\nSSL_GET {{\nconnect_port 443\nconnect_timeout 2\nenable_sni\n{verify}\nurl {{\npath /health\nvirtualhost www.example\nstatus_code 200\n}}\n}}"
        );
        unchecked(AT_ONCE, &[(21, get.as_str()), (22, get.as_str()), (23, get.as_str())])
    };
    let _agent = director.agent(&config(""));
    director.until(&["10.37.0.21:80 1", "10.37.0.22:80 1"]);
    director.configure(&config(&format!("tls_verify {authority}")));
    director.tell("reload");
    director.until(&["10.37.0.21:80 1"]);
    let status = director.tell("status");
    assert!(status.contains("certificate") && status.contains("connection refused"), "{status}");
}

/// A script's exit code decides; `misc_dynamic` makes it a weight.
fn a_script_judges_and_weighs() {
    let (cluster, _web) = direct_cluster(2);
    let director = cluster.director();
    let verdict = director.folder().join("verdict");
    let judge = |code: u8| fs::write(&verdict, code.to_string()).unwrap();
    let script = script(director, "judge", &format!("exit $(cat {})", verdict.display()));
    judge(0);
    let check =
        |more: &str| format!("weight 3\nMISC_CHECK {{\nmisc_path \"{script} {VIP4}\"\nmisc_timeout 5\n{more}\n}}");
    let (dynamic, fixed) = (check("misc_dynamic"), check(""));
    let config = unchecked(AT_ONCE, &[(21, dynamic.as_str()), (22, fixed.as_str())]);
    let _agent = director.agent(&format!("global_defs {{\nscript_user root\nenable_script_security\n}}\n{config}"));
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    judge(39);
    director.until(&["10.37.0.21:80 37"]);
    judge(93);
    director.until(&["10.37.0.21:80 91"]);
    judge(1);
    director.until(&[]);
    judge(0);
    wait("both again", || director.real_servers().len() == 2);
}

/// What another program reads is keepalived's, word for word: both daemons run the same file through the same story.
fn verdicts_are_told_to_scripts_and_the_fifo() {
    let (cluster, mut web) = direct_cluster(2);
    let director = cluster.director();
    let told = director.folder().join("told");
    let script = script(director, "tell", &format!("echo \"$@\" >> {}", told.display()));
    let fifo = director.folder().join("fifo").display().to_string();
    let notify = |n: u8| format!("weight 1\nnotify_up \"{script} up {n}\"\nnotify_down \"{script} down {n}\"");
    let (one, two) = (notify(21), notify(22));
    let lines = format!("quorum 2\nquorum_up \"{script} quorum up\"\nquorum_down \"{script} quorum down\"");
    let config = pool(&lines, &[(21, one.as_str()), (22, two.as_str())]);
    let config = format!("global_defs {{\nscript_user root\nlvs_notify_fifo {fifo}\n}}\n{config}");
    let mut story = |start: &dyn Fn(&str) -> Daemon| {
        director.sh(&format!("rm -f {fifo} {}; mkfifo {fifo}", told.display()));
        let _reader = director.spawn("lines", &["cat", &fifo]);
        let _daemon = start(&config);
        director.until(&["10.37.0.21:80 1", "10.37.0.22:80 1"]);
        let read = |path: &str| fs::read_to_string(director.folder().join(path)).unwrap_or_default();
        let lines = |path: &str| read(path).lines().map(str::to_owned).collect::<Vec<_>>();
        // keepalived starts its scripts beside each other: which of two writes first is chance.
        let have_run = |wanted: &[&str]| {
            let (mut told, mut wanted) = (lines("told"), wanted.to_vec());
            told.sort();
            wanted.sort_unstable();
            told == wanted
        };
        let mut wanted = vec!["quorum up"];
        wait("the first script", || have_run(&wanted));
        drop(web.pop());
        director.until(&["10.37.0.21:80 1"]);
        wanted.extend(["down 22", "quorum down"]);
        wait("the scripts", || have_run(&wanted));
        web.push(cluster.servers[1].web());
        director.until(&["10.37.0.21:80 1", "10.37.0.22:80 1"]);
        wanted.extend(["up 22", "quorum up"]);
        wait("the scripts again", || have_run(&wanted));
        wait("the lines", || lines("lines.log").len() == 5);
        let said = (lines("lines.log"), lines("told"));
        director.sh(&format!("rm -f {}; ipvsadm -C", director.folder().join("lines.log").display()));
        said
    };
    let (ours, told) = story(&|config| director.agent(config));
    let (theirs, _) = story(&|config| director.keepalived(config));
    let wanted = [
        "VS [10.37.0.3]:tcp:80 UP",
        "RS [10.37.0.22]:tcp:80 [10.37.0.3]:tcp:80 DOWN",
        "VS [10.37.0.3]:tcp:80 DOWN",
        "RS [10.37.0.22]:tcp:80 [10.37.0.3]:tcp:80 UP",
        "VS [10.37.0.3]:tcp:80 UP",
    ];
    assert_eq!(ours, wanted);
    assert_eq!(ours, theirs);
    assert_eq!(told, ["quorum up", "down 22", "quorum down", "up 22", "quorum up"], "in their order");
}

fn who_returns_starts_slowly() {
    let (cluster, mut web) = direct_cluster(2);
    let director = cluster.director();
    let servers = [(21, "weight 100"), (22, "weight 100")];
    let _agent = director.agent(&pool("slow_start 10", &servers));
    director.until(&["10.37.0.21:80 100", "10.37.0.22:80 100"]);
    drop(web.pop());
    director.until(&["10.37.0.21:80 100"]);
    web.push(cluster.servers[1].web());
    let mut weights: Vec<u32> = Vec::new();
    wait("the whole weight", || {
        let seen = director.real_servers().iter().find_map(|line| line.strip_prefix("10.37.0.22:80 ")?.parse().ok());
        weights.extend(seen.filter(|weight| weights.last() != Some(weight)));
        weights.last() == Some(&100)
    });
    assert!(weights.len() >= 4 && weights.is_sorted() && weights[0] < 50, "{weights:?}");
}

/// One file for IPv6, for UDP with a check of its own, and for a mark.
fn ipv6_datagrams_and_marks() {
    let (cluster, web) = direct_cluster(3);
    let director = cluster.director();
    director.carries(VIP6);
    for server in &cluster.servers {
        server.hides(VIP6);
    }
    // Behind DR the answer must come from the virtual address.
    cluster.servers[..2].iter().for_each(|server| server.answers_datagrams(SocketAddr::new(VIP4, 53)));
    cluster.servers[..2].iter().for_each(|server| server.answers_datagrams(SocketAddr::new(server.v4(), 53)));
    director.sh("nft add table ip lvs
         nft add chain ip lvs in '{ type filter hook prerouting priority -150; }'
         nft add rule ip lvs in ip daddr 10.37.0.3 tcp dport '{ 80, 8080 }' meta mark set 7");
    let v6: String = (0x15..=0x17)
        .map(|n| format!("real_server fd37::{n:x} 80 {{\nweight 1\nHTTP_GET {{\nconnect_timeout 1\nurl {{\npath /health\nstatus_code 200\n}}\n}}\n}}\n"))
        .collect();
    let udp: String = (21..=23)
        .map(|n| format!("real_server 10.37.0.{n} 53 {{\nweight 1\nUDP_CHECK {{\nconnect_timeout 1\npayload 77686f\nrequire_reply\n}}\n}}\n"))
        .collect();
    let marked: String = (21..=22)
        .map(|n| {
            format!(
                "real_server 10.37.0.{n} 0 {{\nweight 1\nTCP_CHECK {{\nconnect_port 80\nconnect_timeout 1\n}}\n}}\n"
            )
        })
        .collect();
    let common = format!("delay_loop 0.2\nwarmup 0\nlb_kind DR\n{AT_ONCE}");
    let _agent = director.agent(&format!(
        "virtual_server {VIP6} 80 {{\n{common}\nprotocol TCP\n{v6}}}\n\
         virtual_server {VIP4} 53 {{\n{common}\nprotocol UDP\nops\n{udp}}}\n\
         virtual_server fwmark 7 {{\n{common}\n{marked}}}\n"
    ));
    let wanted = |v6: &[&'static str]| {
        let rest = ["10.37.0.21:0 1", "10.37.0.21:53 1", "10.37.0.22:0 1", "10.37.0.22:53 1"];
        [&rest[..], v6].concat()
    };
    director.until(&wanted(&["[fd37::15]:80 1", "[fd37::16]:80 1", "[fd37::17]:80 1"]));
    let each = |count: usize, names: &[&str]| -> BTreeMap<String, usize> {
        names.iter().map(|name| ((*name).to_owned(), count)).collect()
    };
    assert_eq!(cluster.client.gets(9, SocketAddr::new(VIP6, 80)), each(3, &["rs1", "rs2", "rs3"]));
    assert_eq!(cluster.client.asks(8, SocketAddr::new(VIP4, 53)), each(4, &["rs1", "rs2"]));
    assert_eq!(cluster.client.gets(6, SocketAddr::new(VIP4, 8080)), each(3, &["rs1", "rs2"]));
    web[2].signal(Signal::SIGSTOP);
    director.until(&wanted(&["[fd37::15]:80 1", "[fd37::16]:80 1"]));
    assert_eq!(cluster.client.gets(6, SocketAddr::new(VIP6, 80)), each(3, &["rs1", "rs2"]));
}

fn a_persistent_client_moves_when_its_server_dies() {
    let (cluster, web) = direct_cluster(2);
    let director = cluster.director();
    let _agent = director.agent(&pool("persistence_timeout 50", &[(21, "weight 1"), (22, "weight 1")]));
    director.until(&["10.37.0.21:80 1", "10.37.0.22:80 1"]);
    let vip = SocketAddr::new(VIP4, 80);
    let first = cluster.client.gets(6, vip);
    let who = first.keys().next().unwrap().clone();
    assert_eq!(first, BTreeMap::from([(who.clone(), 6)]));
    let (place, other) = if who == "rs1" { (0, "rs2") } else { (1, "rs1") };
    let mut web: Vec<Option<Daemon>> = web.into_iter().map(Some).collect();
    drop(web[place].take());
    wait("the table without it", || director.real_servers().len() == 1);
    assert_eq!(cluster.client.gets(6, vip), BTreeMap::from([(other.to_owned(), 6)]));
}

/// TCP checks that end at once, that end with their time, and whose interval a reload changes while all is well.
fn connections_are_refused_lost_and_made_again() {
    let (cluster, web) = direct_cluster(2);
    let director = cluster.director();
    let servers = [(21, "weight 1"), (22, "weight 1")];
    let _agent = director.agent(&pool("", &servers));
    let (all, second) = (["10.37.0.21:80 1", "10.37.0.22:80 1"], ["10.37.0.22:80 1"]);
    let lost = |reason: &str| {
        director.until(&second);
        let status = director.tell("status");
        assert!(status.contains(reason), "{reason}: {status}");
    };
    director.until(&all);
    let mut web = web.into_iter();
    drop(web.next());
    lost("connection refused: nothing listens there");
    let _web = cluster.servers[0].web();
    director.until(&all);
    cluster.plug(&cluster.servers[0], false);
    lost("no answer within 1s");
    cluster.plug(&cluster.servers[0], true);
    director.until(&all);
    // Checks that pass are no news to the director; one that comes more seldom from now on must know it nevertheless.
    let seldom = pool("", &servers).replace("delay_loop 0.2", "delay_loop 600");
    director.configure(&seldom);
    director.tell("reload");
    director.wait("the slower rhythm", || {
        let before = connections(director);
        assert!(before > 1.0);
        std::thread::sleep(std::time::Duration::from_secs(1));
        connections(director) == before
    });
}

/// TCP connections that a host has begun so far.
fn connections(host: &Host) -> f64 {
    let counter = host.sh("nstat -asz TcpActiveOpens");
    counter.lines().last().and_then(|line| line.split_whitespace().nth(1)).unwrap().parse().unwrap()
}

/// A shell script in the host's folder; its path.
fn script(host: &Host, name: &str, text: &str) -> String {
    let path = host.folder().join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}
