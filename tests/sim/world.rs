//! Hosts, their kernels and the wire between them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::action::{Action, Batch, Drain, Frame, Gate, Renewal};
use hactl_engine::conf::config::Config;
use hactl_engine::control::{Pin, RouterState};
use hactl_engine::input::{Input, Link, Received, Remembered};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::wire::arp::{Arp, BROADCAST, Mac};
use hactl_engine::wire::ip::Ipv4Header;

use super::check;
use super::random::Random;
use super::sent::Sent;

/// The one interface of every host.
pub(crate) const ETH0: u32 = 2;

/// A host: its kernel's state outlives the agent.
pub(crate) struct Host {
    pub config: Config,
    pub agent: Option<Node>,
    pub own: IpAddr,
    pub link_up: bool,
    pub refuses_addresses: bool,
    /// Addresses and when the kernel removes them by itself.
    pub addresses: BTreeMap<IpAddr, Option<Instant>>,
    /// Addresses behind the firewall's gate, and until when it is open.
    pub gates: BTreeMap<IpAddr, Instant>,
    /// Until when the gate takes traffic, which a handover goes on with.
    taken: BTreeMap<IpAddr, Instant>,
    /// The agent's loop stands still until then; the kernel does not.
    pub hung_until: Option<Instant>,
    /// What arrived while the loop stood still.
    waiting: Vec<Input>,
    /// Addresses on the loopback interface, for connections that were open, each until the kernel ends it.
    pub kept: BTreeMap<IpAddr, Instant>,
    /// Where segments go that belong to no connection of this host.
    pub passing: BTreeMap<IpAddr, IpAddr>,
    /// The host's clock runs this many millionths too fast.
    pub drift_ppm: i64,
    pub pins: BTreeMap<String, Pin>,
    pub stamps: BTreeMap<String, Instant>,
    /// Set when a clean stop began: no advert but priority 0 may follow.
    pub said_goodbye: bool,
    /// What the agent has sent, against what it may.
    sent: Sent,
}

/// How the wire behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire {
    pub loss_percent: u64,
    pub duplicate_percent: u64,
    pub delay_max_ms: u64,
    /// (from, to) pairs that do not get through.
    pub cut: BTreeSet<(usize, usize)>,
    /// (from, to) pairs between which a firewall drops adverts, and nothing else.
    pub filtered: BTreeSet<(usize, usize)>,
}

struct InFlight {
    to: usize,
    input: Input,
}

pub(crate) struct World {
    pub now: Instant,
    pub hosts: Vec<Host>,
    pub wire: Wire,
    pub random: Random,
    pub trace: u64,
    /// Since when two hosts answer for the same address.
    pub doubled_since: BTreeMap<(usize, usize), Instant>,
    /// No two hosts may answer for longer than this; `None` where plain VRRP promises nothing.
    pub overlap_max: Option<Duration>,
    /// Steps of all agents so far, and how many there may be.
    steps: u64,
    pub steps_max: u64,
    tell: bool,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    flying: BTreeMap<u64, InFlight>,
    sequence: u64,
}

impl World {
    pub(crate) fn new(configs: Vec<Config>, random: Random, tell: bool) -> Self {
        let hosts = configs
            .into_iter()
            .enumerate()
            .map(|(n, config)| Host {
                config,
                agent: None,
                own: host_address(n),
                link_up: true,
                refuses_addresses: false,
                addresses: BTreeMap::new(),
                gates: BTreeMap::new(),
                taken: BTreeMap::new(),
                hung_until: None,
                waiting: Vec::new(),
                kept: BTreeMap::new(),
                passing: BTreeMap::new(),
                drift_ppm: 0,
                pins: BTreeMap::new(),
                stamps: BTreeMap::new(),
                said_goodbye: false,
                sent: Sent::default(),
            })
            .collect();
        Self {
            now: Instant(1_000_000_000),
            hosts,
            wire: Wire::default(),
            random,
            trace: 0,
            doubled_since: BTreeMap::new(),
            overlap_max: None,
            tell,
            queue: BinaryHeap::new(),
            flying: BTreeMap::new(),
            sequence: 0,
            steps: 0,
            steps_max: STEPS_MAX,
        }
    }

