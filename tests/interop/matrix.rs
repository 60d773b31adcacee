//! Every dialect that both daemons speak, in both roles: election, loss of the owner's wire, return, clean stop.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::lan::{Daemon, Lan, wait};
use crate::need_root;

/// Priorities of the one that shall own and of the one that stands by.
const BETTER: u8 = 150;
const LESSER: u8 = 91;

/// What is said on the wire, and how it travels.
#[derive(Clone, Copy)]
struct Dialect {
    options: &'static str,
    six: bool,
    unicast: bool,
}

const V2_PASS: &str = "version 2\nadvert_int 1\nauthentication {\nauth_type PASS\nauth_pass s3cret\n}";
const V2_NONE: &str = "version 2\nadvert_int 1";
const V3: &str = "version 3\nadvert_int 0.2";

impl Dialect {
    const fn vip(self) -> &'static str {
        if self.six { "fd77::3" } else { "10.77.0.3" }
    }

    fn config(self, host: usize, priority: u8) -> String {
        let Self { options, six, unicast } = self;
        let (prefix, length) = if six { ("fd77::", 64) } else { ("10.77.0.", 24) };
        let transport = if unicast {
            format!("unicast_src_ip {prefix}{}\nunicast_peer {{\n{prefix}{}\n}}", host + 5, 6 - host)
        } else {
            String::new()
        };
        format!(
            "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 37\npriority {priority}\n{options}\n\
             {transport}\nvirtual_ipaddress {{\n{}/{length}\n}}\n}}\n",
            self.vip()
        )
    }

    /// Both roles, each on a LAN of its own.
    fn both_roles(self) {
        self.hactl_is_better();
        self.keepalived_is_better();
    }

    fn hactl_is_better(self) {
        let lan = Lan::new(2);
        let peer = lan.keepalived(1, &self.config(1, LESSER));
        let ours = lan.hactl(0, &self.config(0, BETTER));
        lan.wait_owner(0, self.vip());
        self.owner_is_lost_and_returns(&lan, 0);
        let state = &lan.status(0)["instances"][0];
        assert_eq!(state["state"], "MASTER", "{state}");
        assert_eq!(refusals(&lan, 0, &peer), Vec::<String>::new());
        ours.stop();
        lan.wait_owner(1, self.vip());
    }

    fn keepalived_is_better(self) {
        let lan = Lan::new(2);
        let ours = lan.hactl(0, &self.config(0, LESSER));
        let peer = lan.keepalived(1, &self.config(1, BETTER));
        lan.wait_owner(1, self.vip());
        wait("hactl to follow", || lan.status(0)["instances"][0]["master_priority"] == BETTER);
        self.owner_is_lost_and_returns(&lan, 1);
        wait("hactl to follow again", || lan.status(0)["instances"][0]["state"] == "BACKUP");
        assert_eq!(refusals(&lan, 0, &peer), Vec::<String>::new());
        peer.stop();
        lan.wait_owner(0, self.vip());
        drop(ours);
    }

    /// Pulls the owner's wire, and plugs it in again.
    fn owner_is_lost_and_returns(self, lan: &Lan, owner: usize) {
        lan.plug(owner, false);
        lan.wait_owner(1 - owner, self.vip());
        lan.plug(owner, true);
        lan.wait_owner(owner, self.vip());
    }
}

/// What either daemon refused of the other: a failover can succeed although adverts are dropped, so look at that too.
pub(crate) fn refusals(lan: &Lan, ours: usize, peer: &Daemon) -> Vec<String> {
    let status = lan.status(ours);
    let counters = status["instances"][0]["counters"].as_object().unwrap();
    let refused = counters.iter().filter(|(name, _)| REFUSALS.contains(&name.as_str()));
    let said = peer.log();
    let complaints = said.lines().filter(|line| COMPLAINTS.iter().any(|word| line.contains(word)));
    refused.map(|(name, count)| format!("hactl: {count} {name}")).chain(complaints.map(str::to_owned)).collect()
}

/// hactl's counters of what it does not take, or takes with a warning.
const REFUSALS: [&str; 8] = [
    "bad_ttl",
    "bad_packet",
    "bad_version",
    "bad_destination",
    "bad_source",
    "bad_auth",
    "bad_interval",
    "addresses_differ",
];

/// keepalived's words for the same.
const COMPLAINTS: [&str; 7] = [
    "mismatch",
    "Invalid VRRP",
    "not present in MASTER",
    "TTL/HL",
    "auth, expecting",
    "to old version",
    "bogus packet",
];

