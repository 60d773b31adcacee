//! What a correct file means.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::support::{BIG, clean, faults, instance, one};
use crate::conf::config::*;

fn big() -> Config {
    clean(BIG)
}

#[test]
fn global_settings_and_scripts_are_read() {
    let config = big();
    assert_eq!(config.global.router_id.as_deref(), Some("lb-5"));
    let user = ScriptUser { user: "keepalived_script".into(), group: Some("ha".into()) };
    assert_eq!(config.global.script_user, Some(user));
    assert!(config.global.enable_script_security);

    let script = &config.scripts[0];
    assert_eq!(script.command, ["/etc/hactl/check-web.sh", "--url", "http://127.0.0.1/a b", "-v"]);
    assert_eq!((script.interval, script.timeout), (Duration::from_millis(700), Duration::from_millis(2500)));
    assert_eq!((script.weight, script.reverse, script.rise, script.fall), (-23, false, 3, 4));
    assert_eq!(script.user.as_ref().and_then(|user| user.group.as_deref()), Some("nogroup"));
    assert!(script.init_fail);
    assert_eq!((script.location.line, script.location.column, script.location.length), (13, 1, 11));

    let plain = &config.scripts[1];
    assert_eq!(plain.command, ["/usr/bin/killall", "-0", "nginx"]);
    assert_eq!((plain.interval, plain.timeout), (Duration::from_secs(1), Duration::from_secs(1)));
    assert_eq!((plain.weight, plain.rise, plain.fall, plain.init_fail), (0, 1, 1, false));
}

#[test]
fn an_ipv4_instance_is_read() {
    let config = big();
    let four = &config.instances[0];
    assert_eq!(
        (four.name.as_str(), four.interface.as_str(), four.vrid, four.priority),
        ("front_v4", "eth1.20", 91, 37)
    );
    assert_eq!((four.version, four.advert_interval), (Version::V2, Duration::from_secs(2)));
    assert_eq!((four.nopreempt, four.preempt_delay), (false, Duration::from_millis(12_500)));
    assert_eq!(four.password, Some(SimplePassword(*b"k#!9\0\0\0\0")));
    assert!(four.dont_track_primary);
    assert_eq!(four.source, Some(IpAddr::from([10, 0, 0, 5])));
    assert_eq!(
        four.unicast_peers,
        [IpAddr::from([10, 0, 0, 6]), IpAddr::from([10, 0, 0, 7])].map(crate::conf::config::Peer::from)
    );
    let timing = Announcement {
        delay: Duration::ZERO,
        repeat: 9,
        refresh: Duration::from_secs(61),
        refresh_repeat: 2,
        lower_delay: Duration::ZERO,
        lower_repeat: 9,
        ..Announcement::default()
    };
    assert_eq!(four.announcement, timing);
    assert_eq!(four.location.line, 26);
}

#[test]
fn addresses_carry_their_options() {
    let config = big();
    let four = &config.instances[0];
    let expected = [
        ("10.0.0.3/27", Some("eth1.20"), Some("eth1.20:web"), 0, Some(Ipv4Addr::new(10, 0, 0, 31))),
        ("10.0.0.4/27", None, None, 253, Some(Ipv4Addr::new(10, 0, 0, 31))),
        ("172.31.255.1/32", Some("lo"), None, 77, None),
    ];
    for (found, (address, interface, label, scope, broadcast)) in four.addresses.iter().zip(expected) {
        assert_eq!(found.address.to_string(), address);
        assert_eq!((found.interface.as_deref(), found.label.as_deref()), (interface, label));
        assert_eq!((found.scope, found.broadcast), (scope, broadcast));
    }
    assert_eq!(four.addresses.len(), 3);
    let excluded: Vec<_> = four.excluded.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(excluded, ["2001:db8:37::9/80", "192.0.2.129/25"]);
}

#[test]
fn tracking_and_notify_are_read() {
    let config = big();
    let four = &config.instances[0];
    let track = |name: &str, weight, reverse| Track { name: name.into(), weight, reverse };
    assert_eq!(four.track_interfaces, [track("eth0", 0, false), track("eth2", 11, true)]);
    assert_eq!(four.track_scripts, [track("check_web", -23, false), track("process", 5, false)]);
    let argv = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(four.notify.master, argv(&["/etc/hactl/notify.sh", "to master", "x y"]));
    assert_eq!(four.notify.any, argv(&["/etc/hactl/any.sh"]));
    assert_eq!(four.notify.users.master, None);
    assert_eq!(four.notify.users.fault, Some(ScriptUser { user: "root".into(), group: None }));
    assert_eq!(four.notify.users.stop, Some(ScriptUser { user: "root".into(), group: Some("wheel".into()) }));
}

#[test]
fn an_ipv6_instance_is_version_3() {
    let config = big();
    let six = &config.instances[1];
    assert_eq!((six.version, six.advert_interval), (Version::V3, Duration::from_millis(700)));
    assert_eq!((six.vrid, six.priority, six.nopreempt), (91, 254, true));
    let addresses: Vec<_> = six.addresses.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(addresses, ["fe80::91/64", "2001:db8::37/96"]);
    assert_eq!(six.announcement.repeat, 3);
}

#[test]
fn defaults_are_the_documented_ones() {
    let (found, said) = one(&instance(""));
    assert_eq!(said, Vec::<String>::new());
    assert_eq!((found.priority, found.version, found.advert_interval), (100, Version::V2, Duration::from_secs(1)));
    assert_eq!(found.initial_state, InitialState::Backup);
    assert_eq!(found.announcement, Announcement::default());
    assert_eq!((found.nopreempt, found.preempt_delay, found.dont_track_primary), (false, Duration::ZERO, false));
    assert_eq!((found.password, found.source, found.notify), (None, None, std::sync::Arc::new(Notify::default())));
}

