//! One agent's worth of virtual routers: inputs in, ordered batches of actions out.
//!
//! The contract is two functions. [`Node::step`] takes the time and what happened and returns what to do;
//! [`Node::next_wake`] says when to call again with [`Input::Wake`] if nothing happens before. The same inputs at
//! the same times give the same actions.

mod operate;
mod reload;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::action::{Action, Batch, Owner, RouterId};
use crate::conf::config::{Config, SyncGroup, VrrpInstance};
use crate::control::{GroupStatus, InstanceStatus, StrangerStatus};
use crate::debounce::Debounce;
use crate::input::{Input, Link, Received, Remembered};
use crate::links::Links;
use crate::listening::{Listeners, Meant};
use crate::neighbours::Neighbours;
use crate::notice::{Notice, What};
use crate::starting::{BURST, Starting};
use crate::strangers::Strangers;
use crate::time::Instant;
use crate::timer::Timers;
use crate::vrrp::context::{Context, Settings, Timer};
use crate::vrrp::group::Group;
use crate::vrrp::router::Router;
use crate::vrrp::state::State;
use crate::vrrp::together::{Shared, virtual_addresses};

/// The engine of one agent.
#[derive(Debug, Default)]
pub struct Node {
    /// Boxed: a tree keeps room for twice as many, and a router is large.
    routers: BTreeMap<RouterId, Box<Router>>,
    groups: Vec<Group>,
    next_id: RouterId,
    /// `None` when it has to be found out anew.
    listening: Option<Listeners>,
    timers: Timers<(RouterId, Timer)>,
    links: Links,
    debounce: Debounce,
    /// Own addresses of the other load balancers, as configured.
    peers: Vec<IpAddr>,
    neighbours: Neighbours,
    shared: Shared,
    scripts: HashMap<String, bool>,
    files: HashMap<String, i32>,
    processes: HashMap<String, bool>,
    settings: Settings,
    /// Wall clock minus the driver's clock.
    wall_offset: Duration,
    delay_after_boot: Duration,
    logs_unknown: bool,
    strangers: Strangers,
    /// Routers that have not begun yet, since when, and what is remembered of them.
    starting: Option<Starting>,
    started: bool,
    stopping: bool,
    /// A reload took routers out that have not gone yet.
    leaving: bool,
}

impl Node {
    /// An engine for a configuration; nothing happens before [`Input::Start`].
    pub fn new(config: &Config) -> Self {
        let mut node = Self::default();
        node.follow_settings(config);
        for instance in &config.instances {
            let group = config.group_of(&instance.name).map(|group| group.name.clone());
            node.add(instance.clone(), group);
        }
        node.form_groups(&config.groups);
        node.note_virtual_addresses();
        node
    }

    /// When to call [`Node::step`] with [`Input::Wake`] if nothing else happens; `None` means never. The answer changes
    /// with every step, and with nothing else.
    pub fn next_wake(&self) -> Option<Instant> {
        let soonest = self.timers.next().into_iter().chain(self.debounce.next()).min();
        self.starting.as_ref().map(|starting| starting.since).or(soonest)
    }

    /// Whether a stop has been carried out everywhere.
    pub fn is_stopped(&self) -> bool {
        self.stopping && self.routers.values().all(|router| router.state() == State::Stopped)
    }

    /// The routers, for reading.
    pub fn routers(&self) -> impl Iterator<Item = &Router> {
        self.routers.values().map(Box::as_ref)
    }

    /// Their ids, in the same order.
    pub fn router_ids(&self) -> impl Iterator<Item = RouterId> {
        self.routers.keys().copied()
    }

    /// What every router says of itself. `unix_ms` is the wall clock at `now`.
    pub fn status(&self, now: Instant, unix_ms: u64) -> Vec<InstanceStatus> {
        self.routers.values().map(|router| router.status(now, unix_ms)).collect()
    }

    /// Virtual routers of others that were heard.
    pub fn strangers(&self, now: Instant) -> Vec<StrangerStatus> {
        self.strangers.status(&self.links, now)
    }

    /// What every sync group says of itself.
    pub fn groups(&self) -> Vec<GroupStatus> {
        self.groups.iter().map(Group::status).collect()
    }

