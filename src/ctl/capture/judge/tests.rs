use std::path::Path;
use std::time::Duration;

use hactl_engine::conf::config::Version;
use hactl_engine::wire::arp;
use hactl_engine::wire::arp::Mac;
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP};
use hactl_engine::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4};

use super::*;
use crate::ctl::capture::packet::Packet;
use crate::ctl::inventory::load::parse;
use crate::pcap::block::Link;

const S: u64 = 1_000_000_000;
const FIVE: Mac = [2, 0, 0, 0, 0, 5];
const SIX: Mac = [2, 0, 0, 0, 0, 6];
const STRANGE: Mac = [2, 0, 0, 0, 0, 9];

fn cluster() -> Cluster {
    let text = include_str!("../../../../inventories/homework.yaml");
    parse(Path::new("x.yaml"), text).unwrap().cluster
}

fn framed(mac: Mac, kind: [u8; 2], network: &[u8]) -> Packet {
    Packet::read(Link::Ethernet, &[&[0xff; 6][..], &mac, &kind, network].concat()).unwrap()
}

/// The advert of the example's VIP as lb-5 sends it, changed.
fn advert(from: [u8; 4], mac: Mac, change: impl Fn(&mut Advert)) -> Packet {
    let vip = &cluster().vips[0];
    let mut advert = Advert {
        version: vip.version,
        vrid: vip.vrid,
        priority: 150,
        interval: vip.interval,
        addresses: vip.addresses.iter().map(|net| net.addr()).collect(),
        auth: Auth::None,
    };
    change(&mut advert);
    let payload = advert.emit(from.into(), GROUP_V4.into(), ChecksumForm::PseudoHeader);
    let header = Ipv4Header { source: from.into(), destination: GROUP_V4, ttl: 255, protocol: PROTOCOL_VRRP };
    framed(mac, [8, 0], &header.emit(7, &payload))
}

/// lb-5 and lb-6 were listened on, on the wire and behind their firewalls.
fn line(at: u64, packet: Packet, sent_by: Option<Place>, reached: &[Place], behind: &[Place]) -> Line {
    let set = |places: &[Place]| places.iter().copied().collect::<BTreeSet<Place>>();
    let all = set(&[0, 1]);
    let (reached, behind) = (set(reached), set(behind));
    let times = Vec::new();
    Line { at: at * S, packet, sent_by, reached, times, behind, listened: all.clone(), listened_behind: all }
}

fn judge(cluster: &Cluster) -> (Judge<'_>, Names) {
    let mut names = Names::new(Some(cluster));
    let vip = "10.0.0.3".parse().unwrap();
    for (mac, host) in [(FIVE, "lb-5"), (SIX, "lb-6")] {
        names.learn(&framed(mac, [8, 6], &arp::probe(vip, mac).emit()), Some(host));
    }
    (Judge::new(Some(cluster), vec!["lb-5".into(), "lb-6".into()]), names)
}

fn said(lines: impl IntoIterator<Item = Line>) -> Vec<Problem> {
    let cluster = cluster();
    let (mut judge, names) = judge(&cluster);
    lines.into_iter().flat_map(|line| judge.line(&line, &names)).collect()
}

