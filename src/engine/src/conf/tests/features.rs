//! The rarer keywords: each group is read, and printed so that it reads back.

use std::time::Duration;

use super::support::{clean, faults, instance, one, read};
use crate::conf::config::{
    AddressFlag, Destination, HmacMode, MetricsAddress, OldChecksum, ProcessMatch, Replay, RouteKind, RuleAction,
};
use crate::conf::parse;
use crate::conf::print::{Secrets, print};

#[test]
fn protocol_options_are_read() {
    let lines = "version 3\ndown_timer_adverts 5\nlower_prio_no_advert\nhigher_prio_send_advert on\nowner_ignore_adverts\n\
                 check_unicast_src\nunicast_ttl 64\nold_unicast_checksum never\ntrack_src_ip\nv3_checksum_as_v2\n\
                 mcast_dst_ip 224.0.0.118\nno_accept\nsmtp_alert\nnotify_priority_changes";
    let found = &read(&instance(lines)).instances[0];
    assert_eq!((found.down_adverts, found.unicast_ttl, found.old_checksum), (5, Some(64), OldChecksum::Never));
    assert!(found.lower_prio_no_advert && found.higher_prio_send_advert && found.owner_ignore_adverts);
    assert!(found.check_unicast_source && found.track_source && found.v3_checksum_as_v2 && !found.accept);
    assert!(found.smtp_alert && found.notify.priority_changes);
    assert_eq!(found.group_address, Some([224, 0, 0, 118].into()));
}

#[test]
fn global_options_reach_every_instance_wherever_they_stand() {
    let text = instance("")
        + "global_defs {\nvrrp_down_timer_adverts 4\nvrrp_mcast_group4 224.0.0.99\nsmtp_alert\nnotification_email { a@b }\n\
           vrrp_garp_lower_prio_repeat 2\nvrrp_garp_master_repeat 3\nvrrp_notify_priority_changes\n\
           vrrp_garp_interval 0.001\n}\n";
    let found = &clean(&text).instances[0];
    assert_eq!((found.down_adverts, found.smtp_alert, found.notify.priority_changes), (4, true, true));
    assert_eq!(found.group_address, Some([224, 0, 0, 99].into()));
    let timing = found.announcement;
    assert_eq!((timing.repeat, timing.lower_repeat, timing.interval), (3, 2, Duration::from_millis(1)));
}

#[test]
fn peers_have_names_and_distances() {
    let lines = "unicast_src_ip 10.0.0.5\nunicast_peer {\n10.0.0.6 min_ttl 250 max_ttl 254\nlb-7.example.com\n}";
    let found = &read(&instance(lines)).instances[0];
    assert_eq!((found.unicast_peers[0].min_ttl, found.unicast_peers[0].max_ttl), (250, 254));
    assert_eq!(found.peer_names, ["lb-7.example.com"]);
    assert!(faults(&instance("unicast_peer {\n10.0.0.300\n}"))[0].contains("is neither an IP address nor a host name"));
}

#[test]
fn strict_mode_takes_what_the_rfc_does_not_know() {
    let (found, said) =
        one(&instance("strict_mode\nauthentication {\nauth_type PASS\nauth_pass x\n}\npreempt_delay 9"));
    assert_eq!((found.password.is_none(), found.preempt_delay, found.accept), (true, Duration::ZERO, false));
    assert_eq!(said.len(), 3, "{said:?}");
    let (found, said) = one(&instance("strict_mode\naccept"));
    assert!(found.accept && said.is_empty(), "{said:?}");
}

#[test]
fn signed_adverts_are_configured_and_no_key_is_told() {
    let lines = "version 3\nauth_hmac {\nkey 1 hex:00ff10\nkey 2 ascii:secret\nactive_key 2\nanti_replay monotonic\n\
                 time_window 9\nmode permissive\n}";
    let config = read(&instance(lines));
    let hmac = config.instances[0].hmac.clone().unwrap();
    assert_eq!((hmac.keys[0].secret.as_slice(), hmac.active), ([0, 0xff, 0x10].as_slice(), 2));
    assert_eq!(
        (hmac.replay, hmac.window, hmac.mode),
        (Replay::Monotonic, Duration::from_secs(9), HmacMode::Permissive)
    );
    assert!(!print(&config, Secrets::Masked).contains("secret"));
    assert!(!format!("{config:?}").contains("secret"));
    let said = faults(&instance("auth_hmac {\nkey 1 hex:s3cret\n}"));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|one| !one.contains("s3cret")), "{said:?}");
}

