//! Adverts of other routers: the receive checks and what is learnt.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::context::Context;
use super::counters::Counter;
use super::priority::{OWNER, PROMOTED};
use super::rejected::Rejected;
use super::router::Router;
use super::state::{Event, Heard, State};
use crate::conf::config::{OldChecksum, Version};
use crate::input::Received;
use crate::notice::What;
use crate::time::Instant;
use crate::wire::ip::TTL;
use crate::wire::vrrp::{Advert, Auth, ChecksumForm};

impl Router {
    /// A packet for this VRID and family arrived on this router's interface.
    pub fn packet(&mut self, packet: &Received, ctx: &mut Context<'_>) {
        if Some(packet.source) == self.source(ctx) {
            return; // our own multicast, looped back
        }
        match self.judge(packet, ctx.wall) {
            Err(why) => {
                let (counter, error) = (why.counter(), why.to_string());
                self.count(counter);
                self.tell_once(counter.name(), What::BadAdvert { source: packet.source, error }, ctx);
            }
            Ok(_) if self.config.owner_ignore_adverts && self.priority() == OWNER => {
                self.count(Counter::AdvertsIgnored)
            }
            Ok((advert, form)) => {
                if form == ChecksumForm::OldUnicast {
                    self.old_peers.insert(packet.source);
                }
                self.hear(&advert, packet.source, ctx);
            }
        }
    }

    /// The receive checks of RFC 9568 §7.1, in its order.
    pub(super) fn judge(&mut self, packet: &Received, wall: Duration) -> Result<(Advert, ChecksumForm), Rejected> {
        let multicast = packet.destination.is_multicast();
        if multicast && packet.ttl != TTL {
            return Err(Rejected::Ttl(packet.ttl));
        }
        if !multicast {
            self.judge_peer(packet)?;
        }
        let signed = self.judge_signature(packet, wall)?;
        let trailer = packet.payload.get(signed.len()..).unwrap_or_default();
        let old = self.config.old_checksum != OldChecksum::Never && !multicast;
        let (advert, form) =
            Advert::parse_signed(signed, trailer, packet.source, packet.destination).or_else(|error| match old {
                true => Advert::parse_old_unicast(signed, packet.source).ok_or(error),
                false => Err(error),
            })?;
        if advert.version != self.config.version {
            return Err(Rejected::Version { theirs: advert.version, ours: self.config.version });
        }
        if multicast == self.config.is_unicast() {
            let (theirs, ours) = if multicast { ("multicast", "unicast") } else { ("unicast", "multicast") };
            return Err(Rejected::Destination { theirs, ours });
        }
        if advert.version == Version::V2 {
            let password_fits = match (advert.auth, &self.config.password) {
                (Auth::None, None) => true,
                (Auth::Simple(theirs), Some(ours)) => same(&theirs, &ours.0),
                _ => false,
            };
            if !password_fits {
                return Err(Rejected::Password);
            }
            if advert.interval != self.config.advert_interval {
                let (theirs_s, ours_s) = (advert.interval.as_secs(), self.config.advert_interval.as_secs());
                return Err(Rejected::Interval { theirs_s, ours_s });
            }
        }
        Ok((advert, form))
    }

    /// What only unicast adverts are asked: whether they come from a peer, and from how far.
    fn judge_peer(&self, packet: &Received) -> Result<(), Rejected> {
        match self.config.unicast_peers.iter().find(|peer| peer.address == packet.source) {
            Some(peer) if !(peer.min_ttl..=peer.max_ttl).contains(&packet.ttl) => {
                Err(Rejected::PeerTtl { ttl: packet.ttl, min: peer.min_ttl, max: peer.max_ttl })
            }
            None if self.config.check_unicast_source => Err(Rejected::NoPeer),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn hear(&mut self, advert: &Advert, source: IpAddr, ctx: &mut Context<'_>) {
        if let Some(address) = self.of_another_cluster(advert, ctx.now) {
            self.count(Counter::OtherCluster);
            let vrid = self.config.vrid;
            self.tell_once("other_cluster", What::OtherCluster { source, vrid, address }, ctx);
            return;
        }
        self.count(Counter::AdvertsReceived);
        // Adverts pass, unless it is we who claim: whoever advertises on then does not hear us.
        self.blocked &= self.state == State::Claiming;
        if advert.priority == 0 {
            self.count(Counter::PriorityZeroReceived);
            self.resigned_master = Some(source);
        } else if self.state == State::Master {
            self.compare_lists(advert, source, ctx);
        }
        self.last_heard = Some(ctx.now);
        if self.settings.guard {
            self.acquaint(source, ctx);
        }
        // Only a master changes its state for an advert, and words cost time.
        let reason = if self.state != State::Master {
            String::new()
        } else if advert.priority == PROMOTED && self.priority() == PROMOTED {
            format!("{source} was promoted later")
        } else if advert.priority == self.priority() {
            format!("{source} has the same priority {} and the higher address", advert.priority)
        } else {
            format!("{source} advertises priority {}, ours is {}", advert.priority, self.priority())
        };
        let was = self.state;
        let heard = Heard { source, priority: advert.priority, interval: advert.interval };
        self.apply(Event::Advert(heard), &reason, ctx);
        if was == State::Master && self.state == State::Master && advert.priority > 0 {
            self.count(Counter::SecondMaster);
            self.tell_once("second_master", What::SecondMaster { source, priority: advert.priority }, ctx);
            self.lower_master_heard(ctx);
        }
    }

    /// An advert that shares no address with us is another cluster's, which chose the same VRID, and no better master
    /// of ours: the first of its addresses. A list that overlaps, or that was ours a moment ago, is a change that is
    /// under way.
    fn of_another_cluster(&self, advert: &Advert, now: Instant) -> Option<IpAddr> {
        let ours = |address: &IpAddr| {
            self.config.addresses.iter().any(|own| own.address.addr() == *address)
                || self.extra_lists.iter().any(|(list, until)| *until > now && list.contains(address))
        };
        let foreign = !self.config.addresses.is_empty() && !advert.addresses.iter().any(ours);
        advert.addresses.first().copied().filter(|_| foreign)
    }

    /// Two files that differ are a warning. The other router may think otherwise and drop what does not match its own
    /// list, so the master answers with that list too.
    fn compare_lists(&mut self, advert: &Advert, source: IpAddr, ctx: &mut Context<'_>) {
        let set = |list: &[IpAddr]| list.iter().copied().collect::<BTreeSet<_>>();
        if set(&self.advertised()) == set(&advert.addresses) {
            return;
        }
        self.count(Counter::AddressesDiffer);
        self.tell_once("addresses_differ", What::AddressesDiffer { source }, ctx);
        if !advert.addresses.is_empty() {
            self.advertise_extra(advert.addresses.to_vec(), ctx.now);
        }
    }
}

/// Compares in constant time: the time taken must not tell how much of a password was right.
fn same(a: &[u8; 8], b: &[u8; 8]) -> bool {
    a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}
