//! Every group of settings: what the text says stands in the configuration, and prints back to the same.

use std::net::IpAddr;
use std::time::Duration;

use super::support::{clean, instance, one};
use crate::conf::config::*;

/// The file is a seed of the fuzzer too.
pub(super) const FULL: &str = include_str!("../../../../../tests/fuzz/corpus/conf/full.conf");

fn find<'c>(config: &'c Config, name: &str) -> &'c VrrpInstance {
    config.instances.iter().find(|one| one.name == name).unwrap()
}

fn argv(words: &[&str]) -> Argv {
    words.iter().map(ToString::to_string).collect()
}

fn user(user: &str, group: Option<&str>) -> Option<ScriptUser> {
    Some(ScriptUser { user: user.into(), group: group.map(Into::into) })
}

#[test]
fn global_settings() {
    let global = clean(FULL).global;
    let mail = global.mail.unwrap();
    assert_eq!(mail.recipients, ["ops@example.org", "night@example.org", "boss@example.org"]);
    assert_eq!((mail.from.as_deref(), mail.helo.as_deref()), (Some("ha@example.org"), Some("lb-7.example.org")));
    assert_eq!((mail.host.as_str(), mail.port, mail.no_faults), ("mail.example.org", 2525, true));
    assert_eq!(mail.connect_timeout, Duration::from_millis(7500));
    let up = global.startup_script.unwrap();
    assert_eq!(
        (up.command, up.user, up.timeout.as_secs()),
        (argv(&["/etc/ha/up", "a b"]), user("root", Some("wheel")), 11)
    );
    let down = global.shutdown_script.unwrap();
    assert_eq!((down.command, down.user, down.timeout.as_secs()), (argv(&["/etc/ha/down"]), None, 13));
    let all = global.notify_fifo.unwrap();
    assert_eq!(
        (all.path.as_str(), all.script, all.user),
        ("/run/ha.all", Some(argv(&["/etc/ha/reader", "all"])), user("nobody", None))
    );
    let vrrp = global.vrrp_notify_fifo.unwrap();
    assert_eq!((vrrp.path.as_str(), vrrp.script, vrrp.user), ("/run/ha.vrrp", Some(argv(&["/etc/ha/reader"])), None));
    assert!(global.fifo_states_on_reload && global.log_unknown_vrids);
    assert_eq!((global.startup_delay.as_millis(), global.delay_after_boot.as_secs()), (5500, 17));
    assert_eq!((global.rt_priority, global.nftables_table.as_deref()), (Some(37), Some("ha_tables")));
    assert_eq!(
        (global.state_dump_file.as_deref(), global.stats_dump_file.as_deref()),
        (Some("/run/ha.data"), Some("/run/ha.stats"))
    );
    assert_eq!((global.json_dump_file.as_deref(), global.json_version), (Some("/run/ha.json"), 2));
}

#[test]
fn our_own_settings() {
    let own = clean(FULL).own;
    assert!(own.lease && own.guard);
    assert_eq!(own.metrics, Some(MetricsAddress::Tcp("[::1]:9651".parse().unwrap())));
    assert_eq!(own.webhook.as_deref(), Some("https://hooks.example.org/ha?x=1"));
}

