//! RFC 9568 §6: timers, states and who wins.

use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf::config::{InitialState, Track, Version, VrrpInstance};
use hactl_engine::control::RouterState::{Backup, Fault, Handover, Master, Stopped};
use hactl_engine::input::Input;
use hactl_engine::refused::Refused;

use super::rig::{INTERVAL, MASTER_DOWN, Peer, Rig, SKEW, actions, order, priorities};

const NANOSECOND: Duration = Duration::from_nanos(1);

// --- §6.1: timers ---

#[test]
fn master_down_is_three_intervals_and_the_skew() {
    let mut rig = Rig::started(|_| {});
    assert_eq!(rig.wakes_in(), Some(MASTER_DOWN));
    rig.pass(MASTER_DOWN);
    assert_eq!(rig.state(), Master);
}

#[test]
fn a_backup_waits_to_the_last_nanosecond() {
    let mut rig = Rig::started(|_| {});
    rig.pass(MASTER_DOWN - NANOSECOND);
    assert_eq!(rig.state(), Backup);
    rig.hear(&Peer::new(150));
    rig.pass(MASTER_DOWN - NANOSECOND);
    assert_eq!(rig.state(), Backup, "an advert begins the wait anew");
}

#[test]
fn v2_counts_its_skew_in_seconds() {
    let mut rig = Rig::started(|instance| {
        instance.version = Version::V2;
        instance.advert_interval = Duration::from_secs(2);
    });
    assert_eq!(rig.wakes_in(), Some(Duration::from_secs(6) + Duration::from_secs(1) * 165 / 256));
    rig.pass(Duration::from_secs(7));
    assert_eq!(rig.state(), Master);
}

#[test]
fn a_higher_priority_waits_less() {
    let wait = |priority| Rig::started(|instance| instance.priority = priority).wakes_in().unwrap();
    let waits = [1, 37, 91, 150, 254].map(wait);
    assert!(waits.is_sorted_by(|low, high| low > high), "{waits:?}");
    assert!(waits[4] > INTERVAL * 3, "even 254 leaves room");
}

#[test]
fn the_masters_interval_is_adopted_in_v3() {
    let mut rig = Rig::started(|_| {});
    let slow = Duration::from_millis(1300);
    rig.hear(&Peer::new(150).with(|advert| advert.interval = slow));
    assert_eq!(rig.wakes_in(), Some(slow * 3 + slow * 165 / 256));
}

#[test]
fn the_adopted_interval_is_not_advertised() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150).with(|advert| advert.interval = Duration::from_millis(1300)));
    rig.pass(Duration::from_secs(10));
    assert_eq!(rig.state(), Master);
    let done = rig.pass(INTERVAL * 2);
    let (_, advert, _) = &super::rig::adverts(&actions(done))[0];
    assert_eq!(advert.interval, INTERVAL, "its own configuration again");
}

// --- §6.4.1: start ---

#[test]
fn the_owner_starts_as_master() {
    let mut rig = Rig::new(|instance| instance.priority = 255);
    let done = rig.step(Input::Start { remembered: vec![] });
    assert_eq!(rig.state(), Master);
    assert_eq!((order(&done), priorities(&done)), (vec!["remove", "advert", "add", "announce"], vec![255]));
}

#[test]
fn everybody_else_starts_as_backup() {
    for priority in [1, 91, 254] {
        let change = |instance: &mut VrrpInstance| {
            instance.priority = priority;
            instance.initial_state = InitialState::Master;
        };
        assert_eq!(Rig::started(change).state(), Backup, "priority {priority}, although `state MASTER`");
    }
}

#[test]
fn tracking_never_makes_or_unmakes_an_owner() {
    let track = |instance: &mut VrrpInstance, weight| {
        instance.track_scripts.push(Track { name: "web".into(), weight, reverse: false });
    };
    let mut rig = Rig::started(|instance| {
        instance.priority = 255;
        track(instance, -60);
    });
    rig.step(Input::Script { name: "web".into(), ok: false });
    assert_eq!((rig.priority(), rig.state()), (255, Master));
    let mut rig = Rig::started(|instance| track(instance, 253));
    rig.step(Input::Script { name: "web".into(), ok: true });
    assert_eq!((rig.priority(), rig.state()), (254, Backup));
}

