//! Sync groups: virtual routers that are master together or not at all.
//!
//! Members do not know each other. After every input the node lets each group compare its members and gives those that
//! lag behind their push: a fault of one is everybody's, a master waits until all could be, and when one leaves the
//! others hand over too.

use super::context::Context;
use super::notify::state_scripts;
use super::router::Router;
use super::state::{Event, Next, State, public};
use crate::action::{Action, RouterId};
use crate::conf::config::SyncGroup;
use crate::control::GroupStatus;
use crate::notice::{Notice, What};
use crate::state::RouterState;

/// One group at work.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    config: SyncGroup,
    members: Vec<RouterId>,
    state: RouterState,
    change: u64,
}

/// What a group wants of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Push {
    /// Another member is in FAULT (`Some`), or none is any more.
    Fault(Option<String>),
    /// All members could be master: be it.
    Up,
    /// Another member is no longer master: hand over.
    Down,
}

impl Group {
    /// A group whose members have not started.
    pub(crate) fn new(config: SyncGroup, members: Vec<RouterId>) -> Self {
        Self { config, members, state: RouterState::Init, change: 0 }
    }

    /// Goes on as the group of this name did, when a reload left it its members: what has not changed is no news.
    pub(crate) fn after(mut self, before: &[Self]) -> Self {
        let same = |old: &&Self| old.config.name == self.config.name && old.members == self.members;
        if let Some(old) = before.iter().find(same) {
            (self.state, self.change) = (old.state, old.change);
        }
        self
    }

    /// Its members.
    pub(crate) fn members(&self) -> &[RouterId] {
        &self.members
    }

    /// What it says of itself.
    pub(crate) fn status(&self) -> GroupStatus {
        GroupStatus { name: self.config.name.clone(), state: self.state, members: self.config.members.clone() }
    }

    /// The next push a member needs; `None` when all agree. Each push brings the group nearer to agreement, so that
    /// asking again ends.
    pub(crate) fn push<'r>(&self, member: impl Fn(RouterId) -> Option<&'r Router>) -> Option<(RouterId, Push)> {
        let routers: Vec<(RouterId, &Router)> =
            self.members.iter().filter_map(|id| Some((*id, member(*id)?))).collect();
        for (id, router) in &routers {
            let other = routers.iter().find(|(other, peer)| other != id && peer.has_own_fault());
            let fault =
                other.map(|(_, peer)| format!("sync group {}: {} is in FAULT", self.config.name, peer.config.name));
            if router.group_fault != fault {
                return Some((*id, Push::Fault(fault)));
            }
        }
        let is_master = |router: &Router| router.state == State::Master;
        let masters = routers.iter().filter(|(_, router)| is_master(router)).count();
        if masters == routers.len() {
            return None;
        }
        if self.state == RouterState::Master {
            // One member is no longer master. The others hand over too, so that no host serves a part of the group
            // only.
            return routers.iter().find(|(_, router)| is_master(router)).map(|(id, _)| (*id, Push::Down));
        }
        if routers.iter().any(|(_, router)| router.outbid) {
            // A member lost its claim to a better router, which will be master for the whole group: members that are
            // master or claim resign.
            let claims = |router: &Router| matches!(router.state, State::Master | State::Claiming);
            return routers.iter().find(|(_, router)| claims(router)).map(|(id, _)| (*id, Push::Down));
        }
        let ready = |router: &Router| is_master(router) || router.ready_for_group;
        let pulled = masters > 0 || routers.iter().all(|(_, router)| ready(router));
        let waiting = |router: &Router| matches!(router.state, State::Backup | State::Handover(Next::Backup));
        pulled.then(|| routers.iter().find(|(_, router)| waiting(router)).map(|(id, _)| (*id, Push::Up))).flatten()
    }

    /// Notes the state that its members make up, and tells when it changed.
    pub(crate) fn settle<'r>(&mut self, member: impl Fn(RouterId) -> Option<&'r Router>) -> Vec<Action> {
        let members: Vec<&Router> = self.members.iter().filter_map(|id| member(*id)).collect();
        let states: Vec<RouterState> = members.iter().map(|router| public(router.state)).collect();
        let leaves = |router: &&Router| matches!(router.state, State::Handover(Next::Stopped) | State::Stopped);
        let all = |wanted: RouterState| states.iter().all(|state| *state == wanted);
        let state = if states.is_empty() || all(RouterState::Init) {
            RouterState::Init
        } else if all(RouterState::Master) {
            RouterState::Master
        } else if states.contains(&RouterState::Fault) {
            RouterState::Fault
        } else if all(RouterState::Stopped) {
            RouterState::Stopped
        } else if members.iter().all(leaves) {
            self.state // members that stop do not become a backup
        } else {
            RouterState::Backup
        };
        let from = std::mem::replace(&mut self.state, state);
        if from == state {
            return Vec::new();
        }
        self.change += 1;
        let reason = match state {
            RouterState::Master => "all members are master",
            RouterState::Fault => "a member is in FAULT",
            RouterState::Stopped => "all members have stopped",
            RouterState::Init | RouterState::Backup | RouterState::Handover => "not all members are master",
        };
        let what = What::GroupEntered { from, to: state, reason: reason.into() };
        let told = Action::Tell(Notice { instance: self.config.name.clone(), what });
        let change = self.change;
        let scripts = state_scripts(&self.config.notify, "GROUP", &self.config.name, state, 0, false);
        let runs = scripts.into_iter().map(|due| due.run(change));
        std::iter::once(told).chain(runs).collect()
    }
}

impl Router {
    /// Whether it is in FAULT by itself, not because of its group.
    fn has_own_fault(&self) -> bool {
        self.faults.iter().any(|fault| Some(fault) != self.group_fault.as_ref())
    }

    /// Follows its group.
    pub(crate) fn pushed(&mut self, push: Push, ctx: &mut Context<'_>) {
        let group = self.group.clone().unwrap_or_default();
        match push {
            Push::Fault(fault) => {
                self.group_fault = fault;
                self.reassess(&format!("sync group {group} is whole again"), ctx);
            }
            Push::Up if self.ready_for_group => self.become_master(ctx),
            Push::Up if self.state != State::Backup => {
                self.apply(Event::Promote { force: false }, &format!("follows sync group {group}"), ctx)
            }
            Push::Up => self.apply(Event::MasterDown, &format!("follows sync group {group}"), ctx),
            Push::Down => self.apply(Event::Resign, &format!("follows sync group {group}"), ctx),
        }
    }
}
