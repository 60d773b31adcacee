//! Mistakes that other implementations made, by name. Each stands on its own, so that it can never come back here.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::control::RouterState::{Backup, Fault, Handover, Master};
use hactl_engine::input::{Input, Received};
use hactl_engine::wire::arp::Arp;
use hactl_engine::wire::ip::Ipv4Header;

use super::rig::{INTERVAL, MASTER_DOWN, Peer, Rig, actions, adverts, frames, order, priorities};

/// holo (a): an interval in centiseconds used as seconds, so that the default detected a failure after 300 s.
#[test]
fn holo_a_centiseconds_are_not_seconds() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150).with(|advert| advert.interval = Duration::from_millis(730)));
    let wait = rig.wakes_in().unwrap();
    assert!(wait > Duration::from_millis(2190) && wait < Duration::from_millis(2920), "{wait:?} for 73 centiseconds");
    let mut rig = Rig::master(|_| {});
    let done = actions(rig.pass(INTERVAL));
    let Some(Action::Send { packet, .. }) = done.first() else { panic!("{done:?}") };
    assert_eq!(packet[24..26], [0, 70]);
}

/// holo (b): the skew cut to whole seconds, which is 0 for everybody, so that all backups claim at once.
#[test]
fn holo_b_skew_is_never_cut_to_zero() {
    let wait = |priority: u8, interval: u64| {
        let rig = Rig::started(|instance| {
            instance.priority = priority;
            instance.advert_interval = Duration::from_millis(interval);
        });
        rig.wakes_in().unwrap() - Duration::from_millis(interval) * 3
    };
    for interval in [10, 100, 700, 1000] {
        assert!(wait(254, interval) > Duration::ZERO, "{interval} ms");
        assert!(wait(91, interval) > wait(92, interval), "{interval} ms: neighbouring priorities never tie");
    }
}

/// holo (c): a master whose link went down kept its addresses, and had them still as a backup afterwards.
#[test]
fn holo_c_addresses_go_with_the_link() {
    let mut rig = Rig::master(|_| {});
    let done = rig.link(false);
    assert_eq!(rig.state(), Fault);
    let removed = done.iter().find_map(|action| match action {
        Action::RemoveAddresses(all) => Some(all.len()),
        _ => None,
    });
    assert_eq!(removed, Some(2), "{done:?}");
    rig.link(true);
    assert_eq!(rig.state(), Backup);
}

/// holo (d): a changed priority never reached the wire, since the advert had been built before.
#[test]
fn holo_d_a_changed_priority_is_in_the_next_advert() {
    let mut rig = Rig::master(|_| {});
    let mut config = rig.config.clone();
    Arc::make_mut(&mut config.instances[0]).priority = 117;
    rig.step(Input::Reload(Box::new(config)));
    assert_eq!((rig.state(), priorities(&actions(rig.pass(INTERVAL)))), (Master, vec![117]));
}

/// holo (e), first half: a packet before the start was unreachable code.
#[test]
fn holo_e_a_packet_before_the_start_is_harmless() {
    let mut rig = Rig::new(|_| {});
    for priority in [0, 37, 255] {
        assert_eq!(order(&rig.hear(&Peer::new(priority))), Vec::<&str>::new());
    }
    rig.step(Input::Start { remembered: vec![] });
    assert_eq!(rig.state(), Backup);
}

/// holo (e), second half: the IP header's length was taken for 20 and a shorter packet panicked.
#[test]
fn holo_e_ip_options_are_skipped_and_short_packets_refused() {
    let packet = Peer::new(150).packet();
    let header = Ipv4Header {
        source: "10.0.0.6".parse().unwrap(),
        destination: "224.0.0.18".parse().unwrap(),
        ttl: 255,
        protocol: 112,
    };
    let plain = header.emit(7, &packet.payload);
    let mut options = plain.clone();
    options.splice(20..20, [1, 1, 1, 0]); // no-operation thrice, end of options
    options[0] = 0x46;
    options[2..4].copy_from_slice(&u16::try_from(plain.len() + 4).unwrap().to_be_bytes());
    assert_eq!(Ipv4Header::parse(&options), Ok((header, packet.payload.as_slice())));
    for length in 0..plain.len() {
        assert!(Ipv4Header::parse(&plain[..length]).is_err(), "{length} bytes");
    }
    for nibble in 0..5 {
        let mut low = plain.clone();
        low[0] = 0x40 | nibble;
        assert!(Ipv4Header::parse(&low).is_err(), "header length {nibble}");
    }
}

/// The same one layer up: no VRRP message is too short to look at.
#[test]
fn holo_e_short_messages_are_harmless() {
    let mut rig = Rig::master(|_| {});
    for payload in [vec![], vec![0x31], vec![0x31, 37], vec![0x31, 37, 150, 2, 0, 70, 0]] {
        let mut packet = Peer::new(150).packet();
        packet.payload = payload.into();
        rig.receive(packet);
        assert_eq!(rig.state(), Master);
    }
}

/// holo (f): a v3 advert with another interval was dropped, so that both routers became master.
#[test]
fn holo_f_another_interval_is_no_reason_to_drop() {
    let mut rig = Rig::started(|_| {});
    for _ in 0..10 {
        rig.hear(&Peer::new(150).with(|advert| advert.interval = Duration::from_secs(2)));
        rig.pass(Duration::from_secs(2));
    }
    assert_eq!(rig.state(), Backup);
}

