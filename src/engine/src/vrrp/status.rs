//! What a router says of itself.

use std::time::Duration;

use super::lan::Claim;
use super::router::Router;
use super::state::{State, public};
use crate::conf::config::HmacSettings;
use crate::control::{InstanceStatus, Signing, Wire};
use crate::time::{Instant, millis};
use crate::wire::arp::{Mac, mac_text};

impl Router {
    /// Who answered for the addresses beside their owner, a moment ago. A backup hears one hardware address, its
    /// master's: only a stranger, or two at one time, are one too many.
    fn second_answer(&self, since: Instant, now: Instant) -> Option<Mac> {
        let while_s = (self.config.advert_interval * 3).max(MOMENT);
        let mut recent = self.lan.claims.iter().filter(|one| one.at >= since && now.since(one.at) < while_s).rev();
        let latest = recent.next()?;
        if self.state == State::Master || latest.stranger {
            return Some(latest.mac);
        }
        let together = |one: &&Claim| latest.at.since(one.at) < self.config.advert_interval;
        recent.find(together).map(|one| one.mac)
    }

    /// A snapshot. `unix_ms` is the wall clock at `now`, used to date the last transition.
    pub fn status(&self, now: Instant, unix_ms: u64) -> InstanceStatus {
        let ago = |at: Instant| millis(now.since(at));
        // Answers that the old master gave before this router took over do not count.
        let since = self.last_transition.as_ref().map_or(Instant::default(), |(at, _)| *at);
        InstanceStatus {
            name: self.config.name.clone(),
            state: public(self.state),
            interface: self.config.interface.clone(),
            vrid: self.config.vrid,
            base_priority: self.config.priority,
            effective_priority: self.priority(),
            advert_interval_ms: millis(self.config.advert_interval),
            addresses: self
                .config
                .addresses
                .iter()
                .chain(&self.config.excluded)
                .map(|a| a.address.to_string())
                .collect(),
            master: self.heard.map(|heard| heard.source.to_string()),
            master_priority: self.heard.map(|heard| heard.priority),
            last_advert_ms: self.last_advert.map(ago),
            last_transition: self.last_transition.as_ref().map(|(at, _)| unix_ms.saturating_sub(ago(*at))),
            last_reason: self.last_transition.as_ref().map(|(_, reason)| reason.clone()),
            fault_reasons: self.faults.clone(),
            pinned: self.pin.clone(),
            group: self.group.clone(),
            lease_ms: self.leased_until.filter(|_| self.state == State::Master).map(|until| millis(until.since(now))),
            withheld: self.blocked,
            answered_by: self.second_answer(since, now).map(|mac| mac_text(&mac)),
            wire: Some(Wire {
                version: self.config.version.number(),
                unicast: self.config.is_unicast(),
                password: self.config.password.is_some(),
            }),
            signing: self.config.hmac.as_ref().map(signing),
            counters: self.counters.iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        }
    }
}

/// Everything but the secrets.
fn signing(hmac: &HmacSettings) -> Signing {
    Signing {
        mode: hmac.mode,
        active_key: hmac.active,
        keys: hmac.keys.iter().map(|key| key.id).collect(),
        replay: hmac.replay,
        window_ms: millis(hmac.window),
    }
}

/// An answer is shown for at least this time.
const MOMENT: Duration = Duration::from_secs(10);
