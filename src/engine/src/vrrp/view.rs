//! What the table of states needs to know of a router, and what follows from it: skew, waits, who wins.

use std::net::IpAddr;
use std::time::Duration;

use super::priority::PROMOTED;
use super::state::Heard;
use crate::conf::config::Version;

/// Whether a lower master may be preempted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preempt {
    /// Yes.
    Now,
    /// `nopreempt`.
    Never,
    /// `preempt_delay` has not begun.
    Unarmed,
    /// `preempt_delay` runs.
    Waiting,
}

/// What the table needs to know of a router.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Priority in force.
    pub priority: u8,
    /// Own address on the wire; breaks ties.
    pub source: Option<IpAddr>,
    /// Protocol version: decides how skew is computed.
    pub version: Version,
    /// Own advertisement interval.
    pub interval: Duration,
    /// The master's interval (v3), own otherwise.
    pub master_interval: Duration,
    /// May a lower master be preempted?
    pub preempt: Preempt,
    /// How long ago an operator promoted this router; `None` without override.
    pub promoted_for: Option<Duration>,
    /// Master for less than [`LINGER`]: nobody counts on this router yet.
    pub just_claimed: bool,
    /// Whether something forbids being master.
    pub faulty: bool,
    /// Silent intervals until the master counts as down.
    pub down_adverts: u32,
    /// A master that hears a lower claim answers with an advert at once (RFC 9568 §6.4.3).
    pub answers_lower: bool,
    /// A master that hears a higher claim sends one more advert before it steps down.
    pub answers_higher: bool,
    /// The guard is on: who steps down acknowledges, and who takes over waits for that.
    pub guard: bool,
    /// Whose priority 0 acknowledges our claim: the master's that we followed. `None` when there was none, or when our
    /// claim is too old to be what it speaks of.
    pub awaits: Option<IpAddr>,
    /// The next master was heard: this handover ends soon.
    pub handed_over: bool,
    /// The master that this router follows.
    pub followed: Option<IpAddr>,
    /// There is exactly one other router.
    pub pair: bool,
    /// This router stood still a moment ago: what it hears may be old.
    pub stale: bool,
    /// A goodbye was followed at once less than an interval ago, and a master was heard again since then.
    pub hurried: bool,
    /// This advert may be answered by one of ours. What a router sends is bounded by time and by its own changes of
    /// state, never by what it hears: one answer an interval to each of the others, or two would answer each other for
    /// ever.
    pub may_answer: bool,
}

/// How long a router that gave up answers on after the next master was heard: time for that master's own GARP.
pub const LINGER: Duration = Duration::from_millis(10);

/// The same with the guard, where neighbours are not answered meanwhile. The next master asks before it claims, opens
/// its gate and adds the addresses: 14 ms, and more where processors are busy, since the kernel waits for each of them.
/// Once it has announced itself, `LINGER` is left. (With 20 ms one move in seventy lost a ping or two beside ten busy
/// processes.)
pub const PARTING: Duration = Duration::from_millis(100);

/// The longest wait after a goodbye with the guard.
const GOODBYE_WAIT: Duration = Duration::from_millis(4);
/// The longest that a stop goes on answering.
const STOP_MAX: Duration = Duration::from_millis(4500);

impl View {
    /// How long a handover lasts once the next master was heard.
    pub(super) fn linger(&self) -> Duration {
        if self.guard { PARTING } else { LINGER }
    }

    /// Skew time: v2 (256 - priority) / 256 s (RFC 3768 §6.1); v3 that share of the master's interval
    /// (RFC 9568 §6.1). Nanosecond arithmetic: never truncated to 0.
    pub fn skew(&self) -> Duration {
        let unit = match self.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.master_interval,
        };
        unit * (256 - u32::from(self.priority)) / 256
    }

    /// The wait after a goodbye (priority 0). The skew (RFC 9568 §6.4.2) only sees to it that the best of several
    /// backups comes first: where there is no other one it is for nothing, and with the guard, which settles who is
    /// master before anything is taken, milliseconds do. Once an interval: whoever alternates adverts and goodbyes
    /// would otherwise have a claim for each of them.
    pub(super) fn goodbye_wait(&self) -> Duration {
        match (self.pair, self.guard) {
            _ if self.stale || self.hurried => self.skew(),
            (true, _) => Duration::ZERO,
            (false, true) => self.skew().min(GOODBYE_WAIT * (256 - u32::from(self.priority)) / 256),
            (false, false) => self.skew(),
        }
    }

    /// Master-down interval.
    pub(super) fn master_down(&self) -> Duration {
        self.master_interval * self.down_adverts + self.skew()
    }

    /// When a clean stop ends unheard: as [`View::handover_limit`], but whoever stops a service waits for it, and
    /// systemd kills what does not end.
    pub(super) fn stop_limit(&self) -> Duration {
        self.handover_limit().min(STOP_MAX)
    }

    /// The longest a backup of any priority waits after priority 0, and one advert.
    pub(super) fn handover_limit(&self) -> Duration {
        let longest_skew = match self.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => self.interval,
        };
        self.interval + longest_skew
    }

    pub(super) fn with_interval(mut self, heard: &Heard) -> Self {
        if self.version == Version::V3 {
            self.master_interval = heard.interval;
        }
        self
    }

    fn just_promoted(&self) -> bool {
        self.promoted_for.is_some_and(|age| age < self.interval)
    }

    /// Does the other router win against us as master? (RFC 9568 §6.4.3)
    pub(super) fn loses_to(&self, heard: &Heard) -> bool {
        if heard.priority == PROMOTED && self.priority == PROMOTED && self.promoted_for.is_some() {
            // Two operators' overrides: the latest promotion wins, whatever the addresses say.
            return !self.just_promoted();
        }
        heard.priority > self.priority
            || heard.priority == self.priority && self.source.is_some_and(|own| heard.source > own)
    }
}
