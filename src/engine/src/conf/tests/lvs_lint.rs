//! LVS: what contradicts itself, and what is permitted but cannot be meant.

use super::lvs_servers::server;
use super::support::{faults, instance};
use crate::conf::parse;

#[test]
fn nothing_stands_twice() {
    let text = server("real_server 10.0.0.9 {\n}\nreal_server 10.0.0.9 8080 {\n}");
    assert_eq!(faults(&text), ["E 5:1 real server `10.0.0.9:8080` stands already on line 3; ignored"]);
    assert_eq!(parse("f", &text).config.virtual_servers[0].real_servers.len(), 2);
    // The same one only after the port is the service's, which direct routing keeps.
    let text = server("lb_kind DR\nreal_server 10.0.0.9 {\n}\nreal_server 10.0.0.9 90 {\n}");
    assert_eq!(faults(&text).last().unwrap(), "E 6:1 real server `10.0.0.9:8080` stands already on line 4; ignored");
    let text = server("") + &server("").replace("TCP", "UDP") + &server("");
    assert_eq!(faults(&text), ["E 13:1 TCP 192.0.2.3:8080 is served already by the virtual server on line 1; ignored"]);
    assert_eq!(parse("f", &text).config.virtual_servers.len(), 2);
    let group = "virtual_server_group g {\n192.0.2.0/28 8080\n192.0.2.5 8080\n}\n\
                 virtual_server group g {\nprotocol TCP\nreal_server 10.0.0.7 80 {\n}\n}\n";
    let again =
        "virtual_server group g {\nprotocol TCP\nreal_server 10.0.0.7 80 {\n}\n}\nvirtual_server_group g {\n}\n";
    assert_eq!(
        faults(&(server("") + group + again)),
        [
            "E 9:1 TCP 192.0.2.5:8080 stands twice in the group; ignored here",
            "E 11:1 TCP 192.0.2.3:8080 is served already by the virtual server on line 1; ignored",
            "E 16:22 group `g` is served with TCP already by the virtual server on line 11; ignored",
            "E 21:22 virtual_server_group `g` exists already on line 7; ignored",
        ]
    );
}

#[test]
fn what_cannot_serve_is_left_out() {
    let text = "virtual_server 192.0.2.3 80 {\nprotocol TCP\n}\nvirtual_server group web {\nreal_server 10.0.0.7 80 {\n}\n}\n\
                virtual_server_group wed {\n192.0.2.5 80\n}\nvirtual_server {\n}\nvirtual_server 192.0.2.3:80 {\n}\n\
                virtual_server fwmark 0 {\n}\n";
    assert_eq!(
        faults(text),
        [
            "W 1:1 virtual_server 192.0.2.3:80 has no real server; ignored",
            "E 4:22 no virtual_server_group is called `web`; the virtual server is ignored",
            "W 8:22 virtual_server_group `wed` is used by no virtual_server, so nothing is served",
            "E 11:1 `virtual_server` does not say what it serves; ignored",
            "E 13:16 `192.0.2.3:80` is no address; `virtual_server` is ignored",
            "E 15:23 fwmark `0` is not in 1..=4294967295; ignored",
        ]
    );
    assert!(parse("f", text).config.virtual_servers.is_empty());
}

#[test]
fn a_quorum_can_be_met() {
    let found = |lines: &str| {
        let parsed = parse("f", &server(lines));
        let server = &parsed.config.virtual_servers[0];
        (server.quorum, server.hysteresis, super::support::shown(&parsed))
    };
    let (quorum, hysteresis, said) = found("weight 5\nquorum 9\nhysteresis 7");
    assert_eq!((quorum, hysteresis), (5, 4));
    assert_eq!(said[0], "W 4:1 `quorum 9` is above the sum of weights; 5 is used");
    assert_eq!(said[1], "W 5:1 `hysteresis 7` is not below the quorum of 5; 4 is used");
    assert!(
        said[2].starts_with("W 5:1 once lost, the quorum is never gained again: that needs a weight of 9"),
        "{said:?}"
    );
    assert_eq!(found("weight 0").0, 1);
    assert_eq!(found("weight 5\nquorum 3\nhysteresis 2"), (3, 2, Vec::new()));
}

#[test]
fn ports_that_forwarding_cannot_change() {
    let text = server("lb_kind DR\nreal_server 10.0.0.9 81 {\n}");
    let said = faults(&text);
    assert_eq!(said, ["W 4:1 `10.0.0.9:81`: DR leaves the port as it is; traffic goes to port 8080"]);
    assert_eq!(parse("f", &text).config.virtual_servers[0].real_servers[0].address.port(), 8080);
    assert!(faults(&server("real_server 10.0.0.9 81 {\n}")).is_empty(), "NAT can");
}

#[test]
fn every_port_needs_persistence() {
    let text = server("").replace(" 8080", "");
    assert_eq!(
        faults(&text),
        ["E 1:1 virtual_server 192.0.2.3:0 takes every port, which needs persistence: 360 s is used"]
    );
    assert_eq!(parse("f", &text).config.virtual_servers[0].persistence.unwrap().timeout.as_secs(), 360);
    assert!(faults(&text.replace("TCP", "TCP\npersistence_timeout 37")).is_empty());
}

