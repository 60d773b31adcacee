//! `connection_draining`: who keeps connections, who passes on, in which order, and when that ends.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::{Action, Drain, Gate, Renewal};
use hactl_engine::conf::config::Config;
use hactl_engine::control::RouterState::{Backup, Handover, Master};
use hactl_engine::input::Input;
use hactl_engine::vrrp::view::PARTING;

use super::rig::{INTERVAL, MASTER_DOWN, Peer, Rig, actions, ip, order};

const TIME: Duration = Duration::from_secs(30);

fn draining(change: impl FnOnce(&mut Config)) -> Rig {
    Rig::configured(|config| {
        (config.own.lease, config.own.guard, config.own.connection_draining) = (true, true, TIME);
        change(config);
    })
}

fn master(change: impl FnOnce(&mut Config)) -> Rig {
    let mut rig = draining(change);
    rig.pass(Duration::from_secs(20));
    assert_eq!(rig.state(), Master);
    rig
}

/// A master that was one until it heard a better one.
fn former(change: impl FnOnce(&mut Config)) -> (Rig, Vec<Action>) {
    let mut rig = master(change);
    rig.hear(&Peer::new(150));
    assert_eq!(rig.state(), Handover);
    let done = actions(rig.pass(PARTING));
    assert_eq!(rig.state(), Backup);
    (rig, done)
}

fn gates(done: &[Action]) -> Vec<Gate> {
    let gate = |one: &Action| match one {
        Action::Renew(Renewal::Gate { gate, .. }) => Some(*gate),
        _ => None,
    };
    done.iter().filter_map(gate).collect()
}

#[test]
fn a_former_master_keeps_connections_before_the_addresses_go() {
    let slow = |config: &mut Config| Arc::make_mut(&mut config.instances[0]).advert_interval = Duration::from_secs(1);
    let (mut rig, done) = former(|_| {});
    assert_eq!((order(&done), gates(&done)), (vec!["keep", "remove"], vec![Gate::Part(TIME)]));
    let kept = done.iter().find_map(|one| match one {
        Action::Drain(Drain::Keep { addresses, time }) => Some((addresses.clone(), *time)),
        _ => None,
    });
    assert_eq!(kept, Some((vec![ip("10.0.0.100"), ip("10.0.0.101")], TIME)));
    let mut until_the_end = Vec::new();
    for _ in 0..40 {
        until_the_end.extend(actions(rig.pass(INTERVAL)));
        rig.hear(&Peer::new(150));
    }
    assert_eq!(order(&until_the_end), [""; 0], "28 s");
    let mut after = Vec::new();
    for _ in 0..4 {
        after.extend(actions(rig.pass(INTERVAL)));
        rig.hear(&Peer::new(150));
    }
    assert_eq!((order(&after), gates(&after)), (vec!["keep no more"], vec![]));

    // Where the lease is the address's lifetime the gate closes for the handover alone, so it stays closed as long.
    let mut rig = master(slow);
    rig.hear(&Peer::new(150).with(|advert| advert.interval = Duration::from_secs(1)));
    let done = actions(rig.pass(PARTING));
    assert_eq!((order(&done), gates(&done)), (vec!["keep", "remove"], vec![Gate::Part(TIME)]));
    let ended = rig.step(Input::Stop { keep_addresses: false });
    assert_eq!((order(&ended), gates(&ended)), (vec!["keep no more"], vec![Gate::Parted]));
}

#[test]
fn who_is_master_again_or_configured_anew_keeps_them_no_more() {
    let (mut rig, _) = former(|_| {});
    let done = actions(rig.pass(MASTER_DOWN + INTERVAL));
    assert_eq!(rig.state(), Master);
    let wanted = ["advert", "add", "keep no more", "announce"];
    assert_eq!(order(&done).into_iter().filter(|one| *one != "pass").take(4).collect::<Vec<_>>(), wanted, "{done:?}");

    let (mut rig, _) = former(|_| {});
    let config = rig.config.clone();
    assert_eq!(order(&rig.step(Input::Reload(Box::new(config)))), ["keep no more"], "gates may be made anew");
}

