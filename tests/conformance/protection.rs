//! Lease and guard: what keeps two hosts from answering where plain VRRP lets them.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::{Action, Gate, Renewal};
use hactl_engine::control::RouterState::{Backup, Fault, Handover, Master};
use hactl_engine::input::{Command, Input, Link};
use hactl_engine::vrrp::view::PARTING;
use hactl_engine::wire::arp::Arp;

use super::rig::{ETH0, INTERVAL, MAC, MASTER_DOWN, Peer, Rig, actions, ip, order, priorities};

const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 6];

/// So long nobody must answer after the claim.
const TWO_ANSWERS: Duration = Duration::from_millis(4);

fn leased(interval: Duration) -> Rig {
    Rig::configured(|config| {
        config.own.lease = true;
        Arc::make_mut(&mut config.instances[0]).advert_interval = interval;
    })
}

fn guarded() -> Rig {
    Rig::configured(|config| (config.own.lease, config.own.guard) = (true, true))
}

fn claim(rig: &mut Rig) -> Vec<Action> {
    rig.step(Input::Claimed { link: ETH0, address: ip("10.0.0.100"), mac: OTHER })
}

/// Another host claims the address, and answers when it is asked; what was done until the check for a duplicate address
/// is over.
fn duplicate(rig: &mut Rig) -> Vec<Action> {
    let mut done = claim(rig);
    for _ in 0..2 {
        let now = actions(rig.pass(INTERVAL / 2));
        let asked = now.iter().any(|one| matches!(one, Action::Probe(_)));
        done.extend(now);
        if asked {
            done.extend(claim(rig));
        }
    }
    done
}

/// How long each renewal lasts, with the time it was made at.
fn renewals(done: &[(Duration, Action)]) -> Vec<(Duration, Duration)> {
    let length = |action: &Action| match action {
        Action::Renew(Renewal::Gate { gate: Gate::Open(time), .. }) => Some(*time),
        Action::Renew(Renewal::Lifetime(all)) => Some(Duration::from_secs(all[0].lifetime_s.unwrap().into())),
        _ => None,
    };
    done.iter().filter_map(|(at, action)| Some((*at, length(action)?))).collect()
}

#[test]
fn a_lease_is_renewed_with_each_advert_and_ends_before_a_backup_claims() {
    for (interval, least_wait) in [(INTERVAL, INTERVAL * 3), (Duration::from_secs(2), Duration::from_secs(6))] {
        let mut rig = leased(interval);
        rig.pass(Duration::from_secs(20));
        assert_eq!(rig.state(), Master);
        let renewed = renewals(&rig.pass(interval * 10));
        assert_eq!(renewed.len(), 10, "{interval:?}");
        assert!(renewed.iter().all(|(_, length)| *length < least_wait && *length > interval), "{renewed:?}");
    }
}

#[test]
fn without_lease_the_addresses_stay() {
    let mut rig = Rig::master(|_| {});
    assert_eq!(renewals(&rig.pass(INTERVAL * 10)), []);
    let added = Rig::started(|_| {}).pass(MASTER_DOWN);
    let forever = |action: &Action| matches!(action, Action::AddAddresses(all) if all[0].lifetime_s.is_none());
    assert!(added.iter().any(|(_, action)| forever(action)));
}

#[test]
fn who_stood_still_longer_than_the_lease_is_master_no_more() {
    let mut rig = leased(INTERVAL);
    rig.pass(Duration::from_secs(20));
    rig.now = rig.now.after(INTERVAL * 3);
    let done = rig.step(Input::Wake);
    assert_eq!((rig.state(), priorities(&done)), (Backup, vec![]), "says nothing, claims nothing");
    assert_eq!(rig.counter("leases_lapsed"), 1);
}

#[test]
fn a_lease_that_comes_back_is_a_new_one() {
    for interval in [INTERVAL, Duration::from_secs(2)] {
        let mut rig = leased(interval);
        rig.pass(Duration::from_secs(20));
        for lease in [false, true] {
            let mut config = rig.config.clone();
            config.own.lease = lease;
            rig.step(Input::Reload(Box::new(config)));
            rig.pass(interval * 10);
            assert_eq!((rig.state(), rig.counter("leases_lapsed")), (Master, 0), "{interval:?}, lease {lease}");
        }
    }
}

