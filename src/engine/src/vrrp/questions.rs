//! Whose a hardware address is, and the questions that find it out.

use std::net::IpAddr;
use std::time::Duration;

use smallvec::SmallVec;

use super::context::Context;
use super::lan::{PEERS, Who};
use super::router::Router;
use super::state::State;
use crate::action::{Action, Frame};
use crate::wire::arp::Mac;
use crate::wire::{arp, ndisc};

impl Router {
    /// Whether this is about an address of ours, on its interface, and not said by ourselves. A virtual MAC is also the
    /// other routers': what bears it while the addresses are not here is theirs.
    pub(super) fn concerns(&self, link: u32, address: IpAddr, mac: Mac, ctx: &Context<'_>) -> bool {
        let home = self.on_wire().find(|(own, _)| *own == address).and_then(|(_, name)| ctx.links.named(name));
        let others = matches!(self.state, State::Backup | State::Claiming)
            && self.config.vmac.as_ref().is_some_and(|vmac| vmac.mac == mac);
        home.is_some_and(|home| home.index == link) && (others || !ctx.links.values().any(|link| link.mac == mac))
    }

    /// The addresses, each with the name of the interface on which neighbours see it: of a macvlan that is the one
    /// below.
    fn on_wire(&self) -> impl Iterator<Item = (IpAddr, &str)> {
        let home = &self.config.interface;
        self.every_address().map(move |one| (one.address.addr(), one.interface.as_ref().unwrap_or(home).as_str()))
    }