#[test]
fn the_next_master_passes_on_to_who_hands_over_and_to_nobody_else() {
    let claims = |rig: &mut Rig| {
        rig.hear(&Peer::new(100));
        rig.promote()
    };
    // Acknowledged: a master that lives, and keeps connections.
    let mut rig = draining(|_| {});
    assert_eq!(order(&claims(&mut rig)), ["advert"]);
    rig.hear(&Peer::new(0));
    let done = actions(rig.pass(PARTING));
    assert_eq!(order(&done)[..3], ["pass", "add", "announce"], "{done:?}");
    let passed = done.iter().find_map(|one| match one {
        Action::Drain(Drain::Pass { addresses, to, .. }) => Some((addresses.clone(), *to)),
        _ => None,
    });
    assert_eq!(passed, Some((vec![ip("10.0.0.100"), ip("10.0.0.101")], ip("10.0.0.6"))));
    assert!(!order(&actions(rig.pass(TIME - INTERVAL))).contains(&"pass no more"));
    assert!(order(&actions(rig.pass(INTERVAL))).contains(&"pass no more"));
    // It hands over in its turn: until its own addresses go, what is not its own is passed on.
    let mut rig = draining(|_| {});
    claims(&mut rig);
    rig.hear(&Peer::new(0));
    rig.pass(PARTING);
    assert_eq!(rig.state(), Master);
    let handed = rig.command(hactl_engine::input::Command::Resign { instance: None });
    assert_eq!((rig.state(), order(&handed)), (Handover, vec!["goodbye"]));
    let mut heard = rig.hear(&Peer::new(150));
    heard.extend(actions(rig.pass(PARTING)));
    assert_eq!(order(&heard), ["goodbye", "keep", "remove", "pass no more"]);
    // Silence, or a router that says nothing: it keeps nothing.
    let mut rig = draining(|_| {});
    claims(&mut rig);
    let done = actions(rig.pass(Duration::from_secs(3)));
    assert_eq!((rig.state(), order(&done).contains(&"pass")), (Master, false));
    let mut rig = draining(|_| {});
    let done = actions(rig.pass(Duration::from_secs(20)));
    assert_eq!((rig.state(), order(&done).contains(&"pass")), (Master, false));
    // An acknowledgement of an earlier claim does not count.
    let mut rig = draining(|_| {});
    claims(&mut rig);
    rig.hear(&Peer::new(0));
    rig.hear(&Peer::new(255));
    assert_eq!(rig.state(), Backup);
    let done = actions(rig.pass(Duration::from_secs(20)));
    assert_eq!((rig.state(), order(&done).contains(&"pass")), (Master, false));
}

#[test]
fn nothing_is_drained_where_more_than_addresses_moves() {
    type Change = fn(&mut Config);
    let off: Change = |config| config.own.connection_draining = Duration::ZERO;
    let unguarded: Change = |config| config.own.guard = false;
    let routed: Change = |config| {
        let text = "vrrp_instance X {\n interface eth0\n virtual_router_id 9\n virtual_ipaddress {\n 10.0.0.9\n }\n virtual_routes {\n default via 10.0.0.1\n }\n}\n";
        let other = hactl_engine::conf::parse("routes", text).config;
        Arc::make_mut(&mut config.instances[0]).routes = other.instances[0].routes.clone();
    };
    for change in [off, unguarded, routed] {
        let (_, done) = former(change);
        assert!(!order(&done).contains(&"keep"), "{done:?}");
        let mut rig = draining(change);
        rig.hear(&Peer::new(100));
        rig.promote();
        rig.hear(&Peer::new(0));
        let done = actions(rig.pass(Duration::from_secs(3)));
        assert!(!order(&done).contains(&"pass"), "{done:?}");
    }
    // A clean stop keeps nothing: nobody would be there to keep the address silent.
    let mut rig = master(|_| {});
    rig.step(Input::Stop { keep_addresses: false });
    rig.hear(&Peer::new(150));
    let done = actions(rig.pass(PARTING));
    assert!(order(&done).contains(&"remove") && !order(&done).contains(&"keep"), "{done:?}");
}
