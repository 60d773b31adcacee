//! Signed adverts (`auth_hmac` of keepalived 2.4.2 and later): forged, replayed, rotated, with clocks that differ.

use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf::config::{HmacKey, HmacMode, HmacSettings, Replay, VrrpInstance};
use hactl_engine::input::{Input, Received};
use hactl_engine::wire::ip::Ipv4Header;
use hactl_engine::wire::signature::{Sequence, Trailer};
use hactl_engine::wire::vrrp::Version;

use super::rig::{INTERVAL, MASTER_DOWN, Peer, Rig, actions, ip};

/// What the wall clock of the rig shows before its own second is added.
const WALL: Duration = Duration::from_secs(1_750_000_000);
const WINDOW: Duration = Duration::from_secs(5);
const SECRET: &[u8] = b"secret";
const OLD_SECRET: &[u8] = b"the one before";
const HOUR: Duration = Duration::from_secs(3600);

/// Keys 7 and 8, the first of which signs.
fn signed(mode: HmacMode, replay: Replay) -> Rig {
    signed_among(mode, replay, |_| {})
}

/// The same with some more changed.
fn signed_among(mode: HmacMode, replay: Replay, change: impl FnOnce(&mut VrrpInstance)) -> Rig {
    let key = |id, secret: &[u8]| HmacKey { id, secret: secret.to_vec(), file: None };
    let mut rig = Rig::started(|instance| {
        change(instance);
        let keys = vec![key(7, SECRET), key(8, OLD_SECRET)];
        instance.hmac = Some(HmacSettings { keys, active: 7, replay, window: WINDOW, mode });
    });
    rig.step(Input::WallClock { offset: WALL });
    rig
}

fn now(rig: &Rig) -> Duration {
    WALL + Duration::from_nanos(rig.now.0)
}

/// An advert of 10.0.0.6 with a trailer.
fn packet(key: u8, secret: &[u8], sequence: Sequence) -> Received {
    let mut packet = Peer::new(150).packet();
    packet.payload = Trailer { key, sequence }.sign(packet.payload.to_vec(), packet.source, secret).into();
    packet
}

fn at(time: Duration) -> Received {
    packet(7, SECRET, Sequence::at(time))
}

/// Adverts taken and refused so far.
fn counted(rig: &Rig) -> (u64, u64) {
    (rig.counter("adverts_received"), rig.counter("bad_auth"))
}

fn sent(rig: &mut Rig) -> Vec<Vec<u8>> {
    let done = actions(rig.pass(MASTER_DOWN * 2));
    let payload = |one: &Action| match one {
        Action::Send { packet, .. } => Some(packet[20..].to_vec()),
        _ => None,
    };
    done.iter().filter_map(payload).collect()
}

#[test]
fn a_signed_advert_is_taken_and_ours_are_signed() {
    let mut rig = signed(HmacMode::Enforce, Replay::Time);
    let ours: IpAddr = ip("10.0.0.5");
    rig.receive(at(now(&rig)));
    assert_eq!(counted(&rig), (1, 0));
    let adverts = sent(&mut rig);
    assert!(adverts.len() > 3);
    assert!(adverts.iter().all(|advert| Trailer::verifies(advert, ours, SECRET)));
    let sequences: Vec<&[u8]> = adverts.iter().map(|advert| &advert[advert.len() - 24..advert.len() - 16]).collect();
    assert!(sequences.is_sorted_by(|a, b| a < b), "each is newer than the one before: {sequences:?}");
}

/// Recorded from keepalived 2.4.3: version 2 and 3 over IPv4, version 3 over IPv6. Key 1 is the bytes 0 to 31.
const RECORDED: [(Version, &str, &str); 3] = [
    (
        Version::V2,
        "10.77.0.3",
        "45c0 0044 0001 0000 ff70 d024 0a4d 0005 e000 0012 2132 9601 0001 3e7b 0a4d 0003 0000 0000 0000 0000 0101 0000
         6b0a fce2 04ce 0000 ebda 9370 5d3a 9398 9bfd c1b7 8eba c372",
    ),
    (
        Version::V3,
        "10.77.0.3",
        "45c0 003c 0001 0000 ff70 d02c 0a4d 0005 e000 0012 3132 9601 0064 4337 0a4d 0003 0101 0000 6b0a fce7 1a33 0000
         8358 b8d0 34b7 c77e 6df6 83d8 4b6f c4fc",
    ),
    (
        Version::V3,
        "fe80::77:3",
        "6c01 e889 0034 70ff fe80 0000 0000 0000 fcbc 91ff fe5e 733c ff02 0000 0000 0000 0000 0000 0000 0012 3132 9601
         0064 e4c1 fe80 0000 0000 0000 0000 0000 0077 0003 0101 0000 6b0a fcec 5f32 0000 76a0 a63f 7c24 5434 8da7 ce98
         1d4f 2726",
    ),
];

