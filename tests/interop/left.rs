//! What an agent leaves that is killed, and what of others it must not touch.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::lan::{Lan, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";

fn ip(lan: &Lan, words: &str) -> String {
    let output = Command::new("ip").args(["-n", &lan.host(0)]).args(words.split(' ')).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn instance(name: &str, vrid: u8, interval: &str, more: &str, vips: &str) -> String {
    format!(
        "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\npriority 150\nversion 3\nadvert_int {interval}\n\
         {more}\nvirtual_ipaddress {{\n{vips}\n}}\n}}\n"
    )
}

fn everything(lan: &Lan) -> String {
    let rules = format!("{}{}", ip(lan, "rule"), ip(lan, "-6 rule"));
    let links = ip(lan, "-o -br link");
    let addresses = ip(lan, "-o addr").replace("valid_lft forever preferred_lft forever", "");
    format!("{links}\n{addresses}\n{}\n{rules}", ip(lan, "route show table all"))
}

/// What the kernel keeps of a subnet that only an address had whose time was over is dead, and goes when it tidies up.
fn alive(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("fd79::/64")).collect()
}

#[test]
fn nothing_of_the_old_file_stays_after_a_kill_and_an_edit() {
    need_root!();
    let lan = Lan::new(1);
    ip(&lan, "route add default via 10.77.0.254");
    let before = everything(&lan);
    let routes = "virtual_routes {\n10.9.0.0/16 via 10.77.0.1 dev eth0\ndefault via 10.77.0.253 dev eth0\n\
                  10.10.0.0/16 via 10.77.0.1 dev eth0 metric 7\n}\n\
                  virtual_rules {\nfrom 10.9.0.0/16 table 300 preference 99\n}";
    let old = "static_ipaddress {\n10.78.0.1/24 dev eth0\n}\nstatic_routes {\n10.7.0.0/16 via 10.77.0.1 dev eth0\n}\n"
        .to_owned()
        + &instance("one", 51, "0.2", routes, "10.77.0.3/24\n10.77.0.4/24")
        + &instance("two", 52, "0.2", "use_vmac\nvirtual_ipaddress_excluded {\nfd77::9/64\n}", "10.77.0.7/24");
    let a = lan.hactl(0, &old);
    wait("both", || lan.has(0, "10.77.0.4") && ip(&lan, "-o addr show dev vrrp.52").contains("10.77.0.7"));
    wait("the routes", || ip(&lan, "route").contains("10.10.0.0/16"));
    a.kill();
    let b = lan.hactl(0, &instance("other", 77, "0.2", "", "10.77.0.99/24"));
    lan.wait_owner(0, "10.77.0.99");
    for gone in [
        "10.77.0.3/",
        "10.77.0.4/",
        "10.77.0.7/",
        "10.78.0.1/",
        "fd77::9/",
        "10.9.0.0",
        "10.10.0.0",
        "10.7.0.0",
        ".253",
        "vrrp.52",
    ] {
        wait(&format!("{gone} to go"), || !everything(&lan).contains(gone));
    }
    assert!(b.log().contains("left by a killed agent"), "{}", b.log());
    b.stop();
    assert_eq!(everything(&lan), before, "and nothing of the host's own went");
}

#[test]
fn an_agent_that_is_killed_while_it_hands_over_leaves_no_address() {
    need_root!();
    let lan = Lan::new(1);
    let before = everything(&lan);
    let vips = "10.77.0.3/24\n10.79.0.3/24";
    // The addresses come at once: adverts of 5 s would be waited for.
    let config = instance("four", 51, "5", "", vips).replace("priority 150", "priority 255")
        + &instance("six", 52, "5", "", "fe80::77:3/64\nfd77::3/64\nfd79::3/64")
            .replace("priority 150", "priority 255");
    let a = lan.hactl(0, &config);
    wait("the addresses", || [VIP, "10.79.0.3", "fd77::3", "fd79::3"].iter().all(|address| lan.has(0, address)));
    a.signal(Signal::SIGTERM);
    wait("the handover", || ip(&lan, "-o addr").lines().any(|line| line.contains(VIP) && line.contains("sec ")));
    a.kill();
    wait("the end", || !lan.has(0, VIP) && !lan.has(0, "fd77::3"));
    let routes = || ip(&lan, "-6 route");
    assert!(routes().lines().any(|line| line.starts_with("fd77::/64") && !line.contains("expires")), "{}", routes());
    assert_eq!(alive(&everything(&lan)), alive(&before));
}

#[test]
fn a_lease_leaves_the_route_of_the_hosts_own_subnet_alone() {
    need_root!();
    let lan = Lan::new(1);
    let before = everything(&lan);
    let lease = "hactl {\nlease on\n}\n".to_owned();
    let a = lan.hactl(0, &(lease + &instance("six", 51, "1", "", "fe80::77:3/64\nfd77::3/64\nfd79::3/64")));
    lan.wait_owner(0, "fd79::3");
    let route = |prefix: &str| ip(&lan, "-6 route").lines().find(|line| line.starts_with(prefix)).map(str::to_owned);
    wait("a renewal", || route("fd79::/64").is_some_and(|line| line.contains("expires")));
    assert!(route("fd77::/64").is_some_and(|line| !line.contains("expires")), "{:?}", route("fd77::/64"));
    a.stop();
    assert_eq!(alive(&everything(&lan)), alive(&before));
}

