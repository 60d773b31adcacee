//! `virtual_server`, `real_server`, groups, and what `global_defs` says about LVS.

use std::sync::Arc;
use std::time::Duration;

use super::support::{faults, instance, read};
use crate::conf::config::lvs::{FlushOnStop, VirtualServer};
use crate::conf::parse;
use crate::ipvs::{Family, Forward, Protocol, ServiceKey, Tunnel, TunnelChecksum};

/// A virtual server with these lines, its first on line 3.
pub(super) fn server(lines: &str) -> String {
    format!("virtual_server 192.0.2.3 8080 {{\nprotocol TCP\n{lines}\nreal_server 10.0.0.7 {{\n}}\n}}\n")
}

fn only(text: &str) -> VirtualServer {
    let servers = read(text).virtual_servers;
    assert_eq!(servers.len(), 1);
    Arc::unwrap_or_clone(servers.into_iter().next().unwrap())
}

#[test]
fn what_is_not_given_has_its_default() {
    let found = only(&server(""));
    assert_eq!((found.name.as_str(), found.scheduling.name), ("192.0.2.3:8080", "wlc"));
    assert_eq!(found.services, [tcp("192.0.2.3:8080")]);
    assert_eq!((found.quorum, found.hysteresis, found.persistence, found.sorry_server), (1, 0, None, None));
    assert!(
        !found.smtp_alert
            && !found.alpha
            && !found.omega
            && !found.ha_suspend
            && !found.master_only
            && found.slow_start.is_zero()
    );
    let real = &found.real_servers[0];
    assert_eq!((real.address.to_string().as_str(), real.weight, real.forward), ("10.0.0.7:8080", 1, Forward::Nat));
    assert!(real.smtp_alert && !real.inhibit_on_failure && real.checkers.is_empty());
    assert_eq!((real.upper_threshold, real.lower_threshold), (0, 0));
}

#[test]
fn what_a_virtual_server_says_its_real_servers_have() {
    let text = "virtual_server 192.0.2.3 8080 {\nreal_server 10.0.0.7 81 {\nTCP_CHECK {\n}\n}\nreal_server 10.0.0.9 {\nweight 91\n\
                lvs_method NAT\ninhibit_on_failure off\ndelay_loop 2.5\nTCP_CHECK {\nconnect_timeout 0.7\nretry 0\nalpha off\n}\n}\n\
                protocol TCP\nlb_kind TUN type gue port 6080 remcsum\nweight 37\ninhibit_on_failure\nalpha\ndelay_loop 11\n\
                retry 5\ndelay_before_retry 3.5\nwarmup 0\nconnect_timeout 4\nrise 2\n}\n"
        .replace("7 81", "7");
    let found = only(&text);
    let [first, second] = found.real_servers.as_slice() else { panic!("{found:?}") };
    let tunnel = Forward::Tunnel(Tunnel::Gue { port: 6080, checksum: TunnelChecksum::Remote });
    assert_eq!((first.weight, first.forward, first.inhibit_on_failure), (37, tunnel, true));
    assert_eq!((second.weight, second.forward, second.inhibit_on_failure), (91, Forward::Nat, false));
    let (one, two) = (&first.checkers[0], &second.checkers[0]);
    let seconds = |one: &crate::conf::config::lvs::Checker| (one.interval.as_secs_f64(), one.retry_delay.as_secs_f64());
    assert_eq!((seconds(one), one.retry, one.rise, one.alpha), ((11.0, 3.5), 5, 2, true));
    assert_eq!((seconds(two), two.retry, two.rise, two.alpha), ((2.5, 3.5), 0, 2, false));
    assert_eq!((one.warmup, two.warmup), (Duration::ZERO, Duration::ZERO));
    assert!(found.alpha);
}

