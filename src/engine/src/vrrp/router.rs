//! One virtual router: holds its state, judges its packets, turns the table's effects into actions.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use super::fsm::{Effect, Event, Heard, Preempt, State, View, transition};
use super::priority;
use crate::action::{Action, LinkAddress, RouterId};
use crate::conf::config::{Version, VrrpInstance};
use crate::control::{Pin, RouterState};
use crate::input::Link;
use crate::notice::{Notice, What};
use crate::time::{Instant, millis};
use crate::timer::Timers;

/// What a router waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The master's silence.
    MasterDown,
    /// The next advert.
    Advert,
    /// The end of a handover.
    Linger,
    /// The end of `preempt_delay`.
    Preempt,
    /// The second burst of announcements.
    Announce,
    /// The periodic refresh of announcements.
    Refresh,
    /// The end of an operator's override.
    Pin,
    /// Another try after a failed action.
    Retry,
}

/// How long after a failed action the router tries again.
pub const RETRY: Duration = Duration::from_secs(5);

/// What a router sees of its surroundings during one step, and where its actions go.
pub struct Context<'a> {
    /// Now.
    pub now: Instant,
    /// Everyone's timers.
    pub timers: &'a mut Timers<(RouterId, Timer)>,
    /// Interfaces by kernel index.
    pub links: &'a BTreeMap<u32, Link>,
    /// Scripts by name.
    pub scripts: &'a HashMap<String, bool>,
    /// Addresses that are virtual somewhere on this node: never a source.
    pub virtual_addresses: &'a BTreeSet<IpAddr>,
    /// This router's actions.
    pub actions: &'a mut Vec<Action>,
}

/// One virtual router.
#[derive(Debug, Clone)]
pub struct Router {
    pub(super) id: RouterId,
    pub(super) config: VrrpInstance,
    pub(super) state: State,
    pub(super) faults: Vec<String>,
    pub(super) weights: i32,
    pub(super) refused: Option<String>,
    pub(super) heard: Option<Heard>,
    /// The master that said goodbye (priority 0) and was not followed by another yet.
    pub(super) goodbye: Option<IpAddr>,
    pub(super) pin: Option<Pin>,
    pub(super) pinned_at: Instant,
    preempt_elapsed: bool,
    pub(super) identification: u16,
    pub(super) last_advert: Option<Instant>,
    pub(super) last_transition: Option<(Instant, String)>,
    pub(super) counters: BTreeMap<&'static str, u64>,
    told: BTreeSet<&'static str>,
    change: u64,
}

impl Router {
    /// A router that has not started.
    pub fn new(id: RouterId, config: VrrpInstance) -> Self {
        Self {
            id,
            config,
            state: State::Initialize,
            faults: Vec::new(),
            weights: 0,
            refused: None,
            heard: None,
            goodbye: None,
            pin: None,
            pinned_at: Instant::default(),
            preempt_elapsed: false,
            identification: 0,
            last_advert: None,
            last_transition: None,
            counters: BTreeMap::new(),
            told: BTreeSet::new(),
            change: 0,
        }
    }

    /// Its configuration.
    pub fn config(&self) -> &VrrpInstance {
        &self.config
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether its virtual addresses are IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.config.addresses.first().or(self.config.excluded.first()).is_some_and(|a| a.address.addr().is_ipv6())
    }

    /// How long after our last advert no backup, whatever its priority, has claimed the addresses.
    pub fn unclaimed_for(&self) -> Duration {
        self.config.advert_interval * super::fsm::DOWN_ADVERTS
    }

    /// Priority in force.
    pub fn priority(&self) -> u8 {
        priority::effective(self.config.priority, self.weights, self.pin.as_ref().map(|pin| pin.priority))
    }

    /// Starts, with what an earlier run left.
    pub fn start(&mut self, was_master: bool, pin: Option<Pin>, ctx: &mut Context<'_>) {
        self.pin = pin;
        self.assess(ctx);
        let reason = match (self.faults.is_empty(), was_master) {
            (false, _) => self.faults.join("; "),
            (true, true) => "restarted; the addresses were kept".into(),
            (true, false) => "started".into(),
        };
        self.apply(Event::Start { adopt: was_master }, &reason, ctx);
    }

    /// A deadline passed.
    pub fn fire(&mut self, timer: Timer, ctx: &mut Context<'_>) {
        match timer {
            Timer::MasterDown => {
                let reason = self.silence(ctx.now);
                self.apply(Event::MasterDown, &reason, ctx);
            }
            Timer::Advert => self.apply(Event::AdvertDue, "", ctx),
            Timer::Linger => self.apply(Event::LingerDue, "handover done", ctx),
            Timer::Preempt => self.preempt_elapsed = true,
            Timer::Announce => self.announce(self.config.announcement.repeat, ctx),
            Timer::Refresh => {
                self.announce(self.config.announcement.refresh_repeat, ctx);
                self.arm(Timer::Refresh, self.config.announcement.refresh, ctx);
            }
            Timer::Pin => self.unpin(ctx),
            Timer::Retry => {
                self.refused = None;
                self.reassess("trying again", ctx);
            }
        }
    }

