//! How far the check of a duplicate address has come, and how often the addresses may be announced in their defence.

use std::time::Duration;

use crate::time::Instant;

/// A duplicate address that is being looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DuplicateCheck {
    pub(super) begun: Instant,
    /// When those that claimed were asked whether they still do.
    pub(super) asked: Option<Instant>,
}

/// How often a master may defend its addresses: a token bucket.
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

/// Announcements in defence that may be sent at once; each `DEFENCE_EVERY` permits one more. RFC 5227 asks for ten
/// seconds between two of them, so that two defenders do not flood the LAN, but a virtual address must come back to its
/// clients sooner.
const DEFENCES: u32 = 10;
pub(super) const DEFENCE_EVERY: Duration = Duration::from_millis(100);
