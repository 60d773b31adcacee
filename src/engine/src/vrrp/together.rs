//! What the routers of one node have to agree on: an address that several of them hold on one interface is there while
//! any of them is master, and the unicast instance without `interface` is where its source address is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::router::Router;
use super::state::State;
use crate::action::{Action, Drain, Gate, LinkAddress, Renewal, RouterId};
use crate::conf::config::VrrpInstance;
use crate::links::Links;

/// Addresses that more than one router has. Most nodes have none.
#[derive(Debug, Default)]
pub(crate) struct Shared(BTreeSet<IpAddr>);

impl Shared {
    /// Those of these instances.
    pub(crate) fn of<'c>(instances: impl Iterator<Item = &'c VrrpInstance>) -> Self {
        let mut seen = BTreeSet::new();
        let mut shared = BTreeSet::new();
        for instance in instances {
            // Interface and exclusion do not matter here: they are compared when one of the routers releases the
            // address.
            let own: BTreeSet<IpAddr> = virtual_addresses(instance).collect();
            shared.extend(own.into_iter().filter(|address| !seen.insert(*address)));
        }
        Self(shared)
    }

    /// Takes out of a router's actions what would end an address that another router goes on holding.
    pub(crate) fn keep(
        &self,
        actions: &mut Vec<Action>,
        id: RouterId,
        routers: &BTreeMap<RouterId, Box<Router>>,
        links: &Links,
    ) {
        if self.0.is_empty() {
            return;
        }
        let others = || routers.iter().filter(|(other, _)| **other != id).map(|(_, router)| router);
        let elsewhere = |address: &IpAddr| {
            self.0.contains(address)
                && others()
                    .any(|router| router.is_holding() && virtual_addresses(router.config()).any(|one| one == *address))
        };
        for action in actions.iter_mut() {
            match action {
                Action::RemoveAddresses(all) => {
                    all.retain(|at| {
                        !elsewhere(&at.address.address.addr()) || !others().any(|router| router.holds(at, links))
                    });
                }
                // The gate knows addresses, not interfaces.
                Action::Drain(Drain::Keep { addresses, .. })
                | Action::Renew(Renewal::Gate { addresses, gate: Gate::Part(_) | Gate::Parted }) => {
                    addresses.retain(|address| !elsewhere(address));
                }
                _ => {}
            }
        }
        let empty = |action: &Action| match action {
            Action::RemoveAddresses(all) => all.is_empty(),
            Action::Drain(Drain::Keep { addresses, .. }) | Action::Renew(Renewal::Gate { addresses, .. }) => {
                addresses.is_empty()
            }
            _ => false,
        };
        actions.retain(|action| !empty(action));
    }
}

impl Router {
    /// Whether its addresses are there.
    fn is_holding(&self) -> bool {
        matches!(self.state(), State::Master | State::Handover(_))
    }

    fn holds(&self, at: &LinkAddress, links: &Links) -> bool {
        // IPv4 knows an address by its length, too; IPv6 does not.
        let same = |own: &LinkAddress| match at.address.address.addr() {
            IpAddr::V4(_) => own.address.address == at.address.address,
            IpAddr::V6(address) => own.address.address.addr() == IpAddr::V6(address),
        };
        self.is_holding() && self.addresses_on(links).iter().any(|own| own.link == at.link && same(own))
    }

    /// Gives an instance without `interface` the one that now carries its source address.
    pub fn place(&mut self, links: &Links) -> bool {
        place(&mut self.config, links)
    }
}

/// Names the interface of an instance that has none, if one carries its source address.
pub(crate) fn place(instance: &mut Arc<VrrpInstance>, links: &Links) -> bool {
    if !instance.interface.is_empty() {
        return false;
    }
    let carrier = links.values().find(|link| instance.is_on(&link.name, &link.addresses));
    let Some(name) = carrier.map(|link| link.name.clone()) else { return false };
    Arc::make_mut(instance).interface = name;
    true
}

/// Same name, interface and family: the same router, which keeps its state over a reload. Another VRID is another
/// virtual router to the LAN, but the addresses are the same and so is who has them: a master that left and came again
/// would be a gap. With a VMAC it is another hardware address as well, so there it is another router.
pub(crate) fn same_router(router: &Router, new: &VrrpInstance) -> bool {
    let old = router.config();
    router.state() != State::Stopped
        && old.name == new.name
        && (old.vrid == new.vrid || (old.vmac.is_none() && new.vmac.is_none()))
        && old.interface == new.interface
        && router.is_ipv6() == new.ipv6
        && old.vmac.as_ref().map(|vmac| &vmac.name) == new.vmac.as_ref().map(|vmac| &vmac.name)
}

