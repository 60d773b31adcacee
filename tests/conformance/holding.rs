//! What a router holds in the kernel, and that it lets go: interfaces beside its own, slow stops, what is not its own.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::{Action, Renewal};
use hactl_engine::conf::config::{Destination, LinkDelay, VirtualAddress};
use hactl_engine::control::RouterState::{Backup, Fault, Handover, Master};
use hactl_engine::input::{Command, Input, Link};

use super::rig::{INTERVAL, MASTER_DOWN, Rig, actions, order, priorities};

/// The first address is on another interface.
fn elsewhere(change: impl FnOnce(&mut VirtualAddress)) -> Rig {
    let mut rig = Rig::new(|instance| {
        instance.dont_track_primary = true; // that is about eth0 alone
        instance.addresses[0].interface = Some("eth1".into());
        change(&mut instance.addresses[0]);
    });
    other(&mut rig, "eth1", true);
    rig.step(Input::Start { remembered: vec![] });
    rig.pass(MASTER_DOWN);
    assert_eq!(rig.state(), Master);
    rig
}

fn other(rig: &mut Rig, name: &str, up: bool) -> Vec<Action> {
    rig.step(Input::Link(Link { index: 9, name: name.into(), up, mac: [2, 0, 0, 0, 0, 9], addresses: vec![] }))
}

fn lifetimes(done: &[Action]) -> Vec<u32> {
    let of = |action: &Action| match action {
        Action::Renew(Renewal::Lifetime(all)) => Some(all.iter().filter_map(|at| at.lifetime_s).collect::<Vec<u32>>()),
        _ => None,
    };
    done.iter().filter_map(of).flatten().collect()
}

#[test]
fn an_interface_that_flaps_is_no_fault() {
    let ms = Duration::from_millis;
    let mut rig = Rig::configured(|config| {
        config.link_delays.push(LinkDelay { interface: "eth0".into(), down: ms(300), up: ms(500) });
    });
    rig.pass(MASTER_DOWN);
    assert_eq!(rig.state(), Master);
    rig.link(false);
    rig.pass(ms(299));
    rig.link(true);
    rig.pass(ms(400));
    assert_eq!(rig.state(), Master, "it came back in time");
    rig.link(false);
    rig.pass(ms(299));
    assert_eq!(rig.state(), Master);
    rig.pass(ms(2));
    assert_eq!(rig.state(), Fault, "it stayed down");
    rig.link(true);
    rig.pass(ms(499));
    assert_eq!(rig.state(), Fault);
    rig.pass(ms(2));
    assert_eq!(rig.state(), Backup);
}

#[test]
fn an_address_on_a_dead_link_is_a_fault() {
    let mut rig = elsewhere(|_| {});
    let done = other(&mut rig, "eth1", false);
    assert_eq!((rig.state(), priorities(&done), order(&done)), (Fault, vec![0], vec!["goodbye", "remove"]));
    other(&mut rig, "eth1", true);
    assert_eq!(rig.state(), Backup);
    rig.pass(MASTER_DOWN);
    rig.step(Input::LinkGone(9));
    assert_eq!(rig.state(), Fault);
}

#[test]
fn an_address_that_is_not_tracked_is_no_fault_and_is_not_put_back() {
    let mut rig = elsewhere(|address| address.no_track = true);
    other(&mut rig, "eth1", false);
    assert_eq!(rig.state(), Master);
    let gone = rig.config.instances[0].addresses[0].address.addr();
    assert_eq!(rig.step(Input::AddressLost { link: 9, address: gone }), []);
}

#[test]
fn a_host_whose_only_address_is_virtual_is_told_so() {
    let mut rig = Rig::new(|instance| {
        instance.priority = 255;
        instance.addresses = vec![VirtualAddress::new("10.0.0.5/27".parse().unwrap())];
    });
    rig.node = hactl_engine::node::Node::new(&rig.config);
    rig.link(true);
    rig.step(Input::Start { remembered: vec![] });
    let why = rig.node.status(rig.now, 0)[0].fault_reasons.join(" ");
    assert_eq!(rig.state(), Fault);
    assert!(why.contains("10.0.0.5 is a virtual address of this file"), "{why}");
}

#[test]
fn a_macvlan_is_told_from_an_interface_of_its_name() {
    let vmac =
        hactl_engine::conf::config::Vmac { name: "vrrp.37".into(), mac: [0, 0, 0x5e, 0, 1, 37], transmit_base: false };
    let mut rig = Rig::started(|instance| instance.vmac = Some(vmac.clone()));
    other(&mut rig, "vrrp.37", true);
    assert_eq!(rig.state(), Fault, "somebody else's interface");
    rig.step(Input::Link(Link { index: 9, name: vmac.name, up: true, mac: vmac.mac, addresses: vec![] }));
    assert_eq!(rig.state(), Backup);
}