#[test]
fn every_line_of_a_virtual_server_is_read() {
    let lines = "lvs_sched mh\nmh-port\nmh-fallback\npersistence_timeout 91\npersistence_granularity 255.255.255.224\nquorum 2\n\
                 hysteresis 1\nquorum_up \"/bin/up 'a b'\" nobody\nquorum_down /bin/down\nomega\nha_suspend\nmaster_only\nslow_start 7.5\n\
                 sorry_server 10.0.0.99\nsorry_server_inhibit\nsorry_server_lvs_method DR\nweight 3\nvirtualhost x";
    let found = only(&server(lines));
    assert_eq!((found.scheduling.name, found.scheduling.flags), ("mh", [true, true, false]));
    let persistence = found.persistence.unwrap();
    assert_eq!((persistence.timeout.as_secs(), persistence.prefix), (91, 27));
    assert_eq!((found.quorum, found.hysteresis, found.slow_start.as_millis()), (2, 1, 7500));
    assert_eq!(found.quorum_up.as_ref().unwrap().argv, ["/bin/up", "a b"]);
    assert_eq!(found.quorum_up.unwrap().user.unwrap().user, "nobody");
    assert_eq!(found.quorum_down.unwrap().argv, ["/bin/down"]);
    assert!(found.omega && found.ha_suspend && found.master_only && !found.alpha);
    let sorry = found.sorry_server.unwrap();
    assert_eq!(
        (sorry.address.to_string().as_str(), sorry.forward, sorry.inhibit),
        ("10.0.0.99:8080", Forward::Direct, true)
    );
    let flags = only(&server("lb_algo sh\nsh-port\nflag-3")).scheduling.flags;
    assert_eq!(flags, [false, true, true]);
    assert_eq!(only(&server("persistence_timeout")).persistence.unwrap().timeout.as_secs(), 360);
}

#[test]
fn every_line_of_a_real_server_is_read() {
    let lines = "weight 0\nnotify_up \"/bin/up x\" root wheel\nnotify_down /bin/down\nuthreshold 91\nlthreshold 37\nlvs_method DR\n\
                 smtp_alert off";
    let text = server("").replace("10.0.0.7 {", &format!("10.0.0.9 8080 {{\n{lines}\n}}\nreal_server 10.0.0.7 {{"));
    let real = &only(&text).real_servers[0];
    assert_eq!((real.weight, real.upper_threshold, real.lower_threshold), (0, 91, 37));
    assert_eq!((real.forward, real.smtp_alert), (Forward::Direct, false));
    let up = real.notify_up.as_ref().unwrap();
    assert_eq!((up.argv.len(), up.user.as_ref().unwrap().group.as_deref()), (2, Some("wheel")));
    assert_eq!(real.notify_down.as_ref().unwrap().user, None);
}

#[test]
fn a_group_is_spread_out() {
    let text = "virtual_server_group web {\n192.0.2.37 80\n192.0.2.250-192.0.3.1 443\n198.51.100.8/30 81\nfwmark 5\n}\n\
                virtual_server group web {\nprotocol TCP\nreal_server 10.0.0.7 8080 {\nTCP_CHECK {\n}\n}\n}\n\
                virtual_server_group six {\n2001:db8::1e-20 53\n}\n\
                virtual_server group six {\nprotocol SCTP\nreal_server 2001:db8::7 {\nTCP_CHECK {\n}\n}\n}\n";
    let servers = read(text).virtual_servers;
    let names: Vec<String> = servers[0].services.iter().map(ToString::to_string).collect();
    let mut wanted = vec!["TCP 192.0.2.37:80".to_owned()];
    wanted.extend((250..=255).map(|last| format!("TCP 192.0.2.{last}:443")));
    wanted.extend((0..=1).map(|last| format!("TCP 192.0.3.{last}:443")));
    wanted.extend((8..=11).map(|last| format!("TCP 198.51.100.{last}:81")));
    wanted.push("fwmark 5".into());
    assert_eq!(names, wanted);
    assert_eq!(servers[1].services.len(), 3);
    assert_eq!(servers[1].services[2].to_string(), "SCTP [2001:db8::20]:53");
    let real = &servers[1].real_servers[0];
    assert_eq!(real.address.port(), 0, "the group may have several");
    let crate::conf::config::lvs::Check::Tcp(check) = &real.checkers[0].check else { panic!() };
    assert_eq!(check.to.to_string(), "[2001:db8::7]:53");
}

#[test]
fn a_group_has_a_bound() {
    let text = "virtual_server_group web {\n10.0.0.0/20 80\n10.1.0.0 80\n}\n\
                virtual_server group web {\nprotocol TCP\nreal_server 10.9.0.7 80 {\n}\n}\n";
    let parsed = parse("f", text);
    assert_eq!(parsed.config.virtual_servers[0].services.len(), 4096);
    let said = faults(text);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("E 3:1 virtual_server_group `web` has more than 4096 services"), "{said:?}");
    assert!(faults(&text.replace("/20", "/8"))[0].starts_with("E 2:1"));
}

#[test]
fn marks_have_the_family_of_what_they_lead_to() {
    let mark = |lines: &str| {
        let found = only(&format!("virtual_server fwmark 37 {{\n{lines}\n}}\n"));
        found.services
    };
    let v6 = [ServiceKey::Mark { family: Family::V6, mark: 37 }];
    assert_eq!(mark("real_server 2001:db8::7 {\n}"), v6);
    assert_eq!(mark("real_server 10.0.0.7 {\n}"), [ServiceKey::Mark { family: Family::V4, mark: 37 }]);
    assert_eq!(mark("ip_family inet6\nlb_kind TUN\nreal_server 10.0.0.7 {\n}"), v6);
}

