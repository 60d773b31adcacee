//! Hosts, their kernels and the wire between them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::action::{Action, Batch};
use hactl_engine::conf::config::Config;
use hactl_engine::control::{Pin, RouterState};
use hactl_engine::input::{Input, Link, Received, Remembered};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::wire::ip::Ipv4Header;

use super::check;
use super::random::Random;

/// The one interface of every host.
pub const ETH0: u32 = 2;

/// A host: its kernel's state outlives the agent.
pub struct Host {
    pub config: Config,
    pub agent: Option<Node>,
    pub own: IpAddr,
    pub link_up: bool,
    pub refuses_addresses: bool,
    pub addresses: BTreeSet<IpAddr>,
    pub pins: BTreeMap<String, Pin>,
    pub stamps: BTreeMap<String, Instant>,
    /// Set when a clean stop began: no advert but priority 0 may follow.
    pub said_goodbye: bool,
}

/// How the wire behaves.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    pub loss_percent: u64,
    pub duplicate_percent: u64,
    pub delay_max_ms: u64,
    /// (from, to) pairs that do not get through.
    pub cut: BTreeSet<(usize, usize)>,
}

struct InFlight {
    to: usize,
    packet: Received,
}

pub struct World {
    pub now: Instant,
    pub hosts: Vec<Host>,
    pub wire: Wire,
    pub random: Random,
    pub trace: u64,
    tell: bool,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    flying: BTreeMap<u64, InFlight>,
    sequence: u64,
}

impl World {
    pub fn new(configs: Vec<Config>, random: Random, tell: bool) -> Self {
        let hosts = configs
            .into_iter()
            .enumerate()
            .map(|(n, config)| Host {
                config,
                agent: None,
                own: IpAddr::from([10, 0, 0, 5 + n as u8]),
                link_up: true,
                refuses_addresses: false,
                addresses: BTreeSet::new(),
                pins: BTreeMap::new(),
                stamps: BTreeMap::new(),
                said_goodbye: false,
            })
            .collect();
        Self {
            now: Instant(1_000_000_000),
            hosts,
            wire: Wire::default(),
            random,
            trace: 0,
            tell,
            queue: BinaryHeap::new(),
            flying: BTreeMap::new(),
            sequence: 0,
        }
    }

    pub fn say(&mut self, words: &str) {
        if self.tell {
            println!("{:10.4}  {words}", self.now.0 as f64 / 1e9);
        }
        for byte in words.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Starts an agent on a host, with what the host remembers.
    pub fn start(&mut self, host: usize) -> Result<(), String> {
        let at = &mut self.hosts[host];
        let remembered = at
            .config
            .instances
            .iter()
            .map(|instance| {
                let fresh = at
                    .stamps
                    .get(&instance.name)
                    .is_some_and(|stamp| self.now.since(*stamp) < instance.advert_interval * 3);
                let here = instance.addresses.iter().all(|a| at.addresses.contains(&a.address.addr()));
                let pin = at.pins.get(&instance.name).cloned();
                Remembered { instance: instance.name.clone(), was_master: fresh && here, pin }
            })
            .collect();
        at.agent = Some(Node::new(&at.config));
        at.said_goodbye = false;
        let link = self.link(host);
        self.input(host, Input::Link(link))?;
        self.input(host, Input::Start { remembered })
    }

    pub fn link(&self, host: usize) -> Link {
        let at = &self.hosts[host];
        let addresses = std::iter::once(at.own).chain(at.addresses.iter().copied()).collect();
        Link { index: ETH0, name: "eth0".into(), up: at.link_up, mac: [2, 0, 0, 0, 0, host as u8], addresses }
    }

    /// Feeds an agent and carries out what it says.
    pub fn input(&mut self, host: usize, input: Input) -> Result<(), String> {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let stop = matches!(input, Input::Stop { keep_addresses: false });
            let Some(agent) = &mut self.hosts[host].agent else { return Ok(()) };
            let batches = agent.step(self.now, input);
            check::bounded(&batches)?;
            if stop {
                self.hosts[host].said_goodbye = true;
            }
            for batch in batches {
                inputs.extend(self.perform(host, batch)?);
            }
        }
        check::kernel_agrees(host, &self.hosts[host])
    }

    fn perform(&mut self, host: usize, batch: Batch) -> Result<Option<Input>, String> {
        for action in batch.actions {
            match action {
                Action::Send { packet, destination, .. } => self.send(host, destination, &packet)?,
                Action::AddAddresses(_) if self.hosts[host].refuses_addresses => {
                    return Ok(Some(Input::ActionFailed { router: batch.router, error: "refused".into() }));
                }
                Action::AddAddresses(all) => {
                    self.hosts[host].addresses.extend(all.iter().map(|a| a.address.address.addr()));
                }
                Action::RemoveAddresses(all) => {
                    for at in all {
                        self.hosts[host].addresses.remove(&at.address.address.addr());
                    }
                }
                Action::Announce(frames) => check::announced_is_here(&self.hosts[host], &frames)?,
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
                Action::AddRouting(_) | Action::RemoveRouting(_) | Action::Renew(_) | Action::Probe(_) => {}
            }
        }
        Ok(None)
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
            let reaches = to != from && self.hosts[to].link_up && !self.wire.cut.contains(&(from, to));
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
                    payload: payload.to_vec(),
                };
                self.flying.insert(self.sequence, InFlight { to, packet });
            }
        }
        Ok(())
    }

    /// Lets time pass until `until`, packet by packet and timer by timer.
    pub fn run_until(&mut self, until: Instant) -> Result<(), String> {
        loop {
            self.bury_stopped();
            let packet = self.queue.peek().map(|Reverse((at, _))| *at);
            let timer =
                (0..self.hosts.len()).filter_map(|n| Some((self.hosts[n].agent.as_ref()?.next_wake()?, n))).min();
            let packet_first = packet.is_some_and(|at| timer.is_none_or(|(due, _)| at <= due));
            let next = if packet_first { packet } else { timer.map(|(due, _)| due) };
            let Some(next) = next.filter(|at| *at <= until) else {
                self.now = until;
                return Ok(());
            };
            self.now = self.now.max(next);
            if packet_first {
                let Some(Reverse((_, id))) = self.queue.pop() else { continue };
                if let Some(InFlight { to, packet }) = self.flying.remove(&id)
                    && self.hosts[to].link_up
                {
                    self.input(to, Input::Packet { link: ETH0, packet })?;
                }
            } else if let Some((_, host)) = timer {
                self.input(host, Input::Wake)?;
            }
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
