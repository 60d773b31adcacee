//! `hactl capture` of played load balancers, whose streams the story writes.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hactl::ctl::capture::live::{Order, Shown, capture};
use hactl::ctl::capture::watch::{Happening, Said, Summary, Vantage};
use hactl::error::{Code, Exit};
use hactl::pcap::block::{BEHIND, Direction, Frame, Heartbeat, Interface, Link};
use hactl::pcap::write;
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP};
use hactl_engine::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, Version};

use super::stage::{End, Stage, stage};

const MS: u64 = 1_000_000;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// An advert for the stage's VIP with its Ethernet header.
fn advert(from: u8) -> Vec<u8> {
    let source = Ipv4Addr::new(127, 0, 0, from);
    let advert = Advert {
        version: Version::V2,
        vrid: 3,
        priority: 150,
        interval: Duration::from_secs(1),
        addresses: [Ipv4Addr::new(127, 0, 0, 3).into()].into_iter().collect(),
        auth: Auth::None,
    };
    let payload = advert.emit(source.into(), GROUP_V4.into(), ChecksumForm::MessageOnly);
    let packet = Ipv4Header { source, destination: GROUP_V4, ttl: 255, protocol: PROTOCOL_VRRP }.emit(7, &payload);
    [&[1, 0, 0x5e, 0, 0, 0x12, 2, 0, 0, 0, 0, from, 8, 0][..], &packet].concat()
}

/// What an agent writes that sees adverts of lb-5 once a second for five seconds, in this direction, or none at all.
fn stream(begun: u64, direction: Option<Direction>, behind: bool) -> Vec<u8> {
    let interface = |description: &str, link| {
        write::interface(&Interface { name: "eth0".into(), description: description.into(), link, longest: 9216 })
    };
    let mut bytes =
        [write::section("hactl 0"), interface("the wire", Link::Ethernet), interface(BEHIND, Link::Ip)].concat();
    for quarter in 0..20 {
        let at_unix_ns = begun + quarter * 250 * MS;
        if let Some(direction) = direction.filter(|_| quarter % 4 == 2) {
            let whole = advert(5);
            let frame = |interface, direction, bytes: &[u8]| {
                let length = u32::try_from(bytes.len()).unwrap();
                write::frame(&Frame { interface, at_unix_ns, direction, bytes: bytes.to_vec(), length })
            };
            bytes.extend(frame(0, direction, &whole));
            if behind && direction == Direction::In {
                bytes.extend(frame(1, Direction::In, &whole[14..]));
            }
        }
        for interface in [0, 1] {
            bytes.extend(write::heartbeat(&Heartbeat { interface, at_unix_ns, dropped: 0 }));
        }
    }
    bytes
}

#[derive(Default)]
struct Heard {
    hosts: Vec<String>,
    lines: Vec<Said>,
    found: Vec<Code>,
}

impl Shown for Heard {
    fn begun(&mut self, hosts: &[Vantage]) {
        self.hosts = hosts.iter().map(|host| host.host.clone()).collect();
        assert!(hosts.iter().all(|host| host.clock.is_some_and(|clock| clock.within_ns < 5_000 * MS)), "{hosts:?}");
    }

    fn happened(&mut self, what: &Happening) {
        match what {
            Happening::Said(said) => self.lines.push((**said).clone()),
            Happening::Found(problem) => self.found.push(problem.code),
        }
    }
}

fn captured(stage: &Stage, hosts: &[String]) -> (End<Summary>, Heard) {
    let mut heard = Heard::default();
    let order = Order { hosts, interfaces: &[], time: Some(Duration::from_secs(5)), write: None, explain: false };
    let inventory = stage.order.inventory.as_deref();
    let outcome = stage.run(capture(inventory, stage.options(), &order, &mut heard, std::future::pending()));
    let end = End::of(outcome);
    end.is_as_described("capture");
    (end, heard)
}

fn pair() -> Option<Stage> {
    let stage = stage(&["lb-5", "lb-6", "web-7"])?;
    stage.deployed();
    Some(stage)
}

/// Five seconds that are over. Who captures live tells of them at once.
fn tell(stage: &Stage, host: &str, bytes: &[u8]) {
    std::fs::write(stage.host(host).path("played/capture"), bytes).unwrap();
}

