//! A virtual server and its real servers: quorum, sorry server, and the destinations that the kernel shall have.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::diff::diff;
use super::effect::Effect;
use super::health::{Health, Outcome};
use super::server::{Override, Server};
use crate::conf::config::Script;
use crate::conf::config::lvs::{RealServer, SorryServer, VirtualServer};
use crate::ipvs::{DestinationSettings, Family, Service, ServiceKey, ServiceSettings, Table};
use crate::notice::{Notice, What};
use crate::time::{Instant, millis};

/// A virtual server at work.
#[derive(Debug)]
pub struct Pool {
    config: Arc<VirtualServer>,
    servers: Vec<Server>,
    quorum: bool,
    quorum_since: Instant,
    /// Checks rest: this host does not hold the address.
    pub(super) suspended: bool,
    /// The kernel shall not have it: this host does not hold the address (`master_only`).
    pub(super) absent: bool,
    /// The destinations that the kernel is taken to have.
    in_kernel: BTreeMap<SocketAddr, DestinationSettings>,
}

impl Pool {
    /// A pool of which nothing is known but its configuration. `by_operator` tells what the operator wanted of a real
    /// server.
    pub(super) fn new(
        config: Arc<VirtualServer>,
        by_operator: impl Fn(&RealServer) -> Override,
        taken_out: impl Fn(&RealServer) -> bool,
        now: Instant,
    ) -> Self {
        let server = |one: &RealServer| Server::new(one, config.alpha || taken_out(one), by_operator(one), now);
        let servers = config.real_servers.iter().map(server).collect();
        let mut pool = Self {
            config,
            servers,
            quorum: true,
            quorum_since: now,
            suspended: false,
            absent: false,
            in_kernel: BTreeMap::new(),
        };
        pool.quorum = pool.alive() >= pool.config.quorum;
        pool
    }

    /// The pool under a new configuration: real servers that are in both keep their state.
    pub(super) fn follow(
        &mut self,
        new: Arc<VirtualServer>,
        by_operator: impl Fn(&RealServer) -> Override,
        now: Instant,
    ) {
        let mut old: BTreeMap<SocketAddr, (&RealServer, Server)> = BTreeMap::new();
        for (config, server) in self.config.real_servers.iter().zip(std::mem::take(&mut self.servers)) {
            old.insert(config.address, (config, server));
        }
        let follow = |one: &RealServer| match old.remove(&one.address) {
            Some((before, mut server)) => {
                server.follow(before, one, new.alpha);
                server
            }
            None => Server::new(one, new.alpha, by_operator(one), now),
        };
        self.servers = new.real_servers.iter().map(follow).collect();
        self.config = new;
    }

    /// Its configuration.
    pub fn config(&self) -> &Arc<VirtualServer> {
        &self.config
    }

    /// One check of one real server, by their positions.
    pub(super) fn health(&self, server: usize, check: usize) -> Option<&Health> {
        self.servers.get(server)?.checks().get(check)
    }

    /// Real servers and their configurations.
    pub fn servers(&self) -> impl Iterator<Item = (&RealServer, &Server)> {
        self.config.real_servers.iter().zip(&self.servers)
    }

    /// Whether enough weight is alive.
    pub(super) fn has_quorum(&self) -> bool {
        self.quorum
    }

    /// When the quorum was gained or lost last.
    pub(super) fn quorum_since(&self) -> Instant {
        self.quorum_since
    }

    /// Whether the checks rest.
    pub(super) fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Whether the kernel shall not have it.
    pub(super) fn is_absent(&self) -> bool {
        self.absent
    }

    /// The sorry server, while it serves.
    pub(super) fn serving_sorry(&self) -> Option<&SorryServer> {
        self.config.sorry_server.as_ref().filter(|_| !self.quorum)
    }

    /// Weight that is alive.
    pub fn alive(&self) -> u32 {
        self.servers().map(|(config, server)| server.alive_weight(config)).fold(0, u32::saturating_add)
    }

