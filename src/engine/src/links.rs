//! The interfaces of this host, found by index or name, and which of their addresses are their own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::input::Link;

/// Every interface that the driver told of. Adverts ask here several times each, so nothing is searched.
#[derive(Debug, Clone, Default)]
pub struct Links {
    table: BTreeMap<u32, Known>,
    index: FxHashMap<String, u32>,
    virtual_addresses: BTreeSet<IpAddr>,
}

#[derive(Debug, Clone)]
struct Known {
    link: Link,
    source: Option<IpAddr>,
    source_v6: Option<IpAddr>,
}

impl Links {
    /// Notes an interface; returns what was known of it before.
    pub fn insert(&mut self, link: Link) -> Option<Link> {
        let before = self.remove(link.index);
        self.index.insert(link.name.clone(), link.index);
        let mut known = Known { link, source: None, source_v6: None };
        known.choose_sources(&self.virtual_addresses);
        self.table.insert(known.link.index, known);
        before
    }

    /// Forgets an interface; returns what was known of it.
    pub fn remove(&mut self, index: u32) -> Option<Link> {
        let gone = self.table.remove(&index)?.link;
        // Another may have taken the name already.
        if self.index.get(&gone.name) == Some(&index) {
            self.index.remove(&gone.name);
        }
        Some(gone)
    }

    /// By kernel index.
    pub fn get(&self, index: u32) -> Option<&Link> {
        self.table.get(&index).map(|known| &known.link)
    }

    /// By name.
    pub fn named(&self, name: &str) -> Option<&Link> {
        self.known(name).map(|known| &known.link)
    }

    /// All, by index.
    pub fn values(&self) -> impl Iterator<Item = &Link> {
        self.table.values().map(|known| &known.link)
    }

    /// The address an interface sends from: its first IPv4, or its first IPv6 link-local address, that is not virtual.
    pub fn source(&self, name: &str, ipv6: bool) -> Option<IpAddr> {
        let known = self.known(name)?;
        if ipv6 { known.source_v6 } else { known.source }
    }

    /// Whether an address is virtual somewhere on this node: such addresses come and go, and none is a source.
    pub(crate) fn is_virtual(&self, address: IpAddr) -> bool {
        self.virtual_addresses.contains(&address)
    }

    /// The interface without its virtual addresses.
    pub fn own(&self, link: &Link) -> Link {
        let mut link = link.clone();
        link.addresses.retain(|address| !self.is_virtual(*address));
        link
    }

    /// These addresses are virtual from now on, and no others.
    pub(crate) fn set_virtual(&mut self, addresses: impl Iterator<Item = IpAddr>) {
        self.virtual_addresses = addresses.collect();
        for known in self.table.values_mut() {
            known.choose_sources(&self.virtual_addresses);
        }
    }

    fn known(&self, name: &str) -> Option<&Known> {
        self.table.get(self.index.get(name)?)
    }
}

impl Known {
    fn choose_sources(&mut self, virtual_addresses: &BTreeSet<IpAddr>) {
        let own = |usable: fn(&IpAddr) -> bool| {
            self.link.addresses.iter().find(|a| usable(a) && !virtual_addresses.contains(a)).copied()
        };
        (self.source, self.source_v6) = (own(IpAddr::is_ipv4), own(is_link_local_v6));
    }
}

fn is_link_local_v6(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str, addresses: &[&str]) -> Link {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Link { index, name: name.into(), up: true, mac: [2, 0, 0, 0, 0, 1], addresses }
    }

    #[test]
    fn the_source_is_the_first_own_address_of_the_family() {
        let mut links = Links::default();
        links.insert(link(1, "eth0", &["10.0.0.9", "10.0.0.1", "fd00::1", "fe80::9", "fe80::1"]));
        let source = |links: &Links, ipv6| links.source("eth0", ipv6).map(|address| address.to_string());
        assert_eq!(source(&links, false).as_deref(), Some("10.0.0.9"));
        assert_eq!(source(&links, true).as_deref(), Some("fe80::9"));
        links.set_virtual(["10.0.0.9", "fe80::9"].map(|address| address.parse().unwrap()).into_iter());
        assert_eq!(source(&links, false).as_deref(), Some("10.0.0.1"));
        assert_eq!(source(&links, true).as_deref(), Some("fe80::1"));
        links.insert(link(1, "eth0", &["10.0.0.9"]));
        assert_eq!(source(&links, false), None);
    }

    #[test]
    fn a_name_leads_to_whoever_bears_it_now() {
        let mut links = Links::default();
        links.insert(link(1, "eth0", &[]));
        links.insert(link(1, "eth1", &[])); // renamed
        assert!(links.named("eth0").is_none());
        links.insert(link(2, "eth1", &[])); // the name goes to another before the first is gone
        links.remove(1);
        assert_eq!(links.named("eth1").map(|link| link.index), Some(2));
        assert_eq!(links.values().count(), 1);
    }
}
