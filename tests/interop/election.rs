//! Election, crash and return beside keepalived, in both roles and every dialect.

use crate::lan::Lan;
use crate::need_root;

/// A dialect both daemons speak.
struct Dialect {
    options: &'static str,
    unicast: bool,
    vip: &'static str,
    length: u8,
}

const V2_PASS: Dialect = Dialect {
    options: "version 2\nadvert_int 1\nauthentication {\nauth_type PASS\nauth_pass 1111\n}",
    unicast: false,
    vip: "10.77.0.3",
    length: 24,
};
const V2_PLAIN: Dialect = Dialect { options: "version 2\nadvert_int 1", ..V2_PASS };
const V2_UNICAST: Dialect = Dialect { unicast: true, ..V2_PASS };
const V3: Dialect = Dialect { options: "version 3\nadvert_int 0.2", unicast: false, vip: "10.77.0.3", length: 24 };
const V3_UNICAST: Dialect = Dialect { unicast: true, ..V3 };
const V3_SIX: Dialect = Dialect { options: "version 3\nadvert_int 0.2", unicast: false, vip: "fd77::3", length: 64 };

impl Dialect {
    fn config(&self, host: usize, priority: u8) -> String {
        let unicast = if self.unicast {
            let (own, peer) = (host + 5, if host == 0 { 6 } else { 5 });
            format!("unicast_src_ip 10.77.0.{own}\nunicast_peer {{\n10.77.0.{peer}\n}}")
        } else {
            String::new()
        };
        format!(
            "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 37\npriority {priority}\n{}\n\
             {unicast}\nvirtual_ipaddress {{\n{}/{}\n}}\n}}\n",
            self.options, self.vip, self.length
        )
    }

    /// hactl has the higher priority: it owns, is lost, returns.
    fn hactl_owns(&self) {
        let lan = Lan::new(2);
        let peer = lan.keepalived(1, &self.config(1, 91));
        let ours = lan.hactl(0, &self.config(0, 150));
        lan.wait_owner(0, self.vip);
        lan.plug(0, false);
        crate::lan::wait("keepalived to take over", || lan.has(1, self.vip));
        lan.plug(0, true);
        lan.wait_owner(0, self.vip);
        ours.stop();
        lan.wait_owner(1, self.vip);
        drop(peer);
    }

    /// keepalived has the higher priority: hactl stands by, takes over, gives back.
    fn keepalived_owns(&self) {
        let lan = Lan::new(2);
        let ours = lan.hactl(0, &self.config(0, 91));
        let peer = lan.keepalived(1, &self.config(1, 150));
        lan.wait_owner(1, self.vip);
        crate::lan::wait("hactl to follow", || lan.status(0)["instances"][0]["master_priority"] == 150);
        lan.plug(1, false);
        crate::lan::wait("hactl to take over", || lan.has(0, self.vip));
        lan.plug(1, true);
        lan.wait_owner(1, self.vip);
        peer.stop();
        lan.wait_owner(0, self.vip);
        drop(ours);
    }
}

macro_rules! dialects {
    ($($name:ident: $dialect:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn hactl_owns() {
                need_root!();
                $dialect.hactl_owns();
            }

            #[test]
            fn keepalived_owns() {
                need_root!();
                $dialect.keepalived_owns();
            }
        }
    )*};
}

dialects! {
    v2_pass: V2_PASS;
    v2_plain: V2_PLAIN;
    v2_unicast: V2_UNICAST;
    v3: V3;
    v3_unicast: V3_UNICAST;
    v3_ipv6: V3_SIX;
}

#[test]
fn a_wrong_password_is_counted_and_said() {
    need_root!();
    let lan = Lan::new(2);
    let peer = lan.keepalived(1, &V2_PASS.config(1, 150));
    let ours = lan.hactl(0, &V2_PASS.config(0, 91).replace("1111", "2222"));
    crate::lan::wait("bad_auth", || lan.status(0)["instances"][0]["counters"]["bad_auth"].as_u64() > Some(0));
    assert!(ours.log().contains("password differs"));
    assert!(!ours.log().contains("1111") && !ours.log().contains("2222"), "a secret in the log");
    drop(peer);
}
