//! Peers with habits of their own: a keepalived that drops adverts whose address list is not its own, and FRR's vrrpd.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::lan::{Daemon, Lan, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
const SECOND: &str = "10.77.0.4";

fn config(priority: u8, options: &str, vips: &[&str]) -> String {
    let vips: String = vips.iter().map(|vip| format!("{vip}/24\n")).collect();
    format!(
        "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 37\npriority {priority}\n{options}\n\
         virtual_ipaddress {{\n{vips}}}\n}}\n"
    )
}

/// keepalived up to 2.3.2 drops adverts whose list differs from its own. While one list after the other is changed, with
/// hactl as master, it must not take that for silence. `silence` is its master-down interval.
fn a_list_that_grows(options: &str, silence: Duration) {
    let lan = Lan::new(2);
    let ours = lan.hactl(0, &config(150, options, &[VIP]));
    lan.wait_owner(0, VIP);
    let peer = lan.keepalived(1, &config(91, options, &[VIP]));
    wait("the standby", || peer.log().contains("Entering BACKUP STATE"));

    fs::write(lan.path("0.conf"), config(150, options, &[VIP, SECOND])).unwrap();
    ours.signal(Signal::SIGHUP);
    lan.wait_owner(0, SECOND);
    stays_with_hactl(&lan, &peer, &[VIP, SECOND], silence * 3);
    assert!(peer.log().contains("unexpected ip number count"), "this keepalived does not mind: {}", peer.log());

    fs::write(lan.path("1.conf"), config(91, options, &[VIP, SECOND])).unwrap();
    peer.signal(Signal::SIGHUP);
    wait("the standby's reload", || peer.log().contains("Reload complete"));
    stays_with_hactl(&lan, &peer, &[VIP, SECOND], silence * 2);
    ours.stop();
    lan.wait_owner(1, VIP);
    lan.wait_owner(1, SECOND);
}

/// Watches for a while that nothing moves. That keepalived never was master its log says better than any sampling.
fn stays_with_hactl(lan: &Lan, peer: &Daemon, vips: &[&str], span: Duration) {
    let end = Instant::now() + span;
    while Instant::now() < end {
        for vip in vips {
            assert!(lan.has(0, vip) && !lan.has(1, vip), "{vip} moved\n{}", peer.log());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!peer.log().contains("Entering MASTER STATE"), "{}", peer.log());
}

#[test]
fn a_list_that_grows_v3() {
    need_root!();
    a_list_that_grows("version 3\nadvert_int 0.2", Duration::from_millis(729));
}

#[test]
fn a_list_that_grows_v2() {
    need_root!();
    let pass = "version 2\nadvert_int 1\nauthentication {\nauth_type PASS\nauth_pass s3cret\n}";
    a_list_that_grows(pass, Duration::from_millis(3645));
}

/// The other order: the standby's list is changed first. It then hears nothing that it takes, claims once, and must
/// give way for good.
#[test]
fn a_standby_whose_list_grows_first_gives_way() {
    need_root!();
    let options = "version 3\nadvert_int 0.2";
    let lan = Lan::new(2);
    let ours = lan.hactl(0, &config(150, options, &[VIP]));
    lan.wait_owner(0, VIP);
    let peer = lan.keepalived(1, &config(91, options, &[VIP]));
    wait("the standby", || peer.log().contains("Entering BACKUP STATE"));
    fs::write(lan.path("1.conf"), config(91, options, &[VIP, SECOND])).unwrap();
    peer.signal(Signal::SIGHUP);
    wait("the standby's claim", || peer.log().contains("Entering MASTER STATE"));
    lan.wait_owner(0, VIP);
    wait("the standby to give all of it up", || !lan.has(1, SECOND));
    fs::write(lan.path("0.conf"), config(150, options, &[VIP, SECOND])).unwrap();
    ours.signal(Signal::SIGHUP);
    lan.wait_owner(0, SECOND);
    lan.wait_owner(0, VIP);
    assert_eq!(peer.log().matches("Entering MASTER STATE").count(), 1, "{}", peer.log());
    assert_eq!(lan.status(0)["instances"][0]["counters"]["became_master"], 1);
}