/// holo (g): the neighbour advertisement went to the virtual address itself, where nobody listens.
#[test]
fn holo_g_neighbour_advertisements_go_to_all_nodes() {
    let mut rig = Rig::ipv6();
    rig.step(Input::Start { remembered: vec![] });
    for frame in frames(&actions(rig.pass(MASTER_DOWN))) {
        assert_eq!(frame.payload[24..40], [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(frame.destination, [0x33, 0x33, 0, 0, 0, 1]);
    }
}

/// rVRRPd: the interval cut to whole seconds and counted in two ticks, so that 3.6 s became 3 to 6 s.
#[test]
fn rvrrpd_detection_is_not_rounded_to_seconds() {
    let mut rig = Rig::started(|_| {});
    rig.pass(Duration::from_millis(313)); // the advert comes between any two ticks
    rig.hear(&Peer::new(150));
    rig.pass(MASTER_DOWN - Duration::from_nanos(1));
    assert_eq!(rig.state(), Backup);
    rig.pass(Duration::from_nanos(1));
    assert_eq!(rig.state(), Master);
}

/// rVRRPd: priority 0 changed a number that the running timer did not read.
#[test]
fn rvrrpd_a_goodbye_is_quicker_than_silence() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    let silence = rig.wakes_in().unwrap();
    rig.hear(&Peer::new(0));
    assert!(rig.wakes_in().unwrap() < silence / 4, "{:?}", rig.wakes_in());
}

/// rVRRPd: its gratuitous ARP asked for 255.255.255.255, which is not gratuitous.
#[test]
fn rvrrpd_a_gratuitous_arp_targets_its_own_address() {
    let mut rig = Rig::started(|_| {});
    for frame in frames(&actions(rig.pass(MASTER_DOWN))) {
        let arp = Arp::parse(&frame.payload).expect("ARP");
        assert_eq!(arp.sender, arp.target);
        assert!(!arp.target.is_broadcast());
    }
}

/// seesaw: two leaders of equal priority both stayed.
#[test]
fn seesaw_equal_priorities_leave_one_leader() {
    let mut low = Rig::master(|_| {});
    let mut high = Rig::master(|_| {});
    low.hear(&Peer::new(91).from("10.0.0.6"));
    high.hear(&Peer::new(91).from("10.0.0.4"));
    assert_eq!((low.state(), high.state()), (Handover, Master));
}

/// holo again: a master that heard a lower one said nothing until its next advert was due.
#[test]
fn holo_a_lower_advert_is_answered_at_once() {
    let mut rig = Rig::master(|_| {});
    assert_eq!(order(&rig.hear(&Peer::new(37))), ["advert", "announce"]);
}

/// holo: an error for the TTL existed and was never raised.
#[test]
fn holo_a_routed_advert_is_refused() {
    let mut rig = Rig::master(|_| {});
    rig.hear(&Peer { ttl: 254, ..Peer::new(150) });
    assert_eq!((rig.state(), rig.counter("bad_ttl")), (Master, 1));
}

/// keepalived 2.3.1 refuses the checksum that RFC 9568 asks for; two peers then ignore each other.
#[test]
fn keepalived_either_checksum_form_is_understood() {
    for message_only in [false, true] {
        let mut sender = Rig::master(|instance| {
            instance.v3_checksum_as_v2 = message_only;
            instance.priority = 150;
            instance.source = Some("10.0.0.6".parse().unwrap());
        });
        let done = actions(sender.pass(INTERVAL));
        let (header, _, _) = adverts(&done)[0];
        let Action::Send { packet, .. } = &done[0] else { panic!("{done:?}") };
        let mut receiver = Rig::master(|_| {});
        let (source, destination) = (header.source.into(), header.destination.into());
        receiver.receive(Received { source, destination, ttl: header.ttl, payload: packet[20..].into() });
        assert_eq!(receiver.state(), Handover, "message only: {message_only}");
    }
}

/// rVRRPd: a signature over no counter and no time, so that a recorded advert was good for ever.
#[test]
fn rvrrpd_a_signature_is_not_replayed() {
    let secret = b"secret".to_vec();
    let mut rig = Rig::started(|instance| {
        instance.hmac = Some(hactl_engine::conf::config::HmacSettings {
            keys: vec![hactl_engine::conf::config::HmacKey { id: 1, secret: secret.clone(), file: None }],
            active: 1,
            replay: hactl_engine::conf::config::Replay::Time,
            window: Duration::from_secs(5),
            mode: hactl_engine::conf::config::HmacMode::Enforce,
        });
    });
    let mut recorded = Peer::new(150).packet();
    let time = Duration::from_nanos(rig.now.0);
    let sequence = hactl_engine::wire::signature::Sequence::at(time);
    let trailer = hactl_engine::wire::signature::Trailer { key: 1, sequence };
    recorded.payload = trailer.sign(recorded.payload.to_vec(), recorded.source, &secret).into();
    rig.receive(recorded.clone());
    assert_eq!(rig.counter("adverts_received"), 1);
    rig.pass(Duration::from_secs(6));
    rig.receive(recorded);
    assert_eq!((rig.counter("adverts_received"), rig.counter("bad_auth")), (1, 1));
}
