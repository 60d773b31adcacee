//! Who answers for our addresses: peers, strangers, and what speaks for the dead.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::{Action, Frame};
use hactl_engine::conf::config::{Config, Vmac};
use hactl_engine::control::RouterState::{Backup, Handover, Master};
use hactl_engine::input::{Command, Input, Link};
use hactl_engine::wire::arp::{Arp, BROADCAST};

use super::rig::{ETH0, INTERVAL, MASTER_DOWN, Peer, Rig, SKEW, frames, ip, order, priorities};

/// The peer 10.0.0.6, and a host that has nothing to do with it. Ours is 02:…:05.
const PEER: [u8; 6] = [2, 0, 0, 0, 0, 6];
const STRANGER: [u8; 6] = [2, 0, 0, 0, 0, 0x99];
const MS: Duration = Duration::from_millis(1);

/// A LAN that answers questions: who answers for the VIPs to everybody, who to a direct question, and whether 10.0.0.6
/// answers for itself.
struct Lan {
    rig: Rig,
    vip: Vec<[u8; 6]>,
    direct: Vec<[u8; 6]>,
    peer: bool,
    /// Last bytes of the VIPs that anybody answers for.
    answered: Vec<u8>,
    asked: Vec<Frame>,
}

impl Lan {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let rig = Rig::configured(|config| {
            (config.own.lease, config.own.guard) = (true, true);
            change(config);
        });
        Self { rig, vip: vec![], direct: vec![], peer: true, answered: vec![100, 101], asked: vec![] }
    }

    /// The same after some intervals with a master at 10.0.0.6.
    fn with_master(change: impl FnOnce(&mut Config)) -> Self {
        let mut lan = Self::new(change);
        for _ in 0..4 {
            let done = lan.rig.hear(&Peer::new(150));
            lan.answer(&done);
            lan.pass(INTERVAL);
        }
        assert_eq!(lan.rig.state(), Backup);
        lan
    }

    fn pass(&mut self, time: Duration) -> Vec<Action> {
        let mut all = Vec::new();
        let end = self.rig.now.after(time);
        while self.rig.now < end {
            let step = self.rig.wakes_in().unwrap_or(time).min(end.since(self.rig.now)).max(Duration::from_micros(1));
            let done: Vec<Action> = self.rig.pass(step).into_iter().map(|(_, action)| action).collect();
            all.extend(self.answer(&done));
            all.extend(done);
        }
        all
    }

    /// Answers arrive a tenth of a millisecond later.
    fn answer(&mut self, done: &[Action]) -> Vec<Action> {
        let mut all = Vec::new();
        let asked: Vec<Frame> = done
            .iter()
            .filter_map(|one| if let Action::Probe(frames) = one { Some(frames.clone()) } else { None })
            .flatten()
            .collect();
        for frame in asked {
            let target = Arp::parse(&frame.payload).unwrap().target;
            let macs = match (target.octets(), frame.destination) {
                ([10, 0, 0, 6], BROADCAST) => vec![PEER].into_iter().filter(|_| self.peer).collect(),
                ([10, 0, 0, last @ (100 | 101)], to) if to == BROADCAST || self.direct.contains(&to) => {
                    let answers = if to == BROADCAST { self.vip.clone() } else { vec![to] };
                    answers.into_iter().filter(|_| self.answered.contains(&last)).collect()
                }
                ([10, 0, 0, 100 | 101], _) => vec![],
                ([10, 0, 0, 7], BROADCAST) => vec![],
                other => panic!("asked for {other:?}"),
            };
            self.asked.push(frame);
            let answered: Vec<(Duration, Action)> = self.rig.pass(MS / 10);
            all.extend(answered.into_iter().map(|(_, action)| action));
            for mac in macs {
                all.extend(self.rig.step(Input::Claimed { link: ETH0, address: target.into(), mac }));
            }
        }
        all
    }

    fn claim(&mut self, mac: [u8; 6]) -> Vec<Action> {
        let done = self.rig.step(Input::Claimed { link: ETH0, address: ip("10.0.0.100"), mac });
        self.answer(&done);
        done
    }
}