    /// Stops, or leaves the addresses to a successor on this host.
    pub fn stop(&mut self, keep_addresses: bool, ctx: &mut Context<'_>) {
        let event = if keep_addresses { Event::StopKeeping } else { Event::Stop };
        self.apply(event, if keep_addresses { "restarting; the addresses stay" } else { "stopped" }, ctx);
    }

    /// Takes a new configuration of the same instance; what stays is not touched.
    pub fn reconfigure(&mut self, config: VrrpInstance, ctx: &mut Context<'_>) {
        let holds = matches!(self.state, State::Master | State::Handover(_));
        let old: HashSet<LinkAddress> = self.link_addresses(ctx).into_iter().collect();
        let interval_changed = config.advert_interval != self.config.advert_interval;
        self.config = config;
        let new: HashSet<LinkAddress> = self.link_addresses(ctx).into_iter().collect();
        if holds {
            let gone: Vec<_> = old.difference(&new).cloned().collect();
            let come: Vec<_> = new.difference(&old).cloned().collect();
            if !gone.is_empty() {
                ctx.actions.push(Action::RemoveAddresses(gone));
            }
            if !come.is_empty() {
                ctx.actions.push(Action::AddAddresses(come));
                self.announce(self.config.announcement.repeat, ctx);
            }
            if interval_changed {
                self.arm(Timer::Advert, Duration::ZERO, ctx);
            }
        }
        self.reassess("configuration reloaded", ctx);
    }

    // --- the only writer of the state ---

    pub(super) fn apply(&mut self, event: Event, reason: &str, ctx: &mut Context<'_>) {
        let view = self.view(ctx);
        let before = self.state;
        let (after, effects) = transition(before, event, &view);
        let notify_priority = self.priority();
        self.state = after;
        if after != before {
            for timer in [Timer::MasterDown, Timer::Advert, Timer::Announce, Timer::Refresh] {
                ctx.timers.cancel((self.id, timer));
            }
            // A stop in the middle of a handover only changes what follows: the handover still has to end.
            if !matches!((before, after), (State::Handover(_), State::Handover(_))) {
                ctx.timers.cancel((self.id, Timer::Linger));
            }
            self.preempt_elapsed = false;
            ctx.timers.cancel((self.id, Timer::Preempt));
        }
        for effect in effects {
            self.perform(effect, ctx);
        }
        if after != before {
            self.entered(before, reason, notify_priority, ctx);
        }
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<'_>) {
        match effect {
            Effect::Advertise => self.advertise(self.priority(), ctx),
            Effect::AdvertiseZero => self.advertise(0, ctx),
            Effect::AddAddresses => {
                let addresses = self.link_addresses(ctx);
                ctx.actions.push(Action::AddAddresses(addresses));
            }
            Effect::RemoveAddresses => {
                let addresses = self.link_addresses(ctx);
                ctx.actions.push(Action::RemoveAddresses(addresses));
            }
            Effect::Announce => {
                self.announce(self.config.announcement.repeat, ctx);
                let (delay, refresh) = (self.config.announcement.delay, self.config.announcement.refresh);
                if !delay.is_zero() {
                    self.arm(Timer::Announce, delay, ctx);
                }
                if !refresh.is_zero() {
                    self.arm(Timer::Refresh, refresh, ctx);
                }
            }
            Effect::StartAdvertTimer => self.arm(Timer::Advert, self.config.advert_interval, ctx),
            Effect::StartMasterDown(after) => self.arm(Timer::MasterDown, after, ctx),
            Effect::StartLinger(after) => {
                // Only ever shortened: a stream of adverts must not keep a handover open.
                let at = ctx.now.after(after);
                let sooner = ctx.timers.at((self.id, Timer::Linger)).map_or(at, |set| set.min(at));
                ctx.timers.set((self.id, Timer::Linger), sooner);
            }
            Effect::Follow(heard) => {
                self.goodbye = None;
                self.heard = Some(heard);
                self.last_advert = Some(ctx.now);
            }
            Effect::ArmPreempt => self.arm(Timer::Preempt, self.config.preempt_delay, ctx),
            Effect::DisarmPreempt => {
                self.preempt_elapsed = false;
                ctx.timers.cancel((self.id, Timer::Preempt));
            }
            Effect::DropPin => {
                if self.pin.as_ref().is_some_and(|pin| pin.priority == priority::PROMOTED) {
                    self.set_pin(None, ctx);
                }
            }
        }
    }