#[test]
fn who_cannot_be_heard_lets_go() {
    let mut rig = leased(INTERVAL);
    rig.pass(Duration::from_secs(20));
    for _ in 0..2200 {
        let sent = actions(rig.pass(Duration::from_millis(1)));
        if !priorities(&sent).is_empty() {
            rig.step(Input::SendFailed { router: 0, error: "not permitted".into() });
        }
    }
    assert_eq!(rig.state(), Fault);
    let mut rig = Rig::master(|_| {});
    for _ in 0..9 {
        rig.pass(INTERVAL);
        rig.step(Input::SendFailed { router: 0, error: "not permitted".into() });
    }
    assert_eq!(rig.state(), Master, "without lease a send that fails is survived");
}

#[test]
fn the_lan_is_asked_before_the_wait_ends() {
    let mut rig = guarded();
    let mut done = rig.pass(MASTER_DOWN);
    assert_eq!((rig.state(), order(&actions(done.clone()))), (Backup, vec!["advert"]), "claims, takes nothing");
    let asked: Vec<Duration> =
        done.iter().filter(|(_, one)| matches!(one, Action::Probe(_))).map(|(at, _)| *at).collect();
    assert!(asked.len() >= 2 && asked[0] < MASTER_DOWN && asked[0] >= MASTER_DOWN / 2, "{asked:?}");
    let Some((_, Action::Probe(frames))) = done.iter().find(|(_, one)| matches!(one, Action::Probe(_))) else {
        panic!()
    };
    let arp = Arp::parse(&frames[0].payload).unwrap();
    assert_eq!((arp.sender, arp.target), ([0, 0, 0, 0].into(), [10, 0, 0, 100].into()), "asks, and claims nothing");
    done.extend(rig.pass(TWO_ANSWERS));
    assert_eq!(rig.state(), Master, "nobody answered, and the last questions took milliseconds");
    let done = Rig::started(|_| {}).pass(MASTER_DOWN);
    assert!(!done.iter().any(|(_, one)| matches!(one, Action::Probe(_))), "off by default");
}

#[test]
fn while_somebody_answers_nothing_is_claimed() {
    let mut rig = guarded();
    rig.hear(&Peer::new(150));
    answered(&mut rig, INTERVAL * 10);
    assert_eq!(rig.state(), Backup);
    assert!(rig.counter("claims_withheld") > 3);
    let refused = rig.promote();
    assert!(
        matches!(&refused[..], [Action::Reply { result: Err(why), .. }] if why.to_string().contains("blocked")),
        "{refused:?}"
    );
    rig.pass(INTERVAL * 2);
    assert_eq!(rig.state(), Master, "as soon as nobody answers");
}

#[test]
fn an_answer_does_not_hold_up_who_was_told_goodbye() {
    let mut rig = guarded();
    rig.hear(&Peer::new(150));
    rig.hear(&Peer::new(0));
    claim(&mut rig);
    rig.pass(INTERVAL);
    assert_eq!(rig.state(), Master, "a master that hands over goes on answering");
}

/// A router that is to preempt 10.0.0.6, which answers for the address whenever it is asked.
fn preempting() -> Rig {
    let mut rig = guarded();
    for _ in 0..8 {
        rig.hear(&Peer::new(37));
        answered(&mut rig, INTERVAL / 2);
    }
    rig
}

fn answered(rig: &mut Rig, time: Duration) -> Vec<Action> {
    let mut done = Vec::new();
    for _ in 0..time.as_millis() {
        let now = actions(rig.pass(Duration::from_millis(1)));
        let asked = now.iter().any(|one| matches!(one, Action::Probe(_)));
        done.extend(now);
        if asked {
            claim(rig);
        }
    }
    done
}

#[test]
fn a_living_master_is_told_first_and_its_goodbye_is_the_handover() {
    let mut rig = preempting();
    assert_eq!(order(&rig.hear(&Peer::new(37))), [""; 0], "it has not heard, and will with the next advert");
    while order(&answered(&mut rig, Duration::from_millis(1))) != ["advert"] {
        assert_eq!(rig.state(), Backup);
    }
    assert_eq!(order(&rig.hear(&Peer::new(0).from("10.0.0.7"))), [""; 0], "another's goodbye is none");
    assert_eq!(rig.state(), Backup);
    assert_eq!(order(&rig.hear(&Peer::new(0))), [""; 0], "another claim may be on its way");
    assert_eq!(order(&actions(rig.pass(TWO_ANSWERS))), ["add", "announce", "advert"]);
    assert_eq!(rig.state(), Master);
    assert_eq!(rig.node.status(rig.now, 0)[0].answered_by, None, "that was before");
}

