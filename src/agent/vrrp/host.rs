//! The host's state other than virtual addresses: the macvlans of `use_vmac`, static addresses and routes, the nftables
//! sets, and the sockets by which the guard hears ARP and neighbour advertisements. It is made from the configuration,
//! changed with it, and removed at the end.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::sync::Arc;

use hactl_engine::action::{LinkAddress, LinkRoute, Routing};
use hactl_engine::conf::config::{Config, VrrpInstance};
use hactl_engine::input::{Input, Link};

use super::secondaries::Secondaries;
use super::vmac_names::has_macvlan;
use super::vmacs::Vmacs;
use crate::sys::linux::Linux;
use crate::sys::netlink::nft::{Gates, Plan};
use crate::sys::os::Os as _;
use crate::sys::packet::neighbours::Claims;
use crate::sys::process::epoll::Sleeper;

/// What was set up, and from which settings.
#[derive(Default)]
pub(crate) struct HostSetup {
    /// The part of the configuration that it depends on.
    config: Config,
    has_routing: bool,
    vmacs: Vmacs,
    secondaries: Secondaries,
    statics: Statics,
    listeners: BTreeMap<(u32, bool), Claims>,
}

/// Addresses, routes and rules that are there from start to stop.
#[derive(Default)]
struct Statics {
    addresses: Vec<LinkAddress>,
    routing: Routing,
}

impl HostSetup {
    /// Nothing is made yet; what the kernel's settings were is noted in this file.
    pub(crate) fn new(settings: PathBuf) -> Self {
        let secondaries = Secondaries::noted_beside(&settings);
        Self { secondaries, vmacs: Vmacs::noted_in(settings), ..Self::default() }
    }

    /// Makes the host fit the configuration; returns what did not work, worded.
    pub(crate) fn prepare(&mut self, config: &Config, links: &BTreeMap<u32, Link>, os: &mut Linux) -> Vec<String> {
        self.has_routing = has_routing(config);
        // Of thousands of instances few have anything to prepare.
        let mut needed = Config { instances: Vec::new(), ..Config::default() };
        needed.own = config.own.clone();
        needed.static_addresses.clone_from(&config.static_addresses);
        needed.static_routes.clone_from(&config.static_routes);
        needed.static_rules.clone_from(&config.static_rules);
        let concerns = |one: &&Arc<VrrpInstance>| config.own.guard || one.promote_secondaries || has_macvlan(one);
        needed.instances = config.instances.iter().filter(concerns).cloned().collect();
        self.config = needed;
        let mut warnings = Vec::new();
        warnings.extend(os.end_keeping().err().map(|error| error.to_string()));
        gates(config, os, &mut warnings);
        self.follow(links, os, &mut warnings);
        warnings
    }

    /// Interfaces came or changed: makes what can be made now.
    pub(crate) fn follow(&mut self, links: &BTreeMap<u32, Link>, os: &mut Linux, warnings: &mut Vec<String>) {
        self.vmacs.follow(&self.config.instances, links, os.netlink(), warnings);
        self.secondaries.follow(&self.config.instances, links, warnings);
        let wanted = statics(&self.config, links);
        let gone: Vec<LinkAddress> =
            self.statics.addresses.iter().filter(|at| !wanted.addresses.contains(at)).cloned().collect();
        let old = std::mem::take(&mut self.statics.routing);
        let mut away = old.clone();
        away.routes.retain(|route| !wanted.routing.routes.contains(route));
        away.rules.retain(|rule| !wanted.routing.rules.contains(rule));
        let come: Vec<LinkAddress> =
            wanted.addresses.iter().filter(|at| !self.statics.addresses.contains(at)).cloned().collect();
        let mut routing = wanted.routing.clone();
        routing.routes.retain(|route| !old.routes.contains(route));
        routing.rules.retain(|rule| !old.rules.contains(rule));
        if !away.is_empty() {
            warnings.extend(os.remove_routing(&away));
        }
        if !gone.is_empty() {
            warnings.extend(os.remove_addresses(&gone).into_iter().map(|(_, error)| error));
        }
        if !come.is_empty() {
            warnings.extend(os.add_addresses(&come).into_iter().map(|(_, error)| error));
        }
        if !routing.is_empty() {
            warnings.extend(os.add_routing(&routing));
        }
        self.statics = wanted;
    }

