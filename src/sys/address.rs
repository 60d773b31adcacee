//! Virtual addresses as netlink messages.

use std::io;

use hactl_engine::action::LinkAddress;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope, CacheInfo};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::Netlink;

/// Puts addresses on interfaces, all in one transaction.
///
/// # Errors
/// The first refusal, worded.
pub fn add(netlink: &mut Netlink, addresses: &[LinkAddress]) -> Result<(), String> {
    let requests =
        addresses.iter().map(|at| (RouteNetlinkMessage::NewAddress(message(at)), NLM_F_CREATE | NLM_F_REPLACE));
    let failures = netlink.transact(requests).map_err(|error| format!("netlink: {error}"))?;
    first_failure("add", addresses, &failures, &[libc::EEXIST])
}

/// Takes addresses off interfaces, all in one transaction.
///
/// # Errors
/// The first refusal, worded; an address that is not there is none.
pub fn remove(netlink: &mut Netlink, addresses: &[LinkAddress]) -> Result<(), String> {
    let requests = addresses.iter().map(|at| (RouteNetlinkMessage::DelAddress(message(at)), 0));
    let failures = netlink.transact(requests).map_err(|error| format!("netlink: {error}"))?;
    first_failure("remove", addresses, &failures, &[libc::EADDRNOTAVAIL, libc::ENODEV])
}

fn first_failure(
    verb: &str,
    addresses: &[LinkAddress],
    failures: &[(usize, io::Error)],
    harmless: &[i32],
) -> Result<(), String> {
    let serious = |error: &io::Error| error.raw_os_error().is_none_or(|code| !harmless.contains(&code));
    match failures.iter().find(|(_, error)| serious(error)) {
        None => Ok(()),
        Some((place, error)) => {
            let what = addresses.get(*place).map_or("address".into(), |at| at.address.address.to_string());
            Err(format!("cannot {verb} {what}: {error}"))
        }
    }
}

fn message(at: &LinkAddress) -> AddressMessage {
    let address = at.address.address.addr();
    let mut message = AddressMessage::default();
    message.header.index = at.link;
    message.header.prefix_len = at.address.address.prefix_len();
    message.header.scope = AddressScope::from(at.address.scope);
    message.header.family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    message.attributes.push(AddressAttribute::Local(address));
    message.attributes.push(AddressAttribute::Address(address));
    if let Some(label) = &at.address.label {
        message.attributes.push(AddressAttribute::Label(label.clone()));
    }
    if let Some(broadcast) = at.address.broadcast {
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    if address.is_ipv6() {
        // The election has made sure that it is ours; detection would silence it for a second.
        message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        if at.address.address.prefix_len() == 128 {
            // Never chosen as the source of the host's own traffic.
            let mut lifetime = CacheInfo::default();
            lifetime.ifa_preferred = 0;
            lifetime.ifa_valid = u32::MAX;
            message.attributes.push(AddressAttribute::CacheInfo(lifetime));
        }
    }
    message
}
