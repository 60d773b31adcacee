//! Load balancers on one LAN: their agents' engines, what their kernels hold, and packets that take a moment.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::action::{Action, Batch, Frame, Gate, Renewal};
use hactl_engine::conf::config::Config;
use hactl_engine::input::{Input, Link, Received, Remembered};
use hactl_engine::node::Node;
use hactl_engine::time::Instant;
use hactl_engine::wire::arp::{self, Arp, BROADCAST, Mac};
use hactl_engine::wire::ip::{Ipv4Header, TTL};
use hactl_engine::wire::ndisc;
use ipnet::IpNet;

/// How long a packet travels.
const DELAY: Duration = Duration::from_micros(100);
/// A story of a deploy needs some thousands; whoever needs more is kept busy by somebody else.
const STEPS_MAX: u64 = 500_000;
/// An IPv6 header.
const IPV6_HEADER: usize = 40;

/// An interface of a load balancer.
pub(super) struct Port {
    /// As the engine sees it.
    pub link: Link,
    /// Its subnets: who shares one is on the same LAN.
    pub nets: Vec<IpNet>,
}

/// A load balancer.
pub(super) struct Balancer {
    /// Its name.
    pub name: String,
    ports: Vec<Port>,
    agent: Option<Node>,
    held: BTreeSet<IpAddr>,
    /// Held, and no neighbour is answered any more.
    parted: BTreeSet<IpAddr>,
}

/// All of them.
pub(super) struct Lan {
    now: Instant,
    balancers: Vec<Balancer>,
    queue: BinaryHeap<Reverse<(Instant, u64)>>,
    flying: BTreeMap<u64, (usize, Input)>,
    sent: u64,
    steps: u64,
    /// For each address: who answered for it, and since when.
    answers: BTreeMap<IpAddr, Vec<(Instant, BTreeSet<usize>)>>,
}

impl Lan {
    /// Without agents; the addresses are those of which it is to be known who answers.
    pub(super) fn new(hosts: Vec<(String, Vec<Port>)>, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let balancer =
            |(name, ports)| Balancer { name, ports, agent: None, held: BTreeSet::new(), parted: BTreeSet::new() };
        let now = Instant(3_600_000_000_000); // hosts that have been up for an hour
        Self {
            now,
            balancers: hosts.into_iter().map(balancer).collect(),
            queue: BinaryHeap::new(),
            flying: BTreeMap::new(),
            sent: 0,
            steps: 0,
            answers: addresses.into_iter().map(|address| (address, vec![(now, BTreeSet::new())])).collect(),
        }
    }

