//! What a router says of itself.

use super::fsm::State;
use super::router::{Router, public};
use crate::control::InstanceStatus;
use crate::notice::mac_text;
use crate::time::{Instant, millis};

impl Router {
    /// A snapshot. `unix_ms` is the wall clock at `now`, used to date the last transition.
    pub fn status(&self, now: Instant, unix_ms: u64) -> InstanceStatus {
        let ago = |at: Instant| millis(now.since(at));
        // What the old master answered before this router took over is history.
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
            answered_by: self.claim.filter(|claim| claim.at >= since).map(|claim| mac_text(&claim.mac)),
            counters: self.counters.iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        }
    }
}
