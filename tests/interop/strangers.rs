//! Hosts that are none of ours: with the VIP on their own interface, or with our VRID. And adverts that answer adverts.

use std::process::Command;
use std::time::Duration;

use crate::asking::{answering, overheard};
use crate::lan::{Daemon, Lan, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
const STRANGER: usize = 2;
const CLIENT: usize = 3;

fn config(priority: u8, own: &str) -> String {
    format!(
        "{own}vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority {priority}\nversion 3\nadvert_int 1\n\
         virtual_ipaddress {{\n{VIP}/24\n}}\n}}\n"
    )
}

const GUARDED: &str = "hactl {\nlease on\nguard on\n}\n";
/// As the desk deploys it.
const NAMED: &str = "hactl {\nlease on\nguard on\npeers 10.77.0.5 10.77.0.6\n}\n";

fn pair(lan: &Lan, own: &str) -> [Daemon; 2] {
    let owner = lan.hactl(0, &config(150, own));
    lan.wait_owner(0, VIP);
    let standby = lan.hactl(1, &config(100, own));
    wait("the standby to hear the owner", || lan.status(1)["instances"][0]["master"] == "10.77.0.5");
    [owner, standby]
}

fn counter(lan: &Lan, n: usize, name: &str) -> u64 {
    lan.status(n)["instances"][0]["counters"][name].as_u64().unwrap_or_default()
}

fn kernel_says(lan: &Lan, n: usize, arguments: &[&str]) -> String {
    let output = Command::new("ip").arg("-n").arg(lan.host(n)).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn mac(lan: &Lan, n: usize) -> String {
    let shown = kernel_says(lan, n, &["-o", "link", "show", "eth0"]);
    shown.split_whitespace().skip_while(|word| *word != "link/ether").nth(1).unwrap().to_owned()
}

/// Makes the stranger's kernel announce its addresses, as it does where the hardware address changes.
fn announce(lan: &Lan) {
    let notify = "net.ipv4.conf.eth0.arp_notify=1";
    let set =
        Command::new("ip").args(["netns", "exec", &lan.host(STRANGER), "sysctl", "-qw", notify]).status().unwrap();
    assert!(set.success());
    lan.ip(STRANGER, &["link", "set", "eth0", "address", "02:00:00:00:00:99"]);
}

#[test]
fn a_host_with_the_same_address_keeps_nobody_from_taking_over() {
    need_root!();
    let lan = Lan::new(4);
    let [owner, standby] = pair(&lan, GUARDED);
    assert!(lan.status(1)["instances"][0]["answered_by"].is_null(), "the master answers for its own addresses");
    lan.ip(STRANGER, &["addr", "add", &format!("{VIP}/32"), "dev", "eth0"]);
    owner.kill();
    lan.plug(0, false);
    wait("the standby to take over beside the stranger", || lan.has(1, VIP));
    let told = format!("DUPLICATE: {} answers for {VIP}", mac(&lan, STRANGER));
    wait("the log to name the stranger", || standby.log().contains(&told));
    let (at_once, _) = answering(&lan, CLIENT, VIP, Duration::from_secs(4));
    assert_eq!(at_once, 2, "the stranger goes on, and so does the new owner");
    assert_eq!((lan.has(1, VIP), counter(&lan, 1, "became_master")), (true, 1), "all the time");
}

#[test]
fn a_promotion_by_force_is_not_taken_back_by_whoever_answers() {
    need_root!();
    let lan = Lan::new(4);
    lan.ip(STRANGER, &["addr", "add", &format!("{VIP}/32"), "dev", "eth0"]);
    let alone = lan.hactl(1, &config(100, GUARDED));
    wait("the guard to withhold the claim", || counter(&lan, 1, "claims_withheld") > 0);
    assert!(alone.log().contains("promote --force"), "the way out is named: {}", alone.log());
    assert!(lan.agent(1, &["promote", "--force"]).status.success());
    announce(&lan);
    answering(&lan, CLIENT, VIP, Duration::from_secs(4));
    assert_eq!((lan.has(1, VIP), counter(&lan, 1, "became_master")), (true, 1));
}

#[test]
fn what_a_stranger_announces_is_announced_again_by_the_owner() {
    need_root!();
    let lan = Lan::new(4);
    let [owner, _standby] = pair(&lan, NAMED);
    let rightful = mac(&lan, 0);
    let ping = |address: &str| {
        Command::new("ip").args(["netns", "exec", &lan.host(CLIENT), "ping", "-qc1", "-W1", address]).output().unwrap()
    };
    ping(VIP);
    let cache = || kernel_says(&lan, CLIENT, &["neigh", "show", VIP]);
    wait("the client to know the owner", || cache().contains(&rightful));
    lan.ip(STRANGER, &["addr", "add", &format!("{VIP}/32"), "dev", "eth0"]);
    announce(&lan);
    wait("the owner to tell of the stranger", || owner.log().contains("DUPLICATE"));
    wait("the client to know the owner again", || cache().contains(&rightful));
    assert!(counter(&lan, 0, "duplicates_seen") > 0);
    assert_eq!((lan.has(0, VIP), lan.has(1, VIP)), (true, false), "and nobody moved");
}

/// Two that claim in the same moment behind a firewall see each other by their questions, over ARP and NDP.
#[test]
fn a_question_is_heard_by_those_who_do_not_have_the_address() {
    need_root!();
    let lan = Lan::new(2);
    let asker = mac(&lan, 0);
    for address in [VIP, "fd77::3"] {
        let heard = overheard(&lan, 0, 1, address.parse().unwrap());
        assert_eq!(hactl_engine::wire::arp::mac_text(&heard), asker, "{address}");
    }
}

#[test]
fn another_cluster_with_the_same_vrid_takes_nothing_away() {
    need_root!();
    let lan = Lan::new(4);
    let [owner, _standby] = pair(&lan, "");
    let other = config(200, "").replace(VIP, "10.77.0.99");
    // keepalived 2.2.7 refuses adverts of another list, too, and falls silent over them: it would be heard once.
    let _other = lan.hactl(STRANGER, &other);
    wait("the other cluster's adverts", || counter(&lan, 0, "other_cluster") > 2);
    assert!(owner.log().contains("advertises virtual router 51 with 10.77.0.99"), "{}", owner.log());
    assert_eq!((lan.has(0, VIP), lan.has(1, VIP)), (true, false));
    assert!(lan.has(STRANGER, "10.77.0.99"));
    // Before a pair begins, `check` hears the other cluster; the pair's own owner is none.
    let file = lan.path("checked.conf");
    let check = |n: usize, text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &lan.host(n)]).arg(crate::lan::binary());
        let output = command.arg("check").arg(&file).arg("--listen").output().unwrap();
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        (output.status.code(), said)
    };
    let (code, said) = check(CLIENT, &config(100, ""));
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("VRID 51 is in use on eth0 by 10.77.0.7, with 10.77.0.99"), "{said}");
    let half = "eth0: VRID 51 is 10.77.0.5's, with 10.77.0.3: the other half of vrrp_instance VI_1\n";
    assert!(said.contains(half) && said.contains("virtual_router_id 52"), "{said}");
    assert!(said.contains("eth0: VRID 51 is 10.77.0.7's, with 10.77.0.99\n"), "{said}");
    assert!(said.contains("valid, but at odds with what was heard on its LAN"), "{said}");
    // The half that runs speaks version 3.
    let (code, said) = check(CLIENT, &config(100, "").replace("version 3", "version 2"));
    assert!(code == Some(4) && said.contains("10.77.0.5 on eth0, VRID 51, speaks version 3, this file"), "{said}");
    let (code, said) = check(CLIENT, &config(100, "").replace("_id 51", "_id 52").replace(VIP, "10.77.0.44"));
    assert_eq!(code, Some(0), "{said}");
    // Its own address in another virtual router.
    let (code, said) = check(CLIENT, &config(100, "").replace("_id 51", "_id 52"));
    assert!(code == Some(4) && said.contains("advertises an address of this instance in another"), "{said}");
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &lan.host(CLIENT)]).arg(crate::lan::binary());
    let output = command.arg("check").arg(&file).args(["--listen", "--json"]).output().unwrap();
    let told = crate::lan::json::document(&output.stdout, output.status.code());
    let heard = |source: &str| told["heard"].as_array().unwrap().iter().any(|one| one["source"] == source);
    assert!(heard("10.77.0.5") && heard("10.77.0.7"), "{told}");
    // That nobody was heard is not said of what nobody listened to.
    let unicast = config(100, "").replace("version 3", "version 3\nunicast_peer {\n10.77.0.6\n}");
    let (code, said) = check(CLIENT, &unicast);
    assert!(code == Some(0) && said.contains("nobody was listened for: its instances hear only"), "{said}");
    // Where the agent would go the LAN is another one: what this namespace hears says nothing of that.
    let there = |text: &str| format!("net_namespace {}\n{text}", lan.host(STRANGER));
    let (code, said) = check(CLIENT, &there(&config(100, "")));
    assert!(code == Some(0) && said.contains("VRID 51 is 10.77.0.5's"), "{said}");
    assert!(!said.contains("VRID 51 is 10.77.0.7's"), "a host does not hear itself: {said}");
    let (code, said) = check(CLIENT, &there(&config(100, "")).replace(&lan.host(STRANGER), "hactl-no-such"));
    assert!(code == Some(4) && said.contains("hactl-no-such") && !said.contains("eth0: "), "{said}");
    lan.plug(CLIENT, false);
    let (code, said) = check(CLIENT, &config(100, ""));
    assert!(code == Some(4) && said.contains("the interface has no carrier") && !said.contains("nobody was"), "{said}");
    lan.ip(CLIENT, &["link", "set", "eth0", "down"]);
    let (code, said) = check(CLIENT, &config(100, ""));
    assert!(code == Some(4) && said.contains("the interface is down, so that nobody can be heard"), "{said}");
}