/// Every address of an instance.
pub(crate) fn virtual_addresses(instance: &VrrpInstance) -> impl Iterator<Item = IpAddr> + '_ {
    instance.addresses.iter().chain(&instance.excluded).map(|one| one.address.addr())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::state::public;
    use super::*;
    use crate::conf::parse;
    use crate::input::{Input, Link};
    use crate::node::Node;
    use crate::state::RouterState;
    use crate::time::Instant;

    fn link(index: u32, name: &str, address: &str) -> Input {
        let addresses = vec![address.parse().unwrap()];
        Input::Link(Link { index, name: name.into(), up: true, mac: [2, 0, 0, 0, 0, 5], addresses })
    }

    struct Host {
        node: Node,
        now: Instant,
        /// What stands on the interfaces, as the kernel would know it.
        held: BTreeSet<(u32, String)>,
        /// The priorities of adverts that were sent.
        adverts: Vec<u8>,
    }

    impl Host {
        fn new(text: &str) -> Self {
            let mut host = Self {
                node: Node::new(&parse("f", text).config),
                now: Instant(1_000_000_000),
                held: BTreeSet::new(),
                adverts: Vec::new(),
            };
            host.step(link(2, "eth0", "10.0.0.5"));
            host.step(link(3, "eth1", "10.1.0.5"));
            host.step(Input::Start { remembered: vec![] });
            host
        }

        fn step(&mut self, input: Input) {
            for action in self.node.step(self.now, input).into_iter().flat_map(|batch| batch.actions) {
                match action {
                    Action::AddAddresses(all) => {
                        self.held.extend(all.into_iter().map(|at| (at.link, at.address.address.to_string())));
                    }
                    Action::RemoveAddresses(all) => {
                        all.iter().for_each(|at| _ = self.held.remove(&(at.link, at.address.address.to_string())));
                    }
                    // Behind 20 bytes of IPv4 and two of VRRP.
                    Action::Send { packet, .. } => self.adverts.push(packet[22]),
                    _ => {}
                }
            }
        }

        fn pass(&mut self, time: Duration) {
            let end = self.now.after(time);
            while let Some(at) = self.node.next_wake().filter(|at| *at <= end) {
                self.now = self.now.max(at);
                self.step(Input::Wake);
            }
            self.now = end;
        }

        fn states(&self) -> Vec<RouterState> {
            self.node.routers().map(|router| public(router.state())).collect()
        }

        fn holds(&self, link: u32, address: &str) -> bool {
            self.held.contains(&(link, address.to_owned()))
        }
    }

    fn instance(name: &str, vrid: u8, interface: &str, addresses: &str) -> String {
        format!(
            "vrrp_instance {name} {{\n interface {interface}\n virtual_router_id {vrid}\n track_file {{ {name} }}\n virtual_ipaddress {{\n{addresses}\n}}\n}}\n\
             track_file {name} {{\n file /run/{name}\n}}\n"
        )
    }

    fn fault(host: &mut Host, name: &str, value: i32) {
        host.step(Input::File { name: name.into(), value });
        host.pass(Duration::from_secs(20));
    }

    #[test]
    fn an_address_of_two_routers_is_there_while_either_is_master() {
        let text = instance("a", 37, "eth0", "10.0.0.3/27")
            + &instance("b", 38, "eth0", "10.0.0.3/27\n10.0.0.4/27")
            + &instance("c", 39, "eth1", "10.0.0.3/27");
        let mut host = Host::new(&text);
        host.pass(Duration::from_secs(10));
        assert_eq!(host.states(), [RouterState::Master; 3]);
        assert_eq!(host.held.len(), 3, "{:?}", host.held);
        // c is another interface's affair.
        fault(&mut host, "c", -254);
        assert!(!host.holds(3, "10.0.0.3/27") && host.holds(2, "10.0.0.3/27"));
        fault(&mut host, "b", -254);
        assert!(host.holds(2, "10.0.0.3/27"), "a is master still: {:?}", host.held);
        assert!(!host.holds(2, "10.0.0.4/27"));
        fault(&mut host, "b", 0);
        fault(&mut host, "a", -254);
        assert!(host.holds(2, "10.0.0.3/27"), "b is master still");
        fault(&mut host, "b", -254);
        assert_eq!(host.held.len(), 0, "the last one took it along");
        fault(&mut host, "a", 0);
        assert!(host.holds(2, "10.0.0.3/27"));
        host.step(Input::Stop { keep_addresses: false });
        host.pass(Duration::from_secs(10));
        assert_eq!(host.held.len(), 0);
    }

    #[test]
    fn an_address_that_moves_to_another_instance_stays() {
        let first = instance("a", 37, "eth0", "10.0.0.3/27\n10.0.0.4/27") + &instance("b", 38, "eth0", "10.0.0.7/27");
        let then = instance("a", 37, "eth0", "10.0.0.4/27") + &instance("b", 38, "eth0", "10.0.0.7/27\n10.0.0.3/27");
        for (first, then) in [(&first, &then), (&then, &first)] {
            let mut host = Host::new(first);
            host.pass(Duration::from_secs(10));
            host.step(Input::Reload(Box::new(parse("f", then).config)));
            assert_eq!(host.held.len(), 3, "{:?}", host.held);
            host.step(Input::Stop { keep_addresses: false });
            host.pass(Duration::from_secs(10));
            assert_eq!(host.held.len(), 0, "{:?}", host.held);
        }
    }

    /// Nobody who has the new configuration already waits for longer than it takes to say so.
    #[test]
    fn a_master_says_at_once_what_changed_on_the_wire() {
        let text = instance("a", 37, "eth0", "10.0.0.3/27");
        let changes = [
            text.replace("router_id 37", "router_id 38"),
            text.replace("router_id 37", "router_id 37\nversion 3"),
            text.replace("router_id 37", "router_id 37\nadvert_int 3"),
            text.replace("router_id 37", "router_id 37\nauthentication {\nauth_type PASS\nauth_pass x\n}"),
            text.replace("router_id 37", "router_id 37\nunicast_src_ip 10.0.0.5\nunicast_peer {\n10.0.0.6\n}"),
        ];
        for (from, to) in changes.iter().flat_map(|to| [(&text, to), (to, &text)]) {
            let mut host = Host::new(from);
            host.pass(Duration::from_secs(20));
            assert_eq!(host.states(), [RouterState::Master], "{from}");
            host.pass(Duration::from_millis(300));
            host.adverts.clear();
            host.step(Input::Reload(Box::new(parse("f", to).config)));
            assert!(host.states() == [RouterState::Master] && host.holds(2, "10.0.0.3/27"), "{to}");
            assert!(host.adverts.is_empty() || host.adverts == [100], "no goodbye: {:?}", host.adverts);
            host.pass(Duration::from_millis(1));
            assert_eq!(host.adverts, [100], "{from}\nto {to}");
        }
    }

    #[test]
    fn without_interface_a_unicast_instance_is_where_its_source_is() {
        let text = instance("a", 37, "", "10.0.0.3/27").replace(" interface \n", "")
            + "vrrp_instance z {\n virtual_router_id 40\n unicast_src_ip 10.9.0.5\n unicast_peer { 10.9.0.6 }\n virtual_ipaddress { 10.0.0.9/27 }\n}\n";
        let text = text.replace(
            "virtual_router_id 37",
            "virtual_router_id 37\nunicast_src_ip 10.1.0.5\nunicast_peer { 10.1.0.6 }",
        );
        let mut host = Host::new(&text);
        host.pass(Duration::from_secs(10));
        assert_eq!(host.states(), [RouterState::Master, RouterState::Fault]);
        assert!(host.holds(3, "10.0.0.3/27"));
        assert_eq!(
            host.node.status(host.now, 0)[1].fault_reasons,
            ["no interface carries the source address 10.9.0.5"]
        );
        // The address comes later.
        host.step(link(7, "eth7", "10.9.0.5"));
        host.pass(Duration::from_secs(10));
        assert_eq!(host.states(), [RouterState::Master; 2]);
        assert_eq!(host.node.status(host.now, 0)[1].interface, "eth7");
        // A reload of the same is the same.
        host.step(Input::Reload(Box::new(parse("f", &text).config)));
        assert_eq!(host.states(), [RouterState::Master; 2]);
        assert!(host.holds(7, "10.0.0.9/27"));
    }
}
