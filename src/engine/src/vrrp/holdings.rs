//! What comes and goes with mastership: addresses, routes and rules, on the interfaces where they belong.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, Timer};
use super::counters::Counter;
use super::router::Router;
use super::state::{Event, State};
use super::track::macvlan;
use super::view::PARTING;
use crate::action::{Action, Gate, LinkAddress, LinkRoute, Renewal, Routing};
use crate::conf::config::{Destination, Route, VirtualAddress, VrrpInstance};
use crate::links::Links;
use crate::time::Instant;

impl Router {
    /// Addresses first, then what leads to and from them.
    pub(super) fn take(&mut self, ctx: &mut Context<'_>) {
        let addresses = self.link_addresses(ctx);
        self.leased_until = self.lease().map(|lease| ctx.now.after(lease));
        self.renew_gate(&addresses, ctx);
        self.pass_connections(ctx);
        ctx.actions.push(Action::AddAddresses(addresses));
        self.end_keeping(ctx);
        let routing = self.routing(ctx);
        if !routing.is_empty() {
            ctx.actions.push(Action::AddRouting(routing));
        }
    }

    pub(super) fn release(&mut self, ctx: &mut Context<'_>) {
        let routing = self.routing(ctx);
        if !routing.is_empty() {
            ctx.actions.push(Action::RemoveRouting(routing));
        }
        let kept = self.keep_connections(ctx);
        let addresses = self.link_addresses(ctx);
        let parted = (self.parting && !kept).then(|| every(&addresses));
        ctx.actions.push(Action::RemoveAddresses(addresses));
        self.end_passing(ctx);
        if let Some(addresses) = parted {
            ctx.actions.push(Action::Renew(Renewal::Gate { addresses, gate: Gate::Parted }));
            self.parting = false;
        }
    }

    /// The next master is about to take the addresses. From now on it alone answers neighbours. Packets that still
    /// arrive here are served for a moment, which the kernel ends.
    pub(super) fn shorten_lease(&mut self, ctx: &mut Context<'_>) {
        let addresses = every(&self.link_addresses(ctx));
        if !self.settings.lease || addresses.is_empty() {
            return;
        }
        self.parting = self.lifetime_s().is_some();
        self.plan_draining();
        ctx.actions.push(Action::Renew(Renewal::Gate { addresses, gate: Gate::Part(PARTING) }));
    }

    /// Takes a new configuration of the same instance; what stays is not touched.
    pub(crate) fn reconfigure(
        &mut self,
        config: Arc<VrrpInstance>,
        settings: super::context::Settings,
        group: Option<String>,
        ctx: &mut Context<'_>,
    ) {
        // The gates may be made anew for the new configuration.
        self.end_draining(ctx);
        let holds = matches!(self.state, State::Master | State::Handover(_));
        // With the lifetime that the old settings gave them: a lease that ends must not let go of what stays.
        let old = self.link_addresses(ctx);
        self.follow(settings, group);
        let old_routing = self.routing(ctx);
        let list_changed = config.addresses != self.config.addresses;
        let wire_changed = on_the_wire(&config) != on_the_wire(&self.config);
        if list_changed {
            self.advertise_extra(self.advertised(), ctx.now);
        }
        self.config = config;
        if !self.settings.lease {
            // One that is switched on again later is a new one, and must not be judged by when this one ended.
            self.leased_until = None;
        }
        let new = self.link_addresses(ctx);
        if holds {
            let routing = self.routing(ctx);
            let gone = without(old_routing.clone(), &routing);
            if !gone.is_empty() {
                ctx.actions.push(Action::RemoveRouting(gone));
            }
            // An option of an address that changed makes it another entry: it is replaced, and not removed in between
            // where the kernel can do that.
            let stays = |at: &LinkAddress| new.iter().any(|new| same_place(new, at));
            // Sets for the question alone: their order is another one in each process, and the same inputs shall be
            // the same actions.
            let (before, after): (HashSet<_>, HashSet<_>) = (old.iter().collect(), new.iter().collect());
            let gone: Vec<_> = old.iter().filter(|at| !after.contains(at) && !stays(at)).cloned().collect();
            let come: Vec<_> = new.iter().filter(|at| !before.contains(at)).cloned().collect();
            if !gone.is_empty() {
                ctx.actions.push(Action::RemoveAddresses(gone));
            }
            if !come.is_empty() {
                self.renew_gate(&come, ctx);
                ctx.actions.push(Action::AddAddresses(come));
                self.announce(self.config.announcement.repeat, ctx);
            }
            let come = without(routing, &old_routing);
            if !come.is_empty() {
                ctx.actions.push(Action::AddRouting(come));
            }
            // Backups that have the new configuration already drop what they heard until now.
            if wire_changed || list_changed {
                self.arm(Timer::Advert, Duration::ZERO, ctx);
            }
        }
        self.reassess("configuration reloaded", ctx);
    }

