//! RFC 9568 §5, §7.2 and §6.4.1: what is said on the wire, and that a backup says nothing.

use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf::config::{SimplePassword, Version};
use hactl_engine::input::Input;
use hactl_engine::wire::arp::{self, Arp};
use hactl_engine::wire::checksum::Checksum;
use hactl_engine::wire::ip::Ipv4Header;
use hactl_engine::wire::ndisc;
use hactl_engine::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, GROUP_V6};

use super::rig::{ETH0, INTERVAL, MAC, MASTER_DOWN, Peer, Rig, actions, adverts, frames, ip, order};

#[test]
fn adverts_go_to_the_group_with_ttl_255() {
    let mut rig = Rig::master(|_| {});
    let done = actions(rig.pass(INTERVAL));
    let [(header, _, _)] = adverts(&done)[..] else { panic!("one advert: {done:?}") };
    let wanted = Ipv4Header { source: "10.0.0.5".parse().unwrap(), destination: GROUP_V4, ttl: 255, protocol: 112 };
    assert_eq!(header, wanted);
    assert!(matches!(done[0], Action::Send { link: ETH0, .. }));
}

#[test]
fn unicast_peers_get_one_each_and_the_group_none() {
    let mut rig = Rig::master(|instance| instance.unicast_peers = vec![ip("10.0.0.6").into(), ip("10.0.0.7").into()]);
    let done = actions(rig.pass(INTERVAL));
    let destinations: Vec<String> =
        adverts(&done).iter().map(|(header, _, _)| header.destination.to_string()).collect();
    assert_eq!(destinations, ["10.0.0.6", "10.0.0.7"]);
}

#[test]
fn an_advert_says_what_is_configured() {
    let mut rig = Rig::master(|_| {});
    let done = actions(rig.pass(INTERVAL));
    let wanted = Advert {
        version: Version::V3,
        vrid: 37,
        priority: 91,
        interval: INTERVAL,
        addresses: [ip("10.0.0.100"), ip("10.0.0.101")].into(),
        auth: Auth::None,
    };
    assert_eq!(adverts(&done)[0].1, wanted);
}

#[test]
fn excluded_addresses_are_held_and_not_advertised() {
    let mut rig = Rig::started(|instance| instance.excluded.extend(instance.addresses.pop()));
    let done = actions(rig.pass(MASTER_DOWN));
    assert_eq!(adverts(&done)[0].1.addresses[..], [ip("10.0.0.100")]);
    let held =
        done.iter().find_map(|action| if let Action::AddAddresses(all) = action { Some(all.len()) } else { None });
    assert_eq!(held, Some(2));
}

#[test]
fn reserved_bits_are_sent_as_zero() {
    let mut rig = Rig::started(|instance| instance.advert_interval = Duration::from_millis(40_950));
    let done = actions(rig.pass(Duration::from_secs(200)));
    let Some(Action::Send { packet, .. }) = done.iter().find(|action| matches!(action, Action::Send { .. })) else {
        panic!("no advert: {done:?}")
    };
    assert_eq!(packet[20 + 4..20 + 6], [0x0f, 0xff], "the longest interval fills its 12 bits and no more");
}

#[test]
fn v3_checksums_include_the_pseudo_header() {
    let mut rig = Rig::master(|_| {});
    assert_eq!(adverts(&actions(rig.pass(INTERVAL)))[0].2, ChecksumForm::PseudoHeader);
}

#[test]
fn v3_checksums_leave_it_out_when_told_so() {
    let mut rig = Rig::master(|instance| instance.v3_checksum_as_v2 = true);
    assert_eq!(adverts(&actions(rig.pass(INTERVAL)))[0].2, ChecksumForm::MessageOnly);
}

#[test]
fn v2_carries_its_password_and_eight_bytes_without_one() {
    for (password, auth) in [(Some(SimplePassword(*b"secret\0\0")), Auth::Simple(*b"secret\0\0")), (None, Auth::None)] {
        let mut rig = Rig::master(|instance| {
            instance.version = Version::V2;
            instance.advert_interval = Duration::from_secs(2);
            instance.password = password;
        });
        let done = actions(rig.pass(Duration::from_secs(2)));
        assert_eq!(adverts(&done)[0].1.auth, auth);
        let Action::Send { packet, .. } = &done[0] else { panic!("{done:?}") };
        assert_eq!(packet.len(), 20 + 8 + 2 * 4 + 8);
    }
}

#[test]
fn v3_carries_no_authentication() {
    let mut rig = Rig::master(|_| {});
    let done = actions(rig.pass(INTERVAL));
    let Action::Send { packet, .. } = &done[0] else { panic!("{done:?}") };
    assert_eq!(packet.len(), 20 + 8 + 2 * 4);
}

