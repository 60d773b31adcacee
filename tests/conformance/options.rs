//! Options of keepalived.conf that change what a router sends, hears or waits for.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf::config::{
    Destination, NextHop, OldChecksum, Peer as UnicastPeer, Route, RouteKind, Track, VirtualAddress,
};
use hactl_engine::control::RouterState::{Backup, Fault, Init, Master};
use hactl_engine::input::Input;
use hactl_engine::wire::ip::Ipv4Header;
use hactl_engine::wire::vrrp::ChecksumForm;

use super::rig::{INTERVAL, MASTER_DOWN, Peer, Rig, SKEW, actions, adverts, ip, order, priorities};

fn track(name: &str, weight: i16) -> Vec<Track> {
    vec![Track { name: name.into(), weight, reverse: false }]
}

#[test]
fn down_timer_adverts_widens_the_wait() {
    let rig = Rig::started(|instance| instance.down_adverts = 5);
    assert_eq!(rig.wakes_in(), Some(INTERVAL * 5 + SKEW));
    assert_eq!(Rig::started(|_| {}).wakes_in(), Some(MASTER_DOWN));
}

#[test]
fn a_lower_claim_is_answered_unless_told_otherwise() {
    let mut rig = Rig::master(|_| {});
    assert_eq!(priorities(&rig.hear(&Peer::new(37))), [91]);
    let mut rig = Rig::master(|instance| instance.lower_prio_no_advert = true);
    let done = rig.hear(&Peer::new(37));
    assert_eq!((priorities(&done), order(&done)), (vec![], vec!["announce"]));
}

#[test]
fn a_higher_claim_gets_a_last_advert_when_told_so() {
    let mut rig = Rig::master(|instance| instance.higher_prio_send_advert = true);
    assert_eq!(priorities(&rig.hear(&Peer::new(150))), [91]);
    let mut rig = Rig::master(|_| {});
    assert_eq!(priorities(&rig.hear(&Peer::new(150))), []);
}

#[test]
fn announcements_after_a_lower_claim_have_settings_of_their_own() {
    let mut rig = Rig::master(|instance| {
        instance.announcement.lower_repeat = 3;
        instance.announcement.lower_delay = Duration::from_secs(2);
    });
    rig.pass(Duration::from_secs(20));
    let count = |done: &[Action]| super::rig::frames(done).len();
    assert_eq!(count(&rig.hear(&Peer::new(37))), 3 * 2, "two addresses");
    let later = rig.pass(Duration::from_millis(2100));
    assert_eq!(count(&actions(later)), 3 * 2, "again after two seconds");
    let mut rig = Rig::master(|_| {});
    rig.pass(Duration::from_secs(20));
    assert_eq!(count(&rig.hear(&Peer::new(37))), 5 * 2, "as the others, by default");
}

#[test]
fn an_owner_may_be_told_not_to_listen() {
    let mut rig = Rig::started(|instance| (instance.priority, instance.owner_ignore_adverts) = (255, true));
    rig.hear(&Peer::new(255).from("10.0.0.9"));
    assert_eq!((rig.state(), rig.counter("adverts_ignored")), (Master, 1));
    let mut rig = Rig::started(|instance| instance.priority = 255);
    rig.hear(&Peer::new(255).from("10.0.0.9"));
    assert_ne!(rig.state(), Master, "by default the higher address wins");
}

#[test]
fn another_group_is_advertised_to() {
    let mut rig = Rig::master(|instance| instance.group_address = Some(ip("224.0.0.118")));
    let sent = adverts(&actions(rig.pass(INTERVAL)));
    assert_eq!(sent[0].0.destination, std::net::Ipv4Addr::new(224, 0, 0, 118));
}

fn unicast(change: impl FnOnce(&mut hactl_engine::conf::config::VrrpInstance)) -> Rig {
    Rig::started(|instance| {
        instance.unicast_peers = vec![UnicastPeer { address: ip("10.0.0.6"), min_ttl: 254, max_ttl: 255 }];
        change(instance);
    })
}

fn by_unicast(ttl: u8, source: &str) -> Peer {
    Peer { destination: ip("10.0.0.5"), ttl, ..Peer::new(150).from(source) }
}

#[test]
fn unicast_adverts_leave_with_their_own_ttl() {
    let mut rig = unicast(|instance| instance.unicast_ttl = Some(7));
    let sent = adverts(&actions(rig.pass(MASTER_DOWN)));
    assert_eq!(sent[0].0.ttl, 7);
    let sent = adverts(&actions(Rig::started(|instance| instance.unicast_ttl = Some(7)).pass(MASTER_DOWN)));
    assert_eq!(sent[0].0.ttl, 255, "multicast is not concerned");
}

#[test]
fn a_unicast_peer_may_be_no_further_than_told() {
    let mut rig = unicast(|_| {});
    rig.hear(&by_unicast(253, "10.0.0.6"));
    assert_eq!((rig.counter("bad_ttl"), rig.counter("adverts_received")), (1, 0));
    rig.hear(&by_unicast(254, "10.0.0.6"));
    assert_eq!(rig.counter("adverts_received"), 1);
}

