//! How everything stands, as far as it was heard. Pure: what comes and what time it is are arguments.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use hactl_engine::control::{RealServerStatus, RouterState, VirtualServerStatus};
use hactl_engine::notice::Level;
use hactl_engine::seen::Sight;

use super::drifts::Drifts;
use super::host::{Link, Router, Seen};
use super::verdicts::Verdicts;
use super::words::words;
use crate::ctl::cluster::{Cluster, Host, Vip};
use crate::ctl::report::Report;
use crate::ctl::stream::told::{Item, News};
use crate::ctl::verify::status::Status;

/// Events that are kept.
const EVENTS: usize = 500;
/// Lines that tell of adverts that are kept.
const ADVERTS: usize = 200;

/// Everything.
pub struct Known {
    /// What is watched.
    pub cluster: Cluster,
    /// Its hosts, in the inventory's order.
    pub hosts: Vec<Seen>,
    /// The desk's last look, and when that was.
    pub looked: Option<(u64, Box<Report<Status>>)>,
    /// What happened, the oldest first.
    pub events: VecDeque<Event>,
    /// Adverts, the oldest first.
    pub adverts: VecDeque<Event>,
    /// So many events there were so far, those among them that are not kept any more.
    pub happened: u64,
    /// When something came last, on the desk's clock.
    pub now_ms: u64,
    verdicts: Verdicts,
    drifts: Drifts,
}

/// A line of what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, on the desk's clock.
    pub at_ms: u64,
    /// Whose.
    pub host: String,
    /// What.
    pub words: String,
    /// How much attention it deserves.
    pub level: Level,
}

/// Who has a VIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// Hosts that say so.
    pub names: Vec<String>,
    /// Hosts that may have it and are not heard.
    pub unknown: Vec<String>,
    /// Since when, where it is one.
    pub since_ms: Option<u64>,
}

impl Known {
    /// Nothing was heard yet.
    pub fn new(cluster: Cluster) -> Self {
        let hosts = cluster.managed().map(|host| Seen {
            name: host.name.clone(),
            address: host.address,
            group: host.group.name(),
            link: if cluster.runs_agent(host) { Link::Connecting } else { Link::None },
            heard_ms: None,
            clock: None,
            routers: Vec::new(),
            servers: Vec::new(),
        });
        Self {
            hosts: hosts.collect(),
            cluster,
            looked: None,
            events: VecDeque::new(),
            adverts: VecDeque::new(),
            happened: 0,
            now_ms: 0,
            verdicts: Verdicts::default(),
            drifts: Drifts::default(),
        }
    }

    /// Takes what came at this time.
    pub fn take(&mut self, item: Item, now_ms: u64) {
        self.now_ms = now_ms;
        match item {
            Item::Host(told) => {
                let Some(host) = self.hosts.iter_mut().find(|host| host.name == told.host) else { return };
                let again = matches!(host.link, Link::Lost { .. });
                host.take(&told.news, told.at_ms, now_ms);
                if let Some((words, level)) = words(&told.news, again) {
                    self.happened(Event { at_ms: told.at_ms, host: told.host.clone(), words, level });
                }
                if let News::Seen(sight) = &told.news
                    && let Sight::Adverts { .. } = **sight
                {
                    let (words, level) = (sight.to_string(), Level::Info);
                    keep(&mut self.adverts, Event { at_ms: told.at_ms, host: told.host, words, level }, ADVERTS);
                }
            }
            Item::Looked(report) => {
                let turned = self.verdicts.take(&report.problems);
                for problem in turned.new {
                    let level = if problem.warning { Level::Warning } else { Level::Error };
                    let (host, words) = (String::new(), format!("{} {}", problem.code, problem.message));
                    self.happened(Event { at_ms: now_ms, host, words, level });
                }
                for problem in turned.gone {
                    let (host, words) = (String::new(), format!("no more: {} {}", problem.code, problem.message));
                    self.happened(Event { at_ms: now_ms, host, words, level: Level::Info });
                }
                let drifted = self.drifts.take(&report.value);
                for (host, drift) in drifted.new {
                    self.happened(Event {
                        at_ms: now_ms,
                        host,
                        words: format!("drift: {drift}"),
                        level: Level::Warning,
                    });
                }
                for (host, drift) in drifted.gone {
                    let words = format!("no more drift: {drift}");
                    self.happened(Event { at_ms: now_ms, host, words, level: Level::Info });
                }
                self.looked = Some((now_ms, report));
            }
        }
    }

    /// Writes down what happened, where it belongs in time.
    pub fn happened(&mut self, event: Event) {
        self.happened = self.happened.saturating_add(1);
        keep(&mut self.events, event, EVENTS);
    }