#[test]
fn a_macvlan_has_the_virtual_routers_mac() {
    let vmac = read(&instance("use_vmac")).instances[0].vmac.clone().unwrap();
    assert_eq!((vmac.name.as_str(), vmac.mac), ("vrrp.37", [0, 0, 0x5e, 0, 1, 37]));
    let found = read(&instance("use_vmac vip0 02:00:00:00:00:07\nvmac_xmit_base"));
    let vmac = found.instances[0].vmac.clone().unwrap();
    assert_eq!((vmac.name.as_str(), vmac.mac, vmac.transmit_base), ("vip0", [2, 0, 0, 0, 0, 7], true));
    let (found, said) = one(&instance("use_vmac\nunicast_peer {\n10.0.0.6\n}"));
    assert!(found.vmac.unwrap().transmit_base && said.len() == 1, "{said:?}");
}

#[test]
fn macvlans_are_numbered_as_keepalived_does() {
    let names = |six: bool| crate::conf::macvlan_names("vrrp", 11, six).take(8).collect::<Vec<_>>().join(" ");
    assert_eq!(names(false), "vrrp.11 vrrp1.11 vrrp2.11 vrrp3.11 vrrp4.11 vrrp5.11 vrrp6.11 vrrp7.11");
    assert_eq!(names(true), "vrrp.11 vrrp6.11 vrrp1.11 vrrp2.11 vrrp3.11 vrrp4.11 vrrp5.11 vrrp7.11");
    let one = |name: &str, link: &str, six: bool| {
        let address = if six { "fe80::1/64" } else { "10.1.2.3/27" };
        format!(
            "vrrp_instance {name} {{\ninterface {link}\nvirtual_router_id 11\nuse_vmac\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let text =
        [("a", "eth0", false), ("b", "eth1", false), ("c", "eth2", false), ("d", "eth0", true), ("e", "eth1", true)];
    let config = read(&text.map(|(name, link, six)| one(name, link, six)).concat());
    let found: Vec<&str> = config.instances.iter().map(|one| one.vmac.as_ref().unwrap().name.as_str()).collect();
    assert_eq!(found, ["vrrp.11", "vrrp1.11", "vrrp2.11", "vrrp6.11", "vrrp3.11"]);
}

#[test]
fn addresses_find_the_macvlan_they_belong_on() {
    let text = "global_defs {\nvmac_prefix V\nvmac_addr_prefix A\n}\n".to_owned()
        + "vrrp_instance a {\ninterface eth0\nvirtual_router_id 11\nuse_vmac\nuse_vmac_addr\nvirtual_ipaddress {\n\
           10.1.2.3/27\n10.1.2.4/27 dev eth0\n10.1.2.5/27 dev eth1\n10.1.2.6/27 dev eth1\n}\n\
           virtual_ipaddress_excluded {\nfd00::3/64\n}\n}\n"
        + "vrrp_instance b {\ninterface eth0\nvirtual_router_id 12\nvirtual_ipaddress {\n\
           10.1.3.3/27\n10.1.3.4/27 dev eth1 use_vmac\n10.1.3.5/27 use_vmac\n10.1.3.6/27 dev eth1\n}\n}\n"
        + "vrrp_instance c {\ninterface eth0\nvirtual_router_id 13\nuse_vmac\nvirtual_ipaddress {\nfe80::3/64\n}\n\
           virtual_ipaddress_excluded {\n10.1.4.3/27\nfd00::4/64 dev eth0\n}\n}\n";
    let config = read(&text);
    let stand = |at: usize| {
        let one = &config.instances[at];
        let all = one.addresses.iter().chain(&one.excluded);
        all.map(|address| address.stands_on().unwrap_or("-")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        (stand(0), stand(1), stand(2)),
        ("- - A.11 A.11 A6.11".into(), "- A.12 A1.12 eth1".into(), "- eth0 -".into())
    );
    let six = config.instances[0].excluded[0].vmac.clone().unwrap();
    assert_eq!(six.mac, [0, 0, 0x5e, 0, 2, 11]);
    let printed = print(&config, Secrets::Shown);
    assert_eq!(read(&printed).instances[1].addresses, config.instances[1].addresses, "{printed}");
}

#[test]
fn files_and_processes_are_tracked() {
    let text = "track_file load {\nfile /run/load\nweight -2 reverse\ninit_file 3 overwrite\n}\n\
                vrrp_track_process web {\nprocess /usr/sbin/nginx -g daemon\nparam_match initial\nweight 20\nquorum 2\n\
                quorum_max 9\ndelay 0.5\nfull_command\n}\n"
        .to_owned()
        + &instance("track_file {\nload\n}\ntrack_process {\nweb weight 254\n}");
    let config = read(&text);
    let file = &config.files[0];
    assert_eq!((file.weight, file.reverse, file.init, file.overwrite), (-2, true, Some(3), true));
    let process = &config.processes[0];
    assert_eq!((process.matching, process.quorum, process.quorum_max), (Some(ProcessMatch::Initial), 2, Some(9)));
    assert_eq!((process.arguments.len(), process.fork_delay.as_millis(), process.full_command), (2, 500, true));
    let found = &config.instances[0];
    assert_eq!((found.track_files[0].weight, found.track_processes[0].weight), (-2, 254));
    assert!(faults(&instance("track_file {\nlod\n}"))[0].contains("no track_file is called `lod`"));
}

#[test]
fn a_group_joins_its_members() {
    let text = "vrrp_script web {\nscript /bin/true\nweight -20\n}\n".to_owned()
        + &instance("track_script {\nweb\n}")
        + &instance("").replace("web {", "two {").replace("37", "38").replace("10.1.2.3", "10.1.2.4");
    let group = "vrrp_sync_group G {\ngroup {\nweb two\n}\ntrack_interface {\neth1\n}\nnotify_master \"/bin/m x\"\n\
                 notify /bin/n\nsmtp_alert\nsync_group_tracking_weight\n}\n";
    let config = read(&(text.clone() + group));
    assert_eq!(config.groups[0].members, ["web", "two"]);
    assert!(config.groups[0].smtp_alert && config.groups[0].notify.master.is_some());
    assert_eq!(config.instances[1].track_interfaces[0].name, "eth1");
    assert_eq!(config.instances[0].track_scripts[0].weight, -20);
    let parsed = parse("f", &(text + &group.replace("sync_group_tracking_weight\n", "")));
    assert_eq!(parsed.config.instances[0].track_scripts, [], "one member alone has no weight");
    assert_eq!(parsed.diagnostics.len(), 2, "left out, and so it never runs");
    let said = faults("vrrp_sync_group G {\ngroup {\nnone\n}\n}\n");
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn routes_and_rules_are_read() {
    let text = "static_routes {\n10.9.0.0/16 via 10.0.0.1 dev eth0 metric 5 mtu lock 1400 initcwnd 10\nblackhole 10.8.0.0/16\n\
                inet6 default via fe80::1 dev eth0 table 200\n}\nstatic_rules {\nfrom 10.1.0.0/16 table 200 preference 99\n}\n\
                static_ipaddress {\n10.3.0.1/24 dev lo label lo:1\n}\n"
        .to_owned()
        + &instance(
            "virtual_routes {\nsrc 10.1.2.3 default nexthop via 10.0.0.1 weight 2 nexthop via 10.0.0.2 onlink\n}\n\
             virtual_rules {\nnot to 10.2.0.0/16 fwmark 0x10/0xff iif eth0 dport 80-90 ipproto tcp unreachable preference 7\n}",
        );
    let config = read(&text);
    let [first, second, third] = config.static_routes.as_slice() else { panic!("{:?}", config.static_routes) };
    assert_eq!(
        (first.metric, first.locked, first.metrics.as_slice()),
        (Some(5), 1 << 2, [(2, 1400), (11, 10)].as_slice())
    );
    assert_eq!((second.kind, second.hops.len()), (RouteKind::Blackhole, 0));
    assert_eq!((third.destination, third.ipv6, third.table), (Destination::Default, true, 200));
    assert_eq!(config.static_rules[0].action, RuleAction::Table(200));
    let route = &config.instances[0].routes[0];
    assert_eq!((route.hops.len(), route.hops[0].weight, route.hops[1].onlink), (2, 2, true));
    let rule = &config.instances[0].rules[0];
    assert_eq!((rule.invert, rule.fwmark, rule.action), (true, Some((16, 255)), RuleAction::Unreachable));
    assert_eq!(config.static_addresses.len(), 1);
    let said = faults("static_routes {\n192.168.100./24 via 10.0.0.1\n}\nstatic_rules {\nfrom 10.0.0.0/8 table 1\n}\n");
    assert!(said[0].starts_with("E 2:1 `192.168.100./24` is not an address"), "{said:?}");
    assert!(said[1].contains("16384"), "{said:?}");
}

#[test]
fn address_options_are_read() {
    let lines =
        "virtual_ipaddress_excluded {\n10.1.2.9/32 peer 10.1.2.10 -nodad noprefixroute preferred_lft 60 no_track\n}";
    let address = read(&instance(lines)).instances[0].excluded[0].clone();
    assert_eq!(address.peer, Some("10.1.2.10/32".parse().unwrap()));
    assert_eq!(address.flags, [AddressFlag::DetectDuplicates, AddressFlag::NoPrefixRoute]);
    assert_eq!((address.preferred_s, address.no_track), (Some(60), true));
}

#[test]
fn mail_fifos_and_files_are_read() {
    let text = "global_defs {\nnotification_email {\nops@example.com two@example.com\n}\nnotification_email_from lb@example.com\n\
                smtp_server mail.example.com 2525\nsmtp_connect_timeout 7\nsmtp_helo_name lb\nno_email_faults\n\
                notify_fifo /run/fifo root\nnotify_fifo_script \"/bin/reader x\"\nfifo_write_vrrp_states_on_reload\n\
                startup_script /bin/up\nstartup_script_timeout 3\nshutdown_script /bin/down\nvrrp_startup_delay 4.5\n\
                vrrp_delay_after_boot 30\nlog_unknown_vrids\nvrrp_rt_priority 9\nnftables other\njson_version 2\n\
                json_dump_file /run/x.json\n}\n"
        .to_owned()
        + &instance("");
    let global = read(&text).global;
    let mail = global.mail.unwrap();
    let found = (mail.recipients.len(), mail.host.as_str(), mail.port, mail.no_faults);
    assert_eq!(found, (2, "mail.example.com", 2525, true));
    let fifo = global.notify_fifo.unwrap();
    assert_eq!((fifo.path.as_str(), fifo.script.map(|script| script.len())), ("/run/fifo", Some(2)));
    assert_eq!(global.startup_script.unwrap().timeout, Duration::from_secs(3));
    assert_eq!(global.shutdown_script.unwrap().timeout, Duration::from_secs(10));
    assert_eq!((global.startup_delay.as_millis(), global.rt_priority, global.json_version), (4500, Some(9), 2));
    let said = faults("global_defs {\nnotification_email {\na@b\u{7}c\n}\n}\n");
    assert!(said.iter().any(|one| one.contains("no mail address")), "{said:?}");
}

#[test]
fn our_own_block_is_read() {
    let text =
        "hactl {\nlease on\nguard\nmetrics unix:/run/m.sock\nwebhook https://x/y\n}\n".to_owned() + &instance("");
    let own = read(&text).own;
    assert!(own.lease && own.guard);
    assert_eq!(own.metrics, Some(MetricsAddress::Unix("/run/m.sock".into())));
    assert_eq!(own.webhook.as_deref(), Some("https://x/y"));
    assert!(faults("hactl {\nmetrics 0.0.0.0:9650\n}\n")[0].contains("not a loopback address"));
    let open = "hactl {\nmetrics [fd00::5]:9650 unprotected\n}\n".to_owned() + &instance("");
    assert_eq!(clean(&open).own.metrics, Some(MetricsAddress::Unprotected("[fd00::5]:9650".parse().unwrap())));
    assert!(faults("hactl {\nmetrics 10.0.0.5:0 unprotected\n}\n")[0].contains("has no port"));
    assert!(faults("hactl {\nmetrics 10.0.0.5:9650 open\n}\n")[0].contains("not a loopback address"));
}
