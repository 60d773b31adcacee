//! The host's interfaces and their addresses: a table kept current by netlink events.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;

use hactl_engine::input::{Input, Link};
use rtnetlink::constants::{RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR, RTMGRP_LINK};
use rtnetlink::packet_core::NetlinkPayload;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};

use super::route::Netlink;

/// The table and the socket that keeps it current.
pub struct Links {
    events: Netlink,
    watches_routing: bool,
    table: BTreeMap<u32, Link>,
}

impl Links {
    /// Reads all interfaces and begins to listen for changes.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open() -> io::Result<Self> {
        let events = Netlink::open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)?;
        events.set_non_blocking()?;
        // Listening comes before the dump, so that nothing falls between the two.
        let table = read_all()?;
        Ok(Self { events, watches_routing: false, table })
    }

    /// Hears of lost routes and rules too.
    ///
    /// # Errors
    /// The kernel's.
    pub fn watch_routing(&mut self) -> io::Result<()> {
        if !self.watches_routing {
            for group in [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE] {
                self.events.join(group)?;
            }
            self.watches_routing = true;
        }
        Ok(())
    }

    /// For epoll.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.events.fd()
    }

    /// The interfaces by kernel index.
    pub fn table(&self) -> &BTreeMap<u32, Link> {
        &self.table
    }

    /// Takes all waiting events and returns what changed, each interface once.
    ///
    /// # Errors
    /// The kernel's; lost events are answered with a new dump and are no error.
    pub fn changes(&mut self) -> io::Result<Vec<Input>> {
        let mut changed = BTreeSet::new();
        let mut lost = Vec::new();
        let mut routing = Vec::new();
        loop {
            match self.events.receive() {
                Ok(messages) => {
                    for message in messages {
                        if let NetlinkPayload::InnerMessage(inner) = message.payload {
                            self.take(inner, &mut changed, &mut lost, &mut routing);
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    let before = std::mem::replace(&mut self.table, read_all()?);
                    lost.extend(vanished(&before, &self.table));
                    changed.extend(before.keys().chain(self.table.keys()));
                }
                Err(error) => return Err(error),
            }
        }
        let links = changed.into_iter().map(|index| match self.table.get(&index) {
            Some(link) => Input::Link(link.clone()),
            None => Input::LinkGone(index),
        });
        let lost = lost.into_iter().map(|(link, address)| Input::AddressLost { link, address });
        Ok(links.chain(lost).chain(routing).collect())
    }

    fn take(
        &mut self,
        message: RouteNetlinkMessage,
        changed: &mut BTreeSet<u32>,
        lost: &mut Vec<(u32, IpAddr)>,
        routing: &mut Vec<Input>,
    ) {
        match message {
            RouteNetlinkMessage::DelRoute(message) => {
                routing.extend(crate::sys::netlink::routing::lost_route(&message));
            }
            RouteNetlinkMessage::DelRule(message) => {
                let gone = crate::sys::netlink::routing::lost_rule(&message);
                routing.extend(gone.map(|(preference, ipv6)| Input::RuleLost { preference, ipv6 }));
            }
            RouteNetlinkMessage::NewLink(message) => {
                changed.insert(message.header.index);
                note_link(&mut self.table, &message);
            }
            RouteNetlinkMessage::DelLink(message) => {
                changed.insert(message.header.index);
                self.table.remove(&message.header.index);
            }
            RouteNetlinkMessage::NewAddress(message) => {
                changed.insert(message.header.index);
                note_address(&mut self.table, &message);
            }
            RouteNetlinkMessage::DelAddress(message) => {
                let (index, Some(address)) = (message.header.index, local(&message)) else { return };
                if let Some(link) = self.table.get_mut(&index) {
                    link.addresses.retain(|known| *known != address);
                }
                changed.insert(index);
                lost.push((index, address));
            }
            _ => {}
        }
    }
}

fn read_all() -> io::Result<BTreeMap<u32, Link>> {
    let mut netlink = Netlink::open(0)?;
    let mut table = BTreeMap::new();
    for message in netlink.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))? {
        if let RouteNetlinkMessage::NewLink(message) = message {
            note_link(&mut table, &message);
        }
    }
    for message in netlink.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))? {
        if let RouteNetlinkMessage::NewAddress(message) = message {
            note_address(&mut table, &message);
        }
    }
    Ok(table)
}

fn note_link(table: &mut BTreeMap<u32, Link>, message: &LinkMessage) {
    let index = message.header.index;
    let link = table.entry(index).or_insert_with(|| Link {
        index,
        name: String::new(),
        up: false,
        mac: [0; 6],
        addresses: Vec::new(),
    });
    link.up = message.header.flags.contains(LinkFlags::Up | LinkFlags::LowerUp);
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(bytes) => {
                if let Ok(mac) = <[u8; 6]>::try_from(bytes.as_slice()) {
                    link.mac = mac;
                }
            }
            _ => {}
        }
    }
}

fn note_address(table: &mut BTreeMap<u32, Link>, message: &AddressMessage) {
    let Some((link, address)) = table.get_mut(&message.header.index).zip(local(message)) else { return };
    if !link.addresses.contains(&address) {
        link.addresses.push(address);
    }
}

/// The address itself: `IFA_LOCAL` where present (IPv4), else `IFA_ADDRESS`.
fn local(message: &AddressMessage) -> Option<IpAddr> {
    let mut found = None;
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(address) => return Some(*address),
            AddressAttribute::Address(address) => found = Some(*address),
            _ => {}
        }
    }
    found
}

fn vanished(before: &BTreeMap<u32, Link>, after: &BTreeMap<u32, Link>) -> Vec<(u32, IpAddr)> {
    let stays = |index: &u32, address: &IpAddr| after.get(index).is_some_and(|link| link.addresses.contains(address));
    before
        .iter()
        .flat_map(|(index, link)| link.addresses.iter().map(move |address| (*index, *address)))
        .filter(|(index, address)| !stays(index, address))
        .collect()
}

// Multicast groups of linux/rtnetlink.h.
const RTNLGRP_IPV4_ROUTE: u32 = 7;
const RTNLGRP_IPV4_RULE: u32 = 8;
const RTNLGRP_IPV6_ROUTE: u32 = 11;
const RTNLGRP_IPV6_RULE: u32 = 19;
