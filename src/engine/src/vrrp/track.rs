//! What a router stands on: its interface, its source address, tracked interfaces and scripts.

use std::net::IpAddr;

use super::counters::Counter;
use super::fsm::{Event, State};
use super::priority::{self, Health, Influence};
use super::router::{Context, RETRY, Router, Timer};
use crate::input::Link;
use crate::links::Links;
use crate::notice::What;

impl Router {
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
            self.priority_changed(was_priority, ctx);
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
        self.count(Counter::ActionsFailed);
        self.tell(What::Failed { error: error.clone() }, ctx);
        self.refused = Some(error);
        self.arm(Timer::Retry, RETRY, ctx);
        self.reassess("", ctx);
    }

    pub(super) fn assess(&mut self, ctx: &Context<'_>) {
        let mut tally = Tally::default();
        self.assess_link(ctx, &mut tally);
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
                tally.faults.push(format!("interface {} has no {family} address to send adverts from", link.name));
            }
            Some(source) if self.config.track_source && !link.addresses.contains(&source) => {
                tally.faults.push(format!("the source address {source} is not on {}", link.name));
            }
            Some(_) => {}
        }
        if let Some(vmac) = &self.config.vmac
            && self.home(ctx).is_none()
        {
            tally.faults.push(format!("the macvlan {} on {} does not exist", vmac.name, link.name));
        }
        if self.config.fault_without_peer && self.config.unicast_peers.is_empty() {
            tally.faults.push("no unicast peer is configured".into());
        }
    }

    /// Whether a change of this interface may concern the router.
    pub fn depends_on(&self, link: &str) -> bool {
        let config = &self.config;
        config.interface == link
            || config.vmac.as_ref().is_some_and(|vmac| vmac.name == link)
            || config.track_interfaces.iter().any(|track| track.name == link)
            || self.every_address().any(|address| address.interface.as_deref() == Some(link))
    }

    /// The interface that addresses without one of their own stand on.
    pub(super) fn home<'c>(&self, ctx: &'c Context<'_>) -> Option<&'c Link> {
        self.home_on(ctx.links)
    }

    pub(super) fn home_on<'c>(&self, links: &'c Links) -> Option<&'c Link> {
        links.named(self.config.vmac.as_ref().map_or(&self.config.interface, |vmac| &vmac.name))
    }

    pub(super) fn link<'c>(&self, ctx: &'c Context<'_>) -> Option<&'c Link> {
        ctx.links.named(&self.config.interface)
    }

    /// The address adverts come from: configured, or the first of the interface that is not virtual.
    pub(super) fn source(&self, ctx: &Context<'_>) -> Option<IpAddr> {
        self.config.source.or_else(|| ctx.links.source(&self.config.interface, self.is_ipv6()))
    }
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
