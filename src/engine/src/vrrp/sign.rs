//! Signed adverts (`auth_hmac`): the trailer is made for each advert sent, and judged on each one received.

use std::net::IpAddr;
use std::time::Duration;

use super::counters::Counter;
use super::router::{Context, Router};
use crate::conf::config::{HmacMode, Replay};
use crate::input::Received;
use crate::wire::signature::{LENGTH, Trailer};
use crate::wire::vrrp::Advert;

/// What was signed last by a peer: nothing older is taken again.
pub(super) type Signed = (IpAddr, Duration, u16);

impl Router {
    /// Adds the trailer, when adverts are signed here.
    pub(super) fn signed(&mut self, message: Vec<u8>, source: IpAddr, ctx: &Context<'_>) -> Vec<u8> {
        let Some(hmac) = self.config.hmac.as_ref().filter(|hmac| hmac.mode != HmacMode::ReceiveOnly) else {
            return message;
        };
        let Some(key) = hmac.keys.iter().find(|key| key.id == hmac.active) else { return message };
        self.signatures = self.signatures.wrapping_add(1);
        let trailer = Trailer { key: key.id, time: ctx.wall, counter: self.signatures };
        trailer.sign(message, source, &key.secret)
    }

    /// The VRRP message without its trailer, when that is as the configuration wants it.
    pub(super) fn judge_signature<'p>(
        &mut self,
        packet: &'p Received,
        wall: Duration,
    ) -> Result<&'p [u8], (Counter, String)> {
        let payload = packet.payload.as_slice();
        let Some(hmac) = &self.config.hmac else { return Ok(payload) };
        let bare = Advert::length(payload, packet.source.is_ipv6()).filter(|bare| payload.len() == bare + LENGTH);
        let Some((message, trailer)) = bare.and_then(|_| Trailer::split(payload)) else {
            return match hmac.mode {
                HmacMode::Enforce => Err((Counter::BadAuth, "it is not signed, and auth_hmac wants that".into())),
                HmacMode::Permissive | HmacMode::ReceiveOnly => {
                    self.count(Counter::Unsigned);
                    Ok(payload)
                }
            };
        };
        let fault = match hmac.keys.iter().find(|key| key.id == trailer.key) {
            None => Some(format!("it is signed with key {}, which is not configured here", trailer.key)),
            Some(key) if !Trailer::verifies(payload, packet.source, &key.secret) => {
                Some("its signature is wrong: another key, or forged".into())
            }
            Some(_) if trailer.time.abs_diff(wall) > hmac.window => Some(format!(
                "its time differs by {} s, more than time_window permits: replayed, or the clocks differ",
                trailer.time.abs_diff(wall).as_secs()
            )),
            Some(_) if hmac.replay == Replay::Monotonic && self.seen_before(packet.source, &trailer) => {
                Some("it was signed before the last one: replayed".into())
            }
            Some(_) => None,
        };
        match (fault, hmac.mode) {
            (None, _) => {
                self.remember_signed(packet.source, &trailer);
                Ok(message)
            }
            (Some(why), HmacMode::Enforce | HmacMode::ReceiveOnly) => Err((Counter::BadAuth, why)),
            (Some(_), HmacMode::Permissive) => {
                self.count(Counter::Unsigned);
                Ok(message)
            }
        }
    }

    fn seen_before(&self, source: IpAddr, trailer: &Trailer) -> bool {
        let last = self.signed_last.iter().find(|(peer, ..)| *peer == source);
        last.is_some_and(|(_, time, counter)| (trailer.time, trailer.counter) <= (*time, *counter))
    }

    fn remember_signed(&mut self, source: IpAddr, trailer: &Trailer) {
        self.signed_last.retain(|(peer, ..)| *peer != source);
        if self.signed_last.len() == PEERS {
            self.signed_last.remove(0);
        }
        self.signed_last.push((source, trailer.time, trailer.counter));
    }
}

/// Peers whose last signature is remembered.
const PEERS: usize = 16;
