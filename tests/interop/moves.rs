//! Planned moves: promote, unpin, resign, clean stop, restart.

use std::process::Command;

use crate::lan::{Daemon, Lan, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
/// The host that pings.
const CLIENT: usize = 2;

fn config(priority: u8) -> String {
    format!(
        "vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority {priority}\nadvert_int 1\n\
         virtual_ipaddress {{\n{VIP}/24\n}}\n}}\n"
    )
}

fn pair() -> (Lan, Daemon, Daemon) {
    pair_with("")
}

/// As the desk deploys it.
const GUARDED: &str = "hactl {\nlease on\nguard on\n}\n";

fn pair_with(own: &str) -> (Lan, Daemon, Daemon) {
    let lan = Lan::new(3);
    let (a, b) = (lan.hactl(0, &(own.to_owned() + &config(150))), lan.hactl(1, &(own.to_owned() + &config(100))));
    lan.wait_owner(0, VIP);
    (lan, a, b)
}

/// Pings the VIP from a host every 2 ms (iputils' own limit for root) and returns what is lost meanwhile.
pub(crate) fn lost_while(lan: &Lan, from: usize, vip: &str, work: impl FnOnce()) -> u64 {
    let ping = Command::new("ip")
        .args(["netns", "exec", &lan.host(from), "ping", "-q", "-i", "0.002", "-W", "1", "-w", "4", vip])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500)); // some answers before the move
    work();
    let summary = String::from_utf8(ping.wait_with_output().unwrap().stdout).unwrap();
    let numbers: Vec<u64> = summary
        .lines()
        .find(|line| line.contains("packets transmitted"))
        .unwrap_or_else(|| panic!("{summary}"))
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    assert!(numbers[1] > 100, "hardly any answers: {summary}");
    numbers[0] - numbers[1]
}

/// Lost pings that a noisy machine may cost whatever we do. A switch through the election would lose 300.
pub(crate) const NOISE: u64 = 25;

#[test]
fn promote_moves_the_vip_and_back() {
    need_root!();
    moves_and_returns("");
}

#[test]
fn promote_moves_the_vip_and_back_with_lease_and_guard() {
    need_root!();
    moves_and_returns(GUARDED);
}

fn moves_and_returns(own: &str) {
    let (lan, _a, _b) = pair_with(own);
    let lost = lost_while(&lan, CLIENT, VIP, || {
        let output = lan.agent(1, &["promote"]);
        assert!(output.status.success(), "{output:?}");
        lan.wait_owner(1, VIP);
    });
    assert!(lost <= NOISE, "{lost} pings lost");
    let status = lan.status(1);
    assert_eq!(status["instances"][0]["state"], "MASTER");
    assert_eq!(status["instances"][0]["effective_priority"], 254);
    let lost = lost_while(&lan, CLIENT, VIP, || {
        assert!(lan.agent(0, &["promote"]).status.success());
        lan.wait_owner(0, VIP);
    });
    assert!(lost <= NOISE, "{lost} pings lost");
    assert!(lan.agent(0, &["unpin"]).status.success());
    wait("the configured priority", || lan.status(1)["instances"][0]["master_priority"] == 150);
    assert_eq!(lan.status(1)["instances"][0]["pinned"], serde_json::Value::Null);
}

#[test]
fn promote_works_against_keepalived() {
    need_root!();
    for own in ["", GUARDED] {
        let lan = Lan::new(3);
        let _peer = lan.keepalived(0, &config(150));
        let _ours = lan.hactl(1, &(own.to_owned() + &config(100)));
        lan.wait_owner(0, VIP);
        wait("hactl to follow", || lan.status(1)["instances"][0]["master_priority"] == 150);
        let lost = lost_while(&lan, CLIENT, VIP, || {
            assert!(lan.agent(1, &["promote"]).status.success());
            lan.wait_owner(1, VIP);
        });
        assert!(lost <= NOISE, "{lost} pings lost: keepalived acknowledges nothing, and lets go at once");
    }
}

#[test]
fn a_clean_stop_leaves_no_hole() {
    need_root!();
    stops("");
}

#[test]
fn a_clean_stop_leaves_no_hole_with_lease_and_guard() {
    need_root!();
    stops(GUARDED);
}

fn stops(own: &str) {
    let (lan, a, _b) = pair_with(own);
    let lost = lost_while(&lan, CLIENT, VIP, || {
        a.stop();
        lan.wait_owner(1, VIP);
    });
    assert!(lost <= NOISE, "{lost} pings lost");
}

#[test]
fn a_killed_agent_adopts_its_addresses() {
    need_root!();
    let (lan, a, _b) = pair();
    let mut again = None;
    let lost = lost_while(&lan, CLIENT, VIP, || {
        a.kill();
        again = Some(lan.restart_hactl(0));
        wait("master again", || lan.status(0)["instances"][0]["state"] == "MASTER");
    });
    assert!(lost <= NOISE, "{lost} pings lost");
    assert_eq!(lan.status(1)["instances"][0]["state"], "BACKUP");
    assert!(lan.status(1)["instances"][0]["counters"]["became_master"].is_null(), "the standby took over meanwhile");
}

#[test]
fn a_promotion_survives_a_restart() {
    need_root!();
    let (lan, _a, b) = pair();
    assert!(lan.agent(1, &["promote"]).status.success());
    lan.wait_owner(1, VIP);
    b.kill();
    let _b = lan.restart_hactl(1);
    wait("master again", || lan.status(1)["instances"][0]["state"] == "MASTER");
    assert_eq!(lan.status(1)["instances"][0]["pinned"]["priority"], 254);
}

#[test]
fn resign_hands_over() {
    need_root!();
    let (lan, _a, _b) = pair();
    assert!(lan.agent(0, &["resign"]).status.success());
    lan.wait_owner(1, VIP);
    assert_eq!(lan.status(0)["instances"][0]["effective_priority"], 1);
    assert!(lan.agent(0, &["unpin"]).status.success());
    lan.wait_owner(0, VIP);
}