#[test]
fn what_cannot_be_meant_is_told() {
    for (lines, said) in [
        ("weight 0", "W 1:1 every real server of 192.0.2.3:8080 has weight 0: nobody gets new connections"),
        (
            "sorry_server 10.0.0.7 8080",
            "W 4:1 `10.0.0.7:8080` is also the sorry server of 192.0.2.3:8080: it serves when it is dead",
        ),
        ("smtp_alert", "W 3:1 mail is asked for, but nobody is there to get it"),
        ("ops", "E 3:1 `ops` is ignored: only packets of UDP can be scheduled one by one"),
        ("sh-port", "E 3:1 `sh-port` is ignored: it belongs to the scheduler sh, and this is wlc"),
        ("lb_algo foo", "E 3:9 unknown scheduler `foo`; wlc is used"),
        (
            "persistence_timeout 2678401",
            "E 3:21 `persistence_timeout 2678401` is not in 1..=2678400; persistence stays off",
        ),
        (
            "persistence_timeout 9\npersistence_granularity 255.0.255.0",
            "W 4:25 `persistence_granularity 255.0.255.0` is neither a netmask nor a prefix length; ignored",
        ),
        (
            "persistence_granularity 24",
            "W 3:25 `persistence_granularity` without `persistence_timeout` changes nothing",
        ),
        (
            "persistence_timeout 9\npersistence_granularity 64",
            "E 4:25 `persistence_granularity 64` is ignored: IPv4 has 32 bits",
        ),
        ("lb_kind TUN type gue", "E 3:1 a tunnel of type gue needs a port; ignored"),
        ("lb_kind TUN type gre remcsum", "E 3:22 `remcsum` is ignored: a tunnel of type gre has no such sum"),
        ("lb_kind TUN port 9", "E 3:13 `port` is ignored: a tunnel of type ipip has none"),
        (
            "real_server 10.0.0.9 {\nuthreshold 3\nlthreshold 5\n}",
            "W 3:1 `lthreshold 5` is ignored: it is above `uthreshold 3`, which the kernel refuses",
        ),
        ("real_server 10.0.0.9 {\nweight 65536\n}", "W 4:8 `weight 65536` is more than 65535, which is used"),
    ] {
        assert_eq!(faults(&server(lines)).first().map(String::as_str), Some(said), "{lines}");
    }
    assert!(faults(&server("").replace("TCP", "XYZ"))[1].starts_with("E 2:10 unknown protocol `XYZ`"));
    let text = server("").replace("protocol TCP\n", "");
    assert_eq!(faults(&text), ["W 1:1 without `protocol` this is a service of UDP, as in keepalived"]);
    let slow =
        server("delay_loop 3\nreal_server 10.0.0.9 {\nTCP_CHECK {\n}\n}\nreal_server 10.0.0.11 {\nTCP_CHECK {\n}\n}");
    let said = faults(&slow);
    assert_eq!(said.len(), 1, "once for a virtual server");
    assert!(said[0].starts_with("W 4:1 a check may take 5s (connect_timeout) and is due every 3s"), "{said:?}");
}

#[test]
fn the_sync_daemon_follows_somebody() {
    let with = |line: &str| faults(&(format!("global_defs {{\n{line}\n}}\n") + &instance("")));
    assert!(with("lvs_sync_daemon eth1 web").is_empty());
    assert!(with("lvs_sync_daemon eth1 id 5").is_empty());
    assert!(with("lvs_sync_daemon eth1")[0].starts_with("W 2:1 the sync daemon follows no vrrp_instance"));
    assert_eq!(
        with("lvs_sync_daemon eth1 wed"),
        ["W 2:1 `lvs_sync_daemon` follows `wed`, which is no vrrp_instance; no connections are told"]
    );
    assert_eq!(with("lvs_sync_daemon"), ["E 2:1 `lvs_sync_daemon` needs an interface; ignored"]);
    assert_eq!(
        with("lvs_sync_daemon eth1 web id 256 ttl 0 group 10.0.0.1 more"),
        [
            "E 2:29 `id 256` is not in 0..=255; the default is used",
            "E 2:37 `ttl 0` is not in 1..=255; the default is used",
            "E 2:45 `group 10.0.0.1` is ignored: not a multicast address",
            "E 2:54 `more` is not read after `lvs_sync_daemon`",
        ]
    );
    assert_eq!(
        with("lvs_timeouts tcp 0 foo udp"),
        [
            "E 2:18 `tcp 0` is not in 1..=2678400; the kernel's is kept",
            "E 2:20 `foo` is not read after `lvs_timeouts`",
            "E 2:24 `udp` needs seconds",
        ]
    );
    assert_eq!(
        with("lvs_flush_on_stop rs"),
        ["E 2:19 unknown word `rs` after `lvs_flush_on_stop`; what the agent made is taken away"]
    );
}

#[test]
fn a_mark_holds_no_address() {
    let text = "virtual_server fwmark 5 {\nha_suspend\nreal_server 10.0.0.7 80 {\n}\n}\n";
    assert_eq!(
        faults(text),
        [
            "E 2:1 `ha_suspend` is ignored: a mark has no address that this host could hold",
            "W 3:1 `10.0.0.7:80`: behind a mark every packet keeps its port; the port is for checks only",
        ]
    );
    let found = &parse("f", text).config.virtual_servers[0];
    assert!(!found.ha_suspend);
    assert_eq!(found.real_servers[0].address.port(), 0);
}