/// As the socket hands a recorded packet over, and when it was signed.
fn recorded(hex: &str) -> (Received, Duration) {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    let packet: Vec<u8> = digits.chunks(2).map(byte).collect();
    let v6 = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&packet[at..at + 16]).unwrap());
    let received = match packet[0] >> 4 {
        4 => {
            let (header, payload) = Ipv4Header::parse(&packet).unwrap();
            Received {
                source: header.source.into(),
                destination: header.destination.into(),
                ttl: header.ttl,
                payload: payload.to_vec().into(),
            }
        }
        _ => Received { source: v6(8), destination: v6(24), ttl: packet[7], payload: packet[40..].to_vec().into() },
    };
    let trailer = &received.payload[received.payload.len() - 24..];
    let seconds = u32::from_be_bytes(trailer[..4].try_into().unwrap());
    (received, Duration::from_secs(seconds.into()))
}

/// Each packet at its own time is taken once, the way of every other packet; not again, not an hour later, and not with
/// a bit changed.
#[test]
fn what_keepalived_sent_is_taken() {
    for (version, vip, hex) in RECORDED {
        let (packet, at) = recorded(hex);
        let started = |wall: Duration| {
            let mut rig = Rig::started(|instance| {
                instance.version = version;
                instance.vrid = 50;
                instance.ipv6 = vip.contains(':');
                instance.addresses.truncate(1);
                instance.addresses[0].address =
                    format!("{vip}/{}", if instance.ipv6 { 64 } else { 24 }).parse().unwrap();
                instance.advert_interval = Duration::from_secs(1);
                let keys = vec![HmacKey { id: 1, secret: (0..32).collect(), file: None }];
                let mode = HmacMode::Enforce;
                instance.hmac = Some(HmacSettings { keys, active: 1, replay: Replay::Time, window: WINDOW, mode });
            });
            rig.step(Input::WallClock { offset: wall });
            rig
        };
        let mut rig = started(at);
        rig.receive(packet.clone());
        assert_eq!(counted(&rig), (1, 0), "{vip}: {:?}", rig.node.status(rig.now, 0)[0].counters);
        rig.receive(packet.clone());
        assert_eq!(counted(&rig), (1, 1), "{vip}: replayed");
        let mut late = started(at + HOUR);
        late.receive(packet.clone());
        assert_eq!(counted(&late), (0, 1), "{vip}: an hour later");
        for at_byte in packet.payload.len() - 28..packet.payload.len() {
            let mut payload = packet.payload.to_vec();
            payload[at_byte] ^= 1;
            let mut rig = started(at);
            rig.receive(Received { payload: payload.into(), ..packet.clone() });
            assert_eq!(rig.counter("adverts_received"), 0, "{vip}: byte {at_byte} of the trailer");
        }
    }
}

