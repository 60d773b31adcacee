//! RFC 9568 §5 and §7.1: what a received advert must be, and that everything else changes nothing.

use hactl_engine::action::Action;
use hactl_engine::conf::config::{SimplePassword, Version, VrrpInstance};
use hactl_engine::control::RouterState;
use hactl_engine::input::{Input, Payload};
use hactl_engine::notice::What;
use hactl_engine::wire::checksum::Checksum;
use hactl_engine::wire::vrrp::{Auth, ChecksumForm};
use std::time::Duration;

use super::rig::{ETH0, Peer, Rig, order};

/// A master steps down for this advert; for a packet that counts it does, for one that does not nothing changes.
fn obeys(change: impl FnOnce(&mut VrrpInstance), peer: &Peer) -> bool {
    let mut rig = Rig::master(change);
    rig.hear(peer);
    rig.state() != RouterState::Master
}

fn drops(change: impl FnOnce(&mut VrrpInstance), peer: &Peer, counter: &str) -> bool {
    let mut rig = Rig::master(change);
    let wakes = rig.wakes_in();
    let done = rig.hear(peer);
    rig.state() == RouterState::Master
        && rig.counter(counter) == 1
        && order(&done).is_empty()
        && rig.wakes_in() == wakes
}

fn v2(instance: &mut VrrpInstance) {
    instance.version = Version::V2;
    instance.advert_interval = Duration::from_secs(2);
}

fn v2_with_password(instance: &mut VrrpInstance) {
    v2(instance);
    instance.password = Some(SimplePassword(*b"secret\0\0"));
}

fn v2_peer(auth: Auth) -> Peer {
    Peer::new(150).with(|advert| {
        advert.version = Version::V2;
        advert.interval = Duration::from_secs(2);
        advert.auth = auth;
    })
}

#[test]
fn ttl_255_is_heard() {
    assert!(obeys(|_| {}, &Peer::new(150)));
}

#[test]
fn another_ttl_is_dropped() {
    for ttl in [0, 1, 64, 254] {
        assert!(drops(|_| {}, &Peer { ttl, ..Peer::new(150) }, "bad_ttl"), "TTL {ttl}");
    }
}

#[test]
fn hop_limit_255_is_heard() {
    let mut rig = Rig::ipv6();
    rig.step(Input::Start { remembered: vec![] });
    rig.pass(Duration::from_secs(10));
    assert_eq!(rig.state(), RouterState::Master);
    rig.hear(&Peer { ttl: 64, ..Peer::new(150).ipv6() });
    assert_eq!((rig.state(), rig.counter("bad_ttl")), (RouterState::Master, 1));
    rig.hear(&Peer::new(150).ipv6());
    assert_eq!(rig.state(), RouterState::Handover);
}

#[test]
fn its_version_is_heard() {
    assert!(obeys(v2, &v2_peer(Auth::None)));
    assert!(obeys(|_| {}, &Peer::new(150)));
}

#[test]
fn another_version_is_dropped() {
    assert!(drops(|_| {}, &v2_peer(Auth::None), "bad_version"));
    assert!(drops(v2, &Peer::new(150), "bad_version"));
    assert!(drops_bytes(|bytes| bytes[0] = 0x41), "version 4");
    assert!(drops_bytes(|bytes| bytes[0] = 0x11), "version 1");
}

#[test]
fn another_type_is_dropped() {
    for kind in [0, 2, 15] {
        assert!(drops_bytes(|bytes| bytes[0] = 0x30 | kind), "type {kind}");
    }
}

#[test]
fn both_checksums_are_heard() {
    for form in [ChecksumForm::PseudoHeader, ChecksumForm::MessageOnly] {
        assert!(obeys(|_| {}, &Peer { form, ..Peer::new(150) }), "{form:?}");
    }
}

#[test]
fn a_damaged_advert_is_dropped() {
    let good = Peer::new(150).packet();
    for at in 0..good.payload.len() {
        let mut rig = Rig::master(|_| {});
        let mut packet = good.clone();
        packet.payload[at] ^= 0x04;
        let done = rig.receive(packet);
        assert_eq!((rig.state(), order(&done)), (RouterState::Master, vec![]), "byte {at}");
    }
}

#[test]
fn a_cut_or_padded_advert_is_dropped() {
    let good = Peer::new(150).packet();
    for length in 0..good.payload.len() {
        let mut rig = Rig::master(|_| {});
        let mut packet = good.clone();
        packet.payload.truncate(length);
        rig.receive(packet);
        assert_eq!(rig.state(), RouterState::Master, "{length} bytes");
    }
    assert!(drops_bytes(|bytes| bytes.push(0)), "a byte too many");
    assert!(drops_bytes(|bytes| bytes[3] = 1), "fewer addresses promised than there are");
    assert!(drops_bytes(|bytes| bytes[3] = 255), "more");
}

#[test]
fn another_vrid_is_not_meant() {
    for vrid in [0, 36, 38, 255] {
        let mut rig = Rig::master(|_| {});
        let done = rig.hear(&Peer::new(150).with(|advert| advert.vrid = vrid));
        assert_eq!((rig.state(), done), (RouterState::Master, vec![]), "VRID {vrid}");
    }
}