#[test]
fn a_master_that_hangs_is_waited_for() {
    let mut rig = preempting();
    let done = answered(&mut rig, INTERVAL * 4);
    assert!(!order(&done).contains(&"add"), "it answers, so its lease is not over");
    let told = |one: &Action| matches!(one, Action::Tell(notice) if notice.to_string().contains("is to hand over"));
    assert_eq!(done.iter().filter(|one| told(one)).count(), 1);
    let done = actions(rig.pass(Duration::from_millis(60)));
    assert_eq!((rig.state(), order(&done).contains(&"add")), (Master, true), "now nobody answers");
}

#[test]
fn a_claim_ends_without_a_word_where_a_better_one_is_heard() {
    let mut rig = preempting();
    assert_eq!(order(&rig.hear(&Peer::new(150))), [""; 0]);
    rig.pass(INTERVAL);
    assert_eq!((rig.state(), rig.counter("became_master")), (Backup, 0));
}

#[test]
fn who_steps_down_lets_the_kernel_end_it_and_says_so() {
    for (interval, lifted) in [(INTERVAL, &[][..]), (Duration::from_secs(1), &[Gate::Parted][..])] {
        let mut rig = Rig::configured(|config| {
            (config.own.lease, config.own.guard) = (true, true);
            Arc::make_mut(&mut config.instances[0]).advert_interval = interval;
        });
        rig.pass(Duration::from_secs(20));
        let done = rig.hear(&Peer::new(150).with(|advert| advert.interval = interval));
        let gates = |done: &[Action]| -> Vec<Gate> {
            let gate = |one: &Action| match one {
                Action::Renew(Renewal::Gate { gate, .. }) => Some(*gate),
                _ => None,
            };
            done.iter().filter_map(gate).collect()
        };
        assert_eq!((order(&done), gates(&done)), (vec!["goodbye"], vec![Gate::Part(PARTING)]), "{interval:?}");
        let again = rig.hear(&Peer::new(200).with(|advert| advert.interval = interval));
        assert_eq!((order(&again), gates(&again)), (vec![], vec![]), "once, and the end stays where it was");
        let other = rig.hear(&Peer::new(200).from("10.0.0.7").with(|advert| advert.interval = interval));
        assert_eq!((order(&other), gates(&other)), (vec!["goodbye"], vec![]), "another one is told, too");
        let done = actions(rig.pass(PARTING));
        assert_eq!((order(&done), gates(&done)), (vec!["remove"], lifted.to_vec()), "{interval:?}");
    }
    let mut rig = Rig::master(|_| {});
    assert_eq!(order(&rig.hear(&Peer::new(150))), [""; 0], "without guard not a word more than the RFC's");
}

#[test]
fn who_is_promoted_while_it_hands_over_claims_like_any_other() {
    let mut rig = guarded();
    rig.pass(Duration::from_secs(30));
    rig.hear(&Peer::new(150));
    assert_eq!(rig.state(), Handover);
    assert_eq!(order(&rig.promote()), ["remove", "advert"], "the next master may have the addresses already");
    assert_eq!(rig.state(), Backup);
    rig.hear(&Peer::new(0));
    rig.pass(TWO_ANSWERS);
    let status = rig.node.status(rig.now, 0);
    assert_eq!((rig.state(), status[0].last_reason.as_deref()), (Master, Some("promoted")));
}

#[test]
fn two_that_claimed_in_the_same_moment_are_told_apart_by_hardware_address() {
    for (mac, left) in [([2, 0, 0, 0, 0, 6], Backup), ([2, 0, 0, 0, 0, 4], Master)] {
        let mut rig = guarded();
        rig.pass(MASTER_DOWN + TWO_ANSWERS);
        assert_eq!(rig.state(), Master);
        let claim = |rig: &mut Rig| rig.step(Input::Claimed { link: ETH0, address: ip("10.0.0.100"), mac });
        claim(&mut rig);
        let done = actions(rig.pass(Duration::from_millis(5)));
        assert!(done.iter().any(|one| matches!(one, Action::Probe(_))), "the other may have let go");
        claim(&mut rig);
        rig.pass(Duration::from_millis(5));
        assert_eq!(rig.state(), left);
    }
}

