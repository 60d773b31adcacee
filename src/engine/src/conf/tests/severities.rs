//! What keepalived 2.2.7 runs without a word is never an error here, and of a line given twice the same one counts.
//! Each was asked of `keepalived -t` with the same lines.

use std::time::Duration;

use super::support::{faults, instance, one};
use crate::conf::config::lvs::Check;
use crate::conf::config::{Config, Destination};
use crate::conf::parse;

fn pool(lines: &str, real: &str, check: &str) -> String {
    let text = format!(
        "virtual_server 10.1.2.3 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n{lines}\nreal_server 10.1.2.7 80 {{\n{real}\nTCP_CHECK {{\n{check}\n}}\n}}\n}}\n"
    );
    text + &instance("")
}

fn config(text: &str) -> Config {
    parse("f", text).config
}

#[test]
fn what_keepalived_passes_over_is_a_warning() {
    let globals = |line: &str| format!("global_defs {{\n{line}\n}}\n{}", instance(""));
    let script =
        |line: &str| format!("vrrp_script s {{\nscript /bin/true\n{line}\n}}\n{}", instance("track_script {\ns\n}"));
    let mut texts: Vec<String> = Vec::new();
    for line in [
        "priority 100 state MASTER",
        "nopreempt 1",
        "interface eth7 foo",
        "notify_master /bin/bash /x.sh 3 4 5",
        "accept x",
        "dont_track_primary 1",
        "unicast_src_ip 10.1.2.1\nunicast_peer {\n10.1.2.2/27\n}",
        "virtual_routes {\ndefault6 via fd00::9 dev eth7\n}",
    ] {
        texts.push(instance(line));
    }
    for line in [
        "router_id a b",
        "notification_email_from a@",
        "enable_script_security maybe",
        "vrrp_strict x",
        "lvs_sync_daemon eth7 nobody",
        "lvs_flush x",
        "nftables a-b",
    ] {
        texts.push(globals(line));
    }
    texts.extend(["fall 2 3", "init_fail 1", "script /bin/true x"].map(script));
    for line in [
        "persistence_granularity 300",
        "persistence_granularity 1.2.3.4",
        "alpha 1",
        "omega 1",
        "ha_suspend x",
        "inhibit_on_failure x",
        "quorum_up /bin/true x y z",
        "persistence_timeout 0",
        "lb_kind DR\nreal_server 10.1.2.8 81 {\n}",
        "lb_kind TUN\nreal_server 10.1.2.8 81 {\n}",
        "real_server 10.1.2.8 80 x {\n}",
    ] {
        texts.push(pool(line, "", ""));
    }
    texts.extend(["weight 70000", "weight 1 2", "lthreshold 9\nuthreshold 3"].map(|line| pool("", line, "")));
    texts.extend(["nb_get_retry 3", "connect_timeout 3 4"].map(|line| pool("", "", line)));
    for text in texts {
        let said = faults(&text);
        let errors: Vec<_> = said.iter().filter(|one| one.starts_with("E ")).collect();
        assert!(errors.is_empty() && !said.is_empty(), "{text}\n{said:?}");
    }
}

#[test]
fn these_lines_mean_what_they_mean_in_keepalived() {
    let server = |text: &str| config(text).virtual_servers[0].clone();
    assert_eq!(server(&pool("persistence_timeout 0", "", "")).persistence, None);
    assert_eq!(server(&pool("persistence_timeout x", "", "")).persistence, None);
    assert!(server(&pool("alpha 1", "", "")).alpha && server(&pool("omega 1", "", "")).omega);
    let direct = pool("lb_kind DR", "", "").replace("10.1.2.7 80", "10.1.2.7 81");
    assert_eq!(server(&direct).real_servers[0].address.port(), 80);
    assert_eq!(server(&pool("", "weight 70000", "")).real_servers[0].weight, 65_535);
    let at_once = server(&pool("", "delay_before_retry 0", "nb_get_retry 7"));
    let check = &at_once.real_servers[0].checkers[0];
    assert_eq!((check.retry_delay, check.retry), (Duration::from_millis(1), 1));
    assert!(matches!(check.check, Check::Tcp(_)));
    let (found, said) = one(&instance("virtual_routes {\ndefault6 via fd00::9 dev eth7\n}"));
    assert_eq!((found.routes[0].ipv6, found.routes[0].destination), (true, Destination::Default));
    assert_eq!(said, ["W 3:1 `default6` is deprecated"]);
    let (found, said) = one(&instance("unicast_peer {\n10.1.2.2/27\n}"));
    assert_eq!(found.unicast_peers[0].address, std::net::IpAddr::from([10, 1, 2, 2]));
    assert_eq!(said, ["W 3:1 peer `10.1.2.2/27`: a peer has no prefix length; 10.1.2.2 is used"]);
}

#[test]
fn a_broadcast_address_has_all_host_bits_alike() {
    let broadcast = |text: &str| {
        let (found, said) = one(&instance("").replace("10.1.2.3/27", text));
        (found.addresses[0].broadcast.map(|address| address.to_string()), said)
    };
    assert_eq!(broadcast("10.1.2.35/27 brd -"), (Some("10.1.2.32".into()), vec![]));
    assert_eq!(broadcast("10.1.2.35/27 brd +"), (Some("10.1.2.63".into()), vec![]));
    assert_eq!(broadcast("10.1.2.35/27 brd 10.1.2.62"), (Some("10.1.2.62".into()), vec![]));
    let said = "W 6:18 `brd -` is ignored: a /32 has no broadcast address";
    assert_eq!(broadcast("10.1.2.35/32 brd -"), (None, vec![said.into()]));
}

#[test]
fn of_some_lines_the_first_one_counts() {
    let (found, said) =
        one(&instance("state BACKUP\nstate MASTER\nnotify_master /a\nnotify_master /b\npriority 37\npriority 91"));
    assert_eq!((found.priority, found.notify.master.as_ref().unwrap()[0].as_str()), (91, "/a"));
    assert_eq!(
        said,
        [
            "W 3:1 `state` was already given on line 2; that one counts, as in keepalived",
            "W 5:1 `notify_master` was already given on line 4; that one counts, as in keepalived",
            "W 7:1 `priority` was already given on line 6; this one counts",
        ]
    );
    let server = config(&pool("quorum_up /a\nquorum_up /b\nlb_algo wrr", "notify_down /a\nnotify_down /b", ""));
    let server = &server.virtual_servers[0];
    assert_eq!(server.quorum_up.as_ref().unwrap().argv, ["/a"]);
    assert_eq!(server.real_servers[0].notify_down.as_ref().unwrap().argv, ["/a"]);
    assert_eq!(server.scheduling.name, "wrr");
    let daemons = "global_defs {\nlvs_sync_daemon eth7 web\nlvs_sync_daemon eth8 web\n}\n".to_owned();
    let found = config(&(daemons + &pool("", "", "")));
    assert_eq!(found.global.lvs.sync_daemon.unwrap().interface, "eth7");
}