fn told(done: &[Action], words: &str) -> bool {
    done.iter().any(|one| matches!(one, Action::Tell(notice) if notice.to_string().contains(words)))
}

#[test]
fn a_stranger_that_answers_keeps_nobody_from_claiming() {
    for peer_dead in [true, false] {
        let mut lan = Lan::with_master(|_| {});
        (lan.vip, lan.direct, lan.peer) = (vec![STRANGER], vec![STRANGER], !peer_dead);
        let done = lan.pass(MASTER_DOWN + MS * 20);
        assert_eq!(lan.rig.state(), Master, "the host of the old master is dead: {peer_dead}");
        assert!(told(&done, "DUPLICATE: 02:00:00:00:00:99 answers for 10.0.0.10"), "{done:?}");
        lan.pass(INTERVAL * 20);
        assert_eq!((lan.rig.state(), lan.rig.counter("became_master")), (Master, 1), "and nothing takes it back");
    }
}

#[test]
fn an_answer_of_the_peers_own_kernel_is_a_living_master() {
    let mut lan = Lan::with_master(|_| {});
    (lan.vip, lan.direct) = (vec![STRANGER, PEER], vec![STRANGER, PEER]);
    let done = lan.pass(MASTER_DOWN * 3);
    assert_eq!(lan.rig.state(), Backup, "one of two that answer is the master");
    assert!(told(&done, "the master is silent, but 02:00:00:00:00:06 still answers"), "{done:?}");
}

#[test]
fn the_virtual_routers_own_hardware_address_is_a_peers() {
    let mut lan = Lan::with_master(|_| {});
    (lan.vip, lan.direct) = (vec![[0, 0, 0x5e, 0, 1, 37]], vec![[0, 0, 0x5e, 0, 1, 37]]);
    lan.pass(MASTER_DOWN * 3);
    assert_eq!(lan.rig.state(), Backup, "a master with use_vmac");
}

/// The macvlan here bears the same one, and stands there while this router is backup.
#[test]
fn a_masters_virtual_address_is_not_taken_for_our_own() {
    let virtual_mac = [0, 0, 0x5e, 0, 1, 37];
    let mut lan = Lan::new(|config| {
        Arc::make_mut(&mut config.instances[0]).vmac =
            Some(Vmac { name: "vrrp.37".into(), mac: virtual_mac, transmit_base: false });
    });
    let link = |mac| Link { index: 9, name: "vrrp.37".into(), up: true, mac, addresses: vec![] };
    lan.rig.step(Input::Link(link(virtual_mac)));
    for _ in 0..4 {
        let done = lan.rig.hear(&Peer::new(150));
        lan.answer(&done);
        lan.pass(INTERVAL);
    }
    (lan.vip, lan.direct) = (vec![virtual_mac], vec![virtual_mac]);
    lan.pass(MASTER_DOWN * 3);
    assert_eq!(lan.rig.state(), Backup, "the master with use_vmac is silent, and answers");
    (lan.vip, lan.direct) = (vec![], vec![]);
    lan.pass(MASTER_DOWN + MS * 20);
    assert_eq!(lan.rig.state(), Master, "it has gone");
    lan.claim(virtual_mac);
    assert_eq!(lan.rig.counter("duplicates_seen"), 0, "what it says itself is nobody else's");
}

/// Some fabrics answer ARP for hosts that are gone, with the hosts' own hardware addresses.
#[test]
fn what_speaks_for_the_dead_is_no_living_master() {
    let mut lan = Lan::with_master(|_| {});
    (lan.vip, lan.direct) = (vec![PEER], vec![]);
    lan.pass(MASTER_DOWN + MS * 20);
    assert_eq!(lan.rig.state(), Master, "a direct question is not answered");
    assert!(lan.asked.iter().any(|frame| frame.destination == PEER));
    lan.pass(INTERVAL * 20);
    assert_eq!((lan.rig.state(), lan.rig.counter("became_master")), (Master, 1));
}