#[test]
fn a_master_advertises_each_interval() {
    let mut rig = Rig::started(|_| {});
    let done = rig.pass(MASTER_DOWN + INTERVAL * 3);
    let times: Vec<Duration> =
        done.iter().filter(|(_, action)| matches!(action, Action::Send { .. })).map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 1, 2, 3].map(|n| MASTER_DOWN + INTERVAL * n), "and the timers do not drift");
}

#[test]
fn a_backup_says_nothing() {
    let mut rig = Rig::started(|_| {});
    let mut done = Vec::new();
    for _ in 0..50 {
        done.extend(rig.hear(&Peer::new(150)));
        done.extend(actions(rig.pass(INTERVAL)));
    }
    done.extend(rig.step(Input::Stop { keep_addresses: false }));
    assert_eq!(order(&done), Vec::<&str>::new());
}

#[test]
fn a_gratuitous_arp_names_the_address_twice() {
    let mut rig = Rig::started(|_| {});
    let frames = frames(&actions(rig.pass(MASTER_DOWN)));
    let parsed: Vec<Arp> = frames.iter().map(|frame| Arp::parse(&frame.payload).expect("ARP")).collect();
    assert_eq!(parsed.len(), 2 * 5, "five for each address");
    for (frame, arp) in frames.iter().zip(&parsed) {
        assert_eq!((frame.destination, frame.ethertype, frame.link), (arp::BROADCAST, 0x0806, ETH0));
        assert_eq!((arp.operation, arp.sender_mac), (1, MAC));
        assert_eq!(arp.sender, arp.target, "gratuitous by definition");
    }
    let first: Vec<String> = parsed[..2].iter().map(|arp| arp.target.to_string()).collect();
    assert_eq!(first, ["10.0.0.100", "10.0.0.101"], "every address once before one is repeated");
}

#[test]
fn announcements_are_repeated_after_their_delay() {
    let mut rig = Rig::started(|instance| instance.announcement.delay = Duration::from_secs(3));
    let done = rig.pass(MASTER_DOWN + Duration::from_secs(60));
    let times: Vec<Duration> =
        done.iter().filter(|(_, action)| matches!(action, Action::Announce(_))).map(|(at, _)| *at).collect();
    assert_eq!(times, [MASTER_DOWN, MASTER_DOWN + Duration::from_secs(3)]);
}

#[test]
fn a_neighbour_advertisement_goes_to_all_nodes() {
    let mut rig = Rig::ipv6();
    rig.step(Input::Start { remembered: vec![] });
    let frames = frames(&actions(rig.pass(MASTER_DOWN)));
    assert_eq!(frames.len(), 2 * 5);
    let (frame, packet) = (&frames[0], &frames[0].payload);
    assert_eq!((frame.destination, frame.ethertype), (ndisc::ALL_NODES_MAC, 0x86dd));
    assert_eq!((packet[6], packet[7]), (58, 255), "ICMPv6, hop limit 255");
    assert_eq!(packet[24..40], [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(packet[40], 136);
    assert_eq!(packet[44] & 0x60, 0x20, "override set, solicited not");
    assert_eq!(ip("fd00::64"), std::net::IpAddr::from(<[u8; 16]>::try_from(&packet[48..64]).unwrap()));
    assert_eq!(packet[64..72], [2, 1, 2, 0, 0, 0, 0, 5], "target link-layer address");
}

#[test]
fn ipv6_adverts_are_complete_and_go_to_the_group() {
    let mut rig = Rig::ipv6();
    rig.step(Input::Start { remembered: vec![] });
    let done = actions(rig.pass(MASTER_DOWN));
    let Some(Action::Send { source, destination, packet, .. }) = done.first() else { panic!("{done:?}") };
    assert_eq!((*source, *destination), (ip("fe80::5"), GROUP_V6.into()), "from the link-local address");
    let std::net::IpAddr::V6(from) = *source else { panic!("{source}") };
    let length = u16::try_from(packet.len()).unwrap();
    assert_eq!(Checksum::default().pseudo_v6(from, GROUP_V6, 112, length).over(packet).finish(), 0);
    let (advert, _) = Advert::parse(packet, *source, *destination).expect("a good advert");
    assert_eq!(advert.addresses[..], [ip("fd00::64"), ip("fd00::65")]);
}

#[test]
fn a_backup_announces_nothing() {
    let mut rig = Rig::started(|_| {});
    let done = rig.hear(&Peer::new(37));
    assert_eq!(frames(&done), []);
    assert_eq!(frames(&rig.link(false)), []);
}