#[test]
fn only_tunnels_join_families() {
    let mixed = "real_server 2001:db8::7 {\n}\nlb_kind TUN\nreal_server 10.0.0.9 {\nlvs_method NAT\n}";
    assert_eq!(only(&server(mixed)).real_servers.len(), 3);
    let said = faults(&server("real_server 2001:db8::7 {\n}"));
    assert_eq!(said, ["E 3:1 real server `2001:db8::7` is ignored: it is of another family than the virtual server"]);
    let text = "virtual_server_group both {\n192.0.2.3 80\n2001:db8::3 80\n2001:db8::5-9 80\n}\n\
                virtual_server group both {\nprotocol TCP\nreal_server 10.0.0.7 80 {\n}\n}\n";
    assert_eq!(
        faults(text),
        [
            "E 3:1 TCP [2001:db8::3]:80 is ignored: the real servers are of another family",
            "E 4:1 TCP [2001:db8::5]:80 is ignored: the real servers are of another family",
        ]
    );
    let services = &parse("f", text).config.virtual_servers[0].services;
    assert_eq!(services, &[tcp("192.0.2.3:80")]);
    let tunnels = text.replace("80 {\n}", "80 {\nlvs_method TUN\n}").replace("5-9 80", "5-9 80\nfwmark 5");
    assert_eq!(faults(&tunnels), ["W 5:1 in a group of both families a mark should name its own"]);
    assert_eq!(parse("f", &tunnels).config.virtual_servers[0].services.len(), 8);
}

#[test]
fn global_lines_are_read() {
    let text = "global_defs {\nlvs_sync_daemon eth1 inst web id 91 maxlen 1400 port 8849 ttl 3 group 224.0.0.82\n\
                lvs_timeouts tcp 901 udp 302\nlvs_flush\nlvs_flush_on_stop VS\nlvs_notify_fifo /run/lvs.fifo\n\
                lvs_notify_fifo_script \"/bin/reader x\" nobody\nrs_init_notifies\nno_checker_emails\n\
                checker_log_all_failures\nsmtp_alert_checker off\n}\nSSL {\ncertificate /c\nkey /k\nca /a\n}\n"
        .to_owned()
        + &instance("")
        + &server("");
    let config = read(&text.replace("10.0.0.7 {", "10.0.0.7 {\nTCP_CHECK {\n}"));
    let lvs = &config.global.lvs;
    let daemon = lvs.sync_daemon.as_ref().unwrap();
    assert_eq!((daemon.interface.as_str(), daemon.instance.as_deref(), daemon.id), ("eth1", Some("web"), Some(91)));
    assert_eq!((daemon.max_len, daemon.port, daemon.ttl), (Some(1400), Some(8849), Some(3)));
    assert_eq!(daemon.group, Some([224, 0, 0, 82].into()));
    let timeouts = lvs.timeouts;
    assert_eq!((timeouts.tcp.unwrap().as_secs(), timeouts.tcp_fin, timeouts.udp.unwrap().as_secs()), (901, None, 302));
    assert!(lvs.flush && lvs.init_notifies && lvs.no_emails);
    assert_eq!(lvs.flush_on_stop, FlushOnStop::Services);
    let fifo = lvs.notify_fifo.as_ref().unwrap();
    assert_eq!((fifo.path.as_str(), fifo.script.as_ref().map(Vec::len)), ("/run/lvs.fifo", Some(2)));
    assert_eq!(fifo.user.as_ref().unwrap().user, "nobody");
    let client = &lvs.client;
    let files = [&client.certificate, &client.key, &client.ca].map(|file| file.as_deref().unwrap());
    assert_eq!(files, ["/c", "/k", "/a"]);
    let real = &config.virtual_servers[0].real_servers[0];
    assert!(!real.smtp_alert && real.checkers[0].log_all_failures);
}

#[test]
fn the_old_form_of_the_sync_daemon_is_understood() {
    let text = instance("lvs_sync_daemon_interface eth3");
    let daemon = parse("f", &text).config.global.lvs.sync_daemon.unwrap();
    assert_eq!((daemon.interface.as_str(), daemon.instance.as_deref()), ("eth3", Some("web")));
    assert_eq!(faults(&text), ["W 2:1 `lvs_sync_daemon_interface` is an old form"]);
}

fn tcp(address: &str) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, address: address.parse().unwrap() }
}
