//! `interface_up_down_delays`.

use std::time::Duration;

/// How long an interface must be down, or up again, before that counts: one that flaps changes no state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDelay {
    /// The interface.
    pub interface: String,
    /// Before it counts as down, 0..=255 s.
    pub down: Duration,
    /// Before it counts as up, 0..=255 s; as `down` unless given.
    pub up: Duration,
}