    /// Takes one input and returns what to do, router by router, in order.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Batch> {
        let mut batches = Vec::new();
        // Deadlines that passed before this input count first, so that a late wake changes no order.
        let most = if matches!(input, Input::Wake | Input::WallClock { .. }) { BURST } else { usize::MAX };
        self.release_links(now, &mut batches);
        self.fire_due(now, most, &mut batches);
        self.start_some(now, most, &mut batches);
        match input {
            Input::Wake => {}
            Input::Start { remembered } => self.start(now, remembered, &mut batches),
            Input::Packet { link, packet } => self.packet(now, link, &packet, &mut batches),
            Input::Link(link) => {
                let link = self.debounce.heard(now, link.clone(), self.links.get(link.index));
                self.link(now, link, &mut batches);
            }
            Input::LinkGone(index) => {
                self.debounce.forget(index);
                if let Some(gone) = self.links.remove(index) {
                    self.listening = None;
                    self.depending(&gone.name, now, &mut batches, |router, ctx| router.reassess("interface gone", ctx));
                }
            }
            Input::AddressLost { link, address } => {
                if self.links.is_virtual(address) {
                    self.each(now, &mut batches, |router, ctx| router.address_lost(link, address, ctx));
                }
            }
            Input::RouteLost { destination, table, ipv6, protocol } => {
                let lost = (destination, table, ipv6, protocol);
                self.each(now, &mut batches, |router, ctx| router.route_lost(lost, ctx));
            }
            Input::RuleLost { preference, ipv6 } => {
                self.each(now, &mut batches, |router, ctx| router.rule_lost(preference, ipv6, ctx));
            }
            Input::Claimed { link, address, mac } => {
                self.neighbours.answered(link, address, mac);
                if self.links.is_virtual(address) {
                    self.each(now, &mut batches, |router, ctx| router.claimed(link, address, mac, ctx));
                }
            }
            Input::Probed { link, address, mac } => {
                if self.links.is_virtual(address) {
                    self.each(now, &mut batches, |router, ctx| router.probed(link, address, mac, ctx));
                }
            }
            Input::Script { name, ok } => {
                let reason = format!("check {name} succeeds again");
                self.scripts.insert(name, ok);
                self.each(now, &mut batches, |router, ctx| router.reassess(&reason, ctx));
            }
            Input::WallClock { offset } => self.wall_offset = offset,
            Input::File { name, value } => {
                let reason = format!("tracked file {name} holds {value}");
                self.files.insert(name, value);
                self.each(now, &mut batches, |router, ctx| router.reassess(&reason, ctx));
            }
            Input::Process { name, ok } => {
                let reason = format!("enough of {name} run again");
                self.processes.insert(name, ok);
                self.each(now, &mut batches, |router, ctx| router.reassess(&reason, ctx));
            }
            Input::ActionFailed { router, error } => {
                self.with(router, now, &mut batches, |router, ctx| router.action_failed(error, ctx));
            }
            Input::SendFailed { router, error } => {
                self.with(router, now, &mut batches, |router, ctx| router.send_failed(&error, ctx));
            }
            Input::Command { token, command } => self.command(now, token, &command, &mut batches),
            // A reload that comes during a stop must not start routers that nobody stops any more.
            Input::Reload(_) if self.stopping => {}
            Input::Reload(config) => self.reload(now, *config, &mut batches),
            Input::Stop { keep_addresses } => {
                self.stopping = true;
                self.each(now, &mut batches, |router, ctx| router.stop(keep_addresses, ctx));
            }
        }
        if self.starting.is_none() {
            self.settle_groups(now, &mut batches);
        }
        self.forget_stopped();
        batches
    }

    fn fire_due(&mut self, now: Instant, most: usize, batches: &mut Vec<Batch>) {
        let mut adverts = false;
        while batches.len() < most
            && let Some(((id, timer), due)) = self.timers.pop_due(now)
        {
            adverts |= timer == Timer::Advert;
            self.with(id, now, batches, |router, ctx| router.fire(timer, now.since(due), ctx));
        }
        // Adverts that are due within min(interval / 64, 1 ms) are sent now. Otherwise a thousand routers would wake
        // the host ten thousand times a second.
        if !adverts {
            return;
        }
        while batches.len() < most {
            let routers = &self.routers;
            let company = |(id, timer): &(RouterId, Timer), due: Instant| {
                let slack = routers.get(id).map(|router| (router.config().advert_interval / 64).min(SLACK_MAX));
                *timer == Timer::Advert && slack.is_some_and(|slack| due <= now.after(slack))
            };
            let Some((id, timer)) = self.timers.pop_early(now.after(SLACK_MAX), company) else { return };
            self.with(id, now, batches, |router, ctx| router.fire(timer, Duration::ZERO, ctx));
        }
    }

    fn settle_groups(&mut self, now: Instant, batches: &mut Vec<Batch>) {
        for at in 0..self.groups.len() {
            // Each push brings a member into line; the bound only keeps a mistake from becoming a hang.
            for _ in 0..PUSHES_PER_MEMBER * self.routers.len() {
                let routers = &self.routers;
                let push = self.groups.get(at).and_then(|group| group.push(|id| routers.get(&id).map(Box::as_ref)));
                let Some((id, push)) = push else { break };
                self.with(id, now, batches, |router, ctx| router.pushed(push, ctx));
            }
            let routers = &self.routers;
            let actions = self
                .groups
                .get_mut(at)
                .map(|group| group.settle(|id| routers.get(&id).map(Box::as_ref)))
                .unwrap_or_default();
            if !actions.is_empty() {
                batches.push(Batch { owner: Owner::Group(at), actions });
            }
        }
    }

    fn form_groups(&mut self, groups: &[SyncGroup]) {
        let ids = |group: &SyncGroup| {
            let member = |name: &String| self.routers.iter().find(|(_, router)| router.config().name == *name);
            group.members.iter().filter_map(member).map(|(id, _)| *id).collect()
        };
        let before = std::mem::take(&mut self.groups);
        self.groups = groups.iter().map(|group| Group::new(group.clone(), ids(group)).after(&before)).collect();
    }

    fn follow_settings(&mut self, config: &Config) {
        self.settings = Settings {
            lease: config.own.lease,
            guard: config.own.guard,
            draining: config.own.connection_draining,
            startup_delay: config.global.startup_delay,
        };
        self.debounce.follow(config);
        self.peers.clone_from(&config.own.peers);
        self.delay_after_boot = config.global.delay_after_boot;
        self.logs_unknown = config.global.log_unknown_vrids;
    }

    fn start(&mut self, now: Instant, remembered: Vec<Remembered>, batches: &mut Vec<Batch>) {
        self.started = true;
        // The driver's clock counts from the boot.
        let after_boot = self.delay_after_boot.saturating_sub(now.since(Instant(0)));
        let delay = self.settings.startup_delay.max(after_boot);
        self.starting = Some(Starting::new(now, delay, self.routers.keys().copied(), remembered));
        self.start_some(now, BURST, batches);
    }

    fn start_some(&mut self, now: Instant, most: usize, batches: &mut Vec<Batch>) {
        let Some(mut starting) = self.starting.take() else { return };
        while batches.len() < most
            && let Some(id) = starting.waiting.pop_front()
        {
            self.with(id, now, batches, |router, ctx| {
                router.delay_start(starting.delay);
                let memory = starting.remembered.remove(&router.config().name);
                let was_master = memory.as_ref().is_some_and(|memory| memory.was_master);
                router.start(was_master, memory.and_then(|memory| memory.pin), ctx);
            });
        }
        self.starting = Some(starting).filter(|starting| !starting.waiting.is_empty());
    }

    fn packet(&mut self, now: Instant, link: u32, packet: &Received, batches: &mut Vec<Batch>) {
        let Some(&vrid) = packet.payload.get(1) else { return };
        if self.listening.is_none() {
            self.listening = Some(Listeners::of(&self.routers, &self.links));
        }
        let listening = self.listening.as_ref().map(|all| all.meant(link, vrid, packet.source, &self.routers));
        match listening.unwrap_or(Meant::Nobody) {
            Meant::Router(id) => self.with(id, now, batches, |router, ctx| router.packet(packet, ctx)),
            Meant::Nobody => self.unknown(now, link, vrid, packet, batches),
            Meant::Elsewhere => {} // a macvlan hears what its interface hears
        }
    }

    /// Somebody's virtual router, but not ours.
    fn unknown(&mut self, now: Instant, link: u32, vrid: u8, packet: &Received, batches: &mut Vec<Batch>) {
        if self.strangers.hear(link, vrid, packet.source, now) && self.logs_unknown {
            let instance = self.links.get(link).map(|link| link.name.clone()).unwrap_or_default();
            let what = What::UnknownVrid { vrid, source: packet.source };
            batches.push(Batch { owner: Owner::Node, actions: vec![Action::Tell(Notice { instance, what })] });
        }
    }

    /// Interfaces whose delay is over count as what they are.
    fn release_links(&mut self, now: Instant, batches: &mut Vec<Batch>) {
        for (index, up) in self.debounce.due(now) {
            if let Some(link) = self.links.get(index) {
                self.link(now, Link { up, ..link.clone() }, batches);
            }
        }
    }

    fn link(&mut self, now: Instant, link: Link, batches: &mut Vec<Batch>) {
        // Virtual addresses that we add and remove concern no router. With a thousand of them they are most of what
        // happens.
        let (own, name) = (self.links.own(&link), link.name.clone());
        let before = self.links.insert(link);
        let news = before.as_ref().map(|before| self.links.own(before)) != Some(own);
        let renamed = before.map(|link| link.name);
        for router in self.routers.values_mut().filter(|router| router.config().interface.is_empty()) {
            if router.place(&self.links) {
                self.listening = None;
            }
        }
        if renamed.as_ref() != Some(&name) {
            self.listening = None;
        }
        if self.started && news {
            let reason = format!("interface {name} is up");
            for name in renamed.iter().filter(|old| **old != name).chain([&name]) {
                self.depending(name, now, batches, |router, ctx| router.reassess(&reason, ctx));
            }
        }
    }

    fn add(&mut self, instance: Arc<VrrpInstance>, group: Option<String>) -> RouterId {
        let id = self.next_id;
        self.next_id += 1;
        let router = Router::new(id, instance, self.settings, group);
        self.listening = None;
        self.routers.insert(id, Box::new(router));
        id
    }

    /// Routers that a reload removed are forgotten once their handover is done. At a stop they stay, so that it is
    /// known when all have stopped.
    fn forget_stopped(&mut self) {
        if !self.stopping && self.leaving && self.routers.values().any(|router| router.state() == State::Stopped) {
            self.routers.retain(|_, router| router.state() != State::Stopped);
            self.leaving = self.routers.values().any(|router| router.is_leaving());
            self.listening = None;
        }
    }

    fn note_virtual_addresses(&mut self) {
        self.links.set_virtual(self.routers.values().flat_map(|router| virtual_addresses(router.config())));
        self.shared = Shared::of(self.routers.values().map(|router| router.config()));
    }

    fn each(&mut self, now: Instant, batches: &mut Vec<Batch>, mut work: impl FnMut(&mut Router, &mut Context<'_>)) {
        let ids: Vec<RouterId> = self.routers.keys().copied().collect();
        for id in ids {
            self.with(id, now, batches, &mut work);
        }
    }

    /// Those that an interface concerns.
    fn depending(
        &mut self,
        link: &str,
        now: Instant,
        batches: &mut Vec<Batch>,
        mut work: impl FnMut(&mut Router, &mut Context<'_>),
    ) {
        let ids: Vec<RouterId> =
            self.routers.iter().filter(|(_, router)| router.depends_on(link)).map(|(id, _)| *id).collect();
        for id in ids {
            self.with(id, now, batches, &mut work);
        }
    }

    fn with(
        &mut self,
        id: RouterId,
        now: Instant,
        batches: &mut Vec<Batch>,
        work: impl FnOnce(&mut Router, &mut Context<'_>),
    ) {
        let Some(router) = self.routers.get_mut(&id) else { return };
        let mut actions = Vec::new();
        let mut ctx = Context {
            now,
            wall: self.wall_offset + now.since(Instant(0)),
            timers: &mut self.timers,
            links: &self.links,
            peers: &self.peers,
            neighbours: &mut self.neighbours,
            scripts: &self.scripts,
            files: &self.files,
            processes: &self.processes,
            lapsed: false,
            actions: &mut actions,
        };
        router.check_lease(&mut ctx);
        work(router, &mut ctx);
        self.shared.keep(&mut actions, id, &self.routers, &self.links);
        if !actions.is_empty() {
            batches.push(Batch { owner: Owner::Router(id), actions });
        }
    }
}

/// Adverts that are due within this time leave together.
const SLACK_MAX: Duration = Duration::from_millis(1);
/// How often a member may need a push in one step.
const PUSHES_PER_MEMBER: usize = 8;
