//! One agent's worth of virtual routers: inputs in, ordered batches of actions out.
//!
//! The contract is two functions. [`Node::step`] takes the time and what happened and returns what to do;
//! [`Node::next_wake`] says when to call again with [`Input::Wake`] if nothing happens before. The same inputs at
//! the same times give the same actions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use crate::action::{Action, Batch, RouterId};
use crate::conf::config::{Config, VrrpInstance};
use crate::control::InstanceStatus;
use crate::input::{Command, Input, Link, Received, Remembered};
use crate::time::Instant;
use crate::timer::Timers;
use crate::vrrp::fsm::State;
use crate::vrrp::router::{Context, Router, Timer};

/// The engine of one agent.
#[derive(Debug, Default)]
pub struct Node {
    routers: BTreeMap<RouterId, Router>,
    next_id: RouterId,
    timers: Timers<(RouterId, Timer)>,
    links: BTreeMap<u32, Link>,
    scripts: HashMap<String, bool>,
    files: HashMap<String, i32>,
    processes: HashMap<String, bool>,
    virtual_addresses: BTreeSet<IpAddr>,
    started: bool,
    stopping: bool,
}

impl Node {
    /// An engine for a configuration; nothing happens before [`Input::Start`].
    pub fn new(config: &Config) -> Self {
        let mut node = Self::default();
        for instance in &config.instances {
            node.add(instance.clone());
        }
        node.note_virtual_addresses();
        node
    }

