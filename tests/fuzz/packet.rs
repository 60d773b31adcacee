//! Packets: whatever arrives, the parsers answer, what they accept survives emit and parse, and an engine in any
//! state goes on with a bounded answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hactl_engine::action::{Action, Batch};
use hactl_engine::conf;
use hactl_engine::conf::config::{Config, Version};
use hactl_engine::input::{Input, Link, Received};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::wire::arp::{self, Arp};
use hactl_engine::wire::checksum::Checksum;
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP};
use hactl_engine::wire::ndisc;
use hactl_engine::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, GROUP_V6};

use super::mutate;

/// Actions that one packet may cause; the simulator holds every step to the same.
const ACTIONS_MAX: usize = 64;
const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 6);
const PEER_6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 6);

#[test]
fn packets() {
    let configs: Vec<Config> = CONFIGS.iter().map(|text| parsed(text)).collect();
    mutate::run("packet", &corpus(), &[], |bytes| check(bytes, &configs));
}

fn check(bytes: &[u8], configs: &[Config]) {
    if let Some(arp) = Arp::parse(bytes) {
        assert_eq!(Arp::parse(&arp.emit()), Some(arp));
    }
    let payload = Ipv4Header::parse(bytes).map_or(bytes, |(_, payload)| payload);
    let mut mended = payload.to_vec();
    mend(&mut mended);
    for payload in [payload, &mended] {
        accepted_survives(payload, PEER.into(), GROUP_V4.into());
        accepted_survives(payload, PEER_6.into(), GROUP_V6.into());
        for config in configs {
            engine_goes_on(payload, config);
        }
    }
}

fn accepted_survives(payload: &[u8], source: IpAddr, destination: IpAddr) {
    let Ok((advert, form)) = Advert::parse(payload, source, destination) else { return };
    assert!(advert.vrid > 0 && !advert.interval.is_zero(), "{advert:?}");
    assert_eq!(advert.addresses.len(), usize::from(payload[3]), "{advert:?}");
    let again = advert.emit(source, destination, form);
    assert_eq!(Advert::parse(&again, source, destination), Ok((advert, form)));
}

fn engine_goes_on(payload: &[u8], config: &Config) {
    let six = config.instances[0].addresses[0].address.addr().is_ipv6();
    let (source, destination) = if six { (PEER_6.into(), GROUP_V6.into()) } else { (PEER.into(), GROUP_V4.into()) };
    let packet = Received { source, destination, ttl: 255, payload: payload.into() };
    for master in [false, true] {
        let (mut node, mut now) = (started(config), Instant(1_000_000_000));
        while master && node.routers().any(|router| router.state() != hactl_engine::vrrp::state::State::Master) {
            now = node.next_wake().expect("a backup waits for something");
            node.step(now, Input::Wake);
        }
        bounded(&node.step(now, Input::Packet { link: 2, packet: packet.clone() }));
        // Nothing that a packet says may make the engine spin.
        let before = now;
        for _ in 0..20 {
            now = node.next_wake().expect("it goes on").max(now);
            bounded(&node.step(now, Input::Wake));
        }
        assert!(now.since(before) > Duration::ZERO, "twenty wakes and no time passed");
    }
}

fn bounded(batches: &[Batch]) {
    let actions: Vec<&Action> = batches.iter().flat_map(|batch| &batch.actions).collect();
    assert!(actions.len() <= ACTIONS_MAX, "{} actions in one step", actions.len());
}

fn started(config: &Config) -> Node {
    let mut node = Node::new(config);
    let addresses = vec![IpAddr::from([10, 0, 0, 5]), Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 5).into()];
    let link = Link { index: 2, name: "eth0".into(), up: true, mac: [2, 0, 0, 0, 0, 5], addresses };
    node.step(Instant(1_000_000_000), Input::Link(link));
    node.step(Instant(1_000_000_000), Input::Start { remembered: vec![] });
    node
}

fn corpus() -> Vec<Vec<u8>> {
    let four: Vec<IpAddr> = vec![IpAddr::from([10, 0, 0, 100]), IpAddr::from([10, 0, 0, 101])];
    let six: Vec<IpAddr> = vec!["fd00::64".parse().unwrap()];
    let advert = |version, priority, auth, addresses: &[IpAddr]| Advert {
        version,
        vrid: 37,
        priority,
        interval: Duration::from_secs(1),
        addresses: addresses.into(),
        auth,
    };
    let header = Ipv4Header { source: PEER, destination: GROUP_V4, ttl: 255, protocol: PROTOCOL_VRRP };
    let mut corpus = Vec::new();
    for priority in [0, 1, 91, 150, 255] {
        for form in [ChecksumForm::PseudoHeader, ChecksumForm::MessageOnly] {
            let v3 = advert(Version::V3, priority, Auth::None, &four).emit(PEER.into(), GROUP_V4.into(), form);
            corpus.push(header.emit(7, &v3));
        }
        for auth in [Auth::None, Auth::Simple(*b"secret\0\0"), Auth::Other(2)] {
            let v2 = advert(Version::V2, priority, auth, &four);
            corpus.push(header.emit(7, &v2.emit(PEER.into(), GROUP_V4.into(), ChecksumForm::MessageOnly)));
        }
        let v6 = advert(Version::V3, priority, Auth::None, &six);
        corpus.push(v6.emit(PEER_6.into(), GROUP_V6.into(), ChecksumForm::PseudoHeader));
    }
    corpus.push(arp::gratuitous(PEER, [2, 0, 0, 0, 0, 6]).emit());
    corpus.push(ndisc::unsolicited(PEER_6, [2, 0, 0, 0, 0, 6]));
    corpus.push(Vec::new());
    corpus
}

/// Gives an IPv4 message the checksum that fits, so that changed fields get past it.
fn mend(bytes: &mut [u8]) {
    if bytes.len() >= 8 {
        bytes[6..8].fill(0);
        let sum = Checksum::default().over(bytes).finish().to_be_bytes();
        bytes[6..8].copy_from_slice(&sum);
    }
}

fn parsed(text: &str) -> Config {
    let parsed = conf::parse("packet.conf", text);
    assert_eq!(parsed.diagnostics, []);
    parsed.config
}

const CONFIGS: &[&str] = &[
    "vrrp_instance A {\n state BACKUP\n interface eth0\n virtual_router_id 37\n priority 91\n version 3\n \
     virtual_ipaddress {\n 10.0.0.100/27\n 10.0.0.101/27\n }\n}\n",
    "vrrp_instance A {\n state BACKUP\n interface eth0\n virtual_router_id 37\n priority 91\n nopreempt\n \
     authentication {\n auth_type PASS\n auth_pass secret\n }\n virtual_ipaddress {\n 10.0.0.100/27\n }\n}\n",
    "vrrp_instance A {\n state BACKUP\n interface eth0\n virtual_router_id 37\n priority 91\n version 3\n \
     preempt_delay 3\n virtual_ipaddress {\n fd00::64/64\n }\n}\n",
];
