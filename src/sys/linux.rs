//! The real [`Os`].

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::IpAddr;

use hactl_engine::action::{Drain, Frame, Gate, LinkAddress, Routing};

use super::connections;
use super::netlink::address;
use super::netlink::draining::Passes;
use super::netlink::kept;
use super::netlink::nft::Gates;
use super::netlink::prefix::Prefixes;
use super::netlink::route::Netlink;
use super::netlink::routing::Ours;
use super::os::{Os, Outgoing};
use super::packet::frames::Frames;
use super::packet::vrrp::VrrpSocket;

/// This host's kernel.
pub(crate) struct Linux {
    netlink: Netlink,
    frames: Frames,
    gates: Option<Gates>,
    passes: Passes,
    kept: BTreeSet<IpAddr>,
    ours: Ours,
    prefixes: Prefixes,
    sockets: HashMap<(u32, bool), VrrpSocket>,
}

impl Linux {
    /// Opens what every agent needs; VRRP sockets follow as interfaces are known.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn open() -> io::Result<Self> {
        let (netlink, frames) = (Netlink::open(0)?, Frames::open()?);
        Ok(Self {
            netlink,
            frames,
            gates: None,
            passes: Passes::default(),
            kept: BTreeSet::new(),
            ours: Ours::default(),
            prefixes: Prefixes::default(),
            sockets: HashMap::new(),
        })
    }

    /// The VRRP sockets by interface and family.
    pub(crate) fn sockets(&mut self) -> &mut HashMap<(u32, bool), VrrpSocket> {
        &mut self.sockets
    }

    /// The route netlink socket, for what is not the engine's to decide.
    pub(crate) fn netlink(&mut self) -> &mut Netlink {
        &mut self.netlink
    }

    /// Takes away what an earlier process of ours left of draining: its addresses on the loopback interface, its table.
    /// What is not there, or not to be had in this kernel, was not left.
    pub(crate) fn sweep_draining(&mut self, addresses: &[IpAddr]) {
        let _ = kept::remove(&mut self.netlink, &mut self.prefixes, addresses);
        let _ = self.passes.sweep();
    }

    /// Connections are kept no longer: the gates that keep their addresses silent are about to change.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn end_keeping(&mut self) -> io::Result<()> {
        let all: Vec<IpAddr> = std::mem::take(&mut self.kept).into_iter().collect();
        if all.is_empty() { Ok(()) } else { kept::remove(&mut self.netlink, &mut self.prefixes, &all) }
    }

    /// The firewall's part; `None` as long as nothing needs it.
    pub(crate) fn gates(&mut self) -> &mut Option<Gates> {
        &mut self.gates
    }
}

impl Os for Linux {
    fn send(&mut self, adverts: &[Outgoing]) -> Vec<(usize, io::Error)> {
        let mut failures = Vec::new();
        let mut rest = adverts;
        // Neighbours in the list that leave by the same socket leave in one call.
        while let Some(first) = rest.first() {
            let key = |one: &Outgoing| (one.link, one.source.is_ipv6());
            let run = rest.iter().take_while(|one| key(one) == key(first)).count();
            let (now, later) = rest.split_at(run);
            let place = adverts.len() - rest.len();
            match self.sockets.get(&key(first)) {
                Some(socket) => failures.extend(socket.send(now).into_iter().map(|(n, error)| (place + n, error))),
                None => failures.extend((place..place + run).map(|n| {
                    let words = format!("no VRRP socket on interface {}", first.link);
                    (n, io::Error::new(io::ErrorKind::NotFound, words))
                })),
            }
            rest = later;
        }
        failures
    }

    fn add_addresses(&mut self, addresses: &[LinkAddress]) -> Vec<(usize, String)> {
        address::add(&mut self.netlink, &mut self.prefixes, addresses)
            .unwrap_or_else(|error| all(addresses.len(), &error))
    }

    fn remove_addresses(&mut self, addresses: &[LinkAddress]) -> Vec<(usize, String)> {
        address::remove(&mut self.netlink, &mut self.prefixes, addresses)
            .unwrap_or_else(|error| all(addresses.len(), &error))
    }

    fn add_routing(&mut self, routing: &Routing) -> Vec<String> {
        self.ours.add(&mut self.netlink, routing).unwrap_or_else(|error| vec![format!("netlink: {error}")])
    }

    fn remove_routing(&mut self, routing: &Routing) -> Vec<String> {
        self.ours.remove(&mut self.netlink, routing).unwrap_or_else(|error| vec![format!("netlink: {error}")])
    }

    fn gate(&mut self, addresses: &[IpAddr], gate: Gate) -> io::Result<()> {
        match &mut self.gates {
            Some(gates) => gates.set(addresses, gate),
            None => Ok(()), // no gate, nothing to open: the agent has said so when it could not be made
        }
    }

    fn drain(&mut self, drain: &Drain) -> io::Result<()> {
        match drain {
            // Without a gate the loopback interface's addresses would be answered for.
            Drain::Keep { .. } if self.gates.is_none() => Ok(()),
            Drain::Keep { addresses, time } => {
                self.kept.extend(addresses);
                kept::add(&mut self.netlink, &mut self.prefixes, addresses, *time)
            }
            Drain::EndKeep(addresses) => {
                self.kept.retain(|one| !addresses.contains(one));
                kept::remove(&mut self.netlink, &mut self.prefixes, addresses)
            }
            Drain::Pass { addresses, to, link } => {
                // A host that was not master a moment ago has none, and the list of all connections of a busy host is
                // long.
                let open = match addresses.iter().any(|one| self.kept.contains(one)) {
                    true => connections::of(addresses)?,
                    false => Vec::new(),
                };
                self.passes.begin(addresses, *to, *link, &open)
            }
            Drain::EndPass(addresses) => self.passes.end(addresses),
        }
    }

    fn announce(&mut self, frames: &[Frame]) -> io::Result<()> {
        self.frames.send(frames)
    }
}

fn all(count: usize, error: &io::Error) -> Vec<(usize, String)> {
    (0..count).map(|place| (place, format!("netlink: {error}"))).collect()
}
