//! What a router stands on: its interface, its source address, tracked interfaces and scripts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::fsm::{Event, State};
use super::priority::{self, Health, Influence};
use super::router::{Context, RETRY, Router, Timer};
use crate::action::LinkAddress;
use crate::conf::config::VirtualAddress;
use crate::input::Link;
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

    pub(super) fn assess(&mut self, ctx: &Context<'_>) {
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

    pub(super) fn link<'c>(&self, ctx: &'c Context<'_>) -> Option<&'c Link> {
        ctx.links.values().find(|link| link.name == self.config.interface)
    }

    /// The address adverts come from: configured, or the first of the interface that is not virtual.
    pub(super) fn source(&self, ctx: &Context<'_>) -> Option<IpAddr> {
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

    pub(super) fn every_address(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.config.addresses.iter().chain(&self.config.excluded)
    }

    pub(super) fn advertised(&self) -> BTreeSet<IpAddr> {
        self.config.addresses.iter().map(|a| a.address.addr()).collect()
    }

    pub(super) fn link_addresses(&self, ctx: &Context<'_>) -> Vec<LinkAddress> {
        self.every_address()
            .filter_map(|address| {
                let name = address.interface.as_ref().unwrap_or(&self.config.interface);
                let link = ctx.links.values().find(|link| link.name == *name)?.index;
                Some(LinkAddress { link, address: address.clone() })
            })
            .collect()
    }
}

fn tally(influence: Influence, fault: &str, faults: &mut Vec<String>, weights: &mut i32) {
    match influence {
        Influence::Weight(weight) => *weights += i32::from(weight),
        Influence::Fault => faults.push(fault.to_owned()),
    }
}
