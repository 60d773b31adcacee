//! What a router says on the wire: adverts, and announcements of its addresses.

use std::net::IpAddr;

use super::context::{Context, Timer};
use super::counters::Counter;
use super::router::Router;
use super::track::macvlan;
use crate::action::{Action, Frame};
use crate::conf::config::OldChecksum;
use crate::wire::arp::{self, Mac};
use crate::wire::ip::{Ipv4Header, PROTOCOL_VRRP, TTL};
use crate::wire::ndisc;
use crate::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, GROUP_V6};

impl Router {
    pub(super) fn advertise(&mut self, priority: u8, ctx: &mut Context<'_>) {
        let Some((link, source)) = self.link(ctx).map(|link| link.index).zip(self.source(ctx)) else {
            return; // no way out: the link fault is on its way
        };
        let link = self.transmit_link(ctx).unwrap_or(link);
        self.extra_lists.retain(|(_, until)| *until > ctx.now);
        let also = self.extra_lists.iter().map(|(list, _)| list.clone());
        let lists: Vec<Vec<IpAddr>> = std::iter::once(self.advertised()).chain(also).collect();
        for addresses in lists {
            let advert = Advert {
                version: self.config.version,
                vrid: self.config.vrid,
                priority,
                interval: self.config.advert_interval,
                addresses: addresses.into(),
                auth: self.config.password.map_or(Auth::None, |password| Auth::Simple(password.0)),
            };
            for destination in self.destinations(source) {
                let payload = advert.emit(source, destination, self.checksum_form(destination));
                let payload = self.signed(payload, source, ctx);
                let packet = self.enveloped(source, destination, payload);
                ctx.actions.push(Action::Send { link, source, destination, packet });
            }
        }
        self.last_advert = Some(ctx.now);
        self.count(if priority == 0 { Counter::PriorityZeroSent } else { Counter::AdvertsSent });
    }

    /// Group or peers.
    fn destinations(&self, source: IpAddr) -> Vec<IpAddr> {
        if self.config.is_unicast() {
            return self.config.unicast_peers.iter().map(|peer| peer.address).collect();
        }
        let standard = if source.is_ipv4() { IpAddr::V4(GROUP_V4) } else { IpAddr::V6(GROUP_V6) };
        vec![self.config.group_address.unwrap_or(standard)]
    }

    fn checksum_form(&self, destination: IpAddr) -> ChecksumForm {
        let old = self.config.old_checksum == OldChecksum::Send || self.old_peers.contains(&destination);
        match (self.config.v3_checksum_as_v2, old && !destination.is_multicast()) {
            (true, _) => ChecksumForm::MessageOnly,
            (false, true) => ChecksumForm::OldUnicast,
            (false, false) => ChecksumForm::PseudoHeader,
        }
    }

    /// The whole IPv4 packet; for IPv6 the kernel writes the header.
    fn enveloped(&mut self, source: IpAddr, destination: IpAddr, payload: Vec<u8>) -> Vec<u8> {
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) else { return payload };
        self.identification = self.identification.wrapping_add(1).max(1);
        let ttl = self.config.unicast_ttl.filter(|_| !destination.is_multicast()).unwrap_or(TTL);
        Ipv4Header { source, destination, ttl, protocol: PROTOCOL_VRRP }.emit(self.identification, &payload)
    }

    /// The macvlan, so that adverts bear the virtual router's MAC (RFC 9568 §7.3). IPv6 adverts leave by the interface
    /// itself: their source address is its own.
    fn transmit_link(&self, ctx: &Context<'_>) -> Option<u32> {
        let vmac = self.config.vmac.as_ref().filter(|vmac| !vmac.transmit_base && !self.is_ipv6())?;
        macvlan(ctx.links, vmac).map(|link| link.index)
    }

    pub(super) fn announce(&mut self, times: u32, ctx: &mut Context<'_>) {
        let frames: Vec<Frame> = self
            .link_addresses(ctx)
            .iter()
            .filter_map(|at| Some(announcement(at.link, at.address.address.addr(), ctx.links.get(at.link)?.mac)))
            .collect();
        // Every address once before any is repeated: with many addresses the last must not wait for the first's
        // repeats.
        let repeated: Vec<Frame> = (0..times).flat_map(|_| frames.iter().cloned()).collect();
        let timing = &self.config.announcement;
        let pause = if self.is_ipv6() { timing.na_interval } else { timing.interval };
        if pause.is_zero() && !repeated.is_empty() {
            ctx.actions.push(Action::Announce(repeated));
        } else if !repeated.is_empty() {
            // A switch that takes few of them a second: one after another (garp_interval, gna_interval).
            self.paced = repeated.into();
            self.announce_paced(ctx);
        }
    }

    pub(super) fn announce_paced(&mut self, ctx: &mut Context<'_>) {
        let timing = &self.config.announcement;
        let pause = if self.is_ipv6() { timing.na_interval } else { timing.interval };
        let Some(frame) = self.paced.pop_front() else { return };
        ctx.actions.push(Action::Announce(vec![frame]));
        if !self.paced.is_empty() {
            self.arm(Timer::Pace, pause, ctx);
        }
    }
}

/// The frame that moves an address in every cache of the LAN: gratuitous ARP or an unsolicited neighbour advertisement.
pub(super) fn announcement(link: u32, address: IpAddr, mac: Mac) -> Frame {
    match address {
        IpAddr::V4(address) => Frame {
            link,
            destination: arp::BROADCAST,
            ethertype: arp::ETHERTYPE,
            payload: arp::gratuitous(address, mac).emit(),
        },
        IpAddr::V6(address) => Frame {
            link,
            destination: ndisc::ALL_NODES_MAC,
            ethertype: ndisc::ETHERTYPE,
            payload: ndisc::unsolicited(address, mac),
        },
    }
}