#[test]
fn without_a_known_peer_whoever_answers_may_be_one() {
    let mut lan = Lan::new(|_| {});
    (lan.vip, lan.direct) = (vec![STRANGER], vec![STRANGER]);
    let done = lan.pass(MASTER_DOWN * 2);
    assert_eq!(lan.rig.state(), Backup);
    assert!(told(&done, "promote --force"), "the way out is named: {done:?}");
    let mut lan = Lan::new(|config| config.own.peers = vec![ip("10.0.0.6")]);
    (lan.vip, lan.direct, lan.peer) = (vec![STRANGER], vec![STRANGER], false);
    lan.pass(MASTER_DOWN + MS * 20);
    assert_eq!(lan.rig.state(), Master, "the only peer that is named does not answer, so this is none");
}

#[test]
fn force_wins_over_whoever_answers() {
    let mut lan = Lan::new(|_| {});
    (lan.vip, lan.direct) = (vec![STRANGER], vec![STRANGER]);
    lan.pass(MASTER_DOWN * 2);
    let done = lan.rig.command(Command::Promote { instance: None, force: true, expires: None, reason: None });
    lan.answer(&done);
    lan.claim(STRANGER);
    lan.pass(INTERVAL * 20);
    assert_eq!((lan.rig.state(), lan.rig.counter("became_master")), (Master, 1));
}

#[test]
fn what_a_stranger_claims_is_announced_again_at_once() {
    let mut lan = Lan::with_master(|_| {});
    lan.peer = false;
    lan.pass(MASTER_DOWN * 4);
    assert_eq!(lan.rig.state(), Master);
    lan.claim(STRANGER);
    let done = lan.pass(MS * 5);
    let defence = frames(&done);
    assert_eq!(defence.len(), 1, "one frame, for the address that was claimed");
    assert_eq!(Arp::parse(&defence[0].payload).unwrap().sender.octets(), [10, 0, 0, 100]);
    assert!(told(&done, "DUPLICATE") && lan.rig.counter("duplicates_seen") == 1);
    assert_eq!(lan.rig.node.status(lan.rig.now, 0)[0].answered_by.as_deref(), Some("02:00:00:00:00:99"));
    let flood: usize = (0..1000)
        .map(|_| {
            lan.claim(STRANGER);
            frames(&lan.pass(MS * 10)).len()
        })
        .sum();
    assert!((100..=115).contains(&flood), "{flood} announcements in 10 s: ten a second, whatever comes");
}

#[test]
fn a_peer_that_announces_itself_is_not_answered_at_once() {
    let mut lan = Lan::with_master(|_| {});
    lan.pass(MASTER_DOWN * 4);
    assert_eq!(lan.rig.state(), Master);
    lan.claim(PEER);
    assert_eq!(frames(&lan.pass(MS * 20)).len(), 0, "it was promoted, and its advert is on the way");
    lan.rig.hear(&Peer::new(150));
    assert_eq!(lan.rig.state(), Handover);
}

#[test]
fn an_advert_that_is_heard_ends_the_blockade() {
    let mut lan = Lan::with_master(|_| {});
    (lan.vip, lan.direct) = (vec![PEER], vec![PEER]);
    lan.pass(MASTER_DOWN * 3);
    let refused = lan.rig.promote();
    assert!(
        matches!(&refused[..], [Action::Reply { result: Err(why), .. }] if why.to_string().contains("blocked")),
        "{refused:?}"
    );
    lan.rig.hear(&Peer::new(150));
    let done = lan.rig.promote();
    assert!(done.iter().any(|one| matches!(one, Action::Reply { result: Ok(_), .. })), "{done:?}");
    lan.answer(&done);
    lan.vip.clear();
    lan.rig.hear(&Peer::new(0));
    lan.pass(MS * 20);
    assert_eq!(lan.rig.state(), Master);
}

#[test]
fn one_hardware_address_is_not_two() {
    let status = |lan: &Lan| lan.rig.node.status(lan.rig.now, 0)[0].answered_by.clone();
    let mut lan = Lan::with_master(|_| {});
    lan.claim(PEER);
    assert_eq!(status(&lan), None, "the master answers for its addresses");
    lan.claim(STRANGER);
    assert_eq!(status(&lan).as_deref(), Some("02:00:00:00:00:99"));
}