macro_rules! matrix {
    ($($name:ident: $options:expr, $six:expr, $unicast:expr;)*) => {$(
        #[test]
        fn $name() {
            need_root!();
            Dialect { options: $options, six: $six, unicast: $unicast }.both_roles();
        }
    )*};
}

matrix! {
    v2_pass_multicast: V2_PASS, false, false;
    v2_pass_unicast: V2_PASS, false, true;
    v2_none_multicast: V2_NONE, false, false;
    v2_none_unicast: V2_NONE, false, true;
    v3_ipv4_multicast: V3, false, false;
    v3_ipv4_unicast: V3, false, true;
    v3_ipv6_multicast: V3, true, false;
    v3_ipv6_unicast: V3, true, true;
}

/// The check above can fail: an interval that differs is seen from both sides.
#[test]
fn refusals_are_seen_where_there_are_some() {
    need_root!();
    let lan = Lan::new(2);
    let dialect = Dialect { options: V2_PASS, six: false, unicast: false };
    let _ours = lan.hactl(0, &dialect.config(0, BETTER));
    let peer = lan.keepalived(1, &dialect.config(1, LESSER).replace("advert_int 1", "advert_int 2"));
    wait("both to complain", || {
        let refused = refusals(&lan, 0, &peer);
        let ours = refused.iter().any(|line| line.contains("bad_interval"));
        ours && refused.iter().any(|line| line.contains("mismatch"))
    });
}

/// Starts the daemon of a role.
type Start = fn(&Lan, usize, &str) -> Daemon;
const ROLES: [(Start, Start); 2] = [(Lan::hactl, Lan::keepalived), (Lan::keepalived, Lan::hactl)];

#[test]
fn a_check_with_a_weight_moves_the_vip_and_back() {
    need_root!();
    for (better, lesser) in ROLES {
        let lan = Lan::new(2);
        let dialect = Dialect { options: V2_NONE, six: false, unicast: false };
        let (bad, check) = (lan.path("bad"), lan.path("check.sh"));
        fs::write(&check, format!("#!/bin/sh\ntest \"$(cat {})\" != yes\n", bad.display())).unwrap();
        fs::set_permissions(&check, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(&bad, "no").unwrap();
        let script = format!("script {}\ninterval 1\nweight -100\nfall 1\nrise 1", check.display());
        let blocks = format!("global_defs {{\nscript_user root\n}}\nvrrp_script web {{\n{script}\n}}\n");
        let tracking = dialect.config(0, BETTER).replace("interface eth0", "interface eth0\ntrack_script {\nweb\n}");
        let _better = better(&lan, 0, &(blocks + &tracking));
        let _lesser = lesser(&lan, 1, &dialect.config(1, LESSER));
        lan.wait_owner(0, dialect.vip());
        fs::write(&bad, "yes").unwrap();
        lan.wait_owner(1, dialect.vip());
        fs::write(&bad, "no").unwrap();
        lan.wait_owner(0, dialect.vip());
    }
}

/// Two instances in a group; the second one depends on an interface of its own.
fn group(priority: u8) -> String {
    let instance = |name: &str, vrid: u8, vip: &str, more: &str| {
        format!(
            "vrrp_instance {name} {{\nstate BACKUP\ninterface eth0\nvirtual_router_id {vrid}\npriority {priority}\n\
             {V3}\n{more}\nvirtual_ipaddress {{\n{vip}/24\n}}\n}}\n"
        )
    };
    "vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\n}\n".to_owned()
        + &instance("VI_1", 37, "10.77.0.3", "")
        + &instance("VI_2", 38, "10.77.0.4", "track_interface {\nup0\n}")
}

#[test]
fn a_group_moves_as_one() {
    need_root!();
    for (better, lesser) in ROLES {
        let lan = Lan::new(2);
        for host in 0..2 {
            lan.ip(host, &["link", "add", "up0", "type", "veth", "peer", "name", "up1"]);
            lan.ip(host, &["link", "set", "up1", "up"]);
            lan.ip(host, &["link", "set", "up0", "up"]);
        }
        let both_on = |owner| ["10.77.0.3", "10.77.0.4"].into_iter().for_each(|vip| lan.wait_owner(owner, vip));
        let _better = better(&lan, 0, &group(BETTER));
        let _lesser = lesser(&lan, 1, &group(LESSER));
        both_on(0);
        lan.ip(0, &["link", "set", "up1", "down"]);
        both_on(1);
        lan.ip(0, &["link", "set", "up1", "up"]);
        both_on(0);
        lan.plug(0, false);
        both_on(1);
    }
}