/// Modes × what a packet carries, all of them.
#[test]
fn each_mode_takes_what_it_should() {
    for (mode, takes_unsigned) in
        [(HmacMode::Enforce, false), (HmacMode::Permissive, true), (HmacMode::ReceiveOnly, true)]
    {
        let mut rig = signed(mode, Replay::Time);
        rig.hear(&Peer::new(150));
        let unsigned = (u64::from(takes_unsigned), u64::from(!takes_unsigned));
        assert_eq!((counted(&rig), rig.counter("unsigned")), (unsigned, unsigned.0), "{mode:?}: without a trailer");
        for (wrong, key, secret) in [("another secret", 7, OLD_SECRET), ("a key that is not here", 9, SECRET)] {
            let before = counted(&rig);
            rig.receive(packet(key, secret, Sequence::at(now(&rig))));
            assert_eq!(counted(&rig), (before.0, before.1 + 1), "{mode:?}: {wrong}");
        }
        let mut malformed = at(now(&rig));
        let reserved = malformed.payload.len() - 26;
        malformed.payload[reserved] = 1;
        let before = counted(&rig);
        rig.receive(malformed);
        assert_eq!((counted(&rig), rig.counter("bad_packet")), (before, 1), "{mode:?}: a reserved byte");
        rig.receive(at(now(&rig)));
        assert_eq!(counted(&rig).0, before.0 + 1, "{mode:?}: rightly signed");
        let adverts = sent(&mut rig);
        let signs = adverts.iter().all(|advert| Trailer::verifies(advert, ip("10.0.0.5"), SECRET));
        assert_eq!(signs, mode != HmacMode::ReceiveOnly, "{mode:?}");
    }
}

#[test]
fn a_replayed_advert_is_dropped() {
    for replay in [Replay::Time, Replay::Monotonic] {
        let mut rig = signed(HmacMode::Permissive, replay);
        let (older, newer) = (at(now(&rig) - Duration::from_millis(1)), at(now(&rig)));
        rig.receive(newer.clone());
        rig.receive(newer.clone());
        rig.receive(older);
        assert_eq!(counted(&rig), (1, 2), "{replay:?}: the same again, and one from before");
        rig.receive(packet(7, SECRET, Sequence::at(now(&rig)).next()));
        assert_eq!(counted(&rig), (2, 2), "{replay:?}: the counter alone grew");
        rig.pass(HOUR);
        rig.receive(newer);
        assert_eq!(counted(&rig), (2, 3), "{replay:?}: an hour later");
    }
}

#[test]
fn each_sender_has_a_mark_of_its_own() {
    let mut rig = signed(HmacMode::Enforce, Replay::Monotonic);
    rig.receive(at(now(&rig)));
    let mut other = Peer::new(150).from("10.0.0.7").packet();
    let sequence = Sequence::at(now(&rig) - HOUR);
    other.payload = Trailer { key: 7, sequence }.sign(other.payload.to_vec(), other.source, SECRET).into();
    rig.receive(other);
    assert_eq!(counted(&rig), (2, 0));
}

/// Of many senders by multicast the one that was silent longest is forgotten; by unicast there is room for each peer.
#[test]
fn a_mark_is_kept_of_sixteen_senders_or_of_each_peer() {
    let address = |n: u64| ip(&format!("10.0.0.{}", 200 + n));
    for (senders, unicast, forgotten) in [(16, false, 0), (17, false, 1), (18, false, 2), (20, true, 0)] {
        let mut rig = signed_among(HmacMode::Enforce, Replay::Monotonic, |instance| {
            instance.unicast_peers = (0..senders).filter(|_| unicast).map(|n| address(n).into()).collect();
        });
        let advert = |n: u64| {
            let mut peer = Peer { source: address(n), ..Peer::new(150) };
            if unicast {
                peer.destination = ip("10.0.0.5");
            }
            let mut packet = peer.packet();
            let trailer = Trailer { key: 7, sequence: Sequence::at(WALL) };
            packet.payload = trailer.sign(packet.payload.to_vec(), packet.source, SECRET).into();
            packet
        };
        for n in 0..senders {
            rig.receive(advert(n));
        }
        assert_eq!(counted(&rig), (senders, 0), "each is heard");
        // The newest first, since a replay that is taken has a mark again.
        for n in (0..senders).rev() {
            let before = counted(&rig);
            rig.receive(advert(n));
            let (taken, refused) = counted(&rig);
            let again = (taken - before.0, refused - before.1);
            assert_eq!(
                again,
                if n < forgotten { (1, 0) } else { (0, 1) },
                "sender {n} of {senders}, unicast {unicast}"
            );
        }
    }
}

#[test]
fn a_forged_advert_moves_no_mark() {
    let mut rig = signed(HmacMode::Enforce, Replay::Monotonic);
    rig.receive(packet(7, b"guessed", Sequence::at(now(&rig) + HOUR)));
    rig.receive(at(now(&rig)));
    assert_eq!(counted(&rig), (1, 1));
}

