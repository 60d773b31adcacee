//! What comes and goes with mastership beside addresses: routes, rules, macvlans; and what stays from start to stop.

use std::process::Command;

use crate::lan::{Lan, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";

fn config(more: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority 150\nversion 3\nadvert_int 0.2\n{more}\n\
         virtual_ipaddress {{\n{VIP}/24\n}}\n}}\n"
    )
}

fn ip(lan: &Lan, host: usize, words: &str) -> String {
    let output = Command::new("ip").args(["-n", &lan.host(host)]).args(words.split(' ')).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn routes_and_rules_come_and_go_with_the_address() {
    need_root!();
    let lan = Lan::new(1);
    let more = "virtual_routes {\n10.9.0.0/16 via 10.77.0.1 dev eth0 metric 7\nblackhole 10.8.0.0/16 table 300\n}\n\
                virtual_rules {\nfrom 10.9.0.0/16 table 300 preference 99\n}";
    let a = lan.hactl(0, &config(more));
    lan.wait_owner(0, VIP);
    wait("the route", || ip(&lan, 0, "route").contains("10.9.0.0/16 via 10.77.0.1 dev eth0 proto keepalived metric 7"));
    assert!(ip(&lan, 0, "route show table 300").contains("blackhole 10.8.0.0/16"));
    assert!(ip(&lan, 0, "rule").contains("99:\tfrom 10.9.0.0/16 lookup 300"), "{}", ip(&lan, 0, "rule"));
    ip(&lan, 0, "route del 10.9.0.0/16");
    wait("the route again", || ip(&lan, 0, "route").contains("10.9.0.0/16"));
    ip(&lan, 0, "rule del preference 99");
    wait("the rule again", || ip(&lan, 0, "rule").contains("99:"));
    a.stop();
    assert!(!ip(&lan, 0, "route").contains("10.9.0.0/16") && !ip(&lan, 0, "rule").contains("99:"));
    assert!(!ip(&lan, 0, "route show table 300").contains("10.8.0.0"));
}

#[test]
fn static_things_are_there_from_start_to_stop() {
    need_root!();
    let lan = Lan::new(1);
    let statics = "static_ipaddress {\n10.78.0.1/24 dev eth0\n}\nstatic_routes {\n10.7.0.0/16 via 10.78.0.2 dev eth0\n}\n\
                   static_rules {\nto 10.7.0.0/16 table 254 preference 88\n}\n";
    let a = lan.hactl(0, &(statics.to_owned() + &config("")));
    wait("the static route", || ip(&lan, 0, "route").contains("10.7.0.0/16 via 10.78.0.2"));
    assert!(lan.has(0, "10.78.0.1") && ip(&lan, 0, "rule").contains("88:"));
    ip(&lan, 0, "addr del 10.78.0.1/24 dev eth0");
    wait("the static address again", || lan.has(0, "10.78.0.1"));
    a.stop();
    assert!(!lan.has(0, "10.78.0.1") && !ip(&lan, 0, "rule").contains("88:"));
}

/// Each has a macvlan with the virtual router's MAC; the kernel hands what the other one sends to that one alone.
#[test]
fn routers_with_one_hardware_address_hear_each_other() {
    need_root!();
    for (vip, own, theirs) in [
        (VIP, "hactl {\nlease on\nguard on\n}\n", true),
        (VIP, "", false),
        ("fe80::77:3", "hactl {\nlease on\nguard on\n}\n", true),
    ] {
        let lan = Lan::new(2);
        let text = |priority: u8, own: &str| {
            let text = config("use_vmac").replace(&format!("{VIP}/24"), &format!("{vip}/64"));
            let text = if vip == VIP { text.replace("/64", "/24") } else { text };
            own.to_owned() + &text.replace("priority 150", &format!("priority {priority}"))
        };
        let has = |host: usize| ip(&lan, host, "-o addr show").contains(&format!(" {vip}/"));
        let owner = if theirs { lan.hactl(0, &text(150, own)) } else { lan.keepalived(0, &text(150, "")) };
        wait("the owner", || has(0));
        let standby = lan.hactl(1, &text(100, own));
        let heard = || lan.status(1)["instances"][0]["counters"]["adverts_received"].as_u64().unwrap_or_default();
        wait("the standby to hear ten adverts", || heard() >= 10);
        assert!(has(0) && !has(1), "one owner of {vip}");
        if theirs {
            assert!(lan.agent(1, &["promote"]).status.success());
            wait("the move", || has(1) && !has(0));
            let heard = || lan.status(0)["instances"][0]["counters"]["adverts_received"].as_u64().unwrap_or_default();
            let before = heard();
            wait("the former owner to hear ten adverts", || heard() >= before + 10);
            assert!(has(1) && !has(0), "one owner of {vip}");
            assert!(lan.agent(1, &["unpin"]).status.success());
            wait("the move back", || has(0) && !has(1));
        }
        let counters = lan.status(1)["instances"][0]["counters"].clone();
        assert!(counters["duplicates_seen"].is_null(), "{counters}");
        owner.stop();
        wait("the other one", || has(1));
        drop(standby);
    }
}

#[test]
fn a_macvlan_bears_the_virtual_routers_mac() {
    need_root!();
    let lan = Lan::new(2);
    let owner = lan.hactl(0, &config("use_vmac"));
    let shown = || ip(&lan, 0, "-o addr show dev vrrp.51");
    wait("the address on the macvlan", || shown().contains(VIP));
    assert!(ip(&lan, 0, "link show dev vrrp.51").contains("00:00:5e:00:01:33"));
    let ping = ["netns", "exec", &lan.host(1), "ping", "-c1", "-W2", VIP];
    assert!(Command::new("ip").args(ping).output().unwrap().status.success());
    let neighbours = ip(&lan, 1, "neigh");
    assert!(neighbours.contains("10.77.0.3 dev eth0 lladdr 00:00:5e:00:01:33"), "{neighbours}");
    // keepalived on the same terms takes over and hands back.
    let _peer = lan.keepalived(1, &config("use_vmac").replace("priority 150", "priority 100"));
    owner.stop();
    wait("the peer", || ip(&lan, 1, "-o addr show dev vrrp.51").contains(VIP));
    assert!(ip(&lan, 0, "link").lines().all(|line| !line.contains("vrrp.51")), "the macvlan is gone");
    let again = lan.hactl(0, &config("use_vmac"));
    wait("the address here again", || shown().contains(VIP));
    wait("and there no more", || !ip(&lan, 1, "-o addr show dev vrrp.51").contains(VIP));
    again.stop();
}

#[test]
fn an_interface_that_appears_late_is_picked_up() {
    need_root!();
    let lan = Lan::new(1);
    let late = config("").replace("interface eth0", "interface late0");
    let _a = lan.hactl(0, &late);
    assert_eq!(lan.status(0)["instances"][0]["state"], "FAULT");
    ip(&lan, 0, "link add late0 type veth peer name late1");
    ip(&lan, 0, "addr add 10.77.1.5/24 dev late0");
    ip(&lan, 0, "link set late1 up");
    ip(&lan, 0, "link set late0 up");
    wait("the address on it", || ip(&lan, 0, "-o addr show dev late0").contains(VIP));
    ip(&lan, 0, "link del late0");
    wait("the fault", || lan.status(0)["instances"][0]["state"] == "FAULT");
    ip(&lan, 0, "link add late0 type veth peer name late1");
    ip(&lan, 0, "addr add 10.77.1.5/24 dev late0");
    ip(&lan, 0, "link set late1 up");
    ip(&lan, 0, "link set late0 up");
    wait("the address on it again", || ip(&lan, 0, "-o addr show dev late0").contains(VIP));
}

#[test]
fn a_sync_group_moves_as_one() {
    need_root!();
    let lan = Lan::new(2);
    let two = |priority: u8| {
        let instance = |name: &str, vrid: u8, vip: &str| {
            format!(
                "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\npriority {priority}\nversion 3\n\
                 advert_int 0.2\ntrack_interface {{\n{name}\n}}\nvirtual_ipaddress {{\n{vip}/24\n}}\n}}\n"
            )
        };
        instance("one", 51, VIP) + &instance("two", 52, "10.77.0.4") + "vrrp_sync_group G {\ngroup {\none two\n}\n}\n"
    };
    for host in 0..2 {
        for name in ["one", "two"] {
            ip(&lan, host, &format!("link add {name} type veth peer name {name}p"));
            ip(&lan, host, &format!("link set {name}p up"));
            ip(&lan, host, &format!("link set {name} up"));
        }
    }
    let _a = lan.hactl(0, &two(150));
    let _b = lan.keepalived(1, &two(100));
    lan.wait_owner(0, VIP);
    lan.wait_owner(0, "10.77.0.4");
    // What only one of them tracks fails: both must go.
    ip(&lan, 0, "link set two down");
    lan.wait_owner(1, VIP);
    lan.wait_owner(1, "10.77.0.4");
    assert_eq!(lan.status(0)["groups"][0]["state"], "FAULT");
    ip(&lan, 0, "link set two up");
    lan.wait_owner(0, VIP);
    lan.wait_owner(0, "10.77.0.4");
}
