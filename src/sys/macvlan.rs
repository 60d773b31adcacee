//! The interface of a virtual router's MAC: a private macvlan, quiet by itself.

use std::io;

use hactl_engine::wire::arp::Mac;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};

use super::netlink::Netlink;

/// Makes the macvlan on an interface, and brings it up. One of that name that is there already is taken as it is.
///
/// # Errors
/// The kernel's, such as an interface that cannot carry one.
pub fn create(netlink: &mut Netlink, parent: u32, name: &str, mac: Mac) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.flags = LinkFlags::empty();
    message.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::Link(parent),
        LinkAttribute::Address(mac.to_vec()),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::MacVlan),
            LinkInfo::Data(InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Private)])),
        ]),
    ];
    let request = (RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL);
    refused(netlink.transact(std::iter::once(request))?, libc::EEXIST)
}

/// Brings an interface up.
///
/// # Errors
/// The kernel's.
pub fn up(netlink: &mut Netlink, link: u32) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = link;
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    refused(netlink.transact(std::iter::once((RouteNetlinkMessage::SetLink(message), 0)))?, 0)
}

/// Removes an interface; one that is gone already is no error.
///
/// # Errors
/// The kernel's.
pub fn remove(netlink: &mut Netlink, link: u32) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = link;
    refused(netlink.transact(std::iter::once((RouteNetlinkMessage::DelLink(message), 0)))?, libc::ENODEV)
}

fn refused(failures: Vec<(usize, io::Error)>, harmless: i32) -> io::Result<()> {
    match failures.into_iter().find(|(_, error)| error.raw_os_error() != Some(harmless)) {
        None => Ok(()),
        Some((_, error)) => Err(error),
    }
}

/// The kernel index of an interface by name.
pub fn index(name: &str) -> Option<u32> {
    nix::net::if_::if_nametoindex(name).ok()
}