#[test]
fn a_stranger_by_unicast_is_dropped_when_told_so() {
    let mut rig = unicast(|instance| instance.check_unicast_source = true);
    rig.hear(&by_unicast(255, "10.0.0.66"));
    assert_eq!((rig.counter("bad_source"), rig.counter("adverts_received")), (1, 0));
    let mut rig = unicast(|_| {});
    rig.hear(&by_unicast(255, "10.0.0.66"));
    assert_eq!(rig.counter("adverts_received"), 1, "as keepalived, by default");
}

#[test]
fn without_a_peer_there_is_a_fault_when_told_so() {
    assert_eq!(Rig::started(|instance| instance.fault_without_peer = true).state(), Fault);
    assert_eq!(unicast(|instance| instance.fault_without_peer = true).state(), Backup);
}

#[test]
fn an_old_peers_checksum_is_understood_and_used() {
    let mut old = by_unicast(255, "10.0.0.6");
    old.form = ChecksumForm::OldUnicast;
    let mut rig = unicast(|_| {});
    rig.hear(&old);
    assert_eq!(rig.counter("adverts_received"), 1);
    let done = actions(rig.pass(MASTER_DOWN * 2));
    let Some(Action::Send { packet, .. }) = done.iter().find(|one| matches!(one, Action::Send { .. })) else {
        panic!("{done:?}")
    };
    let (header, payload) = Ipv4Header::parse(packet).unwrap();
    let read = hactl_engine::wire::vrrp::Advert::parse_old_unicast(payload, header.source.into());
    assert_eq!(read.map(|(advert, _)| advert.priority), Some(91), "it is answered as it speaks");
    let mut rig = unicast(|instance| instance.old_checksum = OldChecksum::Never);
    rig.hear(&old);
    assert_eq!(rig.counter("bad_packet"), 1);
}

#[test]
fn a_tracked_file_moves_the_priority() {
    let mut rig = Rig::started(|instance| instance.track_files = track("load", -2));
    rig.step(Input::File { name: "load".into(), value: 20 });
    assert_eq!((rig.state(), rig.priority()), (Backup, 51));
    rig.step(Input::File { name: "load".into(), value: 127 });
    assert_eq!(rig.state(), Fault, "less than -253");
    rig.step(Input::File { name: "load".into(), value: 0 });
    assert_eq!((rig.state(), rig.priority()), (Backup, 91));
}

#[test]
fn a_tracked_process_is_a_fault_or_a_weight() {
    let mut rig = Rig::started(|instance| instance.track_processes = track("nginx", 0));
    rig.step(Input::Process { name: "nginx".into(), ok: false });
    assert_eq!(rig.state(), Fault);
    rig.step(Input::Process { name: "nginx".into(), ok: true });
    assert_eq!(rig.state(), Backup);
    let mut rig = Rig::started(|instance| instance.track_processes = track("nginx", -40));
    rig.step(Input::Process { name: "nginx".into(), ok: false });
    assert_eq!((rig.state(), rig.priority()), (Backup, 51));
}

#[test]
fn a_source_that_is_not_there_is_a_fault_when_tracked() {
    let mut rig = Rig::started(|instance| (instance.source, instance.track_source) = (Some(ip("10.0.0.77")), true));
    assert_eq!(rig.state(), Fault);
    let mut link = rig.config.clone();
    Arc::make_mut(&mut link.instances[0]).source = Some(ip("10.0.0.5"));
    rig.step(Input::Reload(Box::new(link)));
    assert_eq!(rig.state(), Backup);
}

#[test]
fn a_start_may_be_delayed() {
    let mut rig = Rig::configured(|config| config.global.startup_delay = Duration::from_secs(9));
    assert_eq!(rig.state(), Init);
    rig.hear(&Peer::new(37));
    assert_eq!(rig.pass(Duration::from_secs(8)), [], "says and does nothing");
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.state(), Backup);
    // The rig's host has been up for a second.
    let mut rig = Rig::configured(|config| config.global.delay_after_boot = Duration::from_secs(9));
    rig.pass(Duration::from_secs(7));
    assert_eq!(rig.state(), Init);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.state(), Backup);
}

fn route() -> Route {
    Route {
        ipv6: false,
        destination: Destination::Prefix("10.9.0.0/16".parse().unwrap()),
        from: None,
        source: None,
        kind: RouteKind::Unicast,
        table: 254,
        protocol: 18,
        scope: None,
        metric: None,
        tos: 0,
        hops: vec![NextHop { via: Some(ip("10.0.0.1")), interface: None, weight: 1, onlink: false }],
        metrics: vec![],
        locked: 0,
        no_track: false,
    }
}

fn routing(done: &[Action]) -> Vec<&'static str> {
    let name = |action: &Action| match action {
        Action::AddAddresses(_) => Some("addresses"),
        Action::RemoveAddresses(_) => Some("no addresses"),
        Action::AddRouting(_) => Some("routing"),
        Action::RemoveRouting(_) => Some("no routing"),
        _ => None,
    };
    done.iter().filter_map(name).collect()
}