    /// Its place among them.
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.balancers.iter().position(|one| one.name == name)
    }

    pub(super) fn name(&self, at: usize) -> &str {
        self.balancers.get(at).map_or("", |one| one.name.as_str())
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    /// Who answered for an address, and from when on; the first entry is from before the beginning.
    pub(super) fn history(&self, address: IpAddr) -> &[(Instant, BTreeSet<usize>)] {
        self.answers.get(&address).map_or(&[], Vec::as_slice)
    }

    /// An agent starts with this configuration. Routers whose addresses the kernel holds go on as masters. All that
    /// they track is good.
    pub(super) fn start(&mut self, at: usize, config: &Config) {
        let Some(one) = self.balancers.get_mut(at) else { return };
        let node = Node::new(config);
        let here = |router: &hactl_engine::conf::config::VrrpInstance| {
            !router.addresses.is_empty() && router.addresses.iter().all(|a| one.held.contains(&a.address.addr()))
        };
        let remembered = node.routers().map(|router| Remembered {
            instance: router.config().name.clone(),
            was_master: here(router.config()),
            pin: None,
        });
        let remembered = remembered.collect();
        one.parted.clear();
        one.agent = Some(node);
        for link in one.ports.iter().map(|port| port.link.clone()).collect::<Vec<_>>() {
            self.input(at, Input::Link(link));
        }
        self.all_is_well(at, config);
        self.input(at, Input::Start { remembered });
    }

    /// The agent reads its configuration again.
    pub(super) fn reload(&mut self, at: usize, config: &Config) {
        self.input(at, Input::Reload(Box::new(config.clone())));
        self.all_is_well(at, config);
    }

    /// The agent ends and another one takes its place.
    pub(super) fn restart(&mut self, at: usize, config: &Config) {
        self.input(at, Input::Stop { keep_addresses: true });
        self.start(at, config);
    }

    /// A host owns these addresses before its agent starts.
    pub(super) fn give(&mut self, at: usize, addresses: impl IntoIterator<Item = IpAddr>) {
        if let Some(one) = self.balancers.get_mut(at) {
            one.held.extend(addresses);
        }
        self.note();
    }

    fn all_is_well(&mut self, at: usize, config: &Config) {
        for script in &config.scripts {
            self.input(at, Input::Script { name: script.name.clone(), ok: true });
        }
        for process in &config.processes {
            self.input(at, Input::Process { name: process.name.clone(), ok: true });
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        while self.steps < STEPS_MAX {
            let packet = self.queue.peek().map(|Reverse((at, _))| *at);
            let wakes = self.balancers.iter().enumerate();
            let timer = wakes.filter_map(|(n, one)| Some((one.agent.as_ref()?.next_wake()?.max(self.now), n))).min();
            let packet_first = packet.is_some_and(|at| timer.is_none_or(|(due, _)| at <= due));
            let next = if packet_first { packet } else { timer.map(|(due, _)| due) };
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = next;
            if packet_first {
                let flying = self.queue.pop().and_then(|Reverse((_, id))| self.flying.remove(&id));
                if let Some((to, input)) = flying {
                    self.input(to, input);
                }
            } else if let Some((_, at)) = timer {
                self.input(at, Input::Wake);
            }
        }
        self.now = end;
    }

    /// Whether the agents kept each other busy, so that what came out says nothing.
    pub(super) fn ran_away(&self) -> bool {
        self.steps >= STEPS_MAX
    }

    fn input(&mut self, at: usize, input: Input) {
        self.steps += 1;
        let now = self.now;
        let Some(agent) = self.balancers.get_mut(at).and_then(|one| one.agent.as_mut()) else { return };
        for batch in agent.step(now, input) {
            self.perform(at, batch);
        }
        self.note();
    }

    fn perform(&mut self, at: usize, batch: Batch) {
        for action in batch.actions {
            let Some(one) = self.balancers.get_mut(at) else { return };
            match action {
                Action::AddAddresses(all) => {
                    let all: Vec<IpAddr> = all.iter().map(|a| a.address.address.addr()).collect();
                    one.parted.retain(|address| !all.contains(address));
                    one.held.extend(all);
                }
                Action::RemoveAddresses(all) => {
                    for address in all.iter().map(|a| a.address.address.addr()) {
                        one.held.remove(&address);
                        one.parted.remove(&address);
                    }
                }
                Action::Renew(Renewal::Gate { addresses, gate }) => match gate {
                    Gate::Part(_) => one.parted.extend(addresses),
                    Gate::Open(_) | Gate::Parted => one.parted.retain(|address| !addresses.contains(address)),
                },
                Action::Send { link, source, destination, packet } => self.send(at, link, source, destination, packet),
                Action::Announce(frames) => self.announce(at, &frames),
                Action::Probe(frames) => self.probe(at, &frames),
                Action::Renew(Renewal::Lifetime(_))
                | Action::Drain(_)
                | Action::AddRouting(_)
                | Action::RemoveRouting(_)
                | Action::Run { .. }
                | Action::SavePin { .. }
                | Action::Record { .. }
                | Action::Tell(_)
                | Action::Reply { .. } => {}
            }
        }
    }

    /// Who answers for each address now, where that is another than before.
    fn note(&mut self) {
        let answers = |one: &Balancer, address: &IpAddr| one.held.contains(address) && !one.parted.contains(address);
        for (address, history) in &mut self.answers {
            let who =
                self.balancers.iter().enumerate().filter(|(_, one)| answers(one, address)).map(|(n, _)| n).collect();
            if history.last().is_none_or(|(_, before)| *before != who) {
                history.push((self.now, who));
            }
        }
    }

    /// The others on the LAN of an interface, with the interface by which each is there.
    fn neighbours(&self, from: usize, link: u32) -> Vec<(usize, u32)> {
        let port = |one: &Balancer| one.ports.iter().position(|port| port.link.index == link);
        let Some(here) = self.balancers.get(from).and_then(|one| one.ports.get(port(one)?)) else { return Vec::new() };
        let shares =
            |port: &&Port| port.nets.iter().any(|net| here.nets.iter().any(|other| net.trunc() == other.trunc()));
        let others = self.balancers.iter().enumerate().filter(|(n, _)| *n != from);
        others.filter_map(|(n, one)| Some((n, one.ports.iter().find(shares)?.link.index))).collect()
    }

    fn send(&mut self, from: usize, link: u32, source: IpAddr, destination: IpAddr, packet: Vec<u8>) {
        let (ttl, payload) = match destination {
            IpAddr::V4(_) => match Ipv4Header::parse(&packet) {
                Ok((header, payload)) => (header.ttl, payload.to_vec()),
                Err(_) => return,
            },
            IpAddr::V6(_) => (TTL, packet),
        };
        for (to, link) in self.neighbours(from, link) {
            let own = |port: &Port| port.nets.iter().any(|net| net.addr() == destination);
            let meant =
                destination.is_multicast() || self.balancers.get(to).is_some_and(|one| one.ports.iter().any(own));
            if meant {
                let packet = Received { source, destination, ttl, payload: payload.as_slice().into() };
                self.fly(to, Input::Packet { link, packet });
            }
        }
    }

    /// Everybody hears who says that an address is his.
    fn announce(&mut self, from: usize, frames: &[Frame]) {
        for frame in frames {
            let claim = match frame.ethertype {
                arp::ETHERTYPE => Arp::parse(&frame.payload).map(|arp| (IpAddr::V4(arp.sender), arp.sender_mac)),
                ndisc::ETHERTYPE => {
                    frame.payload.get(IPV6_HEADER..).and_then(ndisc::claim).map(|(address, mac)| (address.into(), mac))
                }
                _ => None,
            };
            let Some((address, mac)) = claim else { continue };
            for (to, link) in self.neighbours(from, frame.link) {
                self.fly(to, Input::Claimed { link, address, mac });
            }
        }
    }

    /// The kernels of the others answer for what they hold, and the others hear the question.
    fn probe(&mut self, from: usize, frames: &[Frame]) {
        for frame in frames {
            let question = match frame.ethertype {
                arp::ETHERTYPE => Arp::parse(&frame.payload).map(|arp| (IpAddr::V4(arp.target), arp.sender_mac)),
                ndisc::ETHERTYPE => frame
                    .payload
                    .get(IPV6_HEADER..)
                    .and_then(ndisc::question)
                    .map(|(address, mac)| (address.into(), mac)),
                _ => None,
            };
            let Some((address, mac)) = question else { continue };
            for (to, link) in self.neighbours(from, frame.link) {
                let Some(theirs) = self.mac(to, link) else { continue };
                // A multicast frame reaches all of them as far as this matters; one to a host's own address that host
                // alone.
                let to_all =
                    frame.destination == BROADCAST || frame.destination.first().is_some_and(|byte| byte & 1 == 1);
                if !to_all && frame.destination != theirs {
                    continue;
                }
                self.fly(to, Input::Probed { link, address, mac });
                let answers = self.balancers.get(to).is_some_and(|one| {
                    let own = one.ports.iter().any(|port| port.nets.iter().any(|net| net.addr() == address));
                    own || (one.held.contains(&address) && !one.parted.contains(&address))
                });
                if answers {
                    self.fly(from, Input::Claimed { link: frame.link, address, mac: theirs });
                }
            }
        }
    }

    fn mac(&self, at: usize, link: u32) -> Option<Mac> {
        self.balancers.get(at)?.ports.iter().find(|port| port.link.index == link).map(|port| port.link.mac)
    }

    fn fly(&mut self, to: usize, input: Input) {
        self.sent += 1;
        self.queue.push(Reverse((self.now.after(DELAY), self.sent)));
        self.flying.insert(self.sent, (to, input));
    }
}
