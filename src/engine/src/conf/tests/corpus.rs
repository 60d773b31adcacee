//! The seeds of the fuzzer as samples of the language: those that are meant to be right are.

use super::round_trip::assert_round_trip;
use super::support::shown;
use crate::conf::parse;

const RIGHT: &[(&str, &str)] = &[
    ("complete", include_str!("../../../../../tests/fuzz/corpus/conf/complete.conf")),
    ("course", include_str!("../../../../../tests/fuzz/corpus/conf/course.conf")),
    ("expand", include_str!("../../../../../tests/fuzz/corpus/conf/expand.conf")),
    ("full", include_str!("../../../../../tests/fuzz/corpus/conf/full.conf")),
    ("globals", include_str!("../../../../../tests/fuzz/corpus/conf/globals.conf")),
    ("lvs", include_str!("../../../../../tests/fuzz/corpus/conf/lvs.conf")),
    ("strict", include_str!("../../../../../tests/fuzz/corpus/conf/strict.conf")),
];

#[test]
fn samples_that_are_right_have_no_errors_and_read_back() {
    for (name, text) in RIGHT {
        let parsed = parse(name, text);
        let errors: Vec<_> = shown(&parsed).into_iter().filter(|one| one.starts_with('E')).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        assert_round_trip(parsed.config);
    }
}

#[test]
fn the_expanded_sample_is_what_it_says() {
    let (_, text) = RIGHT.iter().find(|(name, _)| *name == "expand").unwrap();
    let config = parse("expand", text).config;
    let vrids: Vec<u8> = config.instances.iter().map(|one| one.vrid).collect();
    assert_eq!(vrids, [9, 1, 2, 3, 4, 11, 12, 100]);
    let two = &config.instances[2];
    assert_eq!((two.name.as_str(), two.interface.as_str(), two.priority), ("v.2", "eth2", 39));
    assert_eq!((two.announcement.repeat, two.addresses[0].address.to_string()), (2, "10.2.7.2/24".to_owned()));
    assert_eq!(two.notify.any.as_ref().unwrap(), &["/etc/ha/notify", ".", "#1", "wow!"]);
    assert_eq!(config.instances[0].preempt_delay.as_secs(), 91);
    let list = &config.instances[7];
    let addresses: Vec<String> = list.addresses.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(addresses.len(), 10);
    assert_eq!((addresses[8].as_str(), addresses[9].as_str()), ("10.90.20.1/24", "10.90.10.1/24"));
    assert_eq!((addresses[0].as_str(), addresses[7].as_str()), ("10.20.0.3/27", "10.26.0.4/26"));
    let excluded: Vec<String> = list.excluded.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(excluded, ["fe80::9/64", "fe80::a/64", "fe80::b/64", "fe80::c/64", "10.3.1.1/24", "10.3.2.1/24"]);
    assert_eq!(list.notify.master.as_ref().unwrap(), &["/etc/ha/n", "0", "5", "$HOME", "${UNKNOWN}"]);
}

#[test]
fn strict_mode_and_its_exceptions() {
    let (_, text) = RIGHT.iter().find(|(name, _)| *name == "strict").unwrap();
    let parsed = parse("strict", text);
    let accept: Vec<bool> = parsed.config.instances.iter().map(|one| one.accept).collect();
    assert_eq!(accept, [true, true, false, false, false]);
    let six = parsed.config.instances[4].vmac.clone().unwrap();
    assert_eq!((six.name.as_str(), six.mac), ("vrrp6.40", [0, 0, 0x5e, 0, 2, 40]));
    assert_eq!(parsed.config.groups[0].members, ["free", "six"]);
    assert_eq!(
        shown(&parsed),
        [
            "W 13:23 the weight of `eth1` never counts: priority 255 owns the addresses",
            "W 23:1 in strict mode the virtual addresses take no traffic: they do not even answer ping",
            "W 26:20 strict mode permits no unicast; the peers are kept all the same",
            "W 43:1 in strict mode the virtual addresses take no traffic: they do not even answer ping",
            "W 52:5 members without `group { … }` are an old form",
        ]
    );
}