#[test]
fn another_interface_is_not_meant() {
    let mut rig = Rig::master(|_| {});
    let done = rig.step(Input::Packet { link: ETH0 + 1, packet: Peer::new(150).packet() });
    assert_eq!((rig.state(), done), (RouterState::Master, vec![]));
}

#[test]
fn the_other_family_is_another_router() {
    let mut rig = Rig::master(|_| {});
    let done = rig.hear(&Peer::new(150).ipv6());
    assert_eq!((rig.state(), done), (RouterState::Master, vec![]));
}

#[test]
fn reserved_bits_are_ignored() {
    let mut rig = Rig::master(|_| {});
    let mut packet = Peer { form: ChecksumForm::MessageOnly, ..Peer::new(150) }.packet();
    packet.payload[4] |= 0xf0;
    mend(&mut packet.payload);
    rig.receive(packet);
    assert_eq!(rig.state(), RouterState::Handover);
}

#[test]
fn an_interval_of_zero_is_dropped() {
    assert!(drops_bytes(|bytes| bytes[4..6].fill(0)));
}

#[test]
fn the_right_password_is_heard() {
    assert!(obeys(v2_with_password, &v2_peer(Auth::Simple(*b"secret\0\0"))));
}

#[test]
fn a_wrong_or_missing_password_is_dropped() {
    for auth in [Auth::Simple(*b"secreT\0\0"), Auth::Simple([0; 8]), Auth::None, Auth::Other(2)] {
        assert!(drops(v2_with_password, &v2_peer(auth), "bad_auth"), "{auth:?}");
    }
    assert!(drops(v2, &v2_peer(Auth::Simple(*b"secret\0\0")), "bad_auth"), "a password where none is configured");
}

#[test]
fn another_interval_is_dropped_in_v2() {
    for seconds in [1, 3, 255] {
        let peer = v2_peer(Auth::None).with(|advert| advert.interval = Duration::from_secs(seconds));
        assert!(drops(v2, &peer, "bad_interval"), "{seconds} s");
    }
}

#[test]
fn another_interval_is_heard_in_v3() {
    assert!(obeys(|_| {}, &Peer::new(150).with(|advert| advert.interval = Duration::from_secs(1))));
}

#[test]
fn a_differing_address_list_is_reported_and_heard() {
    let mut rig = Rig::master(|_| {});
    let done = rig.hear(&Peer::new(150).with(|advert| advert.addresses.truncate(1)));
    let told =
        |action: &Action| matches!(action, Action::Tell(notice) if matches!(notice.what, What::AddressesDiffer { .. }));
    assert_eq!(
        (rig.state(), rig.counter("addresses_differ")),
        (RouterState::Handover, 1),
        "never two masters for that"
    );
    assert!(done.iter().any(told), "{done:?}");
}

#[test]
fn the_same_addresses_in_another_order_are_the_same_list() {
    let mut rig = Rig::master(|_| {});
    rig.hear(&Peer::new(150).with(|advert| advert.addresses.reverse()));
    assert_eq!((rig.state(), rig.counter("addresses_differ")), (RouterState::Handover, 0));
}

#[test]
fn a_bad_advert_is_reported_once() {
    let mut rig = Rig::master(|_| {});
    let told = |actions: Vec<Action>| actions.iter().filter(|action| matches!(action, Action::Tell(_))).count();
    let bad = Peer { ttl: 64, ..Peer::new(150) };
    let counts: Vec<usize> = (0..5).map(|_| told(rig.hear(&bad))).collect();
    assert_eq!((counts, rig.counter("bad_ttl")), (vec![1, 0, 0, 0, 0], 5), "a flood of packets is no flood of logs");
}

#[test]
fn its_own_advert_is_no_other_router() {
    let mut rig = Rig::master(|_| {});
    let done = rig.hear(&Peer::new(91).from("10.0.0.5"));
    assert_eq!((rig.state(), done, rig.counter("second_master")), (RouterState::Master, vec![], 0));
}

#[test]
fn multicast_and_unicast_do_not_mix() {
    let unicast = Peer { destination: "10.0.0.5".parse().unwrap(), ..Peer::new(150) };
    assert!(drops(|_| {}, &unicast, "bad_destination"));
    let peers =
        |instance: &mut VrrpInstance| instance.unicast_peers = vec![std::net::IpAddr::from([10, 0, 0, 6]).into()];
    assert!(drops(peers, &Peer::new(150), "bad_destination"));
    assert!(obeys(peers, &unicast));
}

/// A v3 advert with changed bytes and a checksum that fits them.
fn drops_bytes(change: impl FnOnce(&mut Payload)) -> bool {
    let mut rig = Rig::master(|_| {});
    let mut packet = Peer { form: ChecksumForm::MessageOnly, ..Peer::new(150) }.packet();
    change(&mut packet.payload);
    mend(&mut packet.payload);
    let done = rig.receive(packet);
    rig.state() == RouterState::Master && rig.counter("bad_packet") == 1 && order(&done).is_empty()
}

fn mend(bytes: &mut [u8]) {
    bytes[6..8].fill(0);
    let sum = Checksum::default().over(bytes).finish().to_be_bytes();
    bytes[6..8].copy_from_slice(&sum);
}
