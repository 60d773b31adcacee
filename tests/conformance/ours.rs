//! What hactl adds within the RFC's terms: handover, promotion, overrides, adoption. On the wire each of them looks
//! like a router that follows the RFC.

use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf::config::{Notify, Script};
use hactl_engine::control::Pin;
use hactl_engine::control::RouterState::{Backup, Fault, Handover, Master, Stopped};
use hactl_engine::input::{Command, Input, Remembered};

use super::rig::{ETH0, INTERVAL, MASTER_DOWN, Peer, Rig, actions, ip, order, priorities};

const LINGER: Duration = Duration::from_millis(10);

#[test]
fn an_election_adverts_before_it_adds() {
    let mut rig = Rig::started(|_| {});
    assert_eq!(order(&actions(rig.pass(MASTER_DOWN))), ["advert", "add", "announce"]);
}

#[test]
fn a_promotion_adds_and_announces_before_it_adverts() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    let done = rig.promote();
    assert_eq!((rig.state(), order(&done)), (Master, vec!["add", "announce", "advert"]));
    assert_eq!(priorities(&done), [254], "outbids the master, so that it steps down on this advert");
}

#[test]
fn a_promotion_of_the_better_one_needs_no_override() {
    let mut rig = Rig::started(|instance| instance.nopreempt = true);
    rig.hear(&Peer::new(37));
    let done = rig.promote();
    assert_eq!((rig.state(), priorities(&done)), (Master, vec![91]));
}

#[test]
fn a_promotion_against_an_owner_is_refused() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(255));
    let done = rig.promote();
    assert!(
        matches!(&done[..], [Action::Reply { token: 7, result: Err(why) }] if why.to_string().contains("255")),
        "{done:?}"
    );
    assert_eq!((rig.state(), rig.priority()), (Backup, 91));
}

#[test]
fn the_latest_promotion_wins_a_tie() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    rig.promote();
    rig.hear(&Peer::new(254).from("10.0.0.6"));
    assert_eq!(rig.state(), Master, "promoted a moment ago: the older promotion has not heard of it yet");
    rig.pass(INTERVAL * 3);
    rig.hear(&Peer::new(254).from("10.0.0.4"));
    assert_eq!(rig.state(), Handover, "promoted long ago: the other one is newer, whatever its address");
}

#[test]
fn an_override_is_saved_and_dropped_when_outbid() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    let saved = |actions: &[Action]| {
        actions.iter().find_map(|action| match action {
            Action::SavePin { pin, .. } => Some(pin.as_ref().map(|pin| pin.priority)),
            _ => None,
        })
    };
    assert_eq!(saved(&rig.promote()), Some(Some(254)));
    rig.pass(INTERVAL * 3);
    assert_eq!(saved(&rig.hear(&Peer::new(254).from("10.0.0.4"))), Some(None));
    assert_eq!(rig.priority(), 91);
}

#[test]
fn an_override_ends_with_a_fault() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    rig.promote();
    assert_eq!(rig.priority(), 254);
    rig.link(false);
    assert_eq!((rig.state(), rig.priority()), (Fault, 91));
}

#[test]
fn an_override_ends_at_its_time() {
    let mut rig = Rig::started(|_| {});
    rig.hear(&Peer::new(150));
    let expires = Some((Duration::from_secs(60), 1_700_000_000));
    rig.command(Command::Promote { instance: None, force: false, expires, reason: None });
    rig.pass(Duration::from_millis(59_999));
    assert_eq!(rig.priority(), 254);
    rig.pass(Duration::from_millis(1));
    assert_eq!((rig.priority(), rig.state()), (91, Master), "the election decides what follows");
}

#[test]
fn an_override_survives_a_restart() {
    let mut rig = Rig::new(|_| {});
    let pin = Pin { priority: 254, reason: None, expires_unix_s: None };
    rig.step(Input::Start {
        remembered: vec![Remembered { instance: "VI_1".into(), was_master: false, pin: Some(pin) }],
    });
    assert_eq!((rig.state(), rig.priority()), (Backup, 254));
}

#[test]
fn one_that_resigned_is_last_in_line() {
    let mut rig = Rig::master(|_| {});
    let done = rig.command(Command::Resign { instance: None });
    assert_eq!((rig.state(), order(&done), rig.priority()), (Handover, vec!["goodbye"], 1));
    rig.hear(&Peer::new(37));
    rig.pass(LINGER);
    assert_eq!(rig.state(), Backup);
    rig.hear(&Peer::new(37));
    rig.pass(MASTER_DOWN);
    assert_eq!(rig.state(), Backup, "37 is better than 1");
    rig.pass(INTERVAL);
    assert_eq!(rig.state(), Master, "and nobody is worse");
}

#[test]
fn a_backup_cannot_resign() {
    let mut rig = Rig::started(|_| {});
    let done = rig.command(Command::Resign { instance: None });
    assert!(matches!(&done[..], [Action::Reply { result: Err(_), .. }]), "{done:?}");
    assert_eq!(rig.priority(), 91);
}

#[test]
fn a_handover_answers_until_the_next_master_is_heard() {
    let mut rig = Rig::master(|_| {});
    rig.step(Input::Stop { keep_addresses: false });
    assert_eq!(order(&actions(rig.pass(INTERVAL))), Vec::<&str>::new());
    rig.hear(&Peer::new(37));
    assert_eq!((rig.state(), rig.wakes_in()), (Handover, Some(LINGER)));
    assert_eq!(order(&actions(rig.pass(LINGER))), ["remove"]);
    assert_eq!(rig.state(), Stopped);
}