#[test]
fn the_loss_of_somebody_elses_route_is_nothing() {
    let mut rig = Rig::master(|instance| {
        let text =
            "vrrp_instance x {\ninterface eth0\nvirtual_router_id 1\nvirtual_routes {\n10.9.0.0/16 dev eth0\n}\n}\n";
        instance.routes = hactl_engine::conf::parse("f", text).config.instances[0].routes.clone();
    });
    let lost = |protocol| Input::RouteLost {
        destination: Destination::Prefix("10.9.0.0/16".parse().unwrap()),
        table: 254,
        ipv6: false,
        protocol,
    };
    assert_eq!(rig.step(lost(2)), [], "the kernel's");
    let mut six = Rig::master(|instance| {
        let text =
            "vrrp_instance x {\ninterface eth0\nvirtual_router_id 1\nvirtual_routes {\nfd09::/64 dev eth0\n}\n}\n";
        instance.routes = hactl_engine::conf::parse("f", text).config.instances[0].routes.clone();
    });
    let destination = Destination::Prefix("fd09::/64".parse().unwrap());
    let lost_six = |protocol| Input::RouteLost { destination, table: 254, ipv6: true, protocol };
    let put = |done: Vec<Action>| done.into_iter().map(|one| matches!(one, Action::AddRouting(_))).collect::<Vec<_>>();
    assert_eq!(
        put(six.step(lost_six(2))),
        [true],
        "the kernel may have kept that one instead of ours; nothing to tell"
    );
    assert_eq!(put(six.step(lost_six(18))), [false, true], "told, and put back");
    assert!(rig.step(lost(18)).iter().any(|one| matches!(one, Action::AddRouting(_))));
}

#[test]
fn a_stop_ends_in_time_however_slow_the_adverts_are() {
    let slow = |rig: &mut Rig| {
        rig.pass(Duration::from_secs(200));
        assert_eq!(rig.state(), Master);
    };
    let mut rig = Rig::started(|instance| instance.advert_interval = Duration::from_secs(40));
    slow(&mut rig);
    rig.step(Input::Stop { keep_addresses: false });
    rig.pass(Duration::from_millis(4500));
    assert!(rig.node.is_stopped());
    // Who resigns stays, and has all the time that the next master may need.
    let mut rig = Rig::started(|instance| instance.advert_interval = Duration::from_secs(40));
    slow(&mut rig);
    rig.command(Command::Resign { instance: None });
    rig.pass(Duration::from_secs(79));
    assert_eq!(rig.state(), Handover);
    // A stop in the middle of that is a stop.
    let mut rig = Rig::started(|instance| instance.advert_interval = Duration::from_secs(40));
    slow(&mut rig);
    rig.command(Command::Resign { instance: None });
    rig.step(Input::Stop { keep_addresses: false });
    rig.pass(Duration::from_millis(4500));
    assert!(rig.node.is_stopped());
}

#[test]
fn a_handover_has_an_end_without_its_agent() {
    let mut rig = Rig::master(|_| {});
    let done = rig.command(Command::Resign { instance: None });
    assert_eq!(lifetimes(&done), [3, 3], "two intervals of 0.7 s, in whole seconds, and time to be punctual");
    // A promotion in the middle ends it: the addresses are added again, for ever.
    let done = rig.promote();
    let forever =
        |action: &Action| matches!(action, Action::AddAddresses(all) if all.iter().all(|at| at.lifetime_s.is_none()));
    assert!(rig.state() == Master && done.iter().any(forever), "{done:?}");
    assert_eq!(lifetimes(&actions(rig.pass(INTERVAL * 9))), Vec::<u32>::new());
}

#[test]
fn an_option_that_the_kernel_cannot_change_is_changed_all_the_same() {
    let mut rig = Rig::master(|_| {});
    let mut reload = |change: fn(&mut VirtualAddress)| {
        let mut config = rig.config.clone();
        change(&mut Arc::make_mut(&mut config.instances[0]).addresses[0]);
        let mut done = order(&rig.step(Input::Reload(Box::new(config))));
        done.retain(|what| *what != "advert");
        done
    };
    assert_eq!(reload(|one| one.scope = 253)[..2], ["remove", "add"]);
    assert_eq!(reload(|one| one.label = Some("eth0:x".into()))[..2], ["remove", "add"]);
    let done = reload(|one| (one.label, one.preferred_s) = (Some("eth0:x".into()), Some(7)));
    assert_eq!(done[0], "add", "its times are replaced in place");
}
