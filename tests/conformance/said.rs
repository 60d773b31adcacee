//! What is said of an advert that is dropped and of a command that is refused: each reason there is, by what causes it.

use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf::config::{
    HmacKey, HmacMode, HmacSettings, Peer as UnicastPeer, Replay, SimplePassword, Track, Version, VrrpInstance,
};
use hactl_engine::input::{Command, Input, Received};
use hactl_engine::notice::What;
use hactl_engine::refused::Refused;
use hactl_engine::wire::signature::{Sequence, Trailer};
use hactl_engine::wire::vrrp::Auth;

use super::rig::{Peer, Rig, ip};

/// What the wall clock of the rig shows.
const WALL: Duration = Duration::from_secs(1_750_000_000);

/// What is said of a packet.
fn said(rig: &mut Rig, packet: Received) -> String {
    let words = rig.receive(packet).into_iter().filter_map(|action| match action {
        Action::Tell(notice) => match notice.what {
            What::BadAdvert { error, .. } => Some(error),
            _ => None,
        },
        _ => None,
    });
    words.collect()
}

fn said_of(change: impl FnOnce(&mut VrrpInstance), peer: &Peer) -> String {
    said(&mut Rig::started(change), peer.packet())
}

fn v2(instance: &mut VrrpInstance) {
    instance.version = Version::V2;
    instance.advert_interval = Duration::from_secs(2);
}

fn v2_peer(seconds: u64, auth: Auth) -> Peer {
    Peer::new(150).with(|advert| {
        (advert.version, advert.interval, advert.auth) = (Version::V2, Duration::from_secs(seconds), auth);
    })
}

#[test]
fn of_adverts_that_are_not_what_they_must_be() {
    let routed = Peer { ttl: 64, ..Peer::new(150) };
    assert_eq!(said_of(|_| {}, &routed), "TTL 64 where 255 is required: it was routed or forged");
    let unicast = |instance: &mut VrrpInstance| {
        instance.unicast_peers = vec![UnicastPeer { address: ip("10.0.0.6"), min_ttl: 250, max_ttl: 253 }];
        instance.check_unicast_source = true;
    };
    let by_unicast = |ttl, source| Peer { destination: ip("10.0.0.5"), ttl, ..Peer::new(150).from(source) };
    assert_eq!(said_of(unicast, &by_unicast(249, "10.0.0.6")), "TTL 249 is not within 250..=253 as configured for it");
    assert_eq!(said_of(unicast, &by_unicast(251, "10.0.0.7")), "it is not one of the unicast peers");
    assert_eq!(said_of(unicast, &Peer::new(150)), "it sends multicast, this instance expects unicast");
    assert_eq!(said_of(|_| {}, &by_unicast(255, "10.0.0.6")), "it sends unicast, this instance expects multicast");
    assert_eq!(said_of(v2, &Peer::new(150)), "it speaks V3, this instance V2");
    assert_eq!(said_of(v2, &v2_peer(3, Auth::None)), "its interval is 3 s, ours 2 s; in version 2 they must agree");
    let with_password = |instance: &mut VrrpInstance| {
        v2(instance);
        instance.password = Some(SimplePassword(*b"secret\0\0"));
    };
    assert_eq!(said_of(with_password, &v2_peer(2, Auth::None)), "authentication type or password differs");
    let mut damaged = Peer::new(150).packet();
    damaged.payload[6] ^= 0x55;
    let words = said(&mut Rig::started(|_| {}), damaged);
    assert!(words.starts_with("checksum 0x") && words.ends_with(" is wrong"), "{words}");
}

/// Keys 7, by time, with a window of 5 s.
fn signed() -> Rig {
    let mut rig = Rig::started(|instance| {
        let keys = vec![HmacKey { id: 7, secret: b"secret".to_vec(), file: None }];
        let window = Duration::from_secs(5);
        instance.hmac = Some(HmacSettings { keys, active: 7, replay: Replay::Time, window, mode: HmacMode::Enforce });
    });
    rig.step(Input::WallClock { offset: WALL });
    rig
}

#[test]
fn of_signatures() {
    let now = WALL + Duration::from_secs(1);
    let packet = |key, secret: &[u8], time| {
        let mut packet = Peer::new(150).packet();
        let trailer = Trailer { key, sequence: Sequence::at(time) };
        packet.payload = trailer.sign(packet.payload.to_vec(), packet.source, secret).into();
        packet
    };
    let fresh = |packet| said(&mut signed(), packet);
    assert_eq!(fresh(packet(7, b"secret", now)), "");
    assert_eq!(fresh(Peer::new(150).packet()), "it is not signed, and auth_hmac wants that");
    assert_eq!(fresh(packet(9, b"secret", now)), "it is signed with key 9, which is not configured here");
    assert_eq!(fresh(packet(7, b"Secret", now)), "its signature is wrong: another key, or forged");
    let late = "its time differs by 11 s, more than time_window permits: replayed, or the clocks differ";
    assert_eq!(fresh(packet(7, b"secret", now - Duration::from_secs(11))), late);
    let mut cut = packet(7, b"secret", now);
    let reserved = cut.payload.len() - 26;
    cut.payload[reserved] = 1;
    assert_eq!(fresh(cut), "what follows the message is no signature of a known form");
    let mut rig = signed();
    assert_eq!(said(&mut rig, packet(7, b"secret", now)), "");
    assert_eq!(said(&mut rig, packet(7, b"secret", now)), "it was not signed after the last one: replayed");
}

fn refusal(rig: &mut Rig, command: Command) -> Refused {
    let mut answers = rig.command(command).into_iter().filter_map(|action| match action {
        Action::Reply { result, .. } => Some(result),
        _ => None,
    });
    answers.next_back().expect("an answer").expect_err("refused")
}

#[test]
fn of_commands() {
    let promote = || Command::Promote { instance: None, force: false, expires: None, reason: None };
    let resign = || Command::Resign { instance: None };
    let name = || "VI_1".to_owned();
    assert_eq!(refusal(&mut Rig::new(|_| {}), promote()), Refused::NotRunning { name: name() });
    assert_eq!(refusal(&mut Rig::started(|_| {}), resign()), Refused::NotMaster { name: name() });
    let mut owned = Rig::started(|_| {});
    owned.hear(&Peer::new(255));
    let master = ip("10.0.0.6");
    assert_eq!(refusal(&mut owned, promote()), Refused::MasterIsOwner { name: name(), master });
    let mut owner = Rig::master(|instance| instance.priority = 255);
    assert_eq!(refusal(&mut owner, resign()), Refused::Owner { name: name() });
    let mut tracking = Rig::started(|instance| {
        instance.track_scripts.push(Track { name: "web".into(), weight: -60, reverse: false });
    });
    tracking.step(Input::Script { name: "web".into(), ok: false });
    assert_eq!(refusal(&mut tracking, promote()), Refused::ChecksBad { name: name(), priority: 91, by: 60 });
    let other = Command::Resign { instance: Some("VI_9".into()) };
    let unknown = Refused::Unknown { name: "VI_9".into(), known: vec![name()] };
    assert_eq!(refusal(&mut Rig::started(|_| {}), other), unknown);
    let mut two = Rig::configured(|config| {
        let mut second = (*config.instances[0]).clone();
        (second.name, second.vrid) = ("VI_2".into(), 38);
        config.instances.push(second.into());
    });
    let all = vec![Refused::NotMaster { name: name() }, Refused::NotMaster { name: "VI_2".into() }];
    assert_eq!(refusal(&mut two, resign()), Refused::Several { all });
}