// --- §6.4.2: backup ---

#[test]
fn silence_makes_a_master() {
    let mut rig = Rig::started(|_| {});
    let done = actions(rig.pass(MASTER_DOWN));
    assert_eq!((rig.state(), priorities(&done)), (Master, vec![91]));
    assert_eq!(order(&done), ["advert", "add", "announce"]);
}

#[test]
fn adverts_keep_a_backup() {
    for priority in [91, 92, 255] {
        let mut rig = Rig::started(|_| {});
        for _ in 0..100 {
            rig.hear(&Peer::new(priority));
            rig.pass(INTERVAL * 3);
        }
        assert_eq!(rig.state(), Backup, "priority {priority}");
    }
}

#[test]
fn a_goodbye_shortens_the_wait_to_the_skew() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    rig.hear(&Peer::new(0));
    assert_eq!(rig.wakes_in(), Some(SKEW));
    rig.pass(SKEW);
    assert_eq!(rig.state(), Master);
}

#[test]
fn an_advert_after_a_goodbye_lengthens_it_again() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(0));
    rig.hear(&Peer::new(150).from("10.0.0.7"));
    assert_eq!(rig.wakes_in(), Some(MASTER_DOWN), "another backup was quicker");
}

#[test]
fn a_lower_master_is_preempted_within_one_master_down() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(37));
    for _ in 0..4 {
        rig.pass(MASTER_DOWN / 4 + NANOSECOND);
        rig.hear(&Peer::new(37));
    }
    assert_eq!(rig.state(), Master);
}

#[test]
fn nopreempt_lets_a_lower_master_be() {
    let mut rig = Rig::started(|instance| instance.nopreempt = true);
    for _ in 0..100 {
        rig.hear(&Peer::new(37));
        rig.pass(INTERVAL);
    }
    assert_eq!(rig.state(), Backup);
    rig.pass(MASTER_DOWN);
    assert_eq!(rig.state(), Master, "but not its silence");
    let why = rig.node.status(rig.now, 0)[0].last_reason.clone().unwrap_or_default();
    assert!(why.starts_with("no advert from "), "nobody is preempted who is silent: {why}");
}

fn delayed(instance: &mut VrrpInstance) {
    instance.preempt_delay = Duration::from_secs(20);
}

/// Hears a lower master for so long; whether it was preempted.
fn preempts_within(rig: &mut Rig, time: Duration) -> bool {
    let end = rig.now.after(time);
    while rig.now < end && rig.state() == Backup {
        rig.hear(&Peer::new(37));
        rig.pass(INTERVAL);
    }
    rig.state() == Master
}

#[test]
fn preempt_delay_postpones_preemption() {
    let mut rig = Rig::started(delayed);
    assert!(!preempts_within(&mut rig, Duration::from_secs(20)));
    assert!(preempts_within(&mut rig, MASTER_DOWN + INTERVAL * 2));
}

#[test]
fn a_better_master_begins_the_preempt_delay_anew() {
    let mut rig = Rig::started(delayed);
    assert!(!preempts_within(&mut rig, Duration::from_secs(19)));
    rig.hear(&Peer::new(150).from("10.0.0.7"));
    assert!(!preempts_within(&mut rig, Duration::from_secs(19)));
    assert!(preempts_within(&mut rig, Duration::from_secs(5)));
}

#[test]
fn preempt_delay_does_not_postpone_a_takeover() {
    let mut rig = Rig::started(delayed);
    rig.hear(&Peer::new(37));
    rig.pass(MASTER_DOWN);
    assert_eq!(rig.state(), Master, "the lower master fell silent");
}

// --- §6.4.3: master ---

#[test]
fn a_master_yields_to_a_higher_priority() {
    for priority in [92, 255] {
        let mut rig = Rig::master(|_| {});
        let done = rig.hear(&Peer::new(priority));
        assert_eq!((rig.state(), order(&done)), (Handover, vec![]), "no advert any more, not even a goodbye");
        let done = rig.pass(Duration::from_millis(10));
        assert_eq!((rig.state(), order(&actions(done))), (Backup, vec!["remove"]));
    }
}

