//! IPv6 addresses that end by themselves, and the route to their subnet.
//!
//! An IPv6 address brings the route to its prefix, and the kernel lets that route end with the address: also when it is
//! the route of another address, the host's own. So an address with a lifetime brings no route where another one that
//! stays has brought it. And the kernel leaves the route of an address that would have ended by itself in place when
//! the address is removed; so such a one is made to stay before it is removed.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};

use hactl_engine::action::LinkAddress;
use ipnet::Ipv6Net;
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, CacheInfo};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use super::route::Netlink;

/// The addresses that were given a lifetime, and whether each lives in the subnet of another that stays.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    guests: HashMap<(u32, Ipv6Addr), bool>,
}

impl Prefixes {
    /// Looks at the host's addresses for those that get a lifetime for the first time, and forgets those that get none.
    ///
    /// # Errors
    /// When the socket fails.
    pub(crate) fn learn(&mut self, netlink: &mut Netlink, addresses: &[LinkAddress]) -> io::Result<()> {
        let mut fresh: Vec<(u32, Ipv6Net)> = Vec::new();
        for at in addresses {
            let Some(prefix) = six(at) else { continue };
            let key = (at.link, prefix.addr());
            if at.lifetime_s.is_none() {
                self.guests.remove(&key);
            } else if !self.guests.contains_key(&key) {
                fresh.push((at.link, prefix));
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let mut hosts: HashMap<(u32, Ipv6Net), Ipv6Addr> = HashMap::new();
        let mut several: Vec<(u32, Ipv6Net)> = Vec::new();
        for (link, prefix, flags) in all(netlink)?.iter().filter_map(parts) {
            if flags.contains(AddressFlags::Permanent) && !flags.contains(AddressFlags::Noprefixroute) {
                let subnet = (link, prefix.trunc());
                if hosts.insert(subnet, prefix.addr()).is_some() {
                    several.push(subnet);
                }
            }
        }
        for (link, prefix) in fresh {
            let subnet = (link, prefix.trunc());
            let another = hosts.get(&subnet).is_some_and(|host| *host != prefix.addr());
            self.guests.insert((link, prefix.addr()), another || several.contains(&subnet));
        }
        Ok(())
    }

    /// Whether the address must bring no route.
    pub(crate) fn is_guest(&self, at: &LinkAddress) -> bool {
        six(at).is_some_and(|prefix| self.guests.get(&(at.link, prefix.addr())) == Some(&true))
    }

    /// Addresses that are to be removed and would end by themselves: these changes make them stay until then.
    ///
    /// # Errors
    /// When the socket fails.
    pub(crate) fn stay(&mut self, netlink: &mut Netlink, addresses: &[LinkAddress]) -> io::Result<Vec<AddressMessage>> {
        let mut leaving = Vec::new();
        for at in addresses {
            let Some(prefix) = six(at) else { continue };
            let key = (at.link, prefix.addr());
            leaving.extend(self.guests.remove(&key).filter(|guest| !guest).map(|_| key));
        }
        if leaving.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = all(netlink)?;
        found.retain(|message| {
            parts(message).is_some_and(|(link, prefix, flags)| {
                !flags.contains(AddressFlags::Permanent) && leaving.contains(&(link, prefix.addr()))
            })
        });
        for message in &mut found {
            message
                .attributes
                .retain(|attribute| matches!(attribute, AddressAttribute::Address(_) | AddressAttribute::Local(_)));
            let mut forever = CacheInfo::default();
            (forever.ifa_valid, forever.ifa_preferred) = (u32::MAX, 0);
            message.attributes.push(AddressAttribute::CacheInfo(forever));
            message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        Ok(found)
    }
}

fn six(at: &LinkAddress) -> Option<Ipv6Net> {
    match at.address.address {
        ipnet::IpNet::V6(prefix) => Some(prefix),
        ipnet::IpNet::V4(_) => None,
    }
}

fn all(netlink: &mut Netlink) -> io::Result<Vec<AddressMessage>> {
    let mut request = AddressMessage::default();
    request.header.family = AddressFamily::Inet6;
    let mut found = Vec::new();
    for message in netlink.dump(RouteNetlinkMessage::GetAddress(request))? {
        if let RouteNetlinkMessage::NewAddress(address) = message {
            found.push(address);
        }
    }
    Ok(found)
}

/// Interface, address with its prefix, flags.
fn parts(message: &AddressMessage) -> Option<(u32, Ipv6Net, AddressFlags)> {
    let (mut address, mut flags) = (None, AddressFlags::empty());
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(IpAddr::V6(six)) => address = address.or(Some(*six)),
            AddressAttribute::Local(IpAddr::V6(six)) => address = Some(*six),
            AddressAttribute::Flags(all) => flags = *all,
            _ => {}
        }
    }
    let prefix = Ipv6Net::new(address?, message.header.prefix_len).ok()?;
    Some((message.header.index, prefix, flags))
}
