//! How everything stands, as far as it was heard. Pure: what comes and what time it is are arguments.

use std::collections::VecDeque;
use std::net::IpAddr;

use hactl_engine::control::RouterState;
use hactl_engine::notice::Level;
use hactl_engine::seen::Sight;

use super::host::{Link, Router, Seen};
use super::lines::clock_words;
use super::mode::{Mode, Work};
use super::verdicts::Verdicts;
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::report::Report;
use crate::ctl::stream::told::{Item, News};
use crate::ctl::verify::status::Status;

/// Events that are kept.
const EVENTS: usize = 500;
/// Lines that tell of adverts that are kept.
const ADVERTS: usize = 200;

/// Everything.
pub(super) struct Model {
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
    /// Whether adverts stand among the events.
    pub with_adverts: bool,
    /// So many lines of events are below the last one that is shown.
    pub back: usize,
    /// What the keys mean.
    pub mode: Mode,
    /// The last order.
    pub work: Option<Work>,
    /// What is said of a key that does nothing now.
    pub hint: Option<String>,
    /// Whether colours are wanted.
    pub colours: bool,
    /// When something came last, on the desk's clock.
    pub now_ms: u64,
    verdicts: Verdicts,
}

/// A line of what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
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
pub(super) struct Owners {
    /// Hosts that say so.
    pub names: Vec<String>,
    /// Hosts that may have it and are not heard.
    pub unknown: Vec<String>,
    /// Since when, where it is one.
    pub since_ms: Option<u64>,
}

impl Model {
    /// Nothing was heard yet.
    pub(super) fn new(cluster: Cluster, colours: bool) -> Self {
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
            with_adverts: false,
            back: 0,
            mode: Mode::default(),
            work: None,
            hint: None,
            colours,
            now_ms: 0,
            verdicts: Verdicts::default(),
        }
    }

    /// Takes what came at this time.
    pub(super) fn take(&mut self, item: Item, now_ms: u64) {
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
                self.looked = Some((now_ms, report));
            }
        }
    }

    /// Writes down what happened, where it belongs in time.
    pub(super) fn happened(&mut self, event: Event) {
        if self.back > 0 {
            self.back += 1; // what somebody reads stays where it is
        }
        keep(&mut self.events, event, EVENTS);
    }

    /// What stands in the list of events now, the oldest first.
    pub(super) fn listed(&self) -> Vec<&Event> {
        let mut all: Vec<&Event> = self.events.iter().collect();
        if self.with_adverts {
            all.extend(&self.adverts);
            all.sort_by_key(|event| event.at_ms);
        }
        all
    }

    /// Who has a VIP, by what its agents say.
    pub(super) fn owners(&self, vip: &Vip, now_ms: u64) -> Owners {
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
    pub(super) fn router(&self, host: &str, address: IpAddr) -> Option<&Router> {
        let host = self.host(host).filter(|host| host.is_heard(self.now_ms))?;
        host.routers.iter().find(|router| router.has(address))
    }

    /// A host by its name.
    pub(super) fn host(&self, name: &str) -> Option<&Seen> {
        self.hosts.iter().find(|host| host.name == name)
    }

    /// The name of whoever has an address of its own.
    pub(super) fn name_of(&self, address: &str) -> String {
        let known = address.parse().ok().and_then(|ip: IpAddr| self.hosts.iter().find(|host| host.address == ip));
        known.map_or_else(|| address.to_owned(), |host| host.name.clone())
    }

    /// An order is at work.
    pub(super) fn is_at_work(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.end.is_none())
    }
}

/// Keeps the last events in the order in which they happened.
fn keep(events: &mut VecDeque<Event>, event: Event, most: usize) {
    let later = events.iter().rev().take_while(|one| one.at_ms > event.at_ms).count();
    events.insert(events.len() - later, event);
    if events.len() > most {
        events.pop_front();
    }
}

/// What is worth a line of what is told of a host. `again`: it was lost before.
fn words(news: &News, again: bool) -> Option<(String, Level)> {
    match news {
        News::Connecting => None,
        News::Connected if again => Some(("is heard again".into(), Level::Info)),
        News::Connected => None,
        // A clock that is far off makes signed adverts useless, and times of logs misleading.
        News::Clock(clock) if clock.ahead_ns.unsigned_abs() > FAR_OFF_NS => {
            Some((format!("its clock is {}", clock_words(*clock)), Level::Warning))
        }
        News::Clock(_) => None,
        News::NotUnderstood => {
            Some(("says what this desk does not understand: it is of another version".into(), Level::Warning))
        }
        News::Lost { .. } if again => None,
        News::Lost { problem, .. } => Some((format!("not heard any more: {}", problem.message), Level::Error)),
        News::Seen(sight) if sight.is_routine() => None,
        News::Seen(sight) => Some((sight.to_string(), sight.level())),
    }
}

/// What comes so soon after a move may have been said before it.
const WITNESS_MS: u64 = 300;
/// A clock that is further off is worth a line.
const FAR_OFF_NS: u64 = 500_000_000;
