//! Signed adverts (`auth_hmac`): the trailer is made for each advert sent, and judged on each one received.

use std::net::IpAddr;
use std::time::Duration;

use super::context::Context;
use super::counters::Counter;
use super::rejected::Rejected;
use super::router::Router;
use crate::conf::config::{HmacMode, HmacSettings, Replay};
use crate::input::Received;
use crate::wire::signature::{Behind, Sequence, Trailer};
use crate::wire::vrrp::Advert;

impl Router {
    /// Adds the trailer, when adverts are signed here.
    pub(super) fn signed(&mut self, message: Vec<u8>, source: IpAddr, ctx: &Context<'_>) -> Vec<u8> {
        let Some(hmac) = self.config.hmac.as_ref().filter(|hmac| hmac.mode != HmacMode::ReceiveOnly) else {
            return message;
        };
        let Some(key) = hmac.keys.iter().find(|key| key.id == hmac.active) else { return message };
        let now = Sequence::at(ctx.wall);
        // Receivers take only what is newer. A clock that was set back a little is waited for; one that was set back
        // by more than the window is followed, since receivers forget a mark outside of it.
        let sequence = match self.signed_own {
            Some(last) if !now.is_after(last) && last.distance(now) <= hmac.window => last.next(),
            _ => now,
        };
        self.signed_own = Some(sequence);
        Trailer { key: key.id, sequence }.sign(message, source, &key.secret)
    }

    /// The VRRP message without its trailer, when that is as the configuration wants it. A trailer that is there and
    /// wrong is refused in every mode: the modes differ about adverts that have none.
    pub(super) fn judge_signature<'p>(&mut self, packet: &'p Received, wall: Duration) -> Result<&'p [u8], Rejected> {
        let payload = packet.payload.as_slice();
        let Some(hmac) = &self.config.hmac else { return Ok(payload) };
        let Some(length) = Advert::length(payload, packet.source.is_ipv6()) else { return Ok(payload) };
        match Trailer::split(payload, length) {
            (_, Behind::Malformed) => Err(Rejected::Trailer),
            (_, Behind::Nothing) if hmac.mode == HmacMode::Enforce => Err(Rejected::Unsigned),
            (message, Behind::Nothing) => {
                self.count(Counter::Unsigned);
                Ok(message)
            }
            (message, Behind::Trailer(trailer)) => {
                let now = Sequence::at(wall);
                if let Some(why) = self.fault_of(&trailer, packet, hmac, now) {
                    return Err(why);
                }
                self.remember_signed(packet.source, trailer.sequence);
                Ok(message)
            }
        }
    }

    fn fault_of(&self, trailer: &Trailer, packet: &Received, hmac: &HmacSettings, now: Sequence) -> Option<Rejected> {
        let Some(key) = hmac.keys.iter().find(|key| key.id == trailer.key) else {
            return Some(Rejected::UnknownKey(trailer.key));
        };
        if !Trailer::verifies(&packet.payload, packet.source, &key.secret) {
            return Some(Rejected::Forged);
        }
        let off = trailer.sequence.distance(now);
        let last = self.signed_last.iter().find(|(sender, _)| *sender == packet.source).map(|(_, last)| *last);
        let (stale, last) = match hmac.replay {
            // A sender whose clock was set back is heard again once its mark lies outside the window.
            Replay::Time => (off > hmac.window, last.filter(|last| last.distance(now) <= hmac.window)),
            Replay::Monotonic => (false, last),
        };
        if stale {
            return Some(Rejected::OutOfTime { off_s: off.as_secs() });
        }
        let replayed = last.is_some_and(|last| !trailer.sequence.is_after(last));
        replayed.then_some(Rejected::Replayed)
    }

    /// One mark a sender; of many the one that was silent longest goes.
    fn remember_signed(&mut self, source: IpAddr, sequence: Sequence) {
        self.signed_last.retain(|(sender, _)| *sender != source);
        if self.signed_last.len() >= SENDERS.max(self.config.unicast_peers.len()) {
            self.signed_last.remove(0);
        }
        self.signed_last.push((source, sequence));
    }
}

/// Senders by multicast whose last signature is remembered; by unicast it is as many as there are peers.
const SENDERS: usize = 16;