#[test]
fn a_master_answers_a_lower_one_at_once() {
    for priority in [1, 90] {
        let mut rig = Rig::master(|_| {});
        rig.pass(INTERVAL / 3);
        let done = rig.hear(&Peer::new(priority));
        assert_eq!((rig.state(), order(&done)), (Master, vec!["advert", "announce"]), "priority {priority}");
        assert_eq!(rig.wakes_in(), Some(INTERVAL), "the next one an interval later");
    }
}

#[test]
fn a_tie_goes_to_the_higher_address() {
    let mut rig = Rig::master(|_| {});
    rig.hear(&Peer::new(91).from("10.0.0.6"));
    assert_eq!(rig.state(), Handover);
}

#[test]
fn a_tie_is_kept_against_the_lower_address() {
    let mut rig = Rig::master(|_| {});
    let done = rig.hear(&Peer::new(91).from("10.0.0.4"));
    assert_eq!((rig.state(), order(&done)), (Master, vec!["advert", "announce"]));
    // Compared as numbers: 10.0.0.10 is above 10.0.0.5 although its text is not.
    rig.hear(&Peer::new(91).from("10.0.0.10"));
    assert_eq!(rig.state(), Handover);
}

#[test]
fn a_master_answers_a_goodbye_and_stays() {
    let mut rig = Rig::master(|_| {});
    let done = rig.hear(&Peer::new(0));
    assert_eq!((rig.state(), order(&done), rig.wakes_in()), (Master, vec!["advert"], Some(INTERVAL)));
}

#[test]
fn a_master_that_stops_says_goodbye_last() {
    let mut rig = Rig::master(|_| {});
    let mut done = rig.step(Input::Stop { keep_addresses: false });
    done.extend(actions(rig.pass(Duration::from_secs(60))));
    assert_eq!((order(&done), rig.state()), (vec!["goodbye", "remove"], Stopped));
    assert!(rig.node.is_stopped());
}

#[test]
fn a_backup_that_stops_says_no_goodbye() {
    let mut rig = Rig::started(|_| {});
    let done = rig.step(Input::Stop { keep_addresses: false });
    assert_eq!((order(&done), rig.state(), rig.wakes_in()), (vec![], Stopped, None));
}

// --- FAULT: our name for an interface or check that forbids being master ---

#[test]
fn a_fault_gives_the_addresses_up() {
    let mut rig = Rig::master(|_| {});
    let done = rig.link(false);
    assert_eq!((rig.state(), order(&done)), (Fault, vec!["goodbye", "remove"]));
    assert_eq!(rig.wakes_in(), None, "nothing is left to do");
}

#[test]
fn a_router_in_fault_never_becomes_master() {
    let mut rig = Rig::started(|_| {});
    rig.link(false);
    rig.hear(&Peer::new(0));
    assert_eq!(order(&actions(rig.pass(Duration::from_secs(600)))), Vec::<&str>::new());
    let refused = rig.promote();
    assert!(matches!(&refused[..], [Action::Reply { result: Err(Refused::Fault { .. }), .. }]), "{refused:?}");
    assert_eq!((rig.state(), order(&refused)), (Fault, vec![]));
}

#[test]
fn a_mended_fault_listens_first() {
    let mut rig = Rig::master(|_| {});
    rig.link(false);
    rig.link(true);
    assert_eq!((rig.state(), rig.wakes_in()), (Backup, Some(MASTER_DOWN)));
}

#[test]
fn a_failing_check_of_weight_0_is_a_fault() {
    let mut rig = Rig::master(|instance| {
        instance.track_scripts.push(Track { name: "web".into(), weight: 0, reverse: false });
    });
    let done = rig.step(Input::Script { name: "web".into(), ok: false });
    assert_eq!((rig.state(), order(&done)), (Fault, vec!["goodbye", "remove"]));
    rig.step(Input::Script { name: "web".into(), ok: true });
    assert_eq!(rig.state(), Backup);
}

#[test]
fn a_failing_check_with_a_weight_only_lowers_the_priority() {
    let mut rig = Rig::master(|instance| {
        instance.track_scripts.push(Track { name: "web".into(), weight: -60, reverse: false });
    });
    rig.step(Input::Script { name: "web".into(), ok: false });
    assert_eq!((rig.state(), rig.priority()), (Master, 31));
    assert_eq!(priorities(&actions(rig.pass(INTERVAL))), [31]);
}