    pub(crate) fn say(&mut self, words: &str) {
        if self.tell {
            println!("{:10.4}  {words}", self.now.0 as f64 / 1e9);
        }
        for byte in words.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Starts an agent on a host, with what the host remembers.
    pub(crate) fn start(&mut self, host: usize) -> Result<(), String> {
        let at = &mut self.hosts[host];
        let node = Node::new(&at.config);
        let remembered = node
            .routers()
            .map(|router| {
                let instance = router.config();
                let stamp = at.stamps.get(&instance.name);
                let fresh = stamp.is_some_and(|stamp| self.now.since(*stamp) < router.unclaimed_for());
                let here = instance.addresses.iter().all(|a| at.addresses.contains_key(&a.address.addr()));
                let pin = at.pins.get(&instance.name).cloned();
                Remembered { instance: instance.name.clone(), was_master: fresh && here, pin }
            })
            .collect();
        // The tables are made anew: only whose lease always is a gate keeps what an earlier agent left.
        let gated: Vec<IpAddr> = {
            let fast = at.config.instances.iter().filter(|one| one.advert_interval < Duration::from_secs(1));
            fast.flat_map(|one| &one.addresses).map(|one| one.address.addr()).collect()
        };
        at.gates.retain(|address, _| gated.contains(address));
        at.sent = Sent::default();
        at.kept.clear();
        at.passing.clear();
        at.agent = Some(node);
        at.said_goodbye = false;
        at.hung_until = None;
        at.waiting.clear();
        let link = self.link(host);
        self.input(host, Input::Link(link))?;
        self.input(host, Input::Start { remembered })
    }

    pub(crate) fn link(&self, host: usize) -> Link {
        let at = &self.hosts[host];
        let addresses = std::iter::once(at.own).chain(at.addresses.keys().copied()).collect();
        Link { index: ETH0, name: "eth0".into(), up: at.link_up, mac: mac(host), addresses }
    }

    /// Feeds an agent and carries out what it says.
    pub(crate) fn input(&mut self, host: usize, input: Input) -> Result<(), String> {
        if self.hosts[host].hung_until.is_some() {
            let packet = !matches!(input, Input::Wake);
            if packet && self.hosts[host].waiting.len() < QUEUE {
                self.hosts[host].waiting.push(input);
            }
            return Ok(());
        }
        // What was due before a stop is no part of it.
        let stops = matches!(input, Input::Stop { .. });
        let mut inputs = vec![input];
        inputs.extend(stops.then_some(Input::Wake));
        while let Some(input) = inputs.pop() {
            let stop = matches!(input, Input::Stop { keep_addresses: false });
            if self.hosts[host].agent.is_none() {
                return Ok(());
            }
            let now = drifted(self.now, self.hosts[host].drift_ppm);
            let told = matches!(input, Input::Command { .. } | Input::Reload(_) | Input::Stop { .. });
            self.steps += 1;
            if self.steps > self.steps_max {
                return Err(format!("{} steps and no end: the agents keep each other busy", self.steps_max));
            }
            let at = &mut self.hosts[host];
            let batches = at.agent.as_mut().map(|agent| agent.step(now, input)).unwrap_or_default();
            check::bounded(&batches)?;
            if let Some(agent) = &at.agent {
                at.sent.follow(now, agent, &batches, told).map_err(|why| format!("host {host}: {why}"))?;
            }
            if stop {
                self.hosts[host].said_goodbye = true;
            }
            let mut failed = BTreeSet::new();
            for batch in batches {
                if failed.contains(&batch.owner) {
                    continue; // it follows from what could not be done
                }
                let owner = batch.owner;
                if let Some(failure) = self.perform(host, batch)? {
                    failed.insert(owner);
                    inputs.push(failure);
                }
            }
        }
        check::kernel_agrees(host, &self.hosts[host])?;
        check::draining_agrees(self, host)
    }

    fn perform(&mut self, host: usize, batch: Batch) -> Result<Option<Input>, String> {
        for action in batch.actions {
            match action {
                Action::Send { packet, destination, .. } => self.send(host, destination, &packet)?,
                Action::AddAddresses(_) if self.hosts[host].refuses_addresses => {
                    let router = batch.owner.router().ok_or("only routers have addresses")?;
                    return Ok(Some(Input::ActionFailed { router, error: "refused".into() }));
                }
                Action::AddAddresses(all) | Action::Renew(Renewal::Lifetime(all)) => {
                    let now = self.now;
                    let until = |seconds: u32| now.after(Duration::from_secs(seconds.into()));
                    let added = all.iter().map(|a| (a.address.address.addr(), a.lifetime_s.map(until)));
                    self.hosts[host].addresses.extend(added);
                }
                Action::Renew(Renewal::Gate { addresses, gate: gate @ (Gate::Open(time) | Gate::Part(time)) }) => {
                    let taken = self.now.after(time);
                    let answers = if matches!(gate, Gate::Open(_)) { taken } else { self.now };
                    let at = &mut self.hosts[host];
                    at.gates.extend(addresses.iter().map(|address| (*address, answers)));
                    at.taken.extend(addresses.into_iter().map(|address| (address, taken)));
                }
                Action::Renew(Renewal::Gate { addresses, gate: Gate::Parted }) => {
                    self.hosts[host].gates.retain(|address, _| !addresses.contains(address));
                    self.hosts[host].taken.retain(|address, _| !addresses.contains(address));
                }
                Action::Drain(drain) => self.drain(host, drain),
                Action::Probe(frames) => self.probe(host, &frames),
                Action::RemoveAddresses(all) => {
                    for at in all {
                        self.hosts[host].addresses.remove(&at.address.address.addr());
                    }
                }
                Action::Announce(frames) => {
                    check::announced_is_here(&self.hosts[host], &frames)?;
                    self.announce(host, &frames);
                }
                Action::SavePin { instance, pin: Some(pin) } => {
                    self.hosts[host].pins.insert(instance, pin);
                }
                Action::SavePin { instance, pin: None } => {
                    self.hosts[host].pins.remove(&instance);
                }
                Action::Record { instance, state } => {
                    if state == RouterState::Master {
                        self.hosts[host].stamps.insert(instance, self.now);
                    } else if state != RouterState::Stopped {
                        self.hosts[host].stamps.remove(&instance);
                    }
                }
                Action::Tell(notice) => self.say(&format!("host {host}: {notice}")),
                Action::Run { .. } | Action::Reply { .. } => {}
                Action::AddRouting(_) | Action::RemoveRouting(_) => {}
            }
        }
        Ok(None)
    }

    fn drain(&mut self, host: usize, drain: Drain) {
        let until = |time| self.now.after(time);
        let at = &mut self.hosts[host];
        match drain {
            Drain::Keep { addresses, time } => at.kept.extend(addresses.into_iter().map(|one| (one, until(time)))),
            Drain::EndKeep(addresses) => at.kept.retain(|one, _| !addresses.contains(one)),
            Drain::Pass { addresses, to, .. } => at.passing.extend(addresses.into_iter().map(|one| (one, to))),
            Drain::EndPass(addresses) => at.passing.retain(|one, _| !addresses.contains(one)),
        }
    }

    fn send(&mut self, from: usize, destination: IpAddr, packet: &[u8]) -> Result<(), String> {
        let (header, payload) = Ipv4Header::parse(packet).map_err(|error| format!("host {from} sent junk: {error}"))?;
        check::goodbye_is_last(&self.hosts[from], payload)?;
        let named: Vec<(String, u8)> =
            self.hosts[from].config.instances.iter().map(|i| (i.name.clone(), i.vrid)).collect();
        if let Some((name, _)) = named.iter().find(|(_, vrid)| payload.get(1) == Some(vrid))
            && payload.get(2) != Some(&0)
        {
            self.hosts[from].stamps.insert(name.clone(), self.now);
        }
        if !self.hosts[from].link_up {
            return Ok(());
        }
        for to in 0..self.hosts.len() {
            let filtered = self.wire.filtered.contains(&(from, to));
            let reaches = to != from && self.hosts[to].link_up && !self.wire.cut.contains(&(from, to)) && !filtered;
            if !reaches || self.random.chance(self.wire.loss_percent) {
                continue;
            }
            let copies = if self.random.chance(self.wire.duplicate_percent) { 2 } else { 1 };
            for _ in 0..copies {
                let delay_us = 50 + self.random.below(self.wire.delay_max_ms * 1000 + 1);
                self.sequence += 1;
                self.queue.push(Reverse((self.now.after(Duration::from_micros(delay_us)), self.sequence)));
                let packet = Received {
                    source: IpAddr::V4(header.source),
                    destination,
                    ttl: header.ttl,
                    payload: payload.into(),
                };
                self.flying.insert(self.sequence, InFlight { to, input: Input::Packet { link: ETH0, packet } });
            }
        }
        Ok(())
    }

    /// Everybody hears who says that an address is his.
    fn announce(&mut self, from: usize, frames: &[Frame]) {
        let addresses: BTreeSet<IpAddr> =
            frames.iter().filter_map(|frame| Arp::parse(&frame.payload)).map(|arp| IpAddr::V4(arp.sender)).collect();
        let hosts = 0..self.hosts.len();
        for (address, to) in addresses.iter().flat_map(|one| hosts.clone().map(move |to| (*one, to))) {
            if to == from || self.wire.cut.contains(&(from, to)) || !self.hosts[from].link_up {
                continue;
            }
            self.fly(to, Input::Claimed { link: ETH0, address, mac: mac(from) });
        }
    }

    /// The kernels of the others answer for what they hold, whether their agents live or not; and the others hear the
    /// question. One that is addressed to a host reaches that one alone.
    fn probe(&mut self, from: usize, frames: &[Frame]) {
        for frame in frames {
            let Some(address) = Arp::parse(&frame.payload).map(|arp| IpAddr::V4(arp.target)) else { continue };
            for other in 0..self.hosts.len() {
                let meant = frame.destination == BROADCAST || frame.destination == mac(other);
                let up = self.hosts[from].link_up && self.hosts[other].link_up;
                if other == from || !meant || !up || self.wire.cut.contains(&(from, other)) {
                    continue;
                }
                self.fly(other, Input::Probed { link: ETH0, address, mac: mac(from) });
                if self.answers(other, address) && !self.wire.cut.contains(&(other, from)) {
                    self.fly(from, Input::Claimed { link: ETH0, address, mac: mac(other) });
                }
            }
        }
    }

    /// An ARP packet is on its way.
    fn fly(&mut self, to: usize, input: Input) {
        self.sequence += 1;
        self.queue.push(Reverse((self.now.after(ARP_DELAY), self.sequence)));
        self.flying.insert(self.sequence, InFlight { to, input });
    }

    /// Whether a host's kernel answers for an address at this moment.
    pub(crate) fn answers(&self, host: usize, address: IpAddr) -> bool {
        let at = &self.hosts[host];
        if address == at.own {
            return at.link_up;
        }
        let held = at.addresses.get(&address).is_some_and(|until| until.is_none_or(|until| until > self.now));
        let kept = at.kept.get(&address).is_some_and(|until| *until > self.now);
        let open = at.gates.get(&address).is_none_or(|until| *until > self.now);
        (held || kept) && open && at.link_up
    }

    /// Whether a host's kernel takes what is sent to it for an address, by those who know it as the owner.
    pub(crate) fn takes(&self, host: usize, address: IpAddr) -> bool {
        let at = &self.hosts[host];
        let held = at.addresses.get(&address).is_some_and(|until| until.is_none_or(|until| until > self.now));
        held && at.link_up && at.taken.get(&address).is_none_or(|until| *until > self.now)
    }

    /// The loop of a host's agent stands still for a while.
    pub(crate) fn hang(&mut self, host: usize, time: Duration) {
        self.hosts[host].hung_until = Some(self.now.after(time));
    }

    /// What the kernel does by itself: lifetimes end, and standing loops go on.
    fn kernels(&mut self) -> Result<(), String> {
        for host in 0..self.hosts.len() {
            let at = &mut self.hosts[host];
            let gone: Vec<IpAddr> = at
                .addresses
                .iter()
                .filter(|(_, until)| until.is_some_and(|u| u <= self.now))
                .map(|(a, _)| *a)
                .collect();
            at.addresses.retain(|address, _| !gone.contains(address));
            for address in gone {
                self.input(host, Input::AddressLost { link: ETH0, address })?;
            }
            if self.hosts[host].hung_until.is_some_and(|until| until <= self.now) {
                self.hosts[host].hung_until = None;
                self.input(host, Input::Wake)?;
                for input in std::mem::take(&mut self.hosts[host].waiting) {
                    self.input(host, input)?;
                }
            }
        }
        Ok(())
    }

    /// When a kernel does something by itself next.
    fn kernels_next(&self) -> Option<Instant> {
        let lifetimes = self.hosts.iter().flat_map(|host| host.addresses.values().copied().flatten());
        lifetimes.chain(self.hosts.iter().filter_map(|host| host.hung_until)).min()
    }

    /// Lets time pass until `until`, packet by packet and timer by timer.
    pub(crate) fn run_until(&mut self, until: Instant) -> Result<(), String> {
        loop {
            self.bury_stopped();
            let packet = self.queue.peek().map(|Reverse((at, _))| *at);
            let wake = |n: usize| {
                let host = &self.hosts[n];
                let due = host.agent.as_ref().filter(|_| host.hung_until.is_none())?.next_wake()?;
                Some((true_time(due, host.drift_ppm).max(self.now), n))
            };
            let timer = (0..self.hosts.len()).filter_map(wake).min();
            let kernel = self.kernels_next().filter(|at| *at <= until);
            if let Some(at) = kernel
                && packet.is_none_or(|packet| at <= packet)
                && timer.is_none_or(|(due, _)| at <= due)
            {
                self.now = self.now.max(at);
                self.kernels()?;
                check::one_answers(self)?;
                continue;
            }
            let packet_first = packet.is_some_and(|at| timer.is_none_or(|(due, _)| at <= due));
            let next = if packet_first { packet } else { timer.map(|(due, _)| due) };
            let Some(next) = next.filter(|at| *at <= until) else {
                self.now = until;
                return Ok(());
            };
            self.now = self.now.max(next);
            if packet_first {
                let Some(Reverse((_, id))) = self.queue.pop() else { continue };
                if let Some(InFlight { to, input }) = self.flying.remove(&id)
                    && self.hosts[to].link_up
                {
                    self.input(to, input)?;
                }
            } else if let Some((_, host)) = timer {
                self.input(host, Input::Wake)?;
            }
            check::one_answers(self)?;
        }
    }

    /// An agent that has stopped is gone.
    fn bury_stopped(&mut self) {
        for host in &mut self.hosts {
            if host.agent.as_ref().is_some_and(Node::is_stopped) {
                host.agent = None;
            }
        }
    }
}

/// A host's own address.
pub(crate) fn host_address(host: usize) -> IpAddr {
    IpAddr::from([10, 0, 0, 5 + host as u8])
}

fn mac(host: usize) -> Mac {
    [2, 0, 0, 0, 0, host as u8]
}

/// What a host's clock shows.
fn drifted(now: Instant, ppm: i64) -> Instant {
    Instant((i128::from(now.0) * i128::from(1_000_000 + ppm) / 1_000_000) as u64)
}

/// When a host's clock shows this, at the earliest.
fn true_time(at: Instant, ppm: i64) -> Instant {
    Instant((i128::from(at.0) * 1_000_000 / i128::from(1_000_000 + ppm)) as u64 + 1)
}

/// How long an ARP packet travels.
const ARP_DELAY: Duration = Duration::from_micros(100);
/// Steps of all agents in one story; the longest need a tenth of it.
const STEPS_MAX: u64 = 1_000_000;
/// Packets that wait for a loop that stands still.
const QUEUE: usize = 1000;
