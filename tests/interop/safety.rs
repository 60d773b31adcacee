//! Lease and guard on a real kernel: an agent that hangs or dies, adverts that are blocked, an upgrade in place.

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::asking::answering;
use crate::lan::{Lan, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
/// The host that asks.
const CLIENT: usize = 2;

fn config(priority: u8, advert: &str) -> String {
    format!(
        "hactl {{\nlease on\nguard on\n}}\nvrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\n\
         priority {priority}\nversion 3\nadvert_int {advert}\nnopreempt\nvirtual_ipaddress {{\n{VIP}/24\n}}\n}}\n"
    )
}

/// Two hosts with lease and guard, the first of them owner.
fn pair(lan: &Lan, advert: &str) -> [crate::lan::Daemon; 2] {
    let owner = lan.hactl(0, &config(150, advert));
    lan.wait_owner(0, VIP);
    let standby = lan.hactl(1, &config(100, advert));
    wait("the standby to hear the owner", || lan.status(1)["instances"][0]["master"] == "10.77.0.5");
    [owner, standby]
}

fn hung(advert: &str, watch: Duration) {
    let lan = Lan::new(3);
    let [owner, _standby] = pair(&lan, advert);
    assert_eq!(lan.status(0)["safety"]["tier"], 3);
    owner.signal(Signal::SIGSTOP);
    let (at_once, ever) = answering(&lan, CLIENT, VIP, watch);
    assert_eq!(at_once, 1, "never two");
    assert_eq!(ever.len(), 2, "and the other one in the end");
    owner.signal(Signal::SIGCONT);
    let (at_once, ever) = answering(&lan, CLIENT, VIP, Duration::from_secs(1));
    assert_eq!((at_once, ever.len()), (1, 1), "who wakes up claims nothing");
    wait("the old owner to follow", || lan.status(0)["instances"][0]["state"] == "BACKUP");
}

#[test]
fn an_agent_that_hangs_loses_the_address_before_another_claims_it() {
    need_root!();
    hung("1", Duration::from_secs(6));
}

#[test]
fn the_same_at_adverts_faster_than_a_second() {
    need_root!();
    hung("0.2", Duration::from_secs(3));
}

/// A promotion, while the owner hangs: it says that it is master and waits until the kernel has let go over there.
fn promoted_over_a_hung_owner(advert: &str, watch: Duration) {
    let lan = Lan::new(3);
    let [owner, _standby] = pair(&lan, advert);
    owner.signal(Signal::SIGSTOP);
    assert!(lan.agent(1, &["promote"]).status.success());
    let (at_once, ever) = answering(&lan, CLIENT, VIP, watch);
    assert_eq!((at_once, ever.len()), (1, 2), "never two, and the other one in the end");
    let promoted = lan.status(1)["instances"][0].clone();
    assert_eq!((&promoted["state"], &promoted["last_reason"]), (&"MASTER".into(), &"promoted by hand".into()));
    owner.signal(Signal::SIGCONT);
    let (at_once, ever) = answering(&lan, CLIENT, VIP, Duration::from_secs(1));
    assert_eq!((at_once, ever.len()), (1, 1), "who wakes up claims nothing");
}

#[test]
fn an_owner_that_hangs_while_another_is_promoted_is_waited_for() {
    need_root!();
    promoted_over_a_hung_owner("1", Duration::from_secs(5));
}

#[test]
fn the_same_promotion_at_adverts_faster_than_a_second() {
    need_root!();
    promoted_over_a_hung_owner("0.2", Duration::from_secs(2));
}

/// A promotion, and the owner dies in the very milliseconds in which it hands over.
#[test]
fn an_owner_that_dies_while_it_hands_over_is_silenced_by_its_kernel() {
    need_root!();
    for delay_ms in [2, 4, 6, 8] {
        let lan = Lan::new(3);
        let [owner, _standby] = pair(&lan, "1");
        std::thread::scope(|scope| {
            let promotion = scope.spawn(|| lan.agent(1, &["promote"]));
            std::thread::sleep(Duration::from_millis(delay_ms));
            owner.kill();
            assert!(promotion.join().unwrap().status.success());
        });
        // The handover itself is over when this asks for the first time; the lifetime of the address is not.
        std::thread::sleep(Duration::from_millis(20));
        let (at_once, _) = answering(&lan, CLIENT, VIP, Duration::from_millis(600));
        assert!(at_once <= 1, "killed {delay_ms} ms after the promotion began");
        lan.wait_owner(1, VIP);
    }
}

#[test]
fn an_agent_that_is_killed_loses_the_address_before_another_claims_it() {
    need_root!();
    let lan = Lan::new(3);
    let [owner, _standby] = pair(&lan, "1");
    owner.kill();
    let (at_once, ever) = answering(&lan, CLIENT, VIP, Duration::from_secs(6));
    assert_eq!((at_once, ever.len()), (1, 2));
    lan.wait_owner(1, VIP);
}

#[test]
fn an_agent_that_is_killed_and_started_again_in_time_goes_on() {
    need_root!();
    let lan = Lan::new(3);
    let [owner, _standby] = pair(&lan, "1");
    owner.kill();
    let _again = lan.restart_hactl(0);
    let (at_once, ever) = answering(&lan, CLIENT, VIP, Duration::from_secs(4));
    assert_eq!((at_once, ever.len()), (1, 1));
    assert_eq!(lan.status(0)["instances"][0]["state"], "MASTER");
}

/// A firewall on the standby drops adverts, as in the course notes.
fn block_adverts(lan: &Lan, host: usize) {
    let rules = "add table inet f; add chain inet f i { type filter hook input priority 0; }; \
                 add rule inet f i ip protocol 112 drop";
    let done = Command::new("ip").args(["netns", "exec", &lan.host(host), "nft", rules]).status().unwrap();
    assert!(done.success());
}

#[test]
fn blocked_adverts_make_no_second_owner() {
    need_root!();
    let lan = Lan::new(3);
    let [_owner, _standby] = pair(&lan, "0.2");
    block_adverts(&lan, 1);
    let (at_once, ever) = answering(&lan, CLIENT, VIP, Duration::from_secs(3));
    assert_eq!((at_once, ever.len()), (1, 1));
    let counters = &lan.status(1)["instances"][0]["counters"];
    assert!(counters["claims_withheld"].as_u64().unwrap_or_default() > 3, "{counters}");
    let refused = lan.agent(1, &["promote"]);
    assert!(!refused.status.success(), "{refused:?}");
    // The master really goes: then the guard hears nobody.
    lan.plug(0, false);
    wait("the standby to take over", || lan.has(1, VIP));
}

#[test]
fn an_upgrade_keeps_process_and_address() {
    need_root!();
    let lan = Lan::new(3);
    let [_owner, _standby] = pair(&lan, "0.2");
    let before = lan.status(0);
    let done = lan.agent(0, &["upgrade"]);
    assert!(done.status.success(), "{done:?}");
    let (at_once, ever) = answering(&lan, CLIENT, VIP, Duration::from_secs(2));
    assert_eq!((at_once, ever.len()), (1, 1));
    let after = lan.status(0);
    assert_eq!(before["pid"], after["pid"]);
    let reason = after["instances"][0]["last_reason"].as_str().unwrap_or_default();
    assert!(after["instances"][0]["state"] == "MASTER" && reason.contains("restarted"), "{after}");
    assert_eq!(lan.status(1)["instances"][0]["counters"]["became_master"], serde_json::Value::Null);
}

#[test]
fn an_address_that_does_not_accept_is_not_pinged() {
    need_root!();
    let lan = Lan::new(2);
    let closed = config(150, "0.2").replace("nopreempt", "no_accept");
    let owner = lan.hactl(0, &closed);
    lan.wait_owner(0, VIP);
    let ping = |address: &str| {
        let once = ["netns", "exec", &lan.host(1), "ping", "-c1", "-W1", address];
        Command::new("ip").args(once).output().unwrap().status.success()
    };
    assert!(ping("10.77.0.5") && !ping(VIP));
    assert_eq!(answering(&lan, 1, VIP, Duration::from_millis(100)).1.len(), 1, "its ARP is answered");
    owner.stop();
    let left = Command::new("ip").args(["netns", "exec", &lan.host(0), "nft", "list", "tables"]).output().unwrap();
    assert!(left.stdout.is_empty(), "{left:?}");
}

/// A reload without the lease takes the kernel's count off what is held: nothing is let go, and nobody is blamed for
/// it.
#[test]
fn a_lease_that_is_switched_off_ends_without_a_trace() {
    need_root!();
    for interval in ["1", "0.2"] {
        let lan = Lan::new(2);
        let leased = config(150, interval);
        let owner = lan.hactl(0, &leased);
        lan.wait_owner(0, VIP);
        std::fs::write(lan.path("0.conf"), leased.replace("lease on", "lease off")).unwrap();
        assert!(lan.agent(0, &["reload"]).status.success());
        let (most, ever) = answering(&lan, 1, VIP, Duration::from_secs(5));
        assert_eq!((most, ever.len()), (1, 1), "{interval} s");
        assert!(lan.has(0, VIP));
        let log = owner.log();
        assert!(!log.contains("removed by somebody else"), "{interval} s: {log}");
        let once = ["netns", "exec", &lan.host(1), "ping", "-c1", "-W1", VIP];
        assert!(Command::new("ip").args(once).output().unwrap().status.success(), "{interval} s: it answers");
    }
}
