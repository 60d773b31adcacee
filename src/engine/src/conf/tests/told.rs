//! What keepalived says of a file, and hactl too; each was asked of `keepalived -t` 2.2.7.

use super::support::{faults, instance};
use crate::conf::parse;
use crate::conf::text::diagnostic::Severity;

/// Also what [`faults`] leaves out for short samples.
fn all(text: &str) -> Vec<String> {
    let diagnostics = parse("f", text).diagnostics;
    assert!(diagnostics.iter().all(|one| one.severity == Severity::Warning), "{diagnostics:?}");
    let told = |one: crate::conf::text::diagnostic::Diagnostic| {
        assert!(one.help.is_some(), "{one:?}");
        one.location.map_or_else(String::new, |at| format!("{}:{} {}", at.line, at.column, one.message))
    };
    diagnostics.into_iter().map(told).collect()
}

const REAL: &str = "real_server 10.1.2.7 80 {\nTCP_CHECK {\n}\n}\n";

#[test]
fn defaults_of_a_virtual_server_are_told() {
    let server = |head: &str, lines: &str| format!("virtual_server {head} {{\n{lines}\n{REAL}}}\n");
    assert_eq!(
        all(&server("10.1.2.3 80", "protocol TCP")),
        [
            "1:1 without `lb_algo` the scheduler is wlc, as in keepalived",
            "1:1 without `lb_kind` packets are forwarded by NAT, as in keepalived",
        ]
    );
    let whole = "lb_algo rr\nlvs_method NAT";
    assert_eq!(
        all(&server("fwmark 7", &format!("{whole}\nprotocol TCP"))
            .replace("7 80", "7")
            .replace("TCP_CHECK {", "TCP_CHECK {\nconnect_port 80")),
        ["4:1 `protocol` changes nothing: a mark has none"]
    );
    assert_eq!(
        all(&server("10.1.2.3 80", &format!("{whole}\nprotocol TCP\nip_family inet6"))),
        ["1:1 `ip_family` is ignored: 10.1.2.3 decides"]
    );
    // Each real server says for itself.
    let own = server("10.1.2.3 80", "lb_algo rr\nprotocol TCP").replace("TCP_CHECK", "lvs_method DR\nTCP_CHECK");
    assert_eq!(all(&own), Vec::<String>::new());
}

#[test]
fn a_group_without_entries_is_told() {
    let text = format!(
        "virtual_server_group g {{\n}}\nvirtual_server group g {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n{REAL}}}\n"
    );
    assert_eq!(all(&text), ["1:22 virtual_server_group `g` has no entries: nothing is served with it"]);
}

#[test]
fn the_loopback_interface_is_told() {
    let text = instance("").replace("interface eth7", "interface lo");
    assert_eq!(all(&text), ["3:1 `interface lo`: adverts on the loopback interface reach nobody"]);
}

#[test]
fn what_is_tracked_anyway_or_twice_is_told() {
    let own = parse("f", &instance("track_interface {\neth7 weight 10\n}"));
    assert!(own.config.instances[0].track_interfaces.is_empty(), "keepalived ignores it, weight and all");
    assert_eq!(
        all(&instance("track_interface {\neth7 weight 10\n}")),
        ["3:1 `eth7` is the instance's own interface, which is followed anyway; this line is ignored"]
    );
    let second = instance("").replace("web", "b").replace("37", "38").replace("10.1.2.3", "10.1.2.4");
    let group = "vrrp_sync_group g {\ngroup {\nweb\nb\n}\ntrack_interface {\neth9\n}\n}\n";
    assert_eq!(
        all(&(instance("track_interface {\neth9\n}") + &second + group)),
        ["3:1 `eth9` is tracked by `web` and by its group `g`; this line counts"]
    );
}

#[test]
fn a_peer_of_an_address_has_no_prefix_length() {
    let text = instance("").replace("10.1.2.3/27", "10.1.2.3/32 peer 10.1.3.3/27");
    assert_eq!(all(&text), ["6:18 `peer 10.1.3.3/27`: keepalived leaves out a peer with a prefix length"]);
}

#[test]
fn strict_mode_says_who_may_be_what() {
    let strict = |lines: &str| instance(&format!("strict_mode\naccept\n{lines}"));
    let master = "4:1 in strict mode `state MASTER` belongs to the address owner alone, who has priority 255";
    assert_eq!(all(&strict("state MASTER\npriority 100")), [master]);
    assert_eq!(all(&strict("state BACKUP\npriority 255")), [master]);
    assert_eq!(faults(&strict("state MASTER\npriority 255")), Vec::<String>::new());
    assert_eq!(faults(&strict("state BACKUP\npriority 91")), Vec::<String>::new());
    assert_eq!(
        all(&strict("").replace("10.1.2.3/27", "fd00::3/64\nfe80::3/64")),
        ["8:1 in strict mode the first IPv6 address is link-local, and `fd00::3` is not"]
    );
}

#[test]
fn includes_that_mean_nothing_are_told() {
    assert_eq!(
        all(&("include /nowhere/*.conf\ninclude nothing.conf\n".to_owned() + &instance(""))),
        ["1:1 there is no file `/nowhere/*.conf` to include", "2:1 there is no file `nothing.conf` to include"]
    );
}
