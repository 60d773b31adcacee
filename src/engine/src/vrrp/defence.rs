//! How far a dispute about our addresses has come, and how often they may be announced in their defence.

use std::time::Duration;

use crate::time::Instant;

/// A quarrel that is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quarrel {
    pub(super) begun: Instant,
    /// When those that claimed were asked whether they still do.
    pub(super) asked: Option<Instant>,
}

/// How often a master may defend its addresses: a purse that time fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Defence {
    spent: u32,
    since: Instant,
}

impl Defence {
    pub(super) fn permit(&mut self, now: Instant) -> bool {
        let earned = u32::try_from(now.since(self.since).as_millis() / DEFENCE_EVERY.as_millis()).unwrap_or(u32::MAX);
        if earned > 0 {
            (self.spent, self.since) = (self.spent.saturating_sub(earned), now);
        }
        let permitted = self.spent < DEFENCES;
        self.spent += u32::from(permitted);
        permitted
    }
}

/// Announcements in defence: so many at once, and one more each time this has passed. RFC 5227 asks for ten seconds between
/// two of them lest two defenders storm the LAN; a virtual address must come back to its clients sooner.
const DEFENCES: u32 = 10;
pub(super) const DEFENCE_EVERY: Duration = Duration::from_millis(100);