/// Adverts that a router lets be, in bytes that nobody here wrote through [`Advert`]: each is told with its reason, and
/// none makes a VRID taken.
#[test]
fn what_is_no_advert_takes_no_vrid() {
    need_root!();
    let lan = Lan::new(2);
    let file = lan.path("checked.conf");
    std::fs::write(&file, config(100, "").replace("version 3", "version 2")).unwrap();
    let send = |ttl: u8, payload: &str| {
        let script = format!(
            "import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)\n\
             s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, {ttl})\n\
             s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.77.0.6'))\n\
             while True:\n  s.sendto(bytes.fromhex('{payload}'), ('224.0.0.18', 0))\n  time.sleep(0.1)\n"
        );
        let words = ["python3", "-c", &script];
        let _sender = lan.spawn(1, "sender", words.iter().map(std::convert::AsRef::as_ref));
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &lan.host(0)]).arg(crate::lan::binary());
        let output = command.arg("check").arg(&file).arg("--listen").output().unwrap();
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        (output.status.code(), said)
    };
    // Version 2, VRID 51, priority 100, 10.77.0.99, every second.
    let good = "213364010001701a0a4d00630000000000000000";
    let (code, said) = send(255, good);
    assert!(code == Some(4) && said.contains("VRID 51 is in use on eth0 by 10.77.0.6, with 10.77.0.99"), "{said}");
    for (ttl, payload, why) in [
        (64, good, "its TTL is 64"),
        (255, "213364010001701b0a4d00630000000000000000", "checksum 0x701b is wrong"),
        (255, "213364", "length 3"),
    ] {
        let (code, said) = send(ttl, payload);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("10.77.0.6 sent what no router takes: ") && said.contains(why), "{why}: {said}");
        assert!(said.contains("eth0: nobody was heard within 1.5 s"), "{said}");
    }
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &lan.host(0)]).arg(crate::lan::binary());
    let output = command.args(["agent", "listen", "eth0", "--for", "100ms", "--json"]).output().unwrap();
    let told = crate::lan::json::document(&output.stdout, output.status.code());
    assert_eq!((&told["interface"], &told["routers"]), (&"eth0".into(), &serde_json::json!([])), "{told}");
}

