//! One virtual router: holds its state, judges its packets, turns the table's effects into actions.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use super::fsm::{Effect, Event, Heard, Next, Preempt, State, View, transition};
use super::priority::{self, Health, Influence};
use crate::action::{Action, Frame, LinkAddress, RouterId};
use crate::conf::config::{Version, VirtualAddress, VrrpInstance};
use crate::control::{Pin, RouterState};
use crate::input::{Link, Received};
use crate::notice::{Notice, What};
use crate::time::Instant;
use crate::timer::Timers;
use crate::wire::ip::{Ipv4Header, PROTOCOL_VRRP, TTL};
use crate::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, GROUP_V6};
use crate::wire::{arp, ndisc};

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
    pub(super) pin: Option<Pin>,
    pinned_at: Instant,
    preempt_elapsed: bool,
    identification: u16,
    pub(super) last_advert: Option<Instant>,
    pub(super) last_transition: Option<(Instant, String)>,
    pub(super) counters: BTreeMap<&'static str, u64>,
    told: BTreeSet<&'static str>,
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
            pin: None,
            pinned_at: Instant::default(),
            preempt_elapsed: false,
            identification: 0,
            last_advert: None,
            last_transition: None,
            counters: BTreeMap::new(),
            told: BTreeSet::new(),
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
        let event = Event::Start { adopt: was_master };
        self.apply(event, if was_master { "restarted; the addresses were kept" } else { "started" }, ctx);
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

    /// A packet for this VRID and family arrived on this router's interface.
    pub fn packet(&mut self, packet: &Received, ctx: &mut Context<'_>) {
        if Some(packet.source) == self.source(ctx) {
            return; // our own multicast, looped back
        }
        match self.judge(packet) {
            Err((counter, error)) => {
                self.count(counter);
                self.tell_once(counter, What::BadAdvert { source: packet.source, error }, ctx);
            }
            Ok(advert) => self.hear(&advert, packet.source, ctx),
        }
    }

    /// Something tracked may have changed.
    pub fn reassess(&mut self, reason: &str, ctx: &mut Context<'_>) {
        let (was_faulty, was_priority) = (!self.faults.is_empty(), self.priority());
        self.assess(ctx);
        let faulty = !self.faults.is_empty();
        if faulty && !was_faulty {
            let reasons = self.faults.join("; ");
            self.apply(Event::Failed, &reasons, ctx);
        } else if !faulty && was_faulty {
            self.apply(Event::Recovered, reason, ctx);
        }
        let priority = self.priority();
        if priority != was_priority && self.state != State::Initialize {
            self.tell(What::Priority { from: was_priority, to: priority }, ctx);
        }
    }

    /// Somebody removed one of our addresses.
    pub fn address_lost(&mut self, address: IpAddr, ctx: &mut Context<'_>) {
        if self.state == State::Master && self.every_address().any(|a| a.address.addr() == address) {
            self.tell(What::AddressRestored { address }, ctx);
            self.apply(Event::AddressLost, "", ctx);
        }
    }

    /// An action of ours failed: no master without its addresses. Tries again later.
    pub fn action_failed(&mut self, error: String, ctx: &mut Context<'_>) {
        self.count("actions_failed");
        self.tell(What::Failed { error: error.clone() }, ctx);
        self.refused = Some(error);
        self.arm(Timer::Retry, RETRY, ctx);
        self.reassess("", ctx);
    }

    /// Makes this router master at once.
    ///
    /// # Errors
    /// In words, when it must not be master or cannot win.
    pub fn promote(
        &mut self,
        force: bool,
        expires: Option<(Duration, u64)>,
        reason: Option<String>,
        ctx: &mut Context<'_>,
    ) -> Result<String, String> {
        let name = self.config.name.clone();
        if !self.faults.is_empty() {
            let reasons = self.faults.join("; ");
            return Err(format!("{name} is in FAULT and cannot be master: {reasons}; mend that first"));
        }
        if self.weights < 0 && !force {
            return Err(format!(
                "{name}: tracked checks are bad (priority {} lowered by {}); mend them, or use --force",
                self.config.priority, -self.weights
            ));
        }
        match (self.state, self.heard) {
            (State::Master, _) => return Ok(format!("{name} is master already")),
            (State::Initialize | State::Stopped | State::Fault | State::Handover(Next::Stopped), _) => {
                return Err(format!("{name} is not running"));
            }
            (State::Backup | State::Handover(Next::Backup), Some(heard)) if heard.priority == priority::OWNER => {
                return Err(format!(
                    "{name}: the master {} is the address owner (priority 255), which nothing outbids; lower its \
                     priority in the configuration",
                    heard.source
                ));
            }
            (State::Backup | State::Handover(Next::Backup), _) => {}
        }
        // The configured priority wins by itself when it is the higher one; only otherwise an override is needed.
        let natural = priority::effective(self.config.priority, self.weights, None);
        let outbids = self.heard.is_none_or(|heard| natural > heard.priority);
        let why = reason.clone().unwrap_or_else(|| "promoted".into());
        if outbids && expires.is_none() {
            self.set_pin(None, ctx);
        } else {
            let pin = Pin { priority: priority::PROMOTED, reason, expires_unix_s: expires.map(|(_, at)| at) };
            self.set_pin(Some(pin), ctx);
            if let Some((after, _)) = expires {
                self.arm(Timer::Pin, after, ctx);
            }
        }
        self.apply(Event::Promote, &why, ctx);
        Ok(format!("{name} is master now"))
    }

    /// Hands the addresses to the best backup and stays last in line.
    ///
    /// # Errors
    /// In words, when this router is not master.
    pub fn resign(&mut self, ctx: &mut Context<'_>) -> Result<String, String> {
        let name = self.config.name.clone();
        if self.state != State::Master {
            return Err(format!("{name} is not master here; nothing to resign from"));
        }
        if self.config.priority == priority::OWNER {
            return Err(format!("{name} is the address owner (priority 255); lower its priority or stop the agent"));
        }
        let pin = Pin { priority: priority::RESIGNED, reason: Some("resigned".into()), expires_unix_s: None };
        self.set_pin(Some(pin), ctx);
        self.apply(Event::Resign, "resigned", ctx);
        Ok(format!("{name} hands over; it stays last in line until `unpin` or `promote`"))
    }

    /// Drops an operator's override; the election does the rest.
    pub fn unpin(&mut self, ctx: &mut Context<'_>) {
        let before = self.priority();
        if self.pin.is_some() {
            self.set_pin(None, ctx);
            self.tell(What::Priority { from: before, to: self.priority() }, ctx);
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

    fn apply(&mut self, event: Event, reason: &str, ctx: &mut Context<'_>) {
        let view = self.view(ctx);
        let before = self.state;
        let (after, effects) = transition(before, event, &view);
        let notify_priority = self.priority();
        self.state = after;
        if after != before {
            for timer in [Timer::MasterDown, Timer::Advert, Timer::Linger, Timer::Announce, Timer::Refresh] {
                ctx.timers.cancel((self.id, timer));
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
            self.heard = None;
        }
        self.last_transition = Some((ctx.now, reason.to_owned()));
        ctx.actions.push(Action::Record { instance: self.config.name.clone(), state: to });
        self.tell(What::Entered { from, to, reason: reason.to_owned() }, ctx);
        self.run_notify(to, priority, ctx);
    }

    fn run_notify(&self, state: RouterState, priority: u8, ctx: &mut Context<'_>) {
        let notify = &self.config.notify;
        let (special, word) = match state {
            RouterState::Master => (&notify.master, "MASTER"),
            RouterState::Backup => (&notify.backup, "BACKUP"),
            RouterState::Fault => (&notify.fault, "FAULT"),
            RouterState::Stopped => (&notify.stop, "STOP"),
            RouterState::Init | RouterState::Handover => return, // not states of keepalived
        };
        if let Some(command) = special {
            ctx.actions.push(Action::Run { command: command.clone(), user: None });
        }
        if let Some(command) = &notify.any {
            let mut command = command.clone();
            command.extend(["INSTANCE".into(), self.config.name.clone(), word.into(), priority.to_string()]);
            ctx.actions.push(Action::Run { command, user: None });
        }
    }

    fn view(&self, ctx: &Context<'_>) -> View {
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

    // --- receiving ---

    /// The receive checks of RFC 9568 §7.1, in its order; the error names the counter.
    fn judge(&self, packet: &Received) -> Result<Advert, (&'static str, String)> {
        let multicast = packet.destination.is_multicast();
        if multicast && packet.ttl != TTL {
            return Err(("bad_ttl", format!("TTL {} where 255 is required: it was routed or forged", packet.ttl)));
        }
        let (advert, _) = Advert::parse(&packet.payload, packet.source, packet.destination)
            .map_err(|error| ("bad_packet", error.to_string()))?;
        if advert.version != self.config.version {
            return Err((
                "bad_version",
                format!("it speaks {:?}, this instance {:?}", advert.version, self.config.version),
            ));
        }
        if multicast != self.config.unicast_peers.is_empty() {
            let (theirs, ours) = if multicast { ("multicast", "unicast") } else { ("unicast", "multicast") };
            return Err(("bad_destination", format!("it sends {theirs}, this instance expects {ours}")));
        }
        if advert.version == Version::V2 {
            let password_fits = match (advert.auth, &self.config.password) {
                (Auth::None, None) => true,
                (Auth::Simple(theirs), Some(ours)) => same(&theirs, &ours.0),
                _ => false,
            };
            if !password_fits {
                return Err(("bad_auth", "authentication type or password differs".into()));
            }
            if advert.interval != self.config.advert_interval {
                let (theirs, ours) = (advert.interval.as_secs(), self.config.advert_interval.as_secs());
                return Err((
                    "bad_interval",
                    format!("its interval is {theirs} s, ours {ours} s; in version 2 they must agree"),
                ));
            }
        }
        Ok(advert)
    }

    fn hear(&mut self, advert: &Advert, source: IpAddr, ctx: &mut Context<'_>) {
        self.count("adverts_received");
        if advert.priority == 0 {
            self.count("priority_zero_received");
        } else if self.state == State::Master && self.advertised() != advert.addresses.iter().copied().collect() {
            self.count("addresses_differ");
            self.tell_once("addresses_differ", What::AddressesDiffer { source }, ctx);
        }
        let reason = if advert.priority == self.priority() {
            format!("{source} has the same priority {} and the higher address", advert.priority)
        } else {
            format!("{source} advertises priority {}, ours is {}", advert.priority, self.priority())
        };
        let was = self.state;
        let heard = Heard { source, priority: advert.priority, interval: advert.interval };
        self.apply(Event::Advert(heard), &reason, ctx);
        if was == State::Master && self.state == State::Master && advert.priority > 0 {
            self.count("second_master");
            self.tell_once("second_master", What::SecondMaster { source, priority: advert.priority }, ctx);
        }
    }

    // --- sending ---

    fn advertise(&mut self, priority: u8, ctx: &mut Context<'_>) {
        let Some((link, source)) = self.link(ctx).map(|link| link.index).zip(self.source(ctx)) else {
            return; // no way out: the link fault is on its way
        };
        let advert = Advert {
            version: self.config.version,
            vrid: self.config.vrid,
            priority,
            interval: self.config.advert_interval,
            addresses: self.config.addresses.iter().map(|a| a.address.addr()).collect(),
            auth: self.config.password.map_or(Auth::None, |password| Auth::Simple(password.0)),
        };
        let form = if self.config.v3_checksum_as_v2 { ChecksumForm::MessageOnly } else { ChecksumForm::PseudoHeader };
        let group = [if source.is_ipv4() { IpAddr::V4(GROUP_V4) } else { IpAddr::V6(GROUP_V6) }];
        let destinations: &[IpAddr] =
            if self.config.unicast_peers.is_empty() { &group } else { &self.config.unicast_peers };
        for destination in destinations {
            let payload = advert.emit(source, *destination, form);
            let packet = match (source, destination) {
                (IpAddr::V4(source), IpAddr::V4(destination)) => {
                    self.identification = self.identification.wrapping_add(1).max(1);
                    let header = Ipv4Header { source, destination: *destination, ttl: TTL, protocol: PROTOCOL_VRRP };
                    header.emit(self.identification, &payload)
                }
                _ => payload,
            };
            ctx.actions.push(Action::Send { link, source, destination: *destination, packet });
        }
        self.last_advert = Some(ctx.now);
        *self.counters.entry(if priority == 0 { "priority_zero_sent" } else { "adverts_sent" }).or_default() += 1;
    }

    fn announce(&self, times: u32, ctx: &mut Context<'_>) {
        let frames: Vec<Frame> = self
            .link_addresses(ctx)
            .iter()
            .filter_map(|at| {
                let mac = ctx.links.get(&at.link)?.mac;
                Some(match at.address.address.addr() {
                    IpAddr::V4(address) => Frame {
                        link: at.link,
                        destination: arp::BROADCAST,
                        ethertype: arp::ETHERTYPE,
                        payload: arp::gratuitous(address, mac).emit(),
                    },
                    IpAddr::V6(address) => Frame {
                        link: at.link,
                        destination: ndisc::ALL_NODES_MAC,
                        ethertype: ndisc::ETHERTYPE,
                        payload: ndisc::unsolicited(address, mac),
                    },
                })
            })
            .collect();
        // Every address once before any is repeated: with many addresses the last must not wait for the first's repeats.
        let repeated: Vec<Frame> = (0..times).flat_map(|_| frames.iter().cloned()).collect();
        if !repeated.is_empty() {
            ctx.actions.push(Action::Announce(repeated));
        }
    }

    // --- what it stands on ---

    fn assess(&mut self, ctx: &Context<'_>) {
        let mut faults = Vec::new();
        let mut weights = 0;
        match self.link(ctx) {
            None => faults.push(format!("interface {} does not exist", self.config.interface)),
            Some(link) if !link.up && !self.config.dont_track_primary => {
                faults.push(format!("interface {} is down", link.name));
            }
            Some(link) if self.source(ctx).is_none() => {
                let family = if self.is_ipv6() { "IPv6 link-local" } else { "IPv4" };
                faults.push(format!("interface {} has no {family} address to send adverts from", link.name));
            }
            Some(_) => {}
        }
        for track in &self.config.track_interfaces {
            let up = ctx.links.values().any(|link| link.name == track.name && link.up);
            let health = if up { Health::Up } else { Health::Down };
            tally(
                priority::influence(track, health),
                &format!("tracked interface {} is down", track.name),
                &mut faults,
                &mut weights,
            );
        }
        for track in &self.config.track_scripts {
            let health = match ctx.scripts.get(&track.name) {
                None => Health::Unknown,
                Some(true) => Health::Up,
                Some(false) => Health::Down,
            };
            tally(
                priority::influence(track, health),
                &format!("check {} fails", track.name),
                &mut faults,
                &mut weights,
            );
        }
        faults.extend(self.refused.clone());
        self.faults = faults;
        self.weights = weights;
    }

    fn link<'c>(&self, ctx: &'c Context<'_>) -> Option<&'c Link> {
        ctx.links.values().find(|link| link.name == self.config.interface)
    }

    /// The address adverts come from: configured, or the first of the interface that is not virtual.
    fn source(&self, ctx: &Context<'_>) -> Option<IpAddr> {
        if self.config.source.is_some() {
            return self.config.source;
        }
        let six = self.is_ipv6();
        let usable = |address: &&IpAddr| match address {
            IpAddr::V4(_) => !six && !ctx.virtual_addresses.contains(*address),
            IpAddr::V6(v6) => six && v6.is_unicast_link_local() && !ctx.virtual_addresses.contains(*address),
        };
        self.link(ctx)?.addresses.iter().find(usable).copied()
    }

    fn every_address(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.config.addresses.iter().chain(&self.config.excluded)
    }

    fn advertised(&self) -> BTreeSet<IpAddr> {
        self.config.addresses.iter().map(|a| a.address.addr()).collect()
    }

    fn link_addresses(&self, ctx: &Context<'_>) -> Vec<LinkAddress> {
        self.every_address()
            .filter_map(|address| {
                let name = address.interface.as_ref().unwrap_or(&self.config.interface);
                let link = ctx.links.values().find(|link| link.name == *name)?.index;
                Some(LinkAddress { link, address: address.clone() })
            })
            .collect()
    }

    // --- small things ---

    fn set_pin(&mut self, pin: Option<Pin>, ctx: &mut Context<'_>) {
        self.pinned_at = ctx.now;
        ctx.timers.cancel((self.id, Timer::Pin));
        if self.pin != pin {
            self.pin.clone_from(&pin);
            ctx.actions.push(Action::SavePin { instance: self.config.name.clone(), pin });
        }
    }

    fn silence(&self, now: Instant) -> String {
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

    fn arm(&self, timer: Timer, after: Duration, ctx: &mut Context<'_>) {
        ctx.timers.set((self.id, timer), ctx.now.after(after));
    }

    fn count(&mut self, counter: &'static str) {
        *self.counters.entry(counter).or_default() += 1;
    }

    fn tell(&self, what: What, ctx: &mut Context<'_>) {
        ctx.actions.push(Action::Tell(Notice { instance: self.config.name.clone(), what }));
    }

    fn tell_once(&mut self, key: &'static str, what: What, ctx: &mut Context<'_>) {
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

fn tally(influence: Influence, fault: &str, faults: &mut Vec<String>, weights: &mut i32) {
    match influence {
        Influence::Weight(weight) => *weights += i32::from(weight),
        Influence::Fault => faults.push(fault.to_owned()),
    }
}

/// Compares in constant time: the time taken must not tell how much of a password was right.
fn same(a: &[u8; 8], b: &[u8; 8]) -> bool {
    a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}