    fn entered(&mut self, before: State, reason: &str, priority: u8, ctx: &mut Context<'_>) {
        let (from, to) = (public(before), public(self.state));
        self.told.clear();
        match to {
            RouterState::Master => self.count("became_master"),
            RouterState::Backup if from == RouterState::Handover => self.count("released_master"),
            _ => {}
        }
        if to == RouterState::Master {
            (self.heard, self.goodbye) = (None, None);
        }
        let lasted = ctx.now.since(self.last_transition.as_ref().map_or(ctx.now, |(at, _)| *at));
        self.last_transition = Some((ctx.now, reason.to_owned()));
        ctx.actions.push(Action::Record { instance: self.config.name.clone(), state: to });
        let entered = What::Entered { from, to, reason: reason.to_owned(), priority, lasted_ms: millis(lasted) };
        self.change += 1;
        self.tell(entered, ctx);
        self.run_notify(to, priority, ctx);
    }

    fn run_notify(&self, state: RouterState, priority: u8, ctx: &mut Context<'_>) {
        let notify = &self.config.notify;
        let users = &notify.users;
        let (special, user, word) = match state {
            RouterState::Master => (&notify.master, &users.master, "MASTER"),
            RouterState::Backup => (&notify.backup, &users.backup, "BACKUP"),
            RouterState::Fault => (&notify.fault, &users.fault, "FAULT"),
            RouterState::Stopped => (&notify.stop, &users.stop, "STOP"),
            RouterState::Init | RouterState::Handover => return, // not states of keepalived
        };
        if let Some(command) = special {
            ctx.actions.push(Action::Run { change: self.change, command: command.clone(), user: user.clone() });
        }
        if let Some(command) = &notify.any {
            let mut command = command.clone();
            command.extend(["INSTANCE".into(), self.config.name.clone(), word.into(), priority.to_string()]);
            ctx.actions.push(Action::Run { change: self.change, command, user: users.any.clone() });
        }
    }

    pub(super) fn view(&self, ctx: &Context<'_>) -> View {
        let preempt = match (self.config.nopreempt, self.config.preempt_delay.is_zero() || self.preempt_elapsed) {
            (true, _) => Preempt::Never,
            (false, true) => Preempt::Now,
            (false, false) if ctx.timers.at((self.id, Timer::Preempt)).is_some() => Preempt::Waiting,
            (false, false) => Preempt::Unarmed,
        };
        let promoted = self.pin.as_ref().is_some_and(|pin| pin.priority == priority::PROMOTED);
        let master_interval = match (self.config.version, self.heard) {
            (Version::V3, Some(heard)) => heard.interval,
            _ => self.config.advert_interval,
        };
        View {
            priority: self.priority(),
            source: self.source(ctx),
            version: self.config.version,
            interval: self.config.advert_interval,
            master_interval,
            preempt,
            promoted_for: promoted.then(|| ctx.now.since(self.pinned_at)),
            faulty: !self.faults.is_empty(),
        }
    }

    fn silence(&self, now: Instant) -> String {
        if let Some(left) = self.goodbye {
            return format!("{left} stopped being master");
        }
        match (self.heard, self.last_advert) {
            (Some(heard), Some(_)) if heard.priority < self.priority() => {
                format!("preempts {} (priority {})", heard.source, heard.priority)
            }
            (Some(heard), Some(at)) => {
                format!("no advert from {} for {:.2} s", heard.source, now.since(at).as_secs_f64())
            }
            _ => "no other master heard".into(),
        }
    }

    pub(super) fn arm(&self, timer: Timer, after: Duration, ctx: &mut Context<'_>) {
        ctx.timers.set((self.id, timer), ctx.now.after(after));
    }

    pub(super) fn count(&mut self, counter: &'static str) {
        *self.counters.entry(counter).or_default() += 1;
    }

    pub(super) fn tell(&self, what: What, ctx: &mut Context<'_>) {
        ctx.actions.push(Action::Tell(Notice { instance: self.config.name.clone(), what }));
    }

    pub(super) fn tell_once(&mut self, key: &'static str, what: What, ctx: &mut Context<'_>) {
        if self.told.insert(key) {
            self.tell(what, ctx);
        }
    }
}

/// The state as the outside knows it.
pub fn public(state: State) -> RouterState {
    match state {
        State::Initialize => RouterState::Init,
        State::Backup => RouterState::Backup,
        State::Master => RouterState::Master,
        State::Handover(_) => RouterState::Handover,
        State::Fault => RouterState::Fault,
        State::Stopped => RouterState::Stopped,
    }
}