    /// Who has a VIP, by what its agents say.
    pub fn owners(&self, vip: &Vip, now_ms: u64) -> Owners {
        let Some(address) = vip.address() else {
            return Owners { names: Vec::new(), unknown: Vec::new(), since_ms: None };
        };
        let mut owners = Owners { names: Vec::new(), unknown: Vec::new(), since_ms: None };
        // Who hands over still answers, until the next one is there: that is one owner, not two.
        let mut leaving = Owners { names: Vec::new(), unknown: Vec::new(), since_ms: None };
        for host in self.hosts.iter().filter(|host| vip.is_carried_by(&host.name)) {
            if !host.is_heard(now_ms) {
                owners.unknown.push(host.name.clone());
                continue;
            }
            if let Some(router) = host.routers.iter().find(|router| router.owns() && router.has(address)) {
                let of = if router.status.state == RouterState::Master { &mut owners } else { &mut leaving };
                of.names.push(host.name.clone());
                of.since_ms = of.since_ms.max(router.since_ms);
            }
        }
        // Who has said nothing since another one took it is no witness: it is not known to have it still.
        let heard = |name: &String| self.host(name).and_then(|host| host.heard_ms);
        let since = owners.since_ms;
        let (names, silent) = owners.names.drain(..).partition(|name| {
            let taken = self.since(name, address);
            taken == since || heard(name) > since.map(|since| since.saturating_add(WITNESS_MS))
        });
        owners.names = names;
        owners.unknown.extend::<Vec<String>>(silent);
        if owners.names.is_empty() {
            (owners.names, owners.since_ms) = (leaving.names, leaving.since_ms);
        }
        owners
    }

    /// Since when a host has a VIP.
    fn since(&self, host: &str, address: IpAddr) -> Option<u64> {
        self.host(host)?.routers.iter().find(|router| router.has(address))?.since_ms
    }

    /// The virtual router that a host has for a VIP, where it is heard.
    pub fn router(&self, host: &str, address: IpAddr) -> Option<&Router> {
        let host = self.host(host).filter(|host| host.is_heard(self.now_ms))?;
        host.routers.iter().find(|router| router.has(address))
    }

    /// Pools, each as the owner of its VIP sees it.
    pub fn pools(&self, now_ms: u64) -> Vec<(&Seen, &VirtualServerStatus)> {
        let mut pools = Vec::new();
        for (number, vip) in self.cluster.vips.iter().enumerate() {
            let owners = self.owners(vip, now_ms);
            let owner = owners.names.first().and_then(|name| self.host(name));
            let (Some(owner), Some(address)) = (owner, vip.address()) else { continue };
            let behind = owner.servers.iter().filter(|server| is_behind(server, address, number == 0));
            pools.extend(behind.map(|server| (owner, server)));
        }
        pools
    }

    /// Whether a server gets no new requests by order: by the kernel's table, or by the inventory where nginx has it.
    pub fn is_drained(&self, server: &Host) -> bool {
        if self.cluster.lvs.is_none() {
            return server.backend.down;
        }
        let own = server.address.to_string();
        let all = self.hosts.iter().flat_map(|host| &host.servers).flat_map(|server| &server.real_servers);
        let address = |real: &RealServerStatus| Some(real.address.rsplit_once(':')?.0.trim_matches(['[', ']']) == own);
        all.filter(|real| address(real) == Some(true)).any(|real| real.drained)
    }

    /// A host by its name.
    pub fn host(&self, name: &str) -> Option<&Seen> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// The name of whoever has an address of its own.
    pub fn name_of(&self, address: &str) -> String {
        let known = address.parse().ok().and_then(|ip: IpAddr| self.hosts.iter().find(|host| host.address == ip));
        known.map_or_else(|| address.to_owned(), |host| host.name.clone())
    }
}

/// A virtual server of the kernel has the VIP's address; the pools of nginx are shown once.
fn is_behind(server: &VirtualServerStatus, address: IpAddr, first: bool) -> bool {
    if server.upstream {
        return first;
    }
    let prefix = SocketAddr::new(address, 0).to_string();
    server.name.starts_with(prefix.trim_end_matches('0'))
}

/// Keeps the last events in the order in which they happened.
fn keep(events: &mut VecDeque<Event>, event: Event, most: usize) {
    let later = events.iter().rev().take_while(|one| one.at_ms > event.at_ms).count();
    events.insert(events.len() - later, event);
    if events.len() > most {
        events.pop_front();
    }
}

/// What comes so soon after a move may have been said before it.
const WITNESS_MS: u64 = 300;