    /// When to call [`Node::step`] with [`Input::Wake`] if nothing else happens; `None` means never.
    pub fn next_wake(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether a stop has been carried out everywhere.
    pub fn is_stopped(&self) -> bool {
        self.stopping && self.routers.values().all(|router| router.state() == State::Stopped)
    }

    /// The routers, for reading.
    pub fn routers(&self) -> impl Iterator<Item = &Router> {
        self.routers.values()
    }

    /// Their ids, in the same order.
    pub fn router_ids(&self) -> impl Iterator<Item = RouterId> {
        self.routers.keys().copied()
    }

    /// What every router says of itself. `unix_ms` is the wall clock at `now`.
    pub fn status(&self, now: Instant, unix_ms: u64) -> Vec<InstanceStatus> {
        self.routers.values().map(|router| router.status(now, unix_ms)).collect()
    }

    /// Takes one input and returns what to do, router by router, in order.
    pub fn step(&mut self, now: Instant, input: Input) -> Vec<Batch> {
        let mut batches = Vec::new();
        // Deadlines that passed before this input count first, so that a late wake changes no order.
        self.fire_due(now, &mut batches);
        match input {
            Input::Wake => {}
            Input::Start { remembered } => self.start(now, &remembered, &mut batches),
            Input::Packet { link, packet } => self.packet(now, link, &packet, &mut batches),
            Input::Link(link) => self.link(now, link, &mut batches),
            Input::LinkGone(index) => {
                self.links.remove(&index);
                self.each(now, &mut batches, |router, ctx| router.reassess("interface gone", ctx));
            }
            Input::AddressLost { link: _, address } => {
                self.each(now, &mut batches, |router, ctx| router.address_lost(address, ctx));
            }
            Input::Script { name, ok } => {
                let reason = format!("check {name} succeeds again");
                self.scripts.insert(name, ok);
                self.each(now, &mut batches, |router, ctx| router.reassess(&reason, ctx));
            }
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
            Input::Command { token, command } => self.command(now, token, &command, &mut batches),
            // A reload that comes during a stop must not start routers that nobody stops any more.
            Input::Reload(_) if self.stopping => {}
            Input::Reload(config) => self.reload(now, *config, &mut batches),
            Input::Stop { keep_addresses } => {
                self.stopping = true;
                self.each(now, &mut batches, |router, ctx| router.stop(keep_addresses, ctx));
            }
        }
        self.forget_stopped();
        batches
    }

    fn fire_due(&mut self, now: Instant, batches: &mut Vec<Batch>) {
        while let Some((id, timer)) = self.timers.pop_due(now) {
            self.with(id, now, batches, |router, ctx| router.fire(timer, ctx));
        }
    }

    fn start(&mut self, now: Instant, remembered: &[Remembered], batches: &mut Vec<Batch>) {
        self.started = true;
        self.each(now, batches, |router, ctx| {
            let memory = remembered.iter().find(|memory| memory.instance == router.config().name);
            let was_master = memory.is_some_and(|memory| memory.was_master);
            router.start(was_master, memory.and_then(|memory| memory.pin.clone()), ctx);
        });
    }

    fn packet(&mut self, now: Instant, link: u32, packet: &Received, batches: &mut Vec<Batch>) {
        let (Some(name), Some(&vrid)) = (self.links.get(&link).map(|link| &link.name), packet.payload.get(1)) else {
            return;
        };
        let six = packet.source.is_ipv6();
        let listening = |router: &Router| {
            let config = router.config();
            config.vrid == vrid && router.is_ipv6() == six && config.interface == *name
        };
        if let Some(id) = self.routers.iter().find(|(_, router)| listening(router)).map(|(id, _)| *id) {
            self.with(id, now, batches, |router, ctx| router.packet(packet, ctx));
        }
    }

    fn link(&mut self, now: Instant, link: Link, batches: &mut Vec<Batch>) {
        if self.links.get(&link.index) == Some(&link) {
            return;
        }
        let reason = format!("interface {} is up", link.name);
        self.links.insert(link.index, link);
        if self.started {
            self.each(now, batches, |router, ctx| router.reassess(&reason, ctx));
        }
    }

    fn command(&mut self, now: Instant, token: u64, command: &Command, batches: &mut Vec<Batch>) {
        let (Command::Promote { instance, .. } | Command::Resign { instance } | Command::Unpin { instance }) = command;
        let meant: Vec<RouterId> = self
            .routers
            .iter()
            .filter(|(_, router)| instance.as_ref().is_none_or(|name| router.config().name == *name))
            .map(|(id, _)| *id)
            .collect();
        let mut results = Vec::new();
        for id in &meant {
            self.with(*id, now, batches, |router, ctx| {
                results.push(match command {
                    Command::Promote { force, expires, reason, .. } => {
                        router.promote(*force, *expires, reason.clone(), ctx)
                    }
                    Command::Resign { .. } => router.resign(ctx),
                    Command::Unpin { .. } => {
                        router.unpin(ctx);
                        Ok(format!("{}: no override", router.config().name))
                    }
                });
            });
        }
        let result = if results.is_empty() {
            let known: Vec<&str> = self.routers.values().map(|router| router.config().name.as_str()).collect();
            let named = instance.as_deref().unwrap_or("(any)");
            Err(format!("no instance {named} here; there is {}", known.join(", ")))
        } else {
            let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
            let words = |all: Vec<Result<String, String>>| {
                all.into_iter().map(|r| r.unwrap_or_else(|e| e)).collect::<Vec<_>>().join("\n")
            };
            if bad.is_empty() { Ok(words(good)) } else { Err(words(bad)) }
        };
        let router = meant.first().copied().unwrap_or_default();
        batches.push(Batch { router, actions: vec![Action::Reply { token, result }] });
    }

    /// Same name, VRID, interface and family: the same router, which keeps its state. The rest stops or starts.
    fn reload(&mut self, now: Instant, config: Config, batches: &mut Vec<Batch>) {
        let mut wanted = config.instances;
        let mut kept = Vec::new();
        for (id, router) in &self.routers {
            if let Some(at) = wanted.iter().position(|new| same_router(router, new)) {
                kept.push((*id, wanted.remove(at)));
            }
        }
        let known: BTreeSet<String> = config.scripts.iter().map(|script| script.name.clone()).collect();
        self.scripts.retain(|name, _| known.contains(name));
        let gone: Vec<RouterId> =
            self.routers.keys().filter(|id| kept.iter().all(|(keep, _)| keep != *id)).copied().collect();
        for id in gone {
            self.with(id, now, batches, |router, ctx| router.stop(false, ctx));
        }
        let keeping: Vec<(RouterId, VrrpInstance)> = kept;
        self.virtual_addresses.extend(keeping.iter().flat_map(|(_, new)| virtual_addresses(new)));
        for (id, new) in keeping {
            self.with(id, now, batches, |router, ctx| router.reconfigure(new, ctx));
        }
        for new in wanted {
            self.virtual_addresses.extend(virtual_addresses(&new));
            let id = self.add(new);
            self.with(id, now, batches, |router, ctx| router.start(false, None, ctx));
        }
        self.note_virtual_addresses();
    }

    fn add(&mut self, instance: VrrpInstance) -> RouterId {
        let id = self.next_id;
        self.next_id += 1;
        self.routers.insert(id, Router::new(id, instance));
        id
    }

    /// Routers that left with a reload go once their handover is done; at a stop they stay, to be counted.
    fn forget_stopped(&mut self) {
        if !self.stopping {
            self.routers.retain(|_, router| router.state() != State::Stopped);
        }
    }

    fn note_virtual_addresses(&mut self) {
        self.virtual_addresses = self.routers.values().flat_map(|router| virtual_addresses(router.config())).collect();
    }

    fn each(&mut self, now: Instant, batches: &mut Vec<Batch>, mut work: impl FnMut(&mut Router, &mut Context<'_>)) {
        let ids: Vec<RouterId> = self.routers.keys().copied().collect();
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
            timers: &mut self.timers,
            links: &self.links,
            scripts: &self.scripts,
            virtual_addresses: &self.virtual_addresses,
            actions: &mut actions,
        };
        work(router, &mut ctx);
        if !actions.is_empty() {
            batches.push(Batch { router: id, actions });
        }
    }
}

fn same_router(router: &Router, new: &VrrpInstance) -> bool {
    let old = router.config();
    let six = new.addresses.first().or(new.excluded.first()).is_some_and(|a| a.address.addr().is_ipv6());
    router.state() != State::Stopped
        && old.name == new.name
        && old.vrid == new.vrid
        && old.interface == new.interface
        && router.is_ipv6() == six
}

fn virtual_addresses(instance: &VrrpInstance) -> impl Iterator<Item = IpAddr> + '_ {
    instance.addresses.iter().chain(&instance.excluded).map(|a| a.address.addr())
}