    /// A route of ours may have gone: where it led, its table, whether it is IPv6, its protocol number.
    pub(crate) fn route_lost(&mut self, lost: (Destination, u32, bool, u8), ctx: &mut Context<'_>) {
        let (destination, table, ipv6, protocol) = lost;
        let ours = |at: &&LinkRoute| {
            let route = &at.route;
            let there = (route.destination, route.table, route.ipv6) == (destination, table, ipv6);
            // The kernel keeps one of several IPv6 routes by the same way. Where that one was not ours, ours was not
            // needed yet.
            there && (route.protocol == protocol || ipv6) && !route.no_track
        };
        let routes: Vec<LinkRoute> = self.routing(ctx).routes.iter().filter(ours).cloned().collect();
        if self.state != State::Master || routes.is_empty() {
            return;
        }
        if routes.iter().all(|at| at.route.protocol != protocol) {
            ctx.actions.push(Action::AddRouting(Routing { routes, rules: Vec::new() }));
        } else {
            let words = match destination {
                Destination::Default => "route default".to_owned(),
                Destination::Prefix(prefix) => format!("route {prefix}"),
            };
            self.restored(words, Routing { routes, rules: Vec::new() }, ctx);
        }
    }

    /// A rule of ours may have gone.
    pub(crate) fn rule_lost(&mut self, preference: u32, ipv6: bool, ctx: &mut Context<'_>) {
        let rules: Vec<_> = self
            .config
            .rules
            .iter()
            .filter(|rule| rule.preference == preference && rule.ipv6 == ipv6 && !rule.no_track)
            .cloned()
            .collect();
        if self.state == State::Master && !rules.is_empty() {
            self.restored(format!("rule {preference}"), Routing { routes: Vec::new(), rules }, ctx);
        }
    }

    fn restored(&mut self, what: String, routing: Routing, ctx: &mut Context<'_>) {
        self.count(Counter::RoutingRestored);
        self.tell(crate::notice::What::RoutingRestored { what }, ctx);
        ctx.actions.push(Action::AddRouting(routing));
    }

    /// The kernel's lease, renewed before the advert that it stands on: see [`Router::lease`].
    pub(super) fn renew(&mut self, ctx: &mut Context<'_>) {
        let Some(lease) = self.lease() else { return };
        if self.unsent_since.is_some() {
            return; // no peer hears us: the lease must end before a backup claims
        }
        self.leased_until = Some(ctx.now.after(lease));
        let addresses = self.link_addresses(ctx);
        match self.lifetime_s() {
            Some(_) => ctx.actions.push(Action::Renew(Renewal::Lifetime(addresses))),
            None => self.renew_gate(&addresses, ctx),
        }
    }

    /// After a standstill longer than the lease the kernel has let go: never go on as if nothing had happened.
    pub(crate) fn check_lease(&mut self, ctx: &mut Context<'_>) {
        let lapsed = self.leased_until.is_some_and(|until| ctx.now >= until);
        if lapsed && self.state == State::Master && self.settings.lease {
            ctx.lapsed = true;
            self.count(Counter::LeasesLapsed);
            self.apply(Event::LeaseLapsed, "stood still longer than the lease, so the addresses were let go", ctx);
        }
    }

    /// A handover ends even if this process dies: the kernel then removes the addresses. With a lease they end by
    /// themselves, and a handover of milliseconds needs no such limit.
    pub(super) fn limit_lifetime(&self, handover: Duration, ctx: &mut Context<'_>) {
        if handover <= PARTING || self.lifetime_s().is_some() {
            return;
        }
        let seconds = u32::try_from(handover.as_secs()).unwrap_or(u32::MAX).saturating_add(2);
        let mut addresses = self.link_addresses(ctx);
        addresses.iter_mut().for_each(|at| at.lifetime_s = Some(seconds));
        if !addresses.is_empty() {
            ctx.actions.push(Action::Renew(Renewal::Lifetime(addresses)));
        }
    }

    fn renew_gate(&self, addresses: &[LinkAddress], ctx: &mut Context<'_>) {
        if let Some(open_for) = self.lease().filter(|_| self.lifetime_s().is_none() && !addresses.is_empty()) {
            ctx.actions.push(Action::Renew(Renewal::Gate { addresses: every(addresses), gate: Gate::Open(open_for) }));
        }
    }

