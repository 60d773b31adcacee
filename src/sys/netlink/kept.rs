//! Virtual addresses on the loopback interface, for some time: what connections go on with that were open when another
//! host took the addresses. The kernel ends them by itself. One that stays there for good (a real server of LVS has
//! such) is left alone.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::action::LinkAddress;
use hactl_engine::conf::config::VirtualAddress;
use ipnet::IpNet;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};

use super::address;
use super::prefix::Prefixes;
use super::route::Netlink;

/// Puts addresses there, or renews their time.
///
/// # Errors
/// The kernel's.
pub(crate) fn add(
    netlink: &mut Netlink,
    prefixes: &mut Prefixes,
    addresses: &[IpAddr],
    time: Duration,
) -> io::Result<()> {
    let there = found(netlink)?;
    // The kernel counts whole seconds; whoever ends it earlier does so by a message.
    let lifetime_s = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).saturating_add(2);
    let own = |address: &&IpAddr| !there.iter().any(|(one, ends)| one == *address && !ends);
    let wanted: Vec<LinkAddress> = addresses.iter().filter(own).map(|one| place(*one, Some(lifetime_s))).collect();
    refused(address::add(netlink, prefixes, &wanted)?)
}

/// Takes away those that would end by themselves.
///
/// # Errors
/// The kernel's.
pub(crate) fn remove(netlink: &mut Netlink, prefixes: &mut Prefixes, addresses: &[IpAddr]) -> io::Result<()> {
    let there = found(netlink)?;
    let own = |address: &&IpAddr| there.iter().any(|(one, ends)| one == *address && *ends);
    let gone: Vec<LinkAddress> = addresses.iter().filter(own).map(|one| place(*one, None)).collect();
    refused(address::remove(netlink, prefixes, &gone)?)
}

fn refused(failures: Vec<(usize, String)>) -> io::Result<()> {
    match failures.into_iter().next() {
        None => Ok(()),
        Some((_, words)) => Err(io::Error::other(format!("{words} (loopback interface)"))),
    }
}

fn place(address: IpAddr, lifetime_s: Option<u32>) -> LinkAddress {
    // Of the scope `host`, so that nothing of this host's own is sent from it.
    let address = VirtualAddress { scope: SCOPE_HOST, ..VirtualAddress::new(IpNet::from(address)) };
    LinkAddress { link: LOOPBACK, address, lifetime_s }
}

/// What stands there, and whether it would end by itself.
fn found(netlink: &mut Netlink) -> io::Result<Vec<(IpAddr, bool)>> {
    let all = netlink.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))?;
    let of_loopback = |message| match message {
        RouteNetlinkMessage::NewAddress(one) if one.header.index == LOOPBACK => Some(one),
        _ => None,
    };
    Ok(all.into_iter().filter_map(of_loopback).filter_map(|message| parts(&message)).collect())
}

fn parts(message: &AddressMessage) -> Option<(IpAddr, bool)> {
    let (mut address, mut local, mut ends) = (None, None, false);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(one) => address = Some(*one),
            AddressAttribute::Local(one) => local = Some(*one),
            AddressAttribute::Flags(flags) => ends = !flags.contains(AddressFlags::Permanent),
            _ => {}
        }
    }
    Some((local.or(address)?, ends))
}

/// Linux gives the first interface of a network namespace this index.
const LOOPBACK: u32 = 1;
/// RT_SCOPE_HOST.
const SCOPE_HOST: u8 = 254;
