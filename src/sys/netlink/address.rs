//! Virtual addresses as netlink messages.

use std::io;

use hactl_engine::action::LinkAddress;
use hactl_engine::conf::config::AddressFlag;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope, CacheInfo};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use super::prefix::Prefixes;
use super::route::Netlink;

/// Puts addresses on interfaces, all in one transaction; returns the refusals by their place in the list, worded. An
/// address that is there already has its lifetime renewed.
///
/// # Errors
/// When the socket fails.
pub(crate) fn add(
    netlink: &mut Netlink,
    prefixes: &mut Prefixes,
    addresses: &[LinkAddress],
) -> io::Result<Vec<(usize, String)>> {
    prefixes.learn(netlink, addresses)?;
    let request = |at| RouteNetlinkMessage::NewAddress(message(at, prefixes.is_guest(at)));
    let requests = addresses.iter().map(|at| (request(at), NLM_F_CREATE | NLM_F_REPLACE));
    let failures = netlink.transact(requests)?;
    Ok(worded("add", addresses, &failures, &[libc::EEXIST]))
}

/// Takes addresses off interfaces, all in one transaction; returns the refusals by their place in the list, worded.
/// An address that is not there is none.
///
/// # Errors
/// When the socket fails.
pub(crate) fn remove(
    netlink: &mut Netlink,
    prefixes: &mut Prefixes,
    addresses: &[LinkAddress],
) -> io::Result<Vec<(usize, String)>> {
    let stay = prefixes.stay(netlink, addresses)?;
    // One that is gone by now needs no care.
    netlink.transact(stay.into_iter().map(|message| (RouteNetlinkMessage::NewAddress(message), NLM_F_REPLACE)))?;
    let requests = addresses.iter().map(|at| (RouteNetlinkMessage::DelAddress(message(at, false)), 0));
    let failures = netlink.transact(requests)?;
    Ok(worded("remove", addresses, &failures, &[libc::EADDRNOTAVAIL, libc::ENODEV]))
}

fn worded(
    verb: &str,
    addresses: &[LinkAddress],
    failures: &[(usize, io::Error)],
    harmless: &[i32],
) -> Vec<(usize, String)> {
    let serious = |error: &io::Error| error.raw_os_error().is_none_or(|code| !harmless.contains(&code));
    failures
        .iter()
        .filter(|(_, error)| serious(error))
        .map(|(place, error)| {
            let what = addresses.get(*place).map_or("address".into(), |at| at.address.address.to_string());
            (*place, format!("cannot {verb} {what}: {error}"))
        })
        .collect()
}

fn message(at: &LinkAddress, guest: bool) -> AddressMessage {
    let address = at.address.address.addr();
    let mut message = AddressMessage::default();
    message.header.index = at.link;
    message.header.prefix_len = at.address.address.prefix_len();
    message.header.scope = AddressScope::from(at.address.scope);
    message.header.family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    message.attributes.push(AddressAttribute::Local(address));
    let peer = at.address.peer;
    message.attributes.push(AddressAttribute::Address(peer.map_or(address, |peer| peer.addr())));
    if let Some(peer) = peer {
        message.header.prefix_len = peer.prefix_len();
    }
    if let Some(label) = &at.address.label {
        message.attributes.push(AddressAttribute::Label(label.clone()));
    }
    if let Some(broadcast) = at.address.broadcast {
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    let mut flags = AddressFlags::empty();
    for flag in &at.address.flags {
        flags |= match flag {
            AddressFlag::Home => AddressFlags::Homeaddress,
            AddressFlag::DetectDuplicates => AddressFlags::empty(),
            AddressFlag::ManageTemporary => AddressFlags::Managetempaddr,
            AddressFlag::NoPrefixRoute => AddressFlags::Noprefixroute,
            AddressFlag::AutoJoin => AddressFlags::Mcautojoin,
        };
    }
    if address.is_ipv6() && !at.address.flags.contains(&AddressFlag::DetectDuplicates) {
        // The election has made sure that it is ours; detection would silence it for a second.
        flags |= AddressFlags::Nodad;
    }
    if guest {
        flags |= AddressFlags::Noprefixroute;
    }
    if !flags.is_empty() {
        message.attributes.push(AddressAttribute::Flags(flags));
    }
    // An IPv6 /128 is never chosen as the source of the host's own traffic.
    let host = address.is_ipv6() && at.address.address.prefix_len() == 128;
    let preferred = at.address.preferred_s.or(host.then_some(0));
    if at.lifetime_s.is_some() || preferred.is_some() {
        let mut lifetime = CacheInfo::default();
        lifetime.ifa_valid = at.lifetime_s.unwrap_or(u32::MAX);
        lifetime.ifa_preferred = preferred.unwrap_or(u32::MAX).min(lifetime.ifa_valid);
        message.attributes.push(AddressAttribute::CacheInfo(lifetime));
    }
    message
}
