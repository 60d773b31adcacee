//! What a router says on the wire: adverts, and announcements of its addresses.

use std::net::IpAddr;

use super::router::{Context, Router};
use crate::action::{Action, Frame};
use crate::wire::ip::{Ipv4Header, PROTOCOL_VRRP, TTL};
use crate::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, GROUP_V6};
use crate::wire::{arp, ndisc};

impl Router {
    pub(super) fn advertise(&mut self, priority: u8, ctx: &mut Context<'_>) {
        let Some((link, source)) = self.link(ctx).map(|link| link.index).zip(self.source(ctx)) else {
            return; // no way out: the link fault is on its way
        };
        let advert = Advert {
            version: self.config.version,
            vrid: self.config.vrid,
            priority,
            interval: self.config.advert_interval,
            addresses: self.config.addresses.iter().map(|a| a.address.addr()).collect(),
            auth: self.config.password.map_or(Auth::None, |password| Auth::Simple(password.0)),
        };
        let form = if self.config.v3_checksum_as_v2 { ChecksumForm::MessageOnly } else { ChecksumForm::PseudoHeader };
        let standard = if source.is_ipv4() { IpAddr::V4(GROUP_V4) } else { IpAddr::V6(GROUP_V6) };
        let destinations: Vec<IpAddr> = if self.config.is_unicast() {
            self.config.unicast_peers.iter().map(|peer| peer.address).collect()
        } else {
            vec![self.config.group_address.unwrap_or(standard)]
        };
        for destination in &destinations {
            let payload = advert.emit(source, *destination, form);
            let packet = match (source, destination) {
                (IpAddr::V4(source), IpAddr::V4(destination)) => {
                    self.identification = self.identification.wrapping_add(1).max(1);
                    let header = Ipv4Header { source, destination: *destination, ttl: TTL, protocol: PROTOCOL_VRRP };
                    header.emit(self.identification, &payload)
                }
                _ => payload,
            };
            ctx.actions.push(Action::Send { link, source, destination: *destination, packet });
        }
        self.last_advert = Some(ctx.now);
        *self.counters.entry(if priority == 0 { "priority_zero_sent" } else { "adverts_sent" }).or_default() += 1;
    }

    pub(super) fn announce(&self, times: u32, ctx: &mut Context<'_>) {
        let frames: Vec<Frame> = self
            .link_addresses(ctx)
            .iter()
            .filter_map(|at| {
                let mac = ctx.links.get(&at.link)?.mac;
                Some(match at.address.address.addr() {
                    IpAddr::V4(address) => Frame {
                        link: at.link,
                        destination: arp::BROADCAST,
                        ethertype: arp::ETHERTYPE,
                        payload: arp::gratuitous(address, mac).emit(),
                    },
                    IpAddr::V6(address) => Frame {
                        link: at.link,
                        destination: ndisc::ALL_NODES_MAC,
                        ethertype: ndisc::ETHERTYPE,
                        payload: ndisc::unsolicited(address, mac),
                    },
                })
            })
            .collect();
        // Every address once before any is repeated: with many addresses the last must not wait for the first's repeats.
        let repeated: Vec<Frame> = (0..times).flat_map(|_| frames.iter().cloned()).collect();
        if !repeated.is_empty() {
            ctx.actions.push(Action::Announce(repeated));
        }
    }
}
