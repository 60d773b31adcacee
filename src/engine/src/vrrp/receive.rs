//! Adverts of other routers: the receive checks and what is learnt.

use std::net::IpAddr;

use super::fsm::{Event, Heard, State};
use super::priority::PROMOTED;
use super::router::{Context, Router};
use crate::conf::config::Version;
use crate::input::Received;
use crate::notice::What;
use crate::wire::ip::TTL;
use crate::wire::vrrp::{Advert, Auth};

impl Router {
    /// A packet for this VRID and family arrived on this router's interface.
    pub fn packet(&mut self, packet: &Received, ctx: &mut Context<'_>) {
        if Some(packet.source) == self.source(ctx) {
            return; // our own multicast, looped back
        }
        match self.judge(packet) {
            Err((counter, error)) => {
                self.count(counter);
                self.tell_once(counter, What::BadAdvert { source: packet.source, error }, ctx);
            }
            Ok(advert) => self.hear(&advert, packet.source, ctx),
        }
    }

    /// The receive checks of RFC 9568 §7.1, in its order; the error names the counter.
    pub(super) fn judge(&self, packet: &Received) -> Result<Advert, (&'static str, String)> {
        let multicast = packet.destination.is_multicast();
        if multicast && packet.ttl != TTL {
            return Err(("bad_ttl", format!("TTL {} where 255 is required: it was routed or forged", packet.ttl)));
        }
        let (advert, _) = Advert::parse(&packet.payload, packet.source, packet.destination)
            .map_err(|error| ("bad_packet", error.to_string()))?;
        if advert.version != self.config.version {
            return Err((
                "bad_version",
                format!("it speaks {:?}, this instance {:?}", advert.version, self.config.version),
            ));
        }
        if multicast == self.config.is_unicast() {
            let (theirs, ours) = if multicast { ("multicast", "unicast") } else { ("unicast", "multicast") };
            return Err(("bad_destination", format!("it sends {theirs}, this instance expects {ours}")));
        }
        if advert.version == Version::V2 {
            let password_fits = match (advert.auth, &self.config.password) {
                (Auth::None, None) => true,
                (Auth::Simple(theirs), Some(ours)) => same(&theirs, &ours.0),
                _ => false,
            };
            if !password_fits {
                return Err(("bad_auth", "authentication type or password differs".into()));
            }
            if advert.interval != self.config.advert_interval {
                let (theirs, ours) = (advert.interval.as_secs(), self.config.advert_interval.as_secs());
                return Err((
                    "bad_interval",
                    format!("its interval is {theirs} s, ours {ours} s; in version 2 they must agree"),
                ));
            }
        }
        Ok(advert)
    }

    pub(super) fn hear(&mut self, advert: &Advert, source: IpAddr, ctx: &mut Context<'_>) {
        self.count("adverts_received");
        if advert.priority == 0 {
            self.count("priority_zero_received");
            self.goodbye = Some(source);
        } else if self.state == State::Master && self.advertised() != advert.addresses.iter().copied().collect() {
            self.count("addresses_differ");
            self.tell_once("addresses_differ", What::AddressesDiffer { source }, ctx);
        }
        let reason = if advert.priority == PROMOTED && self.priority() == PROMOTED {
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
            self.count("second_master");
            self.tell_once("second_master", What::SecondMaster { source, priority: advert.priority }, ctx);
        }
    }
}

/// Compares in constant time: the time taken must not tell how much of a password was right.
fn same(a: &[u8; 8], b: &[u8; 8]) -> bool {
    a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}
