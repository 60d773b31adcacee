//! Peers with habits of their own: a keepalived that drops adverts whose address list is not its own, and FRR's vrrpd.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
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

/// keepalived up to 2.3.2 drops adverts whose list differs from its own. While one list after the other is changed,
/// with hactl as master, it must not take that for silence. `silence` is its master-down interval.
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

/// FRR's router on a host: zebra, which watches the interfaces, and vrrpd.
struct Frr {
    vrrpd: Daemon,
    _zebra: Daemon,
    folder: PathBuf,
    family: &'static str,
}

const FRR: &str = "/usr/lib/frr";

impl Frr {
    /// Virtual router 37 on eth0, on the macvlan with the RFC's MAC that vrrpd wants to find.
    fn start(lan: &Lan, n: usize, priority: u8, dialect: &FrrDialect) -> Self {
        let (six, vip) = (dialect.six, dialect.vip());
        let mac = if six { "00:00:5e:00:02:25" } else { "00:00:5e:00:01:25" };
        lan.ip(n, &["link", "add", "vr37", "link", "eth0", "address", mac, "type", "macvlan", "mode", "bridge"]);
        lan.ip(n, &["addr", "add", &format!("{vip}/{}", if six { 64 } else { 24 }), "dev", "vr37"]);
        lan.ip(n, &["link", "set", "vr37", "up"]);
        let folder = lan.path("frr");
        fs::set_permissions(lan.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let made = Command::new("install").args(["-d", "-o", "frr", "-g", "frr"]).arg(&folder).status().unwrap();
        assert!(made.success());
        fs::write(folder.join("zebra.conf"), "").unwrap();
        let FrrDialect { version, interval_ms, .. } = dialect;
        let family = if six { "ipv6" } else { "ip" };
        let lines = format!(
            "debug vrrp protocol\ninterface eth0\n vrrp 37 version {version}\n vrrp 37 priority {priority}\n \
             vrrp 37 advertisement-interval {interval_ms}\n vrrp 37 {family} {vip}\n"
        );
        fs::write(folder.join("vrrpd.conf"), lines).unwrap();
        let zebra = frr_daemon(lan, n, &folder, "zebra");
        wait("zebra", || folder.join("zserv.api").exists());
        let vrrpd = frr_daemon(lan, n, &folder, "vrrpd");
        let frr = Self { vrrpd, _zebra: zebra, folder, family: if six { "v6" } else { "v4" } };
        wait("vrrpd to start the router", || ["Backup", "Master"].contains(&frr.state().as_str()));
        frr
    }

    /// What vrrpd says of itself: Initialize, Backup, Master. Empty before it answers.
    fn state(&self) -> String {
        let asked = Command::new("vtysh")
            .args(["-d", "vrrpd", "-c", "show vrrp json", "--vty_socket"])
            .arg(&self.folder)
            .output()
            .unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap_or_default();
        answer[0][self.family]["status"].as_str().unwrap_or_default().to_owned()
    }

    fn wait(&self, state: &str) {
        wait(&format!("vrrpd to be {state}"), || self.state() == state);
    }
}

fn frr_daemon(lan: &Lan, n: usize, folder: &Path, name: &str) -> Daemon {
    let at = |file: String| folder.join(file).into_os_string();
    let arguments = [
        Path::new(FRR).join(name).into_os_string(),
        "-f".into(),
        at(format!("{name}.conf")),
        "-i".into(),
        at(format!("{name}.pid")),
        "-z".into(),
        at("zserv.api".into()),
        "--vty_socket".into(),
        folder.into(),
        "-P".into(),
        "0".into(),
        "--log".into(),
        "stdout".into(),
    ];
    lan.spawn(n, name, arguments.iter().map(AsRef::<OsStr>::as_ref))
}

/// What hactl and vrrpd both speak.
struct FrrDialect {
    version: u8,
    interval_ms: u16,
    six: bool,
}

impl FrrDialect {
    const fn vip(&self) -> &'static str {
        if self.six { "fe80::37" } else { VIP }
    }

    fn hactl(&self, priority: u8) -> String {
        let Self { version, interval_ms, six } = self;
        let options = format!("version {version}\nadvert_int {}", f64::from(*interval_ms) / 1000.0);
        let config = config(priority, &options, &[self.vip()]);
        if *six { config.replace("/24", "/64") } else { config }
    }

    /// Election, loss of the owner's wire, return, clean stop; then the same with the roles changed.
    fn both_roles(&self) {
        let state = |lan: &Lan| lan.status(0)["instances"][0]["state"].as_str().unwrap_or_default().to_owned();
        let hactl_is = |lan: &Lan, wanted: &str| wait(&format!("hactl to be {wanted}"), || state(lan) == wanted);
        for (ours, theirs) in [(150, 91), (91, 150)] {
            let lan = Lan::new(2);
            let frr = Frr::start(&lan, 1, theirs, self);
            let hactl = lan.hactl(0, &self.hactl(ours));
            let (better, when_better, when_not) =
                if ours > theirs { (0, "MASTER", "Backup") } else { (1, "BACKUP", "Master") };
            let settled = || {
                hactl_is(&lan, when_better);
                frr.wait(when_not);
                // hactl may have been first for a moment, and hands over.
                wait("the address where the better one is", || lan.has(0, self.vip()) == (better == 0));
            };
            settled();
            lan.plug(better, false);
            if better == 0 {
                frr.wait("Master")
            } else {
                hactl_is(&lan, "MASTER")
            }
            lan.plug(better, true);
            settled();
            let counters = lan.status(0)["instances"][0]["counters"].clone();
            let refused = ["bad_ttl", "bad_packet", "bad_version", "bad_source", "bad_auth", "addresses_differ"];
            assert!(refused.iter().all(|name| counters[name].is_null()), "{counters}");
            if better == 0 {
                hactl.stop();
                frr.wait("Master");
            } else {
                let Frr { vrrpd, .. } = frr;
                vrrpd.stop();
                hactl_is(&lan, "MASTER");
                assert!(lan.has(0, self.vip()));
            }
        }
    }
}

/// Skips where FRR is not installed.
fn beside_frr(version: u8, interval_ms: u16, six: bool) {
    if ["vrrpd", "zebra"].iter().any(|name| !Path::new(FRR).join(name).exists()) || which::which("vtysh").is_err() {
        eprintln!("SKIPPED: no FRR here (vrrpd and zebra in {FRR}, vtysh)");
        return;
    }
    FrrDialect { version, interval_ms, six }.both_roles();
}

#[test]
fn frr_v2() {
    need_root!();
    beside_frr(2, 1000, false);
}

#[test]
fn frr_v3() {
    need_root!();
    beside_frr(3, 200, false);
}

#[test]
fn frr_v3_ipv6() {
    need_root!();
    beside_frr(3, 200, true);
}