#[test]
fn a_handover_ends_unheard_and_is_never_prolonged() {
    let mut rig = Rig::master(|_| {});
    rig.step(Input::Stop { keep_addresses: false });
    assert_eq!(rig.wakes_in(), Some(INTERVAL * 2), "one interval and the longest skew");
    rig.hear(&Peer::new(37));
    rig.pass(LINGER / 2);
    rig.hear(&Peer::new(37));
    assert_eq!(rig.wakes_in(), Some(LINGER / 2));
}

#[test]
fn a_stop_for_a_successor_says_and_removes_nothing() {
    let mut rig = Rig::master(|_| {});
    let done = rig.step(Input::Stop { keep_addresses: true });
    assert_eq!((order(&done), rig.state(), rig.wakes_in()), (vec![], Stopped, None));
}

#[test]
fn a_successor_adopts_the_addresses() {
    let mut rig = Rig::new(|_| {});
    let remembered = vec![Remembered { instance: "VI_1".into(), was_master: true, pin: None }];
    let done = rig.step(Input::Start { remembered });
    assert_eq!((rig.state(), order(&done)), (Master, vec!["advert", "add", "announce"]));
}

#[test]
fn a_stranger_strips_leftovers() {
    let mut rig = Rig::new(|_| {});
    let done = rig.step(Input::Start { remembered: vec![] });
    assert_eq!((rig.state(), order(&done)), (Backup, vec!["remove"]));
}

#[test]
fn there_is_no_master_without_its_addresses() {
    let mut rig = Rig::master(|_| {});
    let router = rig.node.router_ids().next().unwrap();
    let done = rig.step(Input::ActionFailed { router, error: "no such device".into() });
    assert_eq!((rig.state(), order(&done)), (Fault, vec!["goodbye", "remove"]));
    rig.pass(Duration::from_secs(5));
    assert_eq!(rig.state(), Backup, "it tries again");
}

#[test]
fn a_removed_address_is_put_back() {
    let mut rig = Rig::master(|_| {});
    let done = rig.step(Input::AddressLost { link: ETH0, address: ip("10.0.0.101") });
    assert_eq!((rig.state(), order(&done)), (Master, vec!["add", "announce"]));
}

#[test]
fn an_address_of_others_is_left_alone() {
    let mut rig = Rig::master(|_| {});
    assert_eq!(rig.step(Input::AddressLost { link: ETH0, address: ip("10.0.0.99") }), []);
    let mut rig = Rig::started(|_| {});
    assert_eq!(rig.step(Input::AddressLost { link: ETH0, address: ip("10.0.0.101") }), [], "a backup holds none");
}

#[test]
fn a_late_wake_is_safe() {
    let mut rig = Rig::master(|_| {});
    rig.now = rig.now.after(Duration::from_secs(3600));
    let done = rig.step(Input::Wake);
    assert_eq!(rig.state(), Master);
    assert_eq!(order(&done).iter().filter(|what| **what == "advert").count(), 1, "no backlog of adverts: {done:?}");
}

#[test]
fn a_stop_in_the_middle_of_a_handover_still_ends() {
    let mut rig = Rig::master(|_| {});
    rig.command(Command::Resign { instance: None });
    rig.pass(INTERVAL / 2);
    rig.step(Input::Stop { keep_addresses: false });
    assert_eq!((rig.state(), rig.wakes_in()), (Handover, Some(INTERVAL * 2 - INTERVAL / 2)));
    assert_eq!(order(&actions(rig.pass(INTERVAL * 2))), ["remove"]);
    assert!(rig.node.is_stopped());
}

#[test]
fn a_reload_does_not_revive_what_stops() {
    let mut rig = Rig::master(|_| {});
    rig.step(Input::Stop { keep_addresses: false });
    rig.pass(INTERVAL * 2);
    let config = Box::new(rig.config.clone());
    assert_eq!(rig.step(Input::Reload(config)), []);
    assert_eq!(rig.wakes_in(), None);
    assert!(rig.node.is_stopped());
}

#[test]
fn who_becomes_master_starts_and_who_is_not_stops_step_after_step() {
    let step = |words: &str| Script { argv: words.split(' ').map(str::to_owned).collect(), user: None };
    let notify = Notify {
        any: Some(vec!["/bin/tell".into()]),
        takeover_start: vec![step("/bin/one start"), step("/bin/two start")],
        takeover_stop: vec![step("/bin/two stop"), step("/bin/one stop")],
        ..Notify::default()
    };
    let mut rig = Rig::new(|instance| instance.notify = notify.into());
    rig.link(true);
    let ran = |actions: Vec<Action>| -> Vec<(u64, String, Option<String>)> {
        let each = actions.into_iter().filter_map(|action| match action {
            Action::Run { change, command, user: None, step } => Some((change, command.join(" "), step)),
            _ => None,
        });
        each.collect()
    };
    let of = |change, words: &str, step: bool| (change, words.to_owned(), step.then(|| "VI_1".to_owned()));
    let stops = |change, state: &str| {
        let told = format!("/bin/tell INSTANCE VI_1 {state} 91");
        [of(change, "/bin/two stop", true), of(change, "/bin/one stop", true), of(change, &told, false)]
    };
    assert_eq!(ran(rig.step(Input::Start { remembered: vec![] })), stops(1, "BACKUP"));
    let starts = [of(2, "/bin/one start", true), of(2, "/bin/two start", true)];
    let told = of(2, "/bin/tell INSTANCE VI_1 MASTER 91", false);
    assert_eq!(ran(actions(rig.pass(MASTER_DOWN))), [starts.as_slice(), &[told]].concat());
    assert_eq!(ran(rig.link(false)), stops(3, "FAULT"));
}