    /// Takes the end of a try: the pause until the next one, and what follows.
    pub(super) fn observe(&mut self, at: (usize, usize), outcome: Outcome, now: Instant) -> (Duration, Vec<Effect>) {
        let config = Arc::clone(&self.config);
        let found = config.real_servers.get(at.0).zip(self.servers.get_mut(at.0));
        let Some((real, server)) = found else { return (PAUSE_OF_THE_UNKNOWN, Vec::new()) };
        let Some(checker) = real.checkers.get(at.1) else { return (PAUSE_OF_THE_UNKNOWN, Vec::new()) };
        let (address, before) = (real.address, server.since());
        let failure = match &outcome {
            Outcome::Failed(why) if checker.log_all_failures => Some(why.words.clone()),
            _ => None,
        };
        let weighed = server.checks().get(at.1).and_then(Health::weighing);
        let (pause, turned) = server.observe(at.1, checker, outcome, now);
        let same_weight = server.checks().get(at.1).and_then(Health::weighing) == weighed;
        if !turned && same_weight && failure.is_none() {
            return (pause, Vec::new()); // as thousands do each second
        }
        let mut words = Vec::new();
        if turned {
            let (up, reason) = (server.is_up(), server.reason().unwrap_or_default().to_owned());
            words.push(config.tell(What::RealServer { address, up, reason, lasted_ms: millis(now.since(before)) }));
            let command = if up { &real.notify_up } else { &real.notify_down };
            words.extend(config.run(command.as_deref()));
        } else if let Some(reason) = failure {
            words.push(config.tell(What::CheckFailed { address, reason }));
        }
        (pause, self.changed(now, words)) // a check that passes still may have changed the weight
    }

    /// Takes an operator's word about real servers.
    pub(super) fn overrule(&mut self, place: usize, by: Override, now: Instant) -> Vec<Effect> {
        let Some((server, config)) = self.servers.get_mut(place).zip(self.config.real_servers.get(place)) else {
            return Vec::new();
        };
        server.by_operator = by;
        server.rising_since = None; // who asks for a weight gets it
        let what = What::Overridden { address: config.address, drained: by.drained, weight: by.weight };
        let word = vec![self.config.tell(what)];
        self.changed(now, word)
    }

    /// The table first: clients wait for it. Then `words` about what led here, then what it means for the quorum.
    pub(super) fn changed(&mut self, now: Instant, words: Vec<Effect>) -> Vec<Effect> {
        let quorum = self.settle_quorum(now);
        let changes = self.changes(now);
        let table = (!changes.is_empty()).then_some(Effect::Table(changes));
        table.into_iter().chain(words).chain(quorum).collect()
    }

    fn settle_quorum(&mut self, now: Instant) -> Vec<Effect> {
        let (alive, config) = (self.alive(), Arc::clone(&self.config));
        let gained = !self.quorum && alive >= config.quorum.saturating_add(config.hysteresis);
        let lost = self.quorum && alive < config.quorum.saturating_sub(config.hysteresis);
        if !gained && !lost {
            return Vec::new();
        }
        (self.quorum, self.quorum_since) = (gained, now);
        let sorry = config.sorry_server.as_ref().map(|sorry| sorry.address);
        let word = config.tell(What::Quorum { up: gained, alive, quorum: config.quorum, sorry, begun: false });
        let command = if gained { &config.quorum_up } else { &config.quorum_down };
        [word].into_iter().chain(config.run(command.as_ref())).collect()
    }

    /// What separates the kernel from what is wanted now.
    fn changes(&mut self, now: Instant) -> Vec<super::diff::Change> {
        let wanted = self.destinations(now);
        if wanted == self.in_kernel || self.absent {
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.in_kernel, wanted.clone());
        diff(&self.table(&before), &self.table(&wanted), &BTreeSet::new())
    }