#[test]
fn global_defs_may_stand_after_the_instances() {
    let text = instance("") + "global_defs {\nvrrp_version 3\nvrrp_min_garp\n}\n";
    let (found, said) = one(&text);
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(found.version, Version::V3);
    assert_eq!((found.announcement.repeat, found.announcement.delay), (1, Duration::ZERO));
}

#[test]
fn scripts_may_stand_after_the_instances() {
    let text = instance("track_script { c weight 9 reverse }") + "vrrp_script c { script /bin/true }\n";
    let (found, said) = one(&text);
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(found.track_scripts, [Track { name: "c".into(), weight: 9, reverse: true }]);
}

#[test]
fn the_last_of_nopreempt_and_preempt_counts() {
    assert!(!one(&instance("nopreempt\npreempt")).0.nopreempt);
    assert!(one(&instance("preempt\nnopreempt")).0.nopreempt);
}

#[test]
fn state_master_clears_what_would_keep_it_waiting() {
    let (found, said) = one(&instance("state MASTER\npriority 91\nnopreempt\npreempt_delay 37"));
    assert_eq!((found.nopreempt, found.preempt_delay), (false, Duration::ZERO));
    assert_eq!(found.initial_state, InitialState::Master);
    assert_eq!(
        said,
        ["W 4:1 `nopreempt` is cleared by `state MASTER`", "W 5:1 `preempt_delay` is cleared by `state MASTER`"]
    );
}

#[test]
fn state_master_alone_means_the_address_owner() {
    let (found, said) = one(&instance("state MASTER"));
    assert_eq!(found.priority, 255);
    assert_eq!(said, ["W 2:1 `state MASTER` without `priority` means priority 255, the address owner"]);
}

#[test]
fn version_2_rounds_to_whole_seconds() {
    for (asked, used) in [("0.7", 1), ("0.01", 1), ("1.5", 2), ("2.4", 2)] {
        let (found, said) = one(&instance(&format!("advert_int {asked}")));
        assert_eq!(found.advert_interval, Duration::from_secs(used), "{asked}");
        assert_eq!(said, [format!("E 2:12 `advert_int {asked}`: version 2 counts whole seconds; {used} s is used")]);
    }
}

#[test]
fn version_3_counts_centiseconds() {
    for (asked, used, fault) in
        [("0.7", 700, false), ("0.014", 10, true), ("40.95", 40_950, false), ("41", 40_950, true)]
    {
        let (found, said) = one(&instance(&format!("version 3\nadvert_int {asked}")));
        assert_eq!(found.advert_interval, Duration::from_millis(used), "{asked}");
        assert_eq!(said.len(), usize::from(fault), "{said:?}");
    }
}

#[test]
fn ipv6_overrules_version_2() {
    let text = "vrrp_instance six {\ninterface eth7\nvirtual_router_id 37\nversion 2\nadvert_int 0.25\nvirtual_ipaddress { fe80::7/64 }\n}";
    let (found, said) = one(text);
    assert_eq!((found.version, found.advert_interval), (Version::V3, Duration::from_millis(250)));
    assert_eq!(said, ["W 4:1 `version 2` has no IPv6; version 3 is used"]);
}

#[test]
fn a_long_password_is_cut_and_never_shown() {
    let (found, said) = one(&instance("authentication {\nauth_type PASS\nauth_pass correct-horse\n}"));
    assert_eq!(found.password, Some(SimplePassword(*b"correct-")));
    assert_eq!(said, ["W 4:11 `auth_pass` has 13 bytes; only the first 8 count"]);
    assert!(!format!("{found:?}").contains("correct"));
}

#[test]
fn version_3_carries_no_password() {
    let (found, said) = one(&instance("version 3\nauthentication {\nauth_type PASS\nauth_pass 1111\n}"));
    assert_eq!(found.password, None);
    assert_eq!(said, ["W 3:1 VRRP version 3 has no authentication; ignored (RFC 5798 §9)"]);
}

#[test]
fn addresses_beyond_255_are_not_advertised() {
    let lines: String = (0..300).map(|n| format!("10.9.{}.{}/27\n", n / 200, n % 200)).collect();
    let text =
        format!("vrrp_instance many {{\ninterface eth7\nvirtual_router_id 37\nvirtual_ipaddress {{\n{lines}}}\n}}");
    let (found, said) = one(&text);
    assert_eq!((found.addresses.len(), found.excluded.len()), (255, 45));
    assert_eq!(said, ["W 260:1 an advert holds 255 addresses; from here on they are not advertised"]);
}

#[test]
fn the_same_number_may_serve_two_families_and_separate_peers() {
    let v6 = "vrrp_instance b {\ninterface eth7\nvirtual_router_id 37\nvirtual_ipaddress { fe80::3/64 }\n}\n";
    assert_eq!(faults(&(instance("") + v6)), Vec::<String>::new());
    let peer = |name: &str, peer: u8| {
        format!(
            "vrrp_instance {name} {{\ninterface eth7\nvirtual_router_id 37\nunicast_peer {{ 10.0.0.{peer} }}\nvirtual_ipaddress {{ 10.7.0.{peer}/27 }}\n}}\n"
        )
    };
    assert_eq!(faults(&(peer("a", 1) + &peer("b", 2))), Vec::<String>::new());
    assert_eq!(
        faults(&(peer("a", 1) + &peer("b", 1))),
        [
            "E 9:1 virtual_router_id 37 is already used on eth7 by `a`; ignored",
            "W 11:21 `10.7.0.1` belongs to `a`, too: it goes when neither is master",
        ]
    );
}