#[test]
fn instances_take_over_what_global_defs_sets() {
    let config = clean(FULL);
    let six = find(&config, "six");
    let timing = Announcement {
        delay: Duration::from_secs(8),
        repeat: 3,
        refresh: Duration::from_secs(61),
        refresh_repeat: 2,
        lower_delay: Duration::from_secs(9),
        lower_repeat: 4,
        interval: Duration::from_millis(1),
        na_interval: Duration::from_millis(2),
    };
    assert_eq!(six.announcement, timing);
    assert_eq!(six.down_adverts, 5);
    assert!(six.lower_prio_no_advert && six.higher_prio_send_advert && six.owner_ignore_adverts);
    assert!(six.check_unicast_source && six.v3_checksum_as_v2 && six.smtp_alert && six.notify.priority_changes);
    assert_eq!(six.group_address, Some("ff02::92".parse().unwrap()));
    let four = find(&config, "four");
    assert_eq!((four.interface.as_str(), four.group_address), ("eth5", Some(IpAddr::from([224, 0, 0, 91]))));
    assert_eq!((four.down_adverts, four.announcement.lower_repeat), (7, 6));
    assert!(!four.lower_prio_no_advert && !four.higher_prio_send_advert && !four.owner_ignore_adverts);
    assert!(!four.smtp_alert && !four.notify.priority_changes && four.track_source && four.accept);
    assert_eq!(four.notify.deleted, Some(argv(&["/etc/ha/deleted"])));
    assert_eq!(four.notify.master_rx_lower_pri, Some(argv(&["/etc/ha/rival", "now"])));
    assert_eq!(four.notify.users.master_rx_lower_pri, user("root", None));
    let starts: Vec<_> =
        four.notify.takeover_start.iter().map(|step| (step.argv.join(" "), step.user.clone())).collect();
    let second = ("/etc/ha/owner start".to_owned(), user("nobody", Some("nogroup")));
    assert_eq!(starts, [("/usr/bin/systemctl start stunnel4".to_owned(), None), second]);
    assert_eq!(four.notify.takeover_stop[0].argv, argv(&["/etc/ha/owner", "stop"]));
}

#[test]
fn macvlans_have_their_names_and_addresses() {
    let config = clean(FULL);
    let vmac = |name: &str, mac, transmit_base| Some(Vmac { name: name.into(), mac, transmit_base });
    assert_eq!(find(&config, "four").vmac, vmac("mac.37", [0, 0, 0x5e, 0, 1, 37], false));
    assert_eq!(find(&config, "six").vmac, vmac("six.37", [2, 0, 0x5e, 0, 2, 37], false));
    assert_eq!(find(&config, "peers").vmac, vmac("vrrp.a", [2, 0, 0x5e, 0, 0, 0x99], true));
    let (found, said) = one(&instance("use_vmac\nunicast_peer { 10.1.2.9 }"));
    assert!(found.vmac.unwrap().transmit_base);
    assert_eq!(said, ["W 2:1 unicast adverts cannot leave by a macvlan; they leave by the interface itself"]);
}

#[test]
fn unicast_settings() {
    let config = clean(FULL);
    let peers = find(&config, "peers");
    assert_eq!(
        peers.unicast_peers,
        [
            Peer { address: [192, 0, 2, 6].into(), min_ttl: 63, max_ttl: 64 },
            Peer { address: [192, 0, 2, 7].into(), min_ttl: 0, max_ttl: 255 }
        ]
    );
    assert_eq!(peers.peer_names, ["lb-8.example.org"]);
    assert_eq!((peers.unicast_ttl, peers.fault_without_peer, peers.old_checksum), (Some(64), true, OldChecksum::Never));
    assert_eq!(find(&config, "owner").old_checksum, OldChecksum::Send);
    assert_eq!(find(&config, "four").old_checksum, OldChecksum::Detect);
}

