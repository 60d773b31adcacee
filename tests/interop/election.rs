//! What goes wrong in an election beside keepalived; that it goes right in every dialect is shown in `matrix`.

use crate::lan::{Lan, wait};
use crate::need_root;

fn config(priority: u8, password: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 37\npriority {priority}\nversion 2\n\
         advert_int 1\nauthentication {{\nauth_type PASS\nauth_pass {password}\n}}\nvirtual_ipaddress {{\n\
         10.77.0.3/24\n}}\n}}\n"
    )
}

#[test]
fn a_wrong_password_is_counted_and_said() {
    need_root!();
    let lan = Lan::new(2);
    let peer = lan.keepalived(1, &config(150, "1111"));
    let ours = lan.hactl(0, &config(91, "2222"));
    wait("bad_auth", || lan.status(0)["instances"][0]["counters"]["bad_auth"].as_u64() > Some(0));
    assert!(ours.log().contains("password differs"));
    assert!(!ours.log().contains("1111") && !ours.log().contains("2222"), "a secret in the log");
    drop(peer);
}
