//! The interface of a virtual router's MAC: a private macvlan, quiet by itself.

use std::io;

use hactl_engine::wire::arp::Mac;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{
    InfoData, InfoKind, InfoMacVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};

use super::route::Netlink;

/// An interface of this host, as far as it may be a macvlan of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Kernel index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Index of the interface below, when it is a private macvlan.
    pub private_on: Option<u32>,
    /// Hardware address.
    pub mac: Option<Mac>,
}

impl Seen {
    /// Whether this is what [`create`] makes, on that interface and with that MAC: only such a one is ours to use and
    /// to remove.
    pub(crate) fn is(&self, parent: u32, mac: Mac) -> bool {
        self.private_on == Some(parent) && self.mac == Some(mac)
    }
}

/// All interfaces.
///
/// # Errors
/// When the socket fails.
pub(crate) fn all(netlink: &mut Netlink) -> io::Result<Vec<Seen>> {
    let links = netlink.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
    Ok(links
        .iter()
        .filter_map(|link| if let RouteNetlinkMessage::NewLink(link) = link { Some(seen(link)) } else { None })
        .collect())
}

fn seen(message: &LinkMessage) -> Seen {
    let mut seen = Seen { index: message.header.index, ..Seen::default() };
    let (mut below, mut private) = (None, false);
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => seen.name.clone_from(name),
            LinkAttribute::Link(index) => below = Some(*index),
            LinkAttribute::Address(bytes) => seen.mac = Mac::try_from(bytes.as_slice()).ok(),
            LinkAttribute::LinkInfo(infos) => {
                private = infos.iter().any(|info| match info {
                    LinkInfo::Data(InfoData::MacVlan(data)) => data.contains(&InfoMacVlan::Mode(MacVlanMode::Private)),
                    _ => false,
                });
            }
            _ => {}
        }
    }
    seen.private_on = below.filter(|_| private);
    seen
}

/// Makes the macvlan on an interface.
///
/// # Errors
/// The kernel's, such as an interface that cannot carry one, or a name that is taken.
pub(crate) fn create(netlink: &mut Netlink, parent: u32, name: &str, mac: Mac) -> io::Result<()> {
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
    refused(netlink.transact(std::iter::once(request))?, 0)
}

/// Brings an interface up.
///
/// # Errors
/// The kernel's.
pub(crate) fn up(netlink: &mut Netlink, link: u32) -> io::Result<()> {
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
pub(crate) fn remove(netlink: &mut Netlink, link: u32) -> io::Result<()> {
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