#[test]
fn signatures() {
    let config = clean(FULL);
    let hmac = find(&config, "signed").hmac.clone().unwrap();
    let keys: Vec<_> = hmac.keys.iter().map(|key| (key.id, key.secret.as_slice(), key.file.as_deref())).collect();
    let expected: [(u8, &[u8], Option<&str>); 3] =
        [(1, &[0, 255, 0xab, 0x37], None), (2, b"a secret", None), (3, b"", Some("/etc/ha/key"))];
    assert_eq!(keys, expected);
    assert_eq!((hmac.active, hmac.replay, hmac.window.as_secs()), (2, Replay::Monotonic, 77));
    assert_eq!(hmac.mode, HmacMode::ReceiveOnly);
    let (found, said) = one(&instance("auth_hmac {\nkey 1 hex:abc\nkey 2 plain\nactive_key 9\nmode sometimes\n}"));
    let hmac = found.hmac.unwrap();
    assert_eq!((hmac.active, hmac.window.as_secs(), hmac.keys.len()), (2, 5, 1));
    assert_eq!(
        said,
        [
            "E 3:7 key 1 is ignored: its hexadecimal digits are not pairs of 0-9 and a-f",
            "E 5:1 there is no key 9; adverts are signed with key 2",
            "E 6:6 unknown mode `sometimes`; enforce is used",
        ]
    );
    let (_, said) = one(&instance("auth_hmac {\nkey 1 file:key\nkey 2 hex:\nkey 3 plain\n}"));
    assert_eq!(
        said,
        ["E 3:7 key 1 is ignored: its file is not a path from the root", "E 4:7 key 2 is ignored: it is empty",]
    );
}

#[test]
fn groups_share_what_they_track() {
    let config = clean(FULL);
    let track = |name: &str, weight, reverse| Track { name: name.into(), weight, reverse };
    let both = &config.groups[0];
    assert_eq!(both.members, ["four", "six", "peers"]);
    assert_eq!(both.notify.master, Some(argv(&["/etc/ha/group", "master"])));
    assert!(!both.smtp_alert && !both.notify.priority_changes);
    for name in ["four", "six", "peers"] {
        let member = find(&config, name);
        assert_eq!(member.track_interfaces, [track("eth6", 0, false)]);
        assert_eq!(member.track_scripts, [track("web", 0, false)]);
    }
    assert_eq!(config.group_of("owner").unwrap().name, "weighed");
    let signed = find(&config, "signed");
    assert_eq!(signed.track_scripts, [track("deep", -11, false)]);
    assert_eq!(signed.track_files, [track("load", -2, true)]);
    assert_eq!(signed.track_processes, [track("nginx", -3, false)]);
    assert_eq!(find(&config, "four").track_files, [track("maintenance", 0, false)]);
    assert_eq!(find(&config, "four").track_processes, [track("sshd", 0, true)]);
}

#[test]
fn files_and_processes() {
    let config = clean(FULL);
    let [maintenance, load] = config.files.as_slice() else { panic!("{:?}", config.files) };
    assert_eq!((maintenance.path.as_str(), maintenance.weight, maintenance.reverse), ("/run/ha maintenance", -7, true));
    assert_eq!((maintenance.init, maintenance.overwrite), (Some(3), true));
    assert_eq!((load.weight, load.reverse, load.init, load.overwrite), (1, false, Some(0), false));
    let nginx = &config.processes[0];
    assert_eq!((nginx.process.as_str(), nginx.arguments.clone()), ("/usr/sbin/nginx", argv(&["-g", "daemon on;"])));
    assert_eq!((nginx.matching, nginx.weight, nginx.quorum), (Some(ProcessMatch::Partial), 9, 2));
    assert_eq!((nginx.quorum_max, nginx.full_command), (Some(91), true));
    assert_eq!((nginx.fork_delay.as_millis(), nginx.terminate_delay.as_millis()), (250, 500));
    let sshd = &config.processes[1];
    assert_eq!((nginx.unit.as_deref(), sshd.unit.as_deref()), (Some("nginx.service"), Some("sshd@a-b.service")));
    assert_eq!(
        (sshd.matching, sshd.fork_delay, sshd.terminate_delay),
        (None, Duration::from_secs(3), Duration::from_secs(3))
    );
    assert_eq!(config.processes[2].matching, Some(ProcessMatch::Exact));
    assert_eq!((config.processes[3].matching, config.processes[3].arguments.len()), (Some(ProcessMatch::Initial), 0));
}

#[test]
fn the_full_sample_reads_back() {
    super::round_trip::assert_round_trip(clean(FULL));
}