#[test]
fn the_lan_is_asked_for_every_address() {
    let mut lan = Lan::with_master(|_| {});
    lan.asked.clear();
    lan.pass(MASTER_DOWN - MS);
    let asked: Vec<[u8; 4]> =
        lan.asked.iter().map(|frame| Arp::parse(&frame.payload).unwrap().target.octets()).collect();
    for last in [100, 101, 6] {
        assert!(asked.contains(&[10, 0, 0, last]), "{asked:?}");
    }
}

/// An answer for any of them counts, and each alone.
#[test]
fn an_answer_for_one_address_of_several_is_enough() {
    for address in [100, 101] {
        let mut lan = Lan::with_master(|_| {});
        (lan.vip, lan.direct, lan.answered) = (vec![PEER], vec![PEER], vec![address]);
        let done = lan.pass(MASTER_DOWN * 3);
        assert_eq!(lan.rig.state(), Backup, "the master answers for .{address} alone");
        assert!(told(&done, &format!("02:00:00:00:00:06 still answers for 10.0.0.{address}")), "{done:?}");

        let mut lan = Lan::with_master(|_| {});
        (lan.vip, lan.direct, lan.peer, lan.answered) = (vec![STRANGER], vec![STRANGER], false, vec![address]);
        let done = lan.pass(MASTER_DOWN + MS * 20);
        assert_eq!(lan.rig.state(), Master, "a stranger answers for .{address} alone");
        assert!(told(&done, &format!("DUPLICATE: 02:00:00:00:00:99 answers for 10.0.0.{address}")), "{done:?}");
    }
}

// --- two that claim in the same moment and do not hear each other (RFC 5227 §2.1.1) ---

#[test]
fn who_claims_beside_a_higher_hardware_address_waits_for_it() {
    for (rival, left) in [(PEER, Backup), ([2, 0, 0, 0, 0, 4], Master)] {
        let mut lan = Lan::new(|_| {});
        lan.rig.pass(MASTER_DOWN);
        for _ in 0..40 {
            lan.rig.step(Input::Probed { link: ETH0, address: ip("10.0.0.100"), mac: rival });
            lan.rig.pass(MS);
        }
        assert_eq!(lan.rig.state(), left, "{rival:?} claims, too");
        lan.rig.pass(MS * 20);
        assert_eq!(lan.rig.state(), Master, "it has gone");
    }
}

#[test]
fn a_question_concerns_nobody_who_does_not_claim() {
    let mut lan = Lan::with_master(|_| {});
    for _ in 0..9 {
        assert_eq!(lan.rig.step(Input::Probed { link: ETH0, address: ip("10.0.0.100"), mac: PEER }), []);
    }
    lan.pass(MASTER_DOWN + MS * 20);
    assert_eq!(lan.rig.state(), Master);
}

// --- the bound on what is sent ---

#[test]
fn each_of_the_others_is_answered_once_an_interval() {
    let mut rig = Rig::master(|_| {});
    let mut burst = |peer: &Peer| -> usize {
        (0..100)
            .map(|_| {
                let done = rig.hear(peer);
                priorities(&done).len()
            })
            .sum()
    };
    assert_eq!(burst(&Peer::new(37)), 1);
    assert_eq!(burst(&Peer::new(0)), 1, "a goodbye is answered for those that listen to it");
    assert_eq!(burst(&Peer::new(37).from("10.0.0.7")), 1);
    let many: usize = (10..250).map(|n| burst(&Peer::new(37).from(&format!("10.0.0.{n}")))).sum();
    assert!(many <= 5, "however many there are: {many}");
    rig.pass(INTERVAL);
    assert_eq!(priorities(&rig.hear(&Peer::new(37))), [91], "again in the next interval");
}