#[test]
fn settings_are_put_back_after_a_kill() {
    need_root!();
    let lan = Lan::new(1);
    let setting = || {
        let words = ["netns", "exec", &lan.host(0), "cat", "/proc/sys/net/ipv4/conf/eth0/arp_ignore"];
        String::from_utf8(Command::new("ip").args(words).output().unwrap().stdout).unwrap().trim().to_owned()
    };
    let config = instance("one", 51, "0.2", "use_vmac", "10.77.0.3/24");
    let a = lan.hactl(0, &config);
    wait("the setting", || setting() == "1");
    a.kill();
    let b = lan.restart_hactl(0);
    wait("master", || lan.status(0)["instances"][0]["state"] == "MASTER");
    b.stop();
    assert_eq!(setting(), "0");
    // The same where the next file wants no macvlan.
    let a = lan.hactl(0, &config);
    wait("the setting", || setting() == "1");
    a.kill();
    fs::write(lan.path("0.conf"), config.replace("use_vmac", "")).unwrap();
    let _b = lan.restart_hactl(0);
    wait("the setting put back", || setting() == "0");
}

#[test]
fn a_table_of_somebody_elses_firewall_is_left_alone() {
    need_root!();
    let lan = Lan::new(1);
    let host = lan.host(0);
    let nft = |words: &str| {
        let words = ["netns", "exec", &host, "nft"].into_iter().chain(words.split(' '));
        String::from_utf8(Command::new("ip").args(words).output().unwrap().stdout).unwrap()
    };
    nft("add table inet fw");
    nft("add chain inet fw mine");
    nft("add rule inet fw mine tcp dport 80 accept");
    let before = nft("list ruleset");
    assert!(before.contains("dport 80"), "{before}");
    let config =
        "global_defs {\nnftables fw\n}\n".to_owned() + &instance("one", 51, "0.2", "no_accept", "10.77.0.3/24");
    let a = lan.hactl(0, &config);
    lan.wait_owner(0, VIP);
    assert_eq!(nft("list table inet fw"), before);
    assert!(nft("list table inet hactl").contains("10.77.0.3"), "the addresses are closed all the same");
    assert!(a.log().contains("somebody else's and is left alone"), "{}", a.log());
    a.kill();
    // Its own table is known again, whatever it is called.
    let own = config.replace("nftables fw", "nftables ours");
    let a = lan.hactl(0, &own);
    lan.wait_owner(0, VIP);
    a.kill();
    let a = lan.restart_hactl(0);
    wait("master", || lan.status(0)["instances"][0]["state"] == "MASTER");
    assert!(!a.log().contains("`ours` is somebody else's"), "{}", a.log());
    a.stop();
    assert!(nft("list table inet fw") == before && !nft("list tables").contains("ours"), "{}", nft("list tables"));
}

#[test]
fn an_interface_that_takes_the_macvlans_name_is_left_alone() {
    need_root!();
    let lan = Lan::new(1);
    let a = lan.hactl(0, &instance("one", 51, "0.2", "use_vmac web0", "10.77.0.3/24"));
    wait("the address", || ip(&lan, "-o addr show dev web0").contains(VIP));
    // Faster than the agent: both in one breath.
    let swap = "ip link del web0; ip link add web0 address 02:00:00:00:00:77 type veth peer name web1; ip addr add 10.80.0.1/24 dev web0";
    Command::new("ip").args(["netns", "exec", &lan.host(0), "sh", "-c", swap]).status().unwrap();
    wait("one of the two", || {
        let shown = ip(&lan, "-o addr show dev web0");
        shown.contains(VIP) || shown.contains("10.80.0.1") && lan.status(0)["instances"][0]["state"] == "FAULT"
    });
    let theirs = || ip(&lan, "-o link show dev web0").contains("02:00:00:00:00:77");
    let (taken, shown) = (theirs(), ip(&lan, "-o addr show dev web0"));
    assert!(!taken || !shown.contains(VIP), "{shown}");
    a.stop();
    assert_eq!(theirs(), taken, "what is theirs stays");
}

/// A firewall's table outlives the agent that was killed: the next one, whose file has no use for it, takes it away.
#[test]
fn nothing_of_a_killed_agents_firewall_stays() {
    need_root!();
    let lan = Lan::new(1);
    let tables = || {
        let words = ["netns", "exec", &lan.host(0), "nft", "list", "tables"];
        String::from_utf8(Command::new("ip").args(words).output().unwrap().stdout).unwrap()
    };
    let a = lan.hactl(0, &instance("one", 51, "0.2", "no_accept", "10.77.0.3/24"));
    lan.wait_owner(0, VIP);
    assert!(tables().contains("inet hactl") && tables().contains("arp hactl"), "{}", tables());
    a.kill();
    let other = lan.hactl(0, &instance("two", 52, "0.2", "", "10.77.0.4/24"));
    wait("the other address", || lan.has(0, "10.77.0.4"));
    assert_eq!(tables(), "");
    other.stop();
}