#[test]
fn routes_follow_the_addresses() {
    let mut rig = Rig::started(|instance| instance.routes = vec![route()]);
    assert_eq!(routing(&actions(rig.pass(MASTER_DOWN))), ["addresses", "routing"]);
    let lost = Input::RouteLost { destination: route().destination, table: 254, ipv6: false, protocol: 18 };
    assert_eq!(routing(&rig.step(lost.clone())), ["routing"], "put back");
    assert_eq!(routing(&rig.link(false)), ["no routing", "no addresses"]);
    assert_eq!(routing(&rig.step(lost)), Vec::<&str>::new(), "a backup has none");
}

#[test]
fn a_reload_touches_only_what_changed() {
    let mut rig = Rig::master(|instance| instance.routes = vec![route()]);
    let mut config = rig.config.clone();
    Arc::make_mut(&mut config.instances[0]).addresses.push(VirtualAddress::new("10.0.0.102/27".parse().unwrap()));
    let done = rig.step(Input::Reload(Box::new(config.clone())));
    let added: Vec<usize> = done
        .iter()
        .filter_map(|one| if let Action::AddAddresses(all) = one { Some(all.len()) } else { None })
        .collect();
    assert_eq!((routing(&done), added), (vec!["addresses"], vec![1]));
    let done = rig.step(Input::Reload(Box::new(config.clone())));
    assert_eq!(routing(&done), Vec::<&str>::new(), "the same again changes nothing");
    // Same inputs, same actions: what comes and what goes has the order of the configuration.
    let more: Vec<VirtualAddress> =
        (105..115).map(|last| VirtualAddress::new(format!("10.0.0.{last}/27").parse().unwrap())).collect();
    let touched = |done: &[Action]| -> Vec<VirtualAddress> {
        let lists = done.iter().filter_map(|one| match one {
            Action::AddAddresses(all) | Action::RemoveAddresses(all) => Some(all),
            _ => None,
        });
        lists.flatten().map(|at| at.address.clone()).collect()
    };
    let before = config.clone();
    Arc::make_mut(&mut config.instances[0]).addresses.extend(more.clone());
    assert_eq!(touched(&rig.step(Input::Reload(Box::new(config)))), more);
    assert_eq!(touched(&rig.step(Input::Reload(Box::new(before)))), more);
}

#[test]
fn a_changed_list_is_advertised_beside_the_former_one() {
    let lists =
        |done: &[Action]| -> Vec<usize> { adverts(done).iter().map(|(_, one, _)| one.addresses.len()).collect() };
    let mut rig = Rig::master(|_| {});
    let mut config = rig.config.clone();
    Arc::make_mut(&mut config.instances[0]).addresses.push(VirtualAddress::new("10.0.0.102/27".parse().unwrap()));
    rig.step(Input::Reload(Box::new(config)));
    let done = actions(rig.pass(INTERVAL));
    assert_eq!(lists(&done[..2]), [3, 2], "a peer that compares lists hears its own");
    rig.pass(Duration::from_secs(600));
    assert_eq!(lists(&actions(rig.pass(INTERVAL))), [3], "not for ever");
    // The peer's file was changed first: it becomes master beside us, and is answered with its list.
    let mut rig = Rig::master(|_| {});
    let done = rig.hear(&Peer::new(37).with(|advert| advert.addresses.truncate(1)));
    assert_eq!((rig.state(), lists(&done)), (Master, vec![2, 1]));
}

#[test]
fn announcements_may_be_sent_one_after_another() {
    let mut rig = Rig::started(|instance| instance.announcement.interval = Duration::from_millis(10));
    let bursts = |done: &[(Duration, Action)]| -> Vec<usize> {
        done.iter()
            .filter_map(|(_, one)| if let Action::Announce(all) = one { Some(all.len()) } else { None })
            .collect()
    };
    rig.pass(MASTER_DOWN - Duration::from_millis(1));
    assert_eq!(bursts(&rig.pass(Duration::from_millis(52))), [1; 6], "at once, and then each 10 ms");
    let mut rig = Rig::started(|_| {});
    assert_eq!(bursts(&rig.pass(MASTER_DOWN)), [10]);
}

#[test]
fn adverts_of_strangers_are_told_once_when_asked() {
    let told = |rig: &mut Rig| rig.hear(&Peer::new(150).with(|advert| advert.vrid = 99)).len();
    let mut rig = Rig::configured(|config| config.global.log_unknown_vrids = true);
    assert_eq!((told(&mut rig), told(&mut rig)), (1, 0));
    let mut quiet = Rig::started(|_| {});
    assert_eq!(told(&mut quiet), 0);
    // Remembered in any case: who checks the LAN asks for it.
    quiet.pass(Duration::from_millis(37));
    let known = quiet.node.strangers(quiet.now);
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].vrid, known[0].source.as_str(), known[0].last_advert_ms), (99, "10.0.0.6", 37));
    assert_eq!(known[0].interface, "eth0");
}