/// A promotion and, a moment later, one back: each router says it once, and then once an interval.
#[test]
fn promotions_in_a_hurry_make_no_storm_of_adverts() {
    need_root!();
    for own in ["", GUARDED] {
        let lan = Lan::new(3);
        let _pair = pair(&lan, own);
        let sent = || -> u64 {
            let of = |n| counter(&lan, n, "adverts_sent") + counter(&lan, n, "priority_zero_sent");
            of(0) + of(1)
        };
        let before = sent();
        for turn in 0..6 {
            assert!(lan.agent((turn + 1) % 2, &["promote"]).status.success());
            std::thread::sleep(Duration::from_millis(30));
        }
        std::thread::sleep(Duration::from_secs(3));
        let adverts = sent() - before;
        assert!(adverts <= 6 * 6 + 8, "{adverts} adverts for six moves and three seconds, {own:?}");
        wait("one owner", || lan.has(0, VIP) != lan.has(1, VIP));
    }
}

/// A better router comes: whoever owned the addresses says goodbye with one advert of priority 0, and answers none with
/// another.
#[test]
fn a_preemption_makes_no_storm_of_goodbyes() {
    need_root!();
    for own in ["", GUARDED] {
        let lan = Lan::new(3);
        let lesser = lan.hactl(1, &config(100, own));
        lan.wait_owner(1, VIP);
        let better = lan.hactl(0, &config(150, own));
        lan.wait_owner(0, VIP);
        std::thread::sleep(Duration::from_secs(2));
        let goodbyes = [counter(&lan, 0, "priority_zero_sent"), counter(&lan, 1, "priority_zero_sent")];
        let heard = [counter(&lan, 0, "priority_zero_received"), counter(&lan, 1, "priority_zero_received")];
        println!("{own:?}: {goodbyes:?} sent, {heard:?} heard");
        assert!(goodbyes[0] == 0 && goodbyes[1] <= 1 && heard == [goodbyes[1], 0], "{own:?}: {goodbyes:?}, {heard:?}");
        assert!(counter(&lan, 0, "adverts_sent") <= 8, "{own:?}: some four seconds");
        assert_eq!(counter(&lan, 0, "became_master"), 1);
        drop((lesser, better));
    }
}