#[test]
fn an_operator_may_force_what_the_guard_withholds() {
    let mut rig = guarded();
    rig.hear(&Peer::new(150));
    rig.pass(MASTER_DOWN - Duration::from_millis(1));
    claim(&mut rig);
    rig.pass(INTERVAL / 2);
    assert_eq!(rig.state(), Backup);
    rig.command(Command::Promote { instance: None, force: true, expires: None, reason: None });
    assert_eq!(rig.state(), Master);
}

#[test]
fn a_second_owner_is_told_and_answered() {
    let mut rig = guarded();
    rig.pass(Duration::from_secs(30));
    assert_eq!(rig.state(), Master);
    let done = duplicate(&mut rig);
    let told =
        done.iter().any(|one| matches!(one, Action::Tell(notice) if notice.to_string().contains("02:00:00:00:00:06")));
    assert!(told && order(&done).contains(&"announce"), "{done:?}");
    assert_eq!(rig.node.status(rig.now, 0)[0].answered_by.as_deref(), Some("02:00:00:00:00:06"));
}

#[test]
fn own_announcements_are_no_second_owner() {
    let mut rig = guarded();
    rig.pass(Duration::from_secs(30));
    rig.step(Input::Claimed { link: ETH0, address: ip("10.0.0.100"), mac: MAC });
    rig.step(Input::Claimed { link: ETH0, address: ip("10.0.0.77"), mac: OTHER });
    rig.pass(INTERVAL * 3);
    assert_eq!(rig.counter("duplicates_seen"), 0);
}

#[test]
fn who_came_later_and_is_not_heard_yields() {
    let mut rig = guarded();
    rig.hear(&Peer::new(37));
    rig.pass(MASTER_DOWN + TWO_ANSWERS);
    assert_eq!(rig.state(), Master, "preempts");
    rig.pass(INTERVAL / 2);
    duplicate(&mut rig);
    assert_eq!(rig.state(), Backup, "the lower master goes on: our adverts do not reach it");
    for _ in 0..9 {
        rig.hear(&Peer::new(37));
        rig.pass(INTERVAL);
    }
    assert_eq!(rig.state(), Backup, "and it is not preempted again at once");
}

#[test]
fn a_handover_ends_when_the_next_master_announces_itself() {
    let mut rig = guarded();
    rig.pass(Duration::from_secs(30));
    rig.step(Input::Stop { keep_addresses: false });
    assert_eq!(rig.state(), Handover);
    claim(&mut rig);
    let done = actions(rig.pass(Duration::from_millis(11)));
    assert_eq!(order(&done), ["remove"], "its adverts need not arrive");
}

#[test]
fn a_loop_that_stood_still_listens_before_it_claims() {
    let mut rig = Rig::started(|_| {});
    rig.now = rig.now.after(MASTER_DOWN + Duration::from_millis(50));
    let done = rig.step(Input::Wake);
    assert_eq!((rig.state(), order(&done)), (Backup, vec![]), "adverts may be waiting");
    rig.hear(&Peer::new(150));
    rig.pass(Duration::from_millis(5));
    assert_eq!(rig.state(), Backup);
    let mut rig = Rig::started(|_| {});
    rig.now = rig.now.after(MASTER_DOWN + Duration::from_millis(50));
    rig.step(Input::Wake);
    rig.pass(Duration::from_millis(5));
    assert_eq!(rig.state(), Master, "none were");
}

#[test]
fn an_interface_that_returns_ends_the_fault() {
    let mut rig = Rig::master(|_| {});
    rig.step(Input::LinkGone(ETH0));
    assert_eq!(rig.state(), Fault);
    let addresses = vec![ip("10.0.0.5")];
    rig.step(Input::Link(Link { index: 9, name: "eth0".into(), up: true, mac: MAC, addresses }));
    assert_eq!(rig.state(), Backup, "under another number");
    rig.pass(MASTER_DOWN);
    assert_eq!(rig.state(), Master);
}

#[test]
fn a_last_packet_of_the_old_master_is_no_duplicate() {
    let mut rig = guarded();
    rig.hear(&Peer::new(150));
    rig.promote();
    claim(&mut rig);
    let done = rig.pass(INTERVAL * 5);
    assert!(done.iter().any(|(_, one)| matches!(one, Action::Probe(_))), "the LAN is asked");
    assert_eq!((rig.state(), rig.counter("duplicates_seen")), (Master, 0), "and nobody answers");
}