    /// Puts a static thing back that somebody removed.
    pub(crate) fn restore(&mut self, lost: &Input, os: &mut Linux) -> Vec<String> {
        match lost {
            Input::AddressLost { link, address } => {
                let ours = |at: &&LinkAddress| at.link == *link && at.address.address.addr() == *address;
                let lost: Vec<LinkAddress> =
                    self.statics.addresses.iter().filter(ours).filter(|at| !at.address.no_track).cloned().collect();
                match lost.is_empty() {
                    true => Vec::new(),
                    false => os.add_addresses(&lost).into_iter().map(|(_, error)| error).collect(),
                }
            }
            Input::RouteLost { destination, table, ipv6, protocol } => {
                let ours = |at: &&LinkRoute| {
                    let route = &at.route;
                    let there = (route.destination, route.table, route.ipv6) == (*destination, *table, *ipv6);
                    there && (route.protocol == *protocol || *ipv6) && !route.no_track
                };
                let routes: Vec<LinkRoute> = self.statics.routing.routes.iter().filter(ours).cloned().collect();
                match routes.is_empty() {
                    true => Vec::new(),
                    false => os.add_routing(&Routing { routes, rules: Vec::new() }),
                }
            }
            Input::RuleLost { preference, ipv6 } => {
                let rules = self.statics.routing.rules.iter();
                let ours = rules.filter(|one| (one.preference, one.ipv6) == (*preference, *ipv6) && !one.no_track);
                let rules: Vec<_> = ours.cloned().collect();
                match rules.is_empty() {
                    true => Vec::new(),
                    false => os.add_routing(&Routing { routes: Vec::new(), rules }),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Whether routes and rules must be watched.
    pub(crate) fn has_routing(&self) -> bool {
        self.has_routing
    }

    /// Listens for claims where guarded addresses stand; `token` makes the sleeper's word for an interface and family.
    pub(crate) fn listen(
        &mut self,
        links: &BTreeMap<u32, Link>,
        sleeper: &Sleeper,
        token: impl Fn(u32, bool) -> u64,
    ) -> Vec<String> {
        let mut wanted: BTreeMap<(u32, bool), Vec<Ipv6Addr>> = BTreeMap::new();
        for instance in self.config.instances.iter().filter(|_| self.config.own.guard) {
            for address in instance.addresses.iter().chain(&instance.excluded) {
                let found = links.values().find(|link| match &address.interface {
                    Some(name) => link.name == *name,
                    None => instance.is_on(&link.name, &link.addresses),
                });
                let Some(link) = found else { continue };
                let all = wanted.entry((link.index, address.address.addr().is_ipv6())).or_default();
                all.extend(match address.address.addr() {
                    IpAddr::V4(_) => None,
                    IpAddr::V6(address) => Some(address),
                });
            }
        }
        self.listeners.retain(|key, _| wanted.contains_key(key));
        let mut warnings = Vec::new();
        for ((link, ipv6), addresses) in wanted {
            if let Some(listener) = self.listeners.get_mut(&(link, ipv6)) {
                addresses.into_iter().for_each(|address| listener.join(address));
                continue;
            }
            let name = links.get(&link).map_or("", |link| link.name.as_str());
            let opened = if ipv6 { Claims::neighbours(link, name) } else { Claims::arp(link) };
            let opened =
                opened.and_then(|listener| sleeper.watch(listener.as_fd(), token(link, ipv6)).map(|()| listener));
            match opened {
                Ok(mut listener) => {
                    addresses.into_iter().for_each(|address| listener.join(address));
                    self.listeners.insert((link, ipv6), listener);
                }
                Err(error) => {
                    warnings.push(format!("the guard cannot listen on {name}: {error}; it does not guard there"))
                }
            }
        }
        warnings
    }

    /// What was heard on an interface.
    pub(crate) fn hear(&self, link: u32, ipv6: bool) -> Vec<Input> {
        let Some(listener) = self.listeners.get(&(link, ipv6)) else { return Vec::new() };
        let mut heard = Vec::new();
        for _ in 0..CLAIMS_AT_A_TIME {
            match listener.receive() {
                Ok(claim) => heard.extend(claim),
                Err(_) => break, // nothing left; a link going down reports here too, and again through netlink
            }
        }
        heard
    }

    /// Leaves the host as it was found.
    pub(crate) fn leave(self, os: &mut Linux) -> Vec<String> {
        let mut warnings = os.remove_routing(&self.statics.routing);
        if !self.statics.addresses.is_empty() {
            warnings.extend(os.remove_addresses(&self.statics.addresses).into_iter().map(|(_, error)| error));
        }
        self.vmacs.leave(os.netlink(), &mut warnings);
        self.secondaries.leave();
        if let Some(gates) = os.gates().take()
            && let Err(error) = gates.remove()
        {
            warnings.push(format!("nftables: {error}; `nft delete table inet hactl` removes what is left"));
        }
        warnings
    }
}

fn has_routing(config: &Config) -> bool {
    let instance = |one: &Arc<VrrpInstance>| !one.routes.is_empty() || !one.rules.is_empty();
    !config.static_routes.is_empty() || !config.static_rules.is_empty() || config.instances.iter().any(instance)
}

/// Makes or changes the firewall's part.
fn gates(config: &Config, os: &mut Linux, warnings: &mut Vec<String>) {
    let mut plan = plan(config);
    let mut make = |plan: &Plan| match os.gates() {
        None if plan.is_empty() => {
            let _ = Gates::sweep(&plan.table); // a kernel without nf_tables has nothing to sweep
            Ok(())
        }
        None => Gates::make(plan.clone()).map(|gates| *os.gates() = Some(gates)),
        Some(gates) => gates.change(plan.clone()),
    };
    let mut made = make(&plan);
    if let Err(error) = &made
        && error.kind() == std::io::ErrorKind::AlreadyExists
        && plan.table != TABLE
    {
        warnings.push(format!(
            "nftables: {error}; `{TABLE}` is used instead; give `nftables` a name that no table bears, or none"
        ));
        TABLE.clone_into(&mut plan.table);
        made = make(&plan);
    }
    if let Err(error) = made {
        let lost = match (plan.leased.is_empty(), plan.closed.is_empty()) {
            (false, _) => "there is no lease below 1 s: a hung agent keeps answering",
            (true, true) => "an agent that hangs while it hands over answers until its lease ends",
            (true, false) => "addresses with no_accept take traffic",
        };
        warnings.push(format!("nftables: {error}; {lost}; a kernel with nf_tables and CAP_NET_ADMIN are needed"));
    }
}

fn plan(config: &Config) -> Plan {
    let table = config.global.nftables_table.clone().unwrap_or_else(|| TABLE.into());
    let addresses = |one: &Arc<VrrpInstance>| -> Vec<IpAddr> {
        one.addresses.iter().chain(&one.excluded).map(|address| address.address.addr()).collect()
    };
    let fast = |one: &&Arc<VrrpInstance>| config.own.lease && one.advert_interval < std::time::Duration::from_secs(1);
    let closed = |one: &&Arc<VrrpInstance>| !one.accept && one.priority != u8::MAX;
    Plan {
        table,
        leased: config.instances.iter().filter(fast).flat_map(addresses).collect(),
        closed: config.instances.iter().filter(closed).flat_map(addresses).collect(),
        parting: config.own.lease && config.instances.iter().any(|one| !fast(&one)),
    }
}

fn statics(config: &Config, links: &BTreeMap<u32, Link>) -> Statics {
    let index = |name: &String| links.values().find(|link| link.name == *name).map(|link| link.index);
    let address = |address: &hactl_engine::conf::config::VirtualAddress| {
        let link = index(address.interface.as_ref()?)?;
        Some(LinkAddress { link, address: address.clone(), lifetime_s: None })
    };
    let route = |route: &hactl_engine::conf::config::Route| {
        let links: Option<Vec<u32>> =
            route.hops.iter().map(|hop| hop.interface.as_ref().map_or(Some(0), index)).collect();
        Some(LinkRoute { route: route.clone(), links: links? })
    };
    Statics {
        addresses: config.static_addresses.iter().filter_map(address).collect(),
        routing: Routing {
            routes: config.static_routes.iter().filter_map(route).collect(),
            rules: config.static_rules.clone(),
        },
    }
}

/// The table's name where the configuration gives none.
const TABLE: &str = "hactl";
/// Claims taken from one socket before others get a turn.
const CLAIMS_AT_A_TIME: usize = 256;