#[test]
fn two_masters_by_promotion_do_not_answer_each_other_for_ever() {
    let mut rigs = [Rig::started(|_| {}), Rig::started(|_| {})];
    let mut sent = 0;
    let mut queue: Vec<(usize, Peer)> = Vec::new();
    for (n, rig) in rigs.iter_mut().enumerate() {
        let done = rig.promote();
        queue.extend(priorities(&done).into_iter().map(|priority| (1 - n, Peer::new(priority))));
    }
    for _ in 0..1000 {
        let Some((to, peer)) = queue.pop() else { break };
        sent += 1;
        let done = rigs[to].hear(&peer);
        queue.extend(priorities(&done).into_iter().map(|priority| (1 - to, Peer::new(priority))));
    }
    assert!(queue.is_empty() && sent <= 6, "{sent} adverts at one moment");
}

// --- another cluster with our VRID ---

#[test]
fn an_advert_that_shares_no_address_is_another_clusters() {
    let mut rig = Rig::master(|_| {});
    let other = Peer::new(200).with(|advert| advert.addresses = vec![ip("10.0.0.99")].into());
    let done = rig.hear(&other);
    assert_eq!((rig.state(), rig.counter("other_cluster"), order(&done).len()), (Master, 1, 0));
    assert!(told(&done, "virtual router 37 with 10.0.0.99"), "{done:?}");
    let mut rig = Rig::started(|_| {});
    for _ in 0..6 {
        rig.hear(&other);
        rig.pass(INTERVAL);
    }
    assert_eq!(rig.state(), Master, "no backup waits for it");
}

#[test]
fn a_list_that_overlaps_or_was_ours_is_a_change_under_way() {
    let mut rig = Rig::master(|_| {});
    rig.hear(&Peer::new(200).with(|advert| advert.addresses = vec![ip("10.0.0.99"), ip("10.0.0.101")].into()));
    assert_eq!(rig.state(), Handover);
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    let mut moved = rig.config.clone();
    Arc::make_mut(&mut moved.instances[0]).addresses.truncate(1);
    Arc::make_mut(&mut moved.instances[0]).addresses[0].address = "10.0.0.99/27".parse().unwrap();
    rig.step(Input::Reload(Box::new(moved)));
    for _ in 0..9 {
        rig.hear(&Peer::new(150));
        rig.pass(INTERVAL);
    }
    assert_eq!(rig.state(), Backup, "its master is not reloaded yet");
}

// --- a goodbye ---

#[test]
fn the_only_other_router_follows_a_goodbye_at_once() {
    let mut lan = Lan::with_master(|config| config.own.peers = vec![ip("10.0.0.6")]);
    let done = lan.rig.hear(&Peer::new(0));
    lan.answer(&done);
    lan.pass(MS * 3);
    assert_eq!(lan.rig.state(), Master, "the LAN was asked once");
    let mut lan = Lan::with_master(|config| config.own.peers = vec![ip("10.0.0.6")]);
    let done = lan.rig.hear(&Peer::new(0).from("10.0.0.7"));
    lan.answer(&done);
    lan.pass(MS * 20);
    assert_eq!(lan.rig.state(), Backup, "another one's goodbye: the master lives");
    let mut lan = Lan::with_master(|config| config.own.peers = vec![ip("10.0.0.6")]);
    lan.rig.hear(&Peer::new(0));
    lan.rig.hear(&Peer::new(150));
    let done = lan.rig.hear(&Peer::new(0));
    lan.answer(&done);
    lan.pass(MS * 20);
    assert_eq!(lan.rig.state(), Backup, "once an interval, or each pair of his adverts would be a claim of ours");
    lan.pass(SKEW);
    assert_eq!(lan.rig.state(), Master, "and then after the skew");
}

#[test]
fn among_several_the_best_follows_a_goodbye_within_milliseconds() {
    let mut lan = Lan::with_master(|_| {});
    let done = lan.rig.hear(&Peer::new(0));
    lan.answer(&done);
    assert_eq!(priorities(&lan.pass(MS)), [], "the better one's turn");
    lan.pass(MS * 10);
    assert_eq!(lan.rig.state(), Master);
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    rig.hear(&Peer::new(0));
    rig.pass(SKEW - MS);
    assert_eq!(rig.state(), Backup, "without the guard the RFC's skew decides");
    rig.pass(MS);
    assert_eq!(rig.state(), Master);
}
