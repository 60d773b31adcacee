//! Who answers for an address? Asked from a host of the LAN, as any client would.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use hactl::sys::netlink::links::Links;
use hactl::sys::packet::frames::Frames;
use hactl::sys::packet::neighbours::Claims;
use hactl_engine::action::Frame;
use hactl_engine::input::{Input, Link};
use hactl_engine::wire::arp::{self, Mac};
use hactl_engine::wire::ndisc;
use nix::sched::{CloneFlags, setns};

use crate::lan::{Lan, wait};

/// For how long, of `time`, more than one host answered: asked each 5 ms.
#[allow(dead_code, reason = "the bench asks this")]
pub(crate) fn doubled(lan: &Lan, from: usize, address: &str, time: Duration) -> Duration {
    let answers = ask(lan, from, address, time);
    PAUSE * u32::try_from(answers.iter().filter(|now| now.len() > 1).count()).unwrap()
}

/// Asks for so long, each 5 ms, and returns the most hosts that answered within one 5 ms, and all that ever did.
pub(crate) fn answering(lan: &Lan, from: usize, address: &str, time: Duration) -> (usize, BTreeSet<Mac>) {
    let answers = ask(lan, from, address, time);
    let most = answers.iter().map(BTreeSet::len).max().unwrap_or_default();
    (most, answers.into_iter().flatten().collect())
}

/// Asks from one host who has an address and returns what another one hears of it, which does not have it either.
#[allow(dead_code, reason = "the bench has no use for it")]
pub(crate) fn overheard(lan: &Lan, from: usize, by: usize, address: IpAddr) -> Mac {
    let ear = std::thread::scope(|scope| {
        let listening = scope.spawn(|| {
            let link = enter(lan, by);
            match address {
                IpAddr::V4(_) => Claims::arp(link.index).unwrap(),
                IpAddr::V6(address) => {
                    let mut ear = Claims::neighbours(link.index, &link.name).unwrap();
                    ear.join(address);
                    ear
                }
            }
        });
        listening.join().unwrap()
    });
    let mut heard = None;
    wait("the other one's question", || {
        std::thread::scope(|scope| scope.spawn(|| question(&enter(lan, from), address)).join().unwrap());
        std::thread::sleep(PAUSE);
        while let Ok(input) = ear.receive() {
            if let Some(Input::Probed { address: asked, mac, .. }) = input
                && asked == address
            {
                heard = Some(mac);
            }
        }
        heard.is_some()
    });
    heard.unwrap()
}

/// Puts this thread into a host; its interface.
fn enter(lan: &Lan, host: usize) -> Link {
    let space = format!("/run/netns/{}", lan.host(host));
    setns(File::open(space).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
    let links = Links::open().unwrap();
    links.table().values().find(|link| link.name == "eth0").unwrap().clone()
}

fn question(link: &Link, address: IpAddr) {
    let frame = match address {
        IpAddr::V4(address) => Frame {
            link: link.index,
            destination: arp::BROADCAST,
            ethertype: arp::ETHERTYPE,
            payload: arp::probe(address, link.mac).emit(),
        },
        IpAddr::V6(address) => Frame {
            link: link.index,
            destination: ndisc::solicited_node_mac(address),
            ethertype: ndisc::ETHERTYPE,
            payload: ndisc::probe(address, link.mac),
        },
    };
    Frames::open().unwrap().send(&[frame]).unwrap();
}

/// Who answered, question by question.
fn ask(lan: &Lan, from: usize, address: &str, time: Duration) -> Vec<BTreeSet<Mac>> {
    let (space, address): (_, Ipv4Addr) = (format!("/run/netns/{}", lan.host(from)), address.parse().unwrap());
    std::thread::spawn(move || {
        setns(File::open(space).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
        let links = Links::open().unwrap();
        let link = links.table().values().find(|link| link.name == "eth0").unwrap().clone();
        let ear = Claims::arp(link.index).unwrap();
        let mut mouth = Frames::open().unwrap();
        let payload = arp::probe(address, link.mac).emit();
        let frame = Frame { link: link.index, destination: arp::BROADCAST, ethertype: arp::ETHERTYPE, payload };
        let mut answers = Vec::new();
        let end = Instant::now() + time;
        while Instant::now() < end {
            mouth.send(std::slice::from_ref(&frame)).unwrap();
            std::thread::sleep(PAUSE);
            let mut now = BTreeSet::new();
            while let Ok(heard) = ear.receive() {
                if let Some(Input::Claimed { address: claimed, mac, .. }) = heard
                    && claimed == std::net::IpAddr::V4(address)
                {
                    now.insert(mac);
                }
            }
            answers.push(now);
        }
        answers
    })
    .join()
    .unwrap()
}

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(5);