#[test]
fn clocks_that_differ_count_with_time_alone() {
    for (ahead, clock) in [(true, HOUR), (false, HOUR), (true, WINDOW * 2), (false, WINDOW * 2)] {
        for (replay, taken) in [(Replay::Time, false), (Replay::Monotonic, true)] {
            let mut rig = signed(HmacMode::Enforce, replay);
            let theirs = if ahead { now(&rig) + clock } else { now(&rig) - clock };
            rig.receive(at(theirs));
            assert_eq!(counted(&rig), (u64::from(taken), u64::from(!taken)), "{replay:?}, {clock:?}, ahead {ahead}");
        }
    }
    let mut rig = signed(HmacMode::Enforce, Replay::Time);
    rig.receive(at(now(&rig) - WINDOW + Duration::from_millis(100)));
    rig.receive(at(now(&rig) + WINDOW - Duration::from_millis(100)));
    assert_eq!(counted(&rig), (2, 0), "within the window");
}

#[test]
fn a_sender_whose_clock_was_set_back_is_heard_again_within_one_window() {
    let mut rig = signed(HmacMode::Enforce, Replay::Time);
    let back = Duration::from_secs(3);
    rig.receive(at(now(&rig)));
    rig.receive(at(now(&rig) - back));
    assert_eq!(counted(&rig), (1, 1), "not newer");
    rig.pass(WINDOW + Duration::from_millis(100));
    rig.receive(at(now(&rig) - back));
    assert_eq!(counted(&rig), (2, 1), "the mark lies outside of the window by now");
    // With `monotonic` no clock ends a mark.
    let mut rig = signed(HmacMode::Enforce, Replay::Monotonic);
    rig.receive(at(now(&rig)));
    rig.pass(HOUR);
    rig.receive(at(now(&rig) - HOUR - back));
    assert_eq!(counted(&rig), (1, 1));
}

/// Our own clock is set back: what we send still grows, unless by more than the window, which receivers forget.
#[test]
fn our_own_clock_set_back_does_not_silence_us() {
    for (back, grows) in [(Duration::from_secs(3), true), (HOUR, false)] {
        let mut rig = signed(HmacMode::Enforce, Replay::Time);
        let before = sent(&mut rig);
        rig.step(Input::WallClock { offset: WALL - back });
        let after = sent(&mut rig);
        let sequence = |advert: &[u8]| advert[advert.len() - 24..advert.len() - 16].to_vec();
        let (last, next) = (sequence(before.last().unwrap()), sequence(after.first().unwrap()));
        assert_eq!(next > last, grows, "back by {back:?}");
    }
}

/// A key is rotated without a moment in which anybody is deaf: both hosts know both keys, then one after the other
/// signs with the new one.
#[test]
fn keys_are_rotated_without_losing_an_advert() {
    let mut rig = signed(HmacMode::Enforce, Replay::Time);
    for (key, secret) in [(8, OLD_SECRET), (8, OLD_SECRET), (7, SECRET), (7, SECRET)] {
        rig.receive(packet(key, secret, Sequence::at(now(&rig))));
        rig.pass(INTERVAL);
    }
    assert_eq!(counted(&rig), (4, 0));
}

/// receive-only -> permissive -> enforce, on one host after the other: at each step each hears the other.
#[test]
fn signing_is_rolled_out_without_losing_an_advert() {
    use HmacMode::{Enforce, Permissive, ReceiveOnly};
    let steps = [
        (ReceiveOnly, None),
        (ReceiveOnly, Some(ReceiveOnly)),
        (Permissive, Some(ReceiveOnly)),
        (Permissive, Some(Permissive)),
        (Enforce, Some(Permissive)),
        (Enforce, Some(Enforce)),
    ];
    for (ours, theirs) in steps {
        let mut rig = signed(ours, Replay::Time);
        match theirs {
            None | Some(ReceiveOnly) => rig.hear(&Peer::new(150)),
            Some(Permissive | Enforce) => rig.receive(at(now(&rig))),
        };
        assert_eq!(counted(&rig), (1, 0), "{ours:?} hears {theirs:?}");
    }
}