    /// How long the kernel lets the addresses live without us: less than any backup waits. `None` without lease.
    pub fn lease(&self) -> Option<Duration> {
        let silence = self.config.advert_interval * self.config.down_adverts;
        self.settings.lease.then(|| match self.lifetime_s() {
            Some(seconds) => Duration::from_secs(u64::from(seconds)),
            // A backup of priority 254 waits hardly longer than `silence`; clocks and ticks need the rest.
            None => silence - self.config.advert_interval / 4,
        })
    }

    /// The lease as the kernel's address lifetime, which counts whole seconds and may end a quarter second late.
    fn lifetime_s(&self) -> Option<u32> {
        let slow = self.config.advert_interval >= Duration::from_secs(1);
        let silence = self.config.advert_interval * self.config.down_adverts;
        (self.settings.lease && slow).then(|| u32::try_from(silence.as_secs()).unwrap_or(u32::MAX).max(2) - 1)
    }

    /// For a while adverts are sent with this list, too: a peer that compares lists and drops what differs (keepalived
    /// up to 2.3.2) must not take the master for silent while the two files are changed one after the other.
    pub(super) fn advertise_extra(&mut self, list: Vec<IpAddr>, now: Instant) {
        self.extra_lists.retain(|(other, _)| *other != list);
        if self.extra_lists.len() == LISTS {
            self.extra_lists.remove(0);
        }
        self.extra_lists.push((list, now.after(CHANGING)));
    }

    pub(super) fn every_address(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.config.addresses.iter().chain(&self.config.excluded)
    }

    /// The list that adverts carry.
    pub(super) fn advertised(&self) -> Vec<IpAddr> {
        self.config.addresses.iter().map(|a| a.address.addr()).collect()
    }

    pub(super) fn link_addresses(&self, ctx: &Context<'_>) -> Vec<LinkAddress> {
        self.addresses_on(ctx.links)
    }

    pub(super) fn addresses_on(&self, links: &Links) -> Vec<LinkAddress> {
        let lifetime_s = self.lifetime_s();
        let own = self.home_on(links).map(|link| link.index);
        self.every_address()
            .filter_map(|address| {
                let link = match (&address.vmac, &address.interface) {
                    (Some(vmac), _) => macvlan(links, vmac)?.index,
                    (None, None) => own?,
                    (None, Some(name)) => links.named(name)?.index,
                };
                Some(LinkAddress { link, address: address.clone(), lifetime_s })
            })
            .collect()
    }

    fn routing(&self, ctx: &Context<'_>) -> Routing {
        let index = |name: &str| ctx.links.named(name).map(|link| link.index);
        let own = self.home(ctx).map_or(0, |link| link.index);
        let links = |route: &Route| -> Option<Vec<u32>> {
            let hop = |hop: &crate::conf::config::NextHop| match (&hop.interface, hop.via) {
                (Some(name), _) => index(name),
                (None, Some(_)) => Some(0),
                (None, None) => Some(own),
            };
            route.hops.iter().map(hop).collect()
        };
        let routes = self.config.routes.iter();
        Routing {
            routes: routes.filter_map(|route| Some(LinkRoute { route: route.clone(), links: links(route)? })).collect(),
            rules: self.config.rules.clone(),
        }
    }
}

/// What a peer must have alike, or hear from another place, to take an advert for one of its own virtual router.
fn on_the_wire(config: &VrrpInstance) -> impl PartialEq + '_ {
    (
        (config.vrid, config.version, config.advert_interval, config.password),
        (&config.hmac, &config.unicast_peers, config.group_address, config.source),
    )
}

fn every(addresses: &[LinkAddress]) -> Vec<IpAddr> {
    addresses.iter().map(|at| at.address.address.addr()).collect()
}

/// Whether the kernel takes the one for the other. Of what stands beside an IPv4 address it replaces its times only.
fn same_place(one: &LinkAddress, other: &LinkAddress) -> bool {
    let fixed = |at: &LinkAddress| {
        let of = &at.address;
        let four = of.address.addr().is_ipv4();
        four.then(|| (of.label.clone(), of.scope, of.broadcast, of.flags.clone()))
    };
    (one.link, one.address.address, one.address.peer) == (other.link, other.address.address, other.address.peer)
        && fixed(one) == fixed(other)
}

fn without(mut routing: Routing, other: &Routing) -> Routing {
    routing.routes.retain(|route| !other.routes.contains(route));
    routing.rules.retain(|rule| !other.rules.contains(rule));
    routing
}

/// How long a former or foreign list is advertised beside the own one.
const CHANGING: Duration = Duration::from_secs(600);
/// Lists advertised beside the own one.
const LISTS: usize = 2;