fn codes(problems: &[Problem]) -> Vec<Code> {
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_good_pair_is_good() {
    let vip = "10.0.0.3".parse().unwrap();
    let adverts = (0..9).map(|at| line(at, advert([10, 0, 0, 5], FIVE, |_| {}), Some(0), &[1], &[1]));
    let announced = framed(FIVE, [8, 6], &arp::gratuitous(vip, FIVE).emit());
    let goodbye = advert([10, 0, 0, 5], FIVE, |advert| advert.priority = 0);
    let others = [line(9, announced, Some(0), &[1], &[]), line(10, goodbye, Some(0), &[1], &[1])];
    assert_eq!(said(adverts.chain(others)), []);
}

#[test]
fn strangers_are_named() {
    let other = advert([10, 0, 0, 9], STRANGE, |advert| advert.vrid = 77);
    let found = said([line(0, other.clone(), None, &[0, 1], &[0, 1]), line(1, other.clone(), None, &[0], &[0])]);
    assert_eq!(codes(&found), [Code::StrangerAdvertises], "once");
    assert!(found[0].warning && found[0].message.starts_with("10.0.0.9 (02:00:00:00:00:09) advertises VRID 77"));
    let clash = advert([10, 0, 0, 9], STRANGE, |_| {});
    let found = said([line(0, clash.clone(), None, &[0, 1], &[0, 1])]);
    assert_eq!(codes(&found), [Code::VridTaken]);
    assert!(found[0].why.as_ref().unwrap().ends_with("none of the hosts that were listened on has sent it"));
    // Where lb-6 was not listened on it may be lb-6 by another address.
    let mut half = line(0, clash, None, &[0], &[0]);
    half.listened.remove(&1);
    let found = said([half]);
    assert!(found[0].why.as_ref().unwrap().contains("lb-6 was not listened on"), "{found:?}");
    let web = advert([10, 0, 0, 7], [2, 0, 0, 0, 0, 7], |_| {});
    let found = said([line(0, web, None, &[0, 1], &[0, 1])]);
    assert!(found[0].message.starts_with("web-7 advertises VRID"), "{found:?}");
}

#[test]
fn whoever_claims_the_vip_is_found() {
    let vip = "10.0.0.3".parse().unwrap();
    let claim = |mac: Mac| framed(mac, [8, 6], &arp::gratuitous(vip, mac).emit());
    let found = said([line(0, claim(STRANGE), None, &[0, 1], &[])]);
    assert_eq!(codes(&found), [Code::ForeignAnswer]);
    assert!(found[0].message.contains("10.0.0.3 (VI_1) is claimed by 02:00:00:00:00:09"), "{found:?}");
    assert_eq!(said([line(0, claim(SIX), None, &[0], &[])]), [], "its own sending may have been missed");
    let mut half = line(0, claim(STRANGE), None, &[0], &[]);
    half.listened.remove(&1);
    assert_eq!(said([half]), [], "it may be lb-6 with another card");
    assert_eq!(said([line(0, claim([0, 0, 0x5e, 0, 1, cluster().vips[0].vrid]), None, &[0, 1], &[])]), []);
}

#[test]
fn adverts_that_differ_are_found() {
    let differs = |change: &dyn Fn(&mut Advert)| {
        let found = said([line(0, advert([10, 0, 0, 5], FIVE, change), Some(0), &[1], &[1])]);
        assert_eq!(codes(&found), [Code::AdvertDiffers], "{found:?}");
        found[0].message.clone()
    };
    let inventory = cluster();
    let other = if inventory.vips[0].version == Version::V2 { Version::V3 } else { Version::V2 };
    assert!(differs(&|advert| advert.version = other).contains("it speaks version"));
    let message = differs(&|advert| advert.interval = Duration::from_secs(3));
    assert_eq!(message, "lb-5: VI_1: it advertises every 3 s, and the inventory says 1 s");
    assert!(
        differs(&|advert| advert.addresses.push([10, 0, 0, 4].into())).contains("it advertises 10.0.0.3, 10.0.0.4")
    );
    let mut protected = cluster();
    protected.vips[0].version = Version::V2;
    protected.vips[0].auth = Some(crate::ctl::cluster::Secret("right".into()));
    let (mut judge, names) = judge(&protected);
    let mut with = |auth| {
        let packet = advert([10, 0, 0, 5], FIVE, |advert| (advert.version, advert.auth) = (Version::V2, auth));
        judge.line(&line(0, packet, Some(0), &[1], &[1]), &names)
    };
    assert_eq!(with(Auth::Simple(*b"right\0\0\0")), []);
    let found = with(Auth::Simple(*b"wrong\0\0\0"));
    assert!(found[0].message.contains("bear another password"), "{found:?}");
    assert!(!format!("{found:?}").contains("right") && !format!("{found:?}").contains("wrong"), "{found:?}");
    assert!(with(Auth::None)[0].message.contains("bear no password"));
}

#[test]
fn blocked_ways_are_found_after_three() {
    let sent = |reached: &'static [Place], behind: &'static [Place]| {
        move |at| line(at, advert([10, 0, 0, 5], FIVE, |_| {}), Some(0), reached, behind)
    };
    assert_eq!(said((0..2).map(sent(&[], &[]))), [], "two may be an accident");
    let found = said((0..9).map(sent(&[], &[])));
    assert_eq!(codes(&found), [Code::DeafStandby]);
    assert_eq!(found[0].host.as_deref(), Some("lb-6"));
    assert!(found[0].message.contains("that lb-5 sends do not reach it"), "{found:?}");
    let found = said((0..9).map(sent(&[1], &[])));
    assert_eq!(codes(&found), [Code::DeafStandby]);
    assert!(found[0].message.contains("reach its interface, but no program on it"), "{found:?}");
    let unseen = (0..9).map(sent(&[], &[])).map(|mut line| {
        line.listened.remove(&1);
        line
    });
    assert_eq!(said(unseen), [], "lb-6 was not listened on: who knows");
    let virtual_mac =
        (0..9).map(|at| line(at, advert([10, 0, 0, 5], [0, 0, 0x5e, 0, 1, 3], |_| {}), Some(0), &[1], &[]));
    assert_eq!(said(virtual_mac), [], "it may be for a macvlan there");
}

#[test]
fn two_owners_take_turns() {
    let turns = (0..4).flat_map(|at| {
        let five = line(at, advert([10, 0, 0, 5], FIVE, |_| {}), Some(0), &[1], &[1]);
        let six = line(at, advert([10, 0, 0, 6], SIX, |advert| advert.priority = 100), Some(1), &[0], &[0]);
        [five, six]
    });
    let found = said(turns);
    assert_eq!(codes(&found), [Code::TwoOwners]);
    assert!(found[0].message.contains("lb-5 and lb-6 advertise VRID"), "{found:?}");
}

#[test]
fn silence_is_told_at_the_end() {
    let cluster = cluster();
    let (mut judge, names) = judge(&cluster);
    let found = judge.end(|_| Some((0, 5 * S)));
    assert_eq!(codes(&found), [Code::NoOwner]);
    assert_eq!(judge.end(|_| Some((0, 2 * S))), [], "too short to tell");
    assert_eq!(judge.end(|place| (place == 0).then_some((0, 5 * S))), [], "lb-6 may advertise");
    judge.line(&line(0, advert([10, 0, 0, 5], FIVE, |_| {}), Some(0), &[1], &[1]), &names);
    assert_eq!(judge.end(|_| Some((0, 5 * S))), []);
}

/// Without an inventory nobody is a stranger, and nothing is for anybody.
#[test]
fn without_an_inventory_nothing_is_made_up() {
    let mut judge = Judge::new(None, vec!["lan".into()]);
    let names = Names::new(None);
    for at in 0..9 {
        let packet = advert([10, 0, 0, 9], STRANGE, |_| {});
        assert_eq!(judge.line(&line(at, packet, None, &[0], &[]), &names), []);
    }
    assert_eq!(judge.end(|_| Some((0, 99 * S))), []);
}