    /// The services of this pool as they are wanted; from now on the kernel is taken to have them.
    pub(super) fn wanted(&mut self, now: Instant) -> Table {
        self.in_kernel = self.destinations(now);
        self.table(&self.in_kernel)
    }

    /// The services of this pool as the kernel is taken to have them.
    pub(super) fn in_kernel(&self) -> Table {
        self.table(&self.in_kernel)
    }

    fn table(&self, destinations: &BTreeMap<SocketAddr, DestinationSettings>) -> Table {
        if self.absent {
            return Table::new();
        }
        let scheduling = &self.config.scheduling;
        let service = |key: &ServiceKey| {
            // A group of both families has one granularity.
            let longest = if key.family() == Family::V4 { 32 } else { 128 };
            let persistence = self.config.persistence.map(|one| (one.timeout, one.prefix.min(longest)));
            let settings = ServiceSettings { scheduling: scheduling.clone(), persistence };
            (*key, Service { settings, destinations: destinations.clone() })
        };
        self.config.services.iter().map(service).collect()
    }

    fn destinations(&self, now: Instant) -> BTreeMap<SocketAddr, DestinationSettings> {
        let serves = self.quorum || self.config.sorry_server.is_none();
        let entry = |(config, server): (&RealServer, &Server)| {
            Some((config.address, server.entry(config, self.config.slow_start, serves, now)?))
        };
        let mut wanted: BTreeMap<_, _> = self.servers().filter_map(entry).collect();
        if let Some(sorry) = &self.config.sorry_server
            && (!self.quorum || sorry.inhibit)
        {
            let weight = u32::from(!self.quorum);
            let settings =
                DestinationSettings { weight, forward: sorry.forward, upper_threshold: 0, lower_threshold: 0 };
            wanted.insert(sorry.address, settings);
        }
        wanted
    }

    /// When a slow start takes its next step.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        if self.config.slow_start.is_zero() {
            return None;
        }
        self.servers.iter().filter_map(|server| server.next_rise(self.config.slow_start, now)).min()
    }

    /// What is told at the start: a quorum that is there, as keepalived does; with `rs_init_notifies` (`all`) each
    /// state as if it were a change. A pool that an earlier run left in the kernel goes on, and has no start
    /// (`goes_on`).
    pub(super) fn begin(&self, all: bool, goes_on: bool) -> Vec<Effect> {
        let servers = self.servers().filter(|_| all).flat_map(|(config, server)| {
            let command = if server.is_up() { &config.notify_up } else { &config.notify_down };
            self.config.run(command.as_deref())
        });
        let (alive, quorum) = (self.alive(), self.config.quorum);
        let told = (self.quorum && !goes_on)
            .then(|| self.config.tell(What::Quorum { up: true, alive, quorum, sorry: None, begun: true }));
        let command = match (self.quorum, all || !goes_on) {
            (true, true) => self.config.quorum_up.as_ref(),
            (false, _) if all => self.config.quorum_down.as_ref(),
            _ => None,
        };
        servers.chain(told).chain(self.config.run(command)).collect()
    }

    /// `omega`: what the end of the agent means.
    pub(super) fn farewell(&self) -> Vec<Effect> {
        if !self.config.omega {
            return Vec::new();
        }
        let up = self.servers().filter(|(_, server)| server.is_up());
        let servers = up.flat_map(|(config, _)| self.config.run(config.notify_down.as_deref()));
        let quorum = self.quorum.then(|| self.config.run(self.config.quorum_down.as_ref())).flatten();
        servers.chain(quorum).collect()
    }
}

impl VirtualServer {
    fn tell(&self, what: What) -> Effect {
        Effect::Tell(Notice { instance: self.name.clone(), what })
    }

    fn run(&self, command: Option<&Script>) -> Option<Effect> {
        command.cloned().map(|command| Effect::Run { server: self.name.clone(), command })
    }
}

/// A check of a server that a reload took away: its task ends before the pause does.
const PAUSE_OF_THE_UNKNOWN: Duration = Duration::from_secs(60);