#[test]
fn a_pair_on_one_timeline() {
    let Some(stage) = pair() else { return };
    let begun = now() - 6_000 * MS;
    tell(&stage, "lb-5", &stream(begun, Some(Direction::Out), true));
    tell(&stage, "lb-6", &stream(begun, Some(Direction::In), true));
    let (end, heard) = captured(&stage, &[]);
    end.is(Exit::Done, &[]);
    assert_eq!((heard.hosts.as_slice(), heard.lines.len()), (&["lb-5".to_owned(), "lb-6".to_owned()][..], 5));
    for line in &heard.lines {
        assert_eq!(line.says, "lb-5 says: I own VRID 3 with priority 150; next within 1 s");
        assert_eq!((line.sent_by.as_deref(), &line.heard_by[..]), (Some("lb-5"), &["lb-6".to_owned()][..]));
        assert!(line.not_heard_by.is_empty() && line.stopped_at.is_empty(), "{line:?}");
    }
    let summary = end.value.unwrap();
    let [advertiser] = &summary.advertisers[..] else { panic!("{summary:?}") };
    assert_eq!((advertiser.sender.as_str(), advertiser.adverts), ("lb-5", 5));
    assert_eq!((advertiser.shortest_ms, advertiser.longest_ms), (Some(1000), Some(1000)));
    assert!(stage.host("lb-6").calls("agent capture --for 5000ms") > 0, "what was asked for");
}

#[test]
fn ways_that_are_blocked() {
    let Some(stage) = pair() else { return };
    let begun = now() - 6_000 * MS;
    tell(&stage, "lb-5", &stream(begun, Some(Direction::Out), true));
    tell(&stage, "lb-6", &stream(begun, None, true));
    let (end, heard) = captured(&stage, &[]);
    end.is(Exit::Verification, &[Code::DeafStandby]);
    assert!(end.said().contains("lb-6: adverts for VI_1 (VRID 3) that lb-5 sends do not reach it"), "{}", end.said());
    assert_eq!(heard.found, [Code::DeafStandby], "told when it showed");
    tell(&stage, "lb-6", &stream(begun, Some(Direction::In), false));
    let (end, heard) = captured(&stage, &[]);
    end.is(Exit::Verification, &[Code::DeafStandby]);
    assert!(end.said().contains("reach its interface, but no program on it"), "{}", end.said());
    assert!(heard.lines.iter().filter(|line| line.stopped_at == ["lb-6"]).count() >= 3);
    // Nobody says anything.
    ["lb-5", "lb-6"].iter().for_each(|host| tell(&stage, host, &stream(begun, None, true)));
    captured(&stage, &[]).0.is(Exit::Verification, &[Code::NoOwner]);
}

/// A host that says nothing of use is told, and of the other one nothing is made up.
#[test]
fn hosts_that_cannot_tell() {
    let Some(stage) = pair() else { return };
    let begun = now() - 6_000 * MS;
    tell(&stage, "lb-5", &stream(begun, Some(Direction::Out), true));
    tell(&stage, "lb-6", b"GIF89a and more of it");
    let (end, heard) = captured(&stage, &[]);
    end.is(Exit::Verification, &[Code::NotACapture]);
    assert!(end.said().contains("lb-6: what it sends is no capture: at byte 0"), "{}", end.said());
    assert!(heard.lines.iter().all(|line| line.not_heard_by.is_empty()), "{:?}", heard.lines);
    std::fs::remove_file(stage.host("lb-6").path("played/capture")).unwrap();
    let (end, _) = captured(&stage, &[]);
    end.is(Exit::Verification, &[Code::CannotListen]);
    assert!(end.said().contains("the hactl there is older than this one"), "{}", end.said());
    let (end, heard) = captured(&stage, &["lb-5".into()]);
    end.is(Exit::Done, &[]);
    assert_eq!(heard.lines.len(), 5);
    stage.host("lb-6").faults.power(false);
    let (end, _) = captured(&stage, &[]);
    end.is(Exit::Verification, &[Code::Unreachable]);
    assert_eq!(captured(&stage, &["lb-6".into()]).0.exit, Exit::Preflight);
    captured(&stage, &["web-7".into()]).0.is(Exit::Invalid, &[Code::NothingSelected]);
}
