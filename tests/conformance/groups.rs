//! Sync groups: members are master together or not at all.

use std::sync::Arc;
use std::time::Duration;

use hactl_engine::action::Action;
use hactl_engine::conf::config::{Config, Notify, SyncGroup};
use hactl_engine::control::RouterState::{Backup, Fault, Handover, Master};
use hactl_engine::input::{Command, Input};

use super::rig::{ETH0, INTERVAL, MASTER_DOWN, Peer, Rig, ip};

/// Two instances, 37 and 38, in one group.
fn group(config: &mut Config) {
    let mut second = Arc::unwrap_or_clone(config.instances[0].clone());
    (second.name, second.vrid) = ("VI_2".into(), 38);
    second.addresses.truncate(1);
    second.addresses[0].address = "10.0.0.110/27".parse().unwrap();
    config.instances.push(second.into());
    config.groups.push(SyncGroup {
        name: "G".into(),
        members: vec!["VI_1".into(), "VI_2".into()],
        notify: Notify { any: Some(vec!["/bin/tell".into()]), ..Notify::default() },
        smtp_alert: false,
        location: Default::default(),
    });
}

fn states(rig: &Rig) -> [hactl_engine::control::RouterState; 2] {
    [rig.state_of(0), rig.state_of(1)]
}

fn second(priority: u8) -> Peer {
    Peer::new(priority).with(|advert| (advert.vrid, advert.addresses) = (38, vec![ip("10.0.0.110")].into()))
}

fn masters() -> Rig {
    let mut rig = Rig::configured(group);
    rig.pass(MASTER_DOWN + INTERVAL);
    assert_eq!(states(&rig), [Master, Master]);
    rig
}

#[test]
fn members_become_master_together() {
    let rig = masters();
    assert_eq!(rig.node.groups()[0].state, Master);
}

#[test]
fn a_member_waits_for_the_others() {
    let mut rig = Rig::configured(group);
    for _ in 0..20 {
        rig.hear(&second(150));
        rig.pass(INTERVAL);
        assert_eq!(states(&rig), [Backup, Backup], "the second one's master lives");
    }
    rig.pass(MASTER_DOWN + INTERVAL);
    assert_eq!(states(&rig), [Master, Master]);
}

#[test]
fn a_fault_of_one_is_everybodys() {
    let mut rig = masters();
    Arc::make_mut(&mut rig.config.instances[1]).track_scripts =
        vec![hactl_engine::conf::config::Track { name: "web".into(), weight: 0, reverse: false }];
    let config = rig.config.clone();
    rig.step(Input::Reload(Box::new(config)));
    rig.step(Input::Script { name: "web".into(), ok: false });
    assert_eq!(states(&rig), [Fault, Fault]);
    assert!(rig.node.status(rig.now, 0)[0].fault_reasons[0].contains("sync group G"));
    rig.step(Input::Script { name: "web".into(), ok: true });
    assert_eq!(states(&rig), [Backup, Backup]);
}

#[test]
fn who_loses_one_gives_all() {
    let mut rig = masters();
    rig.hear(&Peer::new(150));
    assert_eq!(states(&rig), [Handover, Handover]);
}

fn guarded() -> Rig {
    Rig::configured(|config| {
        group(config);
        (config.own.lease, config.own.guard) = (true, true);
    })
}

#[test]
fn with_the_guard_members_claim_together() {
    let mut rig = guarded();
    rig.pass(MASTER_DOWN);
    assert_eq!(states(&rig), [Backup, Backup], "both have said so");
    rig.pass(INTERVAL);
    assert_eq!(states(&rig), [Master, Master]);
}

#[test]
fn a_member_that_is_outbid_while_it_claims_gives_all() {
    let mut rig = guarded();
    rig.hear(&Peer::new(150));
    rig.hear(&second(150));
    rig.command(Command::Promote { instance: None, force: false, expires: None, reason: None });
    rig.hear(&Peer::new(0));
    for _ in 0..2 {
        rig.pass(Duration::from_millis(2));
        rig.step(Input::Claimed { link: ETH0, address: ip("10.0.0.110"), mac: [2, 0, 0, 0, 0, 6] });
    }
    assert_eq!(states(&rig), [Master, Backup], "the first one's master has let go");
    rig.hear(&second(255));
    assert_eq!(states(&rig), [Handover, Backup], "half a site serves nobody");
    for n in 0..20 {
        rig.hear(&second(255));
        rig.pass(INTERVAL);
        assert_eq!(states(&rig), [if n == 0 { Handover } else { Backup }, Backup]);
    }
    rig.pass(MASTER_DOWN + INTERVAL * 2);
    assert_eq!(states(&rig), [Master, Master]);
}

#[test]
fn a_promotion_of_one_promotes_all() {
    let mut rig = Rig::configured(group);
    rig.hear(&Peer::new(150));
    rig.hear(&second(150));
    let instance = Some("VI_1".to_owned());
    rig.command(Command::Promote { instance, force: false, expires: None, reason: None });
    assert_eq!(states(&rig), [Master, Master]);
    rig.command(Command::Resign { instance: Some("VI_2".into()) });
    assert_eq!(states(&rig), [Handover, Handover]);
}

#[test]
fn the_groups_scripts_are_told_its_state() {
    let mut rig = Rig::configured(group);
    let told: Vec<String> = rig
        .pass(MASTER_DOWN + Duration::from_secs(2))
        .into_iter()
        .filter_map(|(_, action)| if let Action::Run { command, .. } = action { Some(command.join(" ")) } else { None })
        .collect();
    assert_eq!(told, ["/bin/tell GROUP G MASTER 0"]);
}