/// The master gives up on purpose: the other one does not wait for its skew, which would lose 300 pings. (`tests/sim`
/// counts the milliseconds.)
#[test]
fn a_planned_give_up_is_followed_at_once() {
    need_root!();
    type GiveUp = fn(&Lan);
    let give_ups: [(&str, GiveUp); 4] = [
        ("a check fails", |lan| std::fs::write(lan.path("bad"), "").unwrap()),
        ("resign", |lan| assert!(lan.agent(0, &["resign"]).status.success())),
        ("a tracked interface is down", |lan| lan.ip(0, &["link", "set", "eth1", "down"])),
        ("a tracked interface is gone", |lan| lan.ip(0, &["link", "del", "eth1"])),
    ];
    for (what, give_up) in give_ups {
        let lan = Lan::new(4);
        let check = format!(
            "global_defs {{\nscript_user root\n}}\nvrrp_script web {{\nscript \"/usr/bin/test ! -e {}\"\ninterval 1\n}}\n",
            lan.path("bad").display()
        );
        let own = |peer: &str| format!("hactl {{\nlease on\nguard on\npeers {peer}\n}}\n{check}");
        let tracked = config(150, &own("10.77.0.6"))
            .replace("advert_int 1", "advert_int 1\ntrack_script {\nweb\n}\ntrack_interface {\neth1\n}");
        lan.ip(0, &["link", "add", "eth1", "type", "veth", "peer", "name", "far1"]);
        lan.ip(0, &["link", "set", "far1", "up"]);
        lan.ip(0, &["link", "set", "eth1", "up"]);
        let _a = lan.hactl(0, &tracked);
        lan.wait_owner(0, VIP);
        let _b = lan.hactl(1, &config(100, &own("10.77.0.5")));
        wait("the standby to hear the owner", || lan.status(1)["instances"][0]["master"] == "10.77.0.5");
        let lost = super::moves::lost_while(&lan, CLIENT, VIP, || {
            give_up(&lan);
            lan.wait_owner(1, VIP);
        });
        println!("{what}: {lost} pings lost");
        assert!(lost <= super::moves::NOISE, "{what}: {lost} pings lost");
    }
}
