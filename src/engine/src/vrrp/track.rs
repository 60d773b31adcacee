//! What a router stands on: its interface, its source address, tracked interfaces and scripts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::context::{Context, RETRY, Timer};
use super::counters::Counter;
use super::priority::{self, Health, Influence};
use super::router::Router;
use super::state::{Event, State};
use crate::action::LinkAddress;
use crate::conf::config::{VirtualAddress, Vmac};
use crate::input::Link;
use crate::links::Links;
use crate::notice::What;

impl Router {
    /// Something tracked may have changed.
    pub(crate) fn reassess(&mut self, reason: &str, ctx: &mut Context<'_>) {
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
            self.priority_changed(was_priority, ctx);
        }
    }

    /// Somebody removed one of our addresses.
    pub(crate) fn address_lost(&mut self, link: u32, address: IpAddr, ctx: &mut Context<'_>) {
        let ours = |one: &VirtualAddress| one.address.addr() == address && !one.no_track;
        let there = |at: &LinkAddress| at.link == link && ours(&at.address);
        // Of thousands of routers one has it.
        let lost = self.state == State::Master && self.every_address().any(ours);
        if lost && self.link_addresses(ctx).iter().any(there) {
            self.tell(What::AddressRestored { address }, ctx);
            self.apply(Event::AddressLost, "", ctx);
        }
    }

    /// An action of ours failed: no master without its addresses. Tries again later.
    pub(crate) fn action_failed(&mut self, error: String, ctx: &mut Context<'_>) {
        self.count(Counter::ActionsFailed);
        self.tell(What::Failed { error: error.clone() }, ctx);
        self.refused = Some(error);
        self.arm(Timer::Retry, RETRY, ctx);
        self.reassess("", ctx);
    }

    pub(super) fn assess(&mut self, ctx: &Context<'_>) {
        let mut tally = Tally::default();
        self.assess_link(ctx, &mut tally);
        self.assess_others(ctx, &mut tally);
        for track in &self.config.track_interfaces {
            let up = ctx.links.named(&track.name).is_some_and(|link| link.up);
            let health = if up { Health::Up } else { Health::Down };
            tally.count(priority::influence(track, health), || format!("tracked interface {} is down", track.name));
        }
        for track in &self.config.track_scripts {
            let health = Health::of(ctx.scripts.get(&track.name).copied());
            tally.count(priority::influence(track, health), || format!("check {} fails", track.name));
        }
        for track in &self.config.track_processes {
            let health = Health::of(ctx.processes.get(&track.name).copied());
            tally.count(priority::influence(track, health), || format!("not enough of {} run", track.name));
        }
        for track in &self.config.track_files {
            let value = ctx.files.get(&track.name).copied().unwrap_or_default();
            tally
                .count(priority::file_influence(track, value), || format!("tracked file {} holds {value}", track.name));
        }
        tally.faults.extend(self.refused.clone());
        tally.faults.extend(self.group_fault.clone());
        self.faults = tally.faults;
        self.weights = tally.weights;
    }

    fn assess_link(&self, ctx: &Context<'_>, tally: &mut Tally) {
        let Some(link) = self.link(ctx) else {
            tally.faults.push(match (self.config.interface.as_str(), self.config.source) {
                ("", Some(source)) => format!("no interface carries the source address {source}"),
                ("", None) => "no interface leads to its peers".to_owned(),
                (name, _) => format!("interface {name} does not exist"),
            });
            return;
        };
        if !link.up && !self.config.dont_track_primary {
            tally.faults.push(format!("interface {} is down", link.name));
            return;
        }
        match self.source(ctx) {
            None => {
                let family = if self.is_ipv6() { "IPv6 link-local" } else { "IPv4" };
                // A host whose only address is made virtual loses it: that must not be a riddle.
                let mut own = link.addresses.iter().filter(|one| one.is_ipv6() == self.is_ipv6());
                let hint = match own.find(|one| ctx.links.is_virtual(**one)) {
                    Some(only) => format!(": {only} is a virtual address of this file; give the host another one"),
                    None => String::new(),
                };
                tally
                    .faults
                    .push(format!("interface {} has no {family} address to send adverts from{hint}", link.name));
            }
            Some(source) if self.config.track_source && !link.addresses.contains(&source) => {
                tally.faults.push(format!("the source address {source} is not on {}", link.name));
            }
            Some(_) => {}
        }
        let own = self.config.vmac.iter();
        for vmac in own.chain(self.every_address().filter_map(|address| address.vmac.as_deref())) {
            if macvlan(ctx.links, vmac).is_none() {
                tally.faults.push(format!("the macvlan {} does not exist", vmac.name));
            }
        }
        if self.config.fault_without_peer && self.config.unicast_peers.is_empty() {
            tally.faults.push("no unicast peer is configured".into());
        }
    }

    /// The other interfaces that it serves: an address on a dead link serves nobody, and a route by it leads nowhere.
    fn assess_others(&self, ctx: &Context<'_>, tally: &mut Tally) {
        let mut seen = BTreeSet::from([self.config.interface.as_str()]);
        let addresses = self.every_address().filter(|address| !address.no_track);
        for name in addresses.filter_map(|address| address.interface.as_deref()).filter(|name| seen.insert(name)) {
            match ctx.links.named(name) {
                None => tally.faults.push(format!("interface {name} of an address does not exist")),
                Some(link) if !link.up => tally.faults.push(format!("interface {name} of an address is down")),
                Some(_) => {}
            }
        }
        for name in self.ways().filter(|name| seen.insert(name)) {
            if ctx.links.named(name).is_some_and(|link| !link.up) {
                tally.faults.push(format!("interface {name} of a route or rule is down"));
            }
        }
    }

    /// The interfaces that its routes and rules name.
    fn ways(&self) -> impl Iterator<Item = &str> {
        let routes = self.config.routes.iter().filter(|route| !route.no_track).flat_map(|route| &route.hops);
        let rules = self.config.rules.iter().filter(|rule| !rule.no_track);
        let rules = rules.flat_map(|rule| rule.iif.iter().chain(&rule.oif));
        routes.filter_map(|hop| hop.interface.as_ref()).chain(rules).map(String::as_str)
    }

    /// Whether a change of this interface may concern the router.
    pub(crate) fn depends_on(&self, link: &str) -> bool {
        let config = &self.config;
        let bears = |address: &VirtualAddress| {
            address.interface.as_deref() == Some(link) || address.vmac.as_ref().is_some_and(|vmac| vmac.name == link)
        };
        config.interface == link
            || config.vmac.as_ref().is_some_and(|vmac| vmac.name == link)
            || config.track_interfaces.iter().any(|track| track.name == link)
            || self.every_address().any(bears)
            || self.ways().any(|name| name == link)
    }

    /// The interface that addresses without one of their own stand on.
    pub(super) fn home<'c>(&self, ctx: &'c Context<'_>) -> Option<&'c Link> {
        self.home_on(ctx.links)
    }

    pub(super) fn home_on<'c>(&self, links: &'c Links) -> Option<&'c Link> {
        match &self.config.vmac {
            None => links.named(&self.config.interface),
            Some(vmac) => macvlan(links, vmac),
        }
    }

    pub(super) fn link<'c>(&self, ctx: &'c Context<'_>) -> Option<&'c Link> {
        ctx.links.named(&self.config.interface)
    }

    /// The address adverts come from: configured, or the first of the interface that is not virtual.
    pub(super) fn source(&self, ctx: &Context<'_>) -> Option<IpAddr> {
        self.config.source.or_else(|| ctx.links.source(&self.config.interface, self.is_ipv6()))
    }
}

/// The macvlan of that name, and not some other interface that bears it.
pub(super) fn macvlan<'l>(links: &'l Links, vmac: &Vmac) -> Option<&'l Link> {
    links.named(&vmac.name).filter(|link| link.mac == vmac.mac)
}

/// Faults and weights of everything tracked.
#[derive(Default)]
struct Tally {
    faults: Vec<String>,
    weights: i32,
}

impl Tally {
    fn count(&mut self, influence: Influence, fault: impl FnOnce() -> String) {
        match influence {
            Influence::Weight(weight) => self.weights = self.weights.saturating_add(weight),
            Influence::Fault => self.faults.push(fault()),
        }
    }
}
