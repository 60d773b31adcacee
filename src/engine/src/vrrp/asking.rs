//! The questions of a router that claims: how many were asked, and what their answers were.

use std::time::Duration;

use smallvec::SmallVec;

use crate::time::Instant;
use crate::wire::arp::Mac;

/// A claim that waits for the old master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asking {
    pub(super) begun: Instant,
    pub(super) last: Instant,
    /// Questions in a row that nobody answered, and how many of them show that the addresses are free.
    pub(super) silent: u32,
    pub(super) enough: u32,
    /// No earlier than this after the beginning are the addresses taken.
    pub(super) settle: Duration,
    /// Whom the last question was addressed to; empty: everybody.
    pub(super) direct: SmallVec<[Mac; 2]>,
    /// Direct questions in a row without an answer, and how often everybody's question was answered after them all the
    /// same.
    pub(super) unheard: u32,
    pub(super) spoken_for: u32,
    /// When those for whom something else answers were asked directly, in the second half of this round.
    pub(super) half: Option<Instant>,
    /// A better router was seen that claims the addresses, too.
    pub(super) rival: bool,
}