    /// The peers' own addresses: as configured, and of all that were heard.
    fn peers<'a>(&'a self, ctx: &'a Context<'_>) -> impl Iterator<Item = IpAddr> + 'a {
        let own = self.source(ctx);
        let family = self.is_ipv6();
        let unicast = self.config.unicast_peers.iter().map(|peer| peer.address);
        let all = unicast.chain(ctx.peers.iter().copied()).chain(self.lan.peers.iter().copied());
        all.filter(move |peer| peer.is_ipv6() == family && Some(*peer) != own)
    }

    /// Whether exactly one other router can have this VRID.
    pub(super) fn is_pair(&self, ctx: &Context<'_>) -> bool {
        match self.config.is_unicast() {
            true => self.config.unicast_peers.len() == 1,
            // This is computed for every advert, so the common case (no peers named) comes first.
            false => !ctx.peers.is_empty() && self.named_peers(ctx) == 1,
        }
    }

    /// How many others the configuration names for this router's family.
    fn named_peers(&self, ctx: &Context<'_>) -> usize {
        let own = self.source(ctx);
        ctx.peers.iter().filter(|peer| peer.is_ipv6() == self.is_ipv6() && Some(**peer) != own).count()
    }

    /// Who stands behind this hardware address on this interface?
    pub(super) fn who(&self, link: u32, mac: Mac, ctx: &Context<'_>) -> Who {
        if mac == virtual_mac(self.config.vrid, self.is_ipv6()) {
            return Who::Peer;
        }
        let mut known = self.named_peers(ctx) > 0;
        for peer in self.peers(ctx) {
            if ctx.neighbours.is(link, peer, mac) {
                return Who::Peer;
            }
            known |= ctx.neighbours.knows(link, peer);
        }
        if known { Who::Stranger } else { Who::Unknown }
    }

    /// Another router was heard: its hardware address is asked for while it lives.
    pub(super) fn acquaint(&mut self, source: IpAddr, ctx: &mut Context<'_>) {
        if !self.lan.peers.contains(&source) {
            if self.lan.peers.len() == PEERS {
                self.lan.peers.remove(0);
            }
            self.lan.peers.push(source);
        }
        let mut links = self.wire_links(ctx);
        let interval = self.config.advert_interval;
        links.retain(|link| !ctx.neighbours.knows(*link, source));
        links.retain(|link| ctx.neighbours.is_due(*link, source, interval, ctx.now));
        self.send_questions(links.into_iter().map(|link| (link, source, None)), ctx);
    }

    fn wire_links(&self, ctx: &Context<'_>) -> SmallVec<[u32; 1]> {
        let mut links: SmallVec<[u32; 1]> = SmallVec::new();
        for link in self.on_wire().filter_map(|(_, name)| ctx.links.named(name)).map(|link| link.index) {
            if !links.contains(&link) {
                links.push(link);
            }
        }
        links
    }

    /// Asks everybody who answers for the addresses: for all of them, or for the first, since they move together. The
    /// peers are asked for their own addresses at the same time.
    pub(super) fn ask(&self, all: bool, ctx: &mut Context<'_>) {
        let wanted = if all { usize::MAX } else { 1 };
        let asked = self.on_wire().filter_map(|(address, name)| Some((ctx.links.named(name)?.index, address)));
        let mut questions: Vec<(u32, IpAddr)> = asked.take(wanted).collect();
        questions.extend(self.peers_due(ASKED_RECENTLY, ctx));
        self.send_questions(questions.into_iter().map(|(link, address)| (link, address, None)), ctx);
    }

    /// Asks the peers for their own addresses, so that it can be told whose a hardware address is.
    pub(super) fn ask_peers(&self, pause: Duration, ctx: &mut Context<'_>) {
        let questions = self.peers_due(pause, ctx);
        self.send_questions(questions.into_iter().map(|(link, address)| (link, address, None)), ctx);
    }

    fn peers_due(&self, pause: Duration, ctx: &mut Context<'_>) -> Vec<(u32, IpAddr)> {
        let peers: SmallVec<[IpAddr; 4]> = self.peers(ctx).collect();
        let links = self.wire_links(ctx);
        let all = links.iter().flat_map(|link| peers.iter().map(|peer| (*link, *peer)));
        all.filter(|(link, peer)| ctx.neighbours.is_due(*link, *peer, pause, ctx.now)).collect()
    }

    /// Asks these alone, each by a frame to its own hardware address.
    pub(super) fn ask_directly(&self, macs: &[Mac], ctx: &mut Context<'_>) {
        let claims = self.lan.claims.iter().filter(|claim| macs.contains(&claim.mac));
        let questions: Vec<_> = claims.map(|claim| (claim.link, claim.address, Some(claim.mac))).collect();
        self.send_questions(questions.into_iter(), ctx);
    }

    fn send_questions(&self, all: impl Iterator<Item = (u32, IpAddr, Option<Mac>)>, ctx: &mut Context<'_>) {
        let frames: Vec<Frame> = all.filter_map(|(link, address, mac)| question(link, address, mac, ctx)).collect();
        if !frames.is_empty() {
            ctx.actions.push(Action::Probe(frames));
        }
    }
}

/// A question who answers for an address, which claims nothing: to all, or to one.
fn question(link: u32, address: IpAddr, to: Option<Mac>, ctx: &Context<'_>) -> Option<Frame> {
    let own = ctx.links.get(link)?.mac;
    Some(match address {
        IpAddr::V4(address) => Frame {
            link,
            destination: to.unwrap_or(arp::BROADCAST),
            ethertype: arp::ETHERTYPE,
            payload: arp::probe(address, own).emit(),
        },
        IpAddr::V6(address) => Frame {
            link,
            destination: to.unwrap_or(ndisc::solicited_node_mac(address)),
            ethertype: ndisc::ETHERTYPE,
            payload: ndisc::probe(address, own),
        },
    })
}

/// The hardware address of a virtual router (RFC 9568 §7.3).
fn virtual_mac(vrid: u8, ipv6: bool) -> Mac {
    [0, 0, 0x5e, 0, if ipv6 { 2 } else { 1 }, vrid]
}

/// A peer that was asked within this time is not asked again: thousands of routers with the same peers ask once.
const ASKED_RECENTLY: Duration = Duration::from_millis(1);
